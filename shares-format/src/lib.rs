//! Threshold shares over GF(2^8).
#![forbid(unsafe_code)]
