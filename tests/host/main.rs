//! The signing host's half, with the real gpg on a machine of its own: its own home, its own `GNUPGHOME`.
//! What a quorum does is done here by a key that the test holds; the draft is the product's own.

mod installed;
mod leaving;
mod looked_at;
mod machine;
mod master;
mod offered;
mod refused;
#[allow(dead_code)]
#[path = "../story/team.rs"]
mod team;
mod with_a_vault;
