//! The program: parse, dispatch, exit code.
#![forbid(unsafe_code)]

/// Everything that is freed is overwritten first.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() {}
