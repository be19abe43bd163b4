//! Dumps, memory and Landlock, by way of kept crates.

use std::os::fd::BorrowedFd;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::mm::{MlockAllFlags, mlockall, munlockall};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::process::{getrlimit, set_dumpable_behavior, setrlimit};

use super::{Hardening, Landlock, LockedUp, Memory, filter};

/// Rights that are taken away, of Linux 6.12. Later kernels know more, which the filter of system calls covers.
const RIGHTS: ABI = ABI::V6;
/// `CAP_IPC_LOCK` in the capabilities of `/proc/self/status`.
const CAP_IPC_LOCK: u32 = 14;

pub(super) fn lock_up(channel: BorrowedFd<'_>) -> LockedUp {
    // The order matters: each step takes away what the ones before it needed.
    let dumps = no_dumps().is_err();
    // Landlock and seccomp want it from who isn't root. Both tell if it failed.
    let _ = rustix::thread::set_no_new_privs(true);
    let (memory, limit) = lock_memory();
    let landlock = restrict_files();
    let seccomp = filter::install(channel).is_ok();
    let hardening = Hardening {
        memory,
        dumps,
        landlock,
        seccomp,
    };
    LockedUp { hardening, limit }
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

/// What is locked, and most bytes that may be where it isn't all.
fn lock_memory() -> (Memory, u64) {
    let limit = getrlimit(Resource::Memlock);
    // What the person may have anyway.
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let limit = match setrlimit(Resource::Memlock, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // Below a limit, locking all would make a later allocation fail in the middle of the work. Each
    // page is locked when it is first touched: what was never touched holds no secret.
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    let every = (limit.is_none() || may_lock_all()) && mlockall(all).is_ok();
    let limit = limit.unwrap_or(u64::MAX);
    match every {
        true => (Memory::All, limit),
        false => (Memory::Secrets { limit }, limit),
    }
}

/// Takes back that all memory is locked, now and later.
pub(super) fn unlock_all() {
    // It can't fail for a process that has locked.
    let _ = munlockall();
}

/// Whether `CAP_IPC_LOCK` is in effect.
fn may_lock_all() -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return false;
    };
    let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    effective
        .and_then(|text| u64::from_str_radix(text.trim(), 16).ok())
        .is_some_and(|bits| bits >> CAP_IPC_LOCK & 1 == 1)
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
