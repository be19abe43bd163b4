//! What leaves the house, with the real gpg, sq, git and a real keyserver on loopback. Nobody's own
//! keyring, home or network is touched.

mod home;
mod keyserver;
mod lint;
mod schema;
mod site;
mod succession;
