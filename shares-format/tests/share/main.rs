//! The crate from outside: vectors, properties, and the programs that must understand its shares.

mod gfshare;
mod parser;
mod properties;
mod recover;
mod support;
mod vectors;
