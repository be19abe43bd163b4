//! Where the master key of a new vault comes from: made now, or taken out of an export.

use sequoia_openpgp::Fingerprint;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::openpgp::import::{Export, ImportError, Wish};
use crate::openpgp::key::{MasterKey, OwnPackets};
use crate::openpgp::plan::Algorithm;
use crate::roster::sealing::{Recipient, seal};
use crate::world::Timestamp;

/// Where the master key comes from.
// There is one in a dealing.
#[allow(clippy::large_enum_variant)]
pub enum Origin {
    /// It is made now.
    New {
        /// Of which algorithm.
        algorithm: Algorithm,
        /// When it expires.
        expires: Timestamp,
        /// To whom the secret of a signing subkey is sealed, which is made along.
        subkey_for: Option<Recipient>,
    },
    /// It was made elsewhere; until now others may have had it.
    Import(Box<Import>),
}

/// An exported key. SECRET, as far as its passphrase doesn't protect it.
pub struct Import {
    /// What `gpg --export-secret-keys` wrote.
    pub file: Zeroizing<Vec<u8>>,
    /// Its passphrase; empty if it has none.
    pub passphrase: Zeroizing<Vec<u8>>,
    /// Subkeys whose secrets may be lost.
    pub drop: Vec<Fingerprint>,
    /// To whom the secrets of signing subkeys are sealed.
    pub subkey_for: Option<Recipient>,
}

/// The key that a vault is for.
pub(super) struct Custody {
    pub key: MasterKey,
    pub own: OwnPackets,
    pub expires: Timestamp,
    /// Signing subkeys, each sealed to the signing host: the file's name and its bytes.
    pub leaving: Vec<(String, Vec<u8>)>,
}

fn broken(what: impl ToString) -> Refusal {
    Refusal::Dealing(what.to_string())
}

/// The secret of a signing subkey on its way to its host: the file's name and its bytes.
fn sealed_subkey(
    host: &Recipient,
    subkey: &Fingerprint,
    file: &[u8],
) -> Result<(String, Vec<u8>), Refusal> {
    let name = format!("subkey-{subkey}.{}", host.extension());
    Ok((name, seal(host, file).map_err(broken)?))
}

impl Origin {
    /// Makes the key, or takes it out of its export.
    ///
    /// # Errors
    /// [`Refusal::Dealing`]; [`Refusal::Passphrase`] of an export.
    pub(super) fn take_into_custody(
        &self,
        user_id: &str,
        now: Timestamp,
    ) -> Result<Custody, Refusal> {
        match self {
            Self::New {
                algorithm,
                expires,
                subkey_for,
            } => {
                let created = now.to_openpgp().ok_or_else(|| broken("the time"))?;
                let life = u32::try_from(expires.seconds_since(now)).map_err(broken)?;
                let mut key = MasterKey::generate(*algorithm, created).map_err(broken)?;
                let mut own = key.sign_itself(user_id, life).map_err(broken)?;
                let mut leaving = Vec::new();
                if let Some(host) = subkey_for {
                    let (subkey, file) = key.make_subkey(&mut own, created).map_err(broken)?;
                    leaving.push(sealed_subkey(host, &subkey, &file)?);
                }
                Ok(Custody {
                    key,
                    own,
                    expires: *expires,
                    leaving,
                })
            }
            Self::Import(import) => import.take_into_custody(user_id, now),
        }
    }
}

impl Import {
    fn take_into_custody(&self, user_id: &str, now: Timestamp) -> Result<Custody, Refusal> {
        let wish = Wish {
            user_id,
            drop: &self.drop,
            subkeys_have_a_home: self.subkey_for.is_some(),
            now,
        };
        let imported = Export::read(&self.file)
            .and_then(|export| export.take(&wish, &self.passphrase))
            .map_err(|error| match error {
                ImportError::Passphrase => Refusal::Passphrase,
                error => broken(error),
            })?;
        let mut leaving = Vec::with_capacity(imported.leaving.len());
        for subkey in &imported.leaving {
            let host = self.subkey_for.as_ref();
            let host = host.ok_or_else(|| broken("no recipient"))?;
            leaving.push(sealed_subkey(host, &subkey.fingerprint, &subkey.file)?);
        }
        Ok(Custody {
            key: imported.key,
            own: imported.own,
            expires: imported.expires,
            leaving,
        })
    }
}
