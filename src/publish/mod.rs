//! What leaves the house.

pub mod announcement;
