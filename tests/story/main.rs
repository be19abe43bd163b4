//! Whole ceremonies, and what can go wrong in them: in process, with doubles of the world at its
//! edges and the real locked-up worker in the middle. Nobody's own keyring or home is touched.

mod alone;
mod answers;
mod attested;
mod bad_input;
mod carded;
mod ceremony;
mod challenged;
mod changed;
mod drilled;
mod gathered;
mod handed_over;
mod hostile;
mod hostile_pairs;
mod imported;
mod interrupted;
mod linted;
mod machines;
mod minuted;
mod over_ssh;
mod paired;
mod rehearsed;
mod rotated;
mod rotation_killed;
mod rotation_refused;
mod rotation_told;
#[path = "../publish/schema.rs"]
mod schema;
mod stock;
mod submissions;
mod team;
mod together;
mod tried;
mod worst_tools;
