//! The folder `keys/`: what the roots handed in.

use std::path::Path;

use sequoia_openpgp::{Cert, Fingerprint};

use super::report::{Exit, Failure};
use crate::roster::sealing::{
    Certificates, OpenPgpRecipient, OpenPgpRecipientError as Refused, Recipient, SealError,
};
use crate::world::{Files, Kind};

pub(super) const MAX_KEY_FILE: usize = 32 << 20;

/// The certificates of all files in `keys/`, each file read once.
pub(super) struct Keys(Vec<Result<Certificates, Refused>>);

impl Keys {
    pub(super) fn read(files: &dyn Files, folder: &Path) -> Result<Self, Failure> {
        let mut all = Vec::new();
        if files.kind(folder)? == Some(Kind::Folder) {
            let entries = files.list(folder)?;
            for entry in entries.iter().filter(|entry| entry.kind == Kind::File) {
                let bytes = files.read(&folder.join(&entry.name), MAX_KEY_FILE)?;
                all.push(Certificates::read(&bytes));
            }
        }
        Ok(Self(all))
    }

    /// From files that were read already; what is no certificate is left aside.
    pub(super) fn of<'f>(files: impl Iterator<Item = &'f [u8]>) -> Self {
        Self(files.map(Certificates::read).collect())
    }

    /// All that the files have of the certificate with this primary key, valid or not.
    pub(super) fn certificate(&self, wanted: &Fingerprint) -> Option<Cert> {
        let files = self.0.iter().flatten();
        let found = files.filter_map(|certificates| certificates.get(wanted).cloned());
        // Of one key the files can only disagree by what one of them lacks.
        found.reduce(|one, other| one.clone().merge_public(other).unwrap_or(one))
    }

    /// The certificate with this primary key. If no file has it, the error tells what was there.
    pub(super) fn find(
        &self,
        wanted: &Fingerprint,
        now: u64,
    ) -> Result<Result<Recipient, SealError>, Failure> {
        let mut last = None;
        for file in &self.0 {
            let found = match file {
                Ok(certificates) => certificates.find(wanted, now),
                Err(error) => Err(error.clone()),
            };
            match found {
                Ok(recipient) => return Ok(Ok(boxed(recipient))),
                Err(error) => {
                    let elsewhere =
                        matches!(error, Refused::NoSuchCert { .. } | Refused::NotOpenPgp);
                    if !elsewhere || last.is_none() {
                        last = Some(error);
                    }
                }
            }
        }
        match last {
            Some(error) => Ok(Err(error.into())),
            None => Err(
                Failure::new(Exit::Usage, format!("keys/ holds no certificate {wanted}"))
                    .fact("nothing was made")
                    .next(format!("gpg --armor --export {wanted} >keys/NAME.asc")),
            ),
        }
    }
}

fn boxed(recipient: OpenPgpRecipient) -> Recipient {
    Recipient::OpenPgp(Box::new(recipient))
}
