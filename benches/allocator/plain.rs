//! The work with the system's allocator, for `scripts/bench`.
include!("work.rs");
