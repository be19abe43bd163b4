//! The signing host's half, with the real gpg on a machine of its own: its own home, its own `GNUPGHOME`.
//! Where bad input is tested, what a quorum does is done by a key that the test holds; the draft is the product's own.
//! `from_end_to_end` has the real quorum.

mod from_end_to_end;
mod installed;
mod leaving;
mod looked_at;
mod machine;
mod master;
mod offered;
mod quorum;
mod refused;
#[allow(dead_code)]
#[path = "../story/team.rs"]
mod team;
mod with_a_vault;

/// A day to come.
fn in_days(days: u32) -> String {
    let now = quorate::world::Timestamp::from(std::time::SystemTime::now());
    now.plus_days(days).day()
}
