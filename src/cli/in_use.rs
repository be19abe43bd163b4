//! The certificate in use: as created, with all that the key has signed about itself since.

use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse as _;

use super::opened::Opened;
use super::report::{Exit, Failure};

impl Opened {
    /// The certificate in use.
    #[allow(dead_code)] // base for parallel work
    pub(super) fn in_use(&self) -> Result<Cert, Failure> {
        Cert::from_bytes(self.manifest().certificate.as_bytes()).map_err(|error| {
            Failure::new(
                Exit::Forged,
                format!("the certificate in vault.toml can't be read: {error}"),
            )
        })
    }
}
