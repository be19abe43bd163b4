//! Files, programs, clock, randomness and terminal: traits and the real ones.
