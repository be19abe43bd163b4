//! What a new key says about the key that it succeeds, at the one moment at which it is at hand without a quorum.

use sequoia_openpgp as openpgp;

use openpgp::Fingerprint;
use openpgp::armor::Kind;
use openpgp::packet::{Packet, UserID};
use openpgp::serialize::Marshal as _;

use super::deal::{Made, broken};
use super::refusal::Refusal;
use crate::ceremony::explain;
use crate::openpgp::armor::enarmor;
use crate::openpgp::draft::Draft;
use crate::openpgp::key::MasterKey;
use crate::openpgp::manifest_signature::primary_of;
use crate::openpgp::plan::{Certainty, Plan};
use crate::openpgp::statement;

/// The key that a new one succeeds, and what the new one says about it while it is at hand.
pub struct Succeeds {
    /// The old key's certificate, public.
    pub certificate: Vec<u8>,
    /// Its user ID.
    pub user_id: String,
    /// The announcement, with [`NEW_FINGERPRINT`] where the new key's fingerprint will stand.
    pub announcement: String,
}

/// Stands in an announcement for the fingerprint that isn't known before the key is made.
pub const NEW_FINGERPRINT: &str = "{new-fingerprint}";
/// The announcement's text, as both keys sign it; relative to the new vault.
pub const ANNOUNCEMENT: &str = "succession/announcement.txt";
/// The announcement, signed by the new key.
pub const ANNOUNCEMENT_SIGNED: &str = "succession/announcement.asc";
/// The old key, certified by the new one: primary key, user ID, certification.
pub const PREDECESSOR: &str = "succession/predecessor.asc";

/// The new key, certified by the old one's quorum: primary key, user ID, certification.
pub const CERTIFIED: &str = "succession/certified.asc";

impl Succeeds {
    /// The old key.
    ///
    /// # Errors
    /// [`Refusal::Dealing`].
    pub(super) fn fingerprint(&self) -> Result<Fingerprint, Refusal> {
        let primary = primary_of(&self.certificate).map_err(broken)?;
        Ok(primary.fingerprint())
    }

    /// The new key certifies the old one, and signs the announcement: the only time that it does so without anybody's
    /// approval, as `create` is a dealing that nobody can approve.
    pub(super) fn said_by(&self, key: &mut MasterKey, created: u32) -> Result<Vec<Made>, Refusal> {
        let target = primary_of(&self.certificate).map_err(broken)?;
        let user_id = UserID::from(self.user_id.as_str());
        let mut packets = Vec::new();
        for packet in [target.clone().into(), user_id.clone().into()] {
            Packet::serialize(&packet, &mut packets).map_err(broken)?;
        }
        let certify = Draft::encode(Plan::Certify {
            stamp: key.stamp(created).map_err(broken)?,
            certainty: Certainty::Positive,
            expires_after: None,
            notations: Vec::new(),
            target,
            user_id,
        })
        .map_err(broken)?;
        let certified = key.sign(&certify).map_err(broken)?;
        packets.extend(certified.bytes());
        let certified = enarmor(Kind::PublicKey, &packets).map_err(broken)?;

        let new = explain::fingerprint(&key.primary().fingerprint());
        let text = self.announcement.replace(NEW_FINGERPRINT, &new);
        let text = statement::read(text.as_bytes()).map_err(broken)?;
        let announce = Draft::encode(Plan::Statement {
            stamp: key.stamp(created).map_err(broken)?,
            text: text.clone(),
        })
        .map_err(broken)?;
        let announced = key.sign(&announce).map_err(broken)?;
        let message = statement::to_message(&text, &[announced.signature().map_err(broken)?])
            .map_err(broken)?;
        let files = [
            (PREDECESSOR, certified),
            (ANNOUNCEMENT, format!("{text}\n").into_bytes()),
            (ANNOUNCEMENT_SIGNED, message),
        ];
        let made = files.map(|(path, bytes)| Made {
            path: path.to_owned(),
            bytes,
        });
        Ok(made.into())
    }
}
