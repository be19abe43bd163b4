//! The work with the allocator that the program has, for `scripts/bench`.

/// Everything that is freed is overwritten first.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

include!("work.rs");
