//! The system calls that remain: computing, memory, randomness, the channel, the end.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{MAP_ANONYMOUS, PROT_EXEC};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

/// Allowed with any arguments.
const FREE: &[libc::c_long] = &[
    // Memory. What is mapped, and how it may be protected, is below.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_mlock,
    // Locks of the standard library and of OpenSSL.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    // Randomness and time; the clock is a system call only where the kernel doesn't lend it.
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    // OpenSSL asks who it is, to notice a fork.
    libc::SYS_getpid,
    // Signals that come, and the way out.
    libc::SYS_rt_sigreturn,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Installs the filter for all threads. `channel` is the only descriptor that can be read and written.
pub(super) fn install(channel: BorrowedFd<'_>) -> Result<(), Error> {
    let channel = u64::try_from(channel.as_raw_fd()).map_err(|_| Error::EmptyFilter)?;
    let is_channel = || SeccompCondition::new(0, Dword, SeccompCmpOp::Eq, channel);
    let not_executable = || {
        let bit = SeccompCmpOp::MaskedEq(PROT_EXEC as u64);
        SeccompCondition::new(2, Dword, bit, 0)
    };
    let anonymous = {
        let bit = MAP_ANONYMOUS as u64;
        SeccompCondition::new(3, Dword, SeccompCmpOp::MaskedEq(bit), bit)?
    };
    let limited = [
        (libc::SYS_read, vec![is_channel()?]),
        (libc::SYS_write, vec![is_channel()?]),
        (libc::SYS_mmap, vec![not_executable()?, anonymous]),
        (libc::SYS_mprotect, vec![not_executable()?]),
    ];
    let mut rules: std::collections::BTreeMap<i64, Vec<SeccompRule>> =
        FREE.iter().map(|call| (*call, Vec::new())).collect();
    for (call, conditions) in limited {
        rules.insert(call, vec![SeccompRule::new(conditions)?]);
    }
    // Refused with an error rather than by killing: libraries try things that they can do without (a hint to the
    // kernel, a message to a log), and what can't be done without turns into an error message instead of a silent end.
    let otherwise = SeccompAction::Errno(libc::EPERM as u32);
    let here = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(rules, otherwise, SeccompAction::Allow, here)?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter_all_threads(&program)
}
