//! Dumps, memory and Landlock, by way of kept crates.

use std::os::fd::BorrowedFd;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::mm::{MlockAllFlags, mlockall, munlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::process::{getrlimit, set_dumpable_behavior, setrlimit};

use super::{Hardening, Landlock, Memory, filter};

/// Rights that are taken away, of Linux 6.12. Later kernels know more, which the filter of system calls covers.
const RIGHTS: ABI = ABI::V6;

pub(super) fn lock_up(channel: BorrowedFd<'_>) -> Hardening {
    // The order matters: each step takes away what the ones before it needed.
    let dumps = no_dumps().is_err();
    // Landlock and seccomp want it from who isn't root. Both tell if it failed.
    let _ = rustix::thread::set_no_new_privs(true);
    let memory = lock_memory();
    let landlock = restrict_files();
    let seccomp = filter::install(channel).is_ok();
    Hardening {
        memory,
        dumps,
        landlock,
        seccomp,
    }
}

/// No core file, no core to a program of the system, and no debugger of the same user.
pub(super) fn no_dumps() -> rustix::io::Result<()> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // The first doesn't stop `core_pattern` with a pipe, the second does; it also closes /proc/PID/mem.
    let limit = setrlimit(Resource::Core, nothing);
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit
}

/// What is locked.
fn lock_memory() -> Memory {
    let maximum = getrlimit(Resource::Memlock).maximum;
    let limit_to = |current| setrlimit(Resource::Memlock, Rlimit { current, maximum });
    // Below a limit, locking all would make a later allocation fail in the middle of the work. With a limit of 0
    // `mlockall` succeeds only for who has CAP_IPC_LOCK, and not only in a user namespace: so the kernel itself is asked.
    let probe = maximum.map(|_| 0);
    let all = limit_to(probe).is_ok() && lock_all();
    // The soft limit goes up to the hard one, which needs no right.
    let _ = limit_to(maximum);
    if all {
        return Memory::All;
    }
    let limit = getrlimit(Resource::Memlock).current;
    Memory::Secrets {
        limit: limit.unwrap_or(u64::MAX),
    }
}

/// Locks all that can be written, now and later. The rest is the program itself, and no secret.
fn lock_all() -> bool {
    // Each page of what comes is locked when it is first touched: what was never touched holds no secret.
    if mlockall(MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT).is_err() {
        return false;
    }
    let locked = lock_what_is_there().is_ok();
    if !locked {
        // It can't fail for a process that has locked.
        let _ = munlockall();
    }
    locked
}

/// Locks each mapping that can be written: the data of the program and its libraries, the heap, the stack.
fn lock_what_is_there() -> region::Result<()> {
    for mapping in region::query_range(std::ptr::null::<u8>(), usize::MAX)? {
        let mapping = mapping?;
        if mapping.is_writable() {
            // The lock ends with the process.
            std::mem::forget(region::lock(mapping.as_ptr::<u8>(), mapping.len())?);
        }
    }
    Ok(())
}

/// Landlock with no exception: every file, port, abstract socket and signal.
fn restrict_files() -> Landlock {
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(RIGHTS))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(RIGHTS)))
        .and_then(|rules| rules.scope(Scope::from_all(RIGHTS)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.restrict_self());
    match status.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Landlock::Full,
        Ok(RulesetStatus::PartiallyEnforced) => Landlock::Partial,
        Ok(RulesetStatus::NotEnforced) | Err(_) => Landlock::Missing,
    }
}
