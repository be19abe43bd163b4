//! What leaves the house: the release site's page and series data, the chain of keys, keyservers, the
//! announcement. Pure functions; who carries things there is [`crate::cli`].
//!
//! Nothing here makes a minimal export: that strips the certification by the old key, which is the one
//! thing that a user needs who trusts the old key.

pub mod announcement;
pub mod index_list;
pub mod keyserver;
pub mod mail;
pub mod mail_signed;
pub mod release_site;
pub mod series;
pub mod succession;
