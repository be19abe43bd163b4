//! What the worker gives up before it gets a secret, and what of it the kernel lacks.

#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod linux;
mod warm_up;

pub use warm_up::warm_up;

use std::fmt;
use std::os::fd::AsFd;

use thiserror::Error;

/// Which memory is kept out of swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// All that the process can write, now and later. What is mapped now and made writable later would be left out;
    /// nothing in the worker does that.
    All,
    /// Only what is put in [`LockedBytes`](super::locked::LockedBytes), as far as the limit goes.
    Secrets {
        /// Most bytes that may be locked (`RLIMIT_MEMLOCK`); 0 where that isn't known.
        limit: u64,
    },
}

/// How far Landlock (Linux 5.13 and later) takes away files, network and signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landlock {
    /// All rights of Landlock's sixth version (Linux 6.12).
    Full,
    /// Those that an older kernel knows.
    Partial,
    /// None: the kernel has no Landlock.
    Missing,
}

/// What was achieved.
///
/// As text one line: `memory=all dumps=no landlock=full seccomp=yes`; the others are `memory=secrets:65536` (bytes),
/// `dumps=possible`, `landlock=partial`, `landlock=missing`, `seccomp=no`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardening {
    /// Kept out of swap.
    pub memory: Memory,
    /// Whether a core dump or a debugger of the same user is still possible.
    pub dumps: bool,
    /// Files, network and signals.
    pub landlock: Landlock,
    /// System calls cut down to computing.
    pub seccomp: bool,
}

/// Why the process is not fit for a secret.
#[derive(Debug, Error)]
pub enum HardenError {
    /// The crypto libraries don't work here.
    #[error("{what}: {why}")]
    WarmUp {
        /// What was tried.
        what: &'static str,
        /// What the library says.
        why: String,
    },
    /// The memory for the job isn't there.
    #[error("no memory for {wanted} bytes")]
    NoMemory {
        /// Bytes that were asked for.
        wanted: usize,
    },
}

impl Hardening {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What is missing, in words that fit 'without …'.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.memory != Memory::All {
            missing.push("all memory locked (only the secrets are)");
        }
        if self.dumps {
            missing.push("core dumps ruled out");
        }
        match self.landlock {
            Landlock::Full => {}
            Landlock::Partial => missing.push("all of Landlock"),
            Landlock::Missing => missing.push("Landlock"),
        }
        if !self.seccomp {
            missing.push("seccomp");
        }
        missing
    }

    /// Reads the one line, to the letter.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let memory = match value("memory")? {
            "all" => Memory::All,
            other => Memory::Secrets {
                limit: other.strip_prefix("secrets:")?.parse().ok()?,
            },
        };
        let dumps = match value("dumps")? {
            "no" => false,
            "possible" => true,
            _ => return None,
        };
        let landlock = match value("landlock")? {
            "full" => Landlock::Full,
            "partial" => Landlock::Partial,
            "missing" => Landlock::Missing,
            _ => return None,
        };
        let seccomp = match value("seccomp")? {
            "yes" => true,
            "no" => false,
            _ => return None,
        };
        let hardening = Self {
            memory,
            dumps,
            landlock,
            seccomp,
        };
        (hardening.to_string() == line).then_some(hardening)
    }
}

impl fmt::Display for Hardening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.memory {
            Memory::All => f.write_str("memory=all")?,
            Memory::Secrets { limit } => write!(f, "memory=secrets:{limit}")?,
        }
        let dumps = if self.dumps { "possible" } else { "no" };
        let landlock = match self.landlock {
            Landlock::Full => "full",
            Landlock::Partial => "partial",
            Landlock::Missing => "missing",
        };
        let seccomp = if self.seccomp { "yes" } else { "no" };
        write!(f, " dumps={dumps} landlock={landlock} seccomp={seccomp}")
    }
}

/// A process that has given up everything but computing and the one channel.
pub struct LockedUp(Hardening);

impl LockedUp {
    /// Takes this much memory and gives it back, so that it doesn't fail over its job.
    ///
    /// # Errors
    ///
    /// [`HardenError::NoMemory`].
    pub fn try_memory(self, wanted: usize) -> Result<Hardening, HardenError> {
        let mut memory = Vec::<u8>::new();
        memory
            .try_reserve_exact(wanted)
            .map_err(|_| HardenError::NoMemory { wanted })?;
        // Wiped by the allocator when it is given back, and so touched; nothing may take it for useless.
        drop(std::hint::black_box(memory));
        Ok(self.0)
    }
}

/// Gives up everything but computing and the one channel. There is no way back. The libraries
/// must have [started](warm_up) before. The process should have one thread. What the kernel lacks is told in the
/// answer.
pub fn lock_up(channel: &impl AsFd) -> LockedUp {
    #[cfg(target_os = "linux")]
    {
        LockedUp(linux::lock_up(channel.as_fd()))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = channel;
        LockedUp(Hardening {
            memory: Memory::Secrets { limit: 0 },
            dumps: true,
            landlock: Landlock::Missing,
            seccomp: false,
        })
    }
}

/// No core dumps and no debugger of the same user, for a command that opens one share. Programs that it runs, as
/// `gpg`, run as ever. What can't be had is left.
pub fn harden_front() {
    #[cfg(target_os = "linux")]
    {
        // Only the worker's report tells of it: on Linux neither can fail but by another filter.
        let _ = linux::no_dumps();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: &str = "memory=all dumps=no landlock=full seccomp=yes";

    #[test]
    fn every_report_is_read_as_it_was_written() {
        for memory in [Memory::All, Memory::Secrets { limit: 65536 }] {
            for landlock in [Landlock::Full, Landlock::Partial, Landlock::Missing] {
                for (dumps, seccomp) in [(false, false), (false, true), (true, false), (true, true)]
                {
                    let report = Hardening {
                        memory,
                        dumps,
                        landlock,
                        seccomp,
                    };
                    let line = report.to_string();
                    assert_eq!(Hardening::parse(&line), Some(report));
                    assert_eq!(report.is_complete(), line == COMPLETE);
                }
            }
        }
    }

    #[test]
    fn other_lines_are_no_report() {
        for line in [
            "",
            "memory=all",
            "memory=all dumps=no landlock=full seccomp=yes ",
            "memory=all dumps=no landlock=full seccomp=yes more=yes",
            "memory=secrets:+5 dumps=no landlock=full seccomp=yes",
            "memory=secrets:05 dumps=no landlock=full seccomp=yes",
            "dumps=no memory=all landlock=full seccomp=yes",
        ] {
            assert_eq!(Hardening::parse(line), None, "{line}");
        }
    }

    #[test]
    fn everything_missing_is_named() {
        let report = Hardening {
            memory: Memory::Secrets { limit: 0 },
            dumps: true,
            landlock: Landlock::Missing,
            seccomp: false,
        };
        assert_eq!(report.missing().len(), 4);
    }
}
