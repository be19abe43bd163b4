//! Making a vault: the key, its revocations, the passphrases, their shares, and the manifest.
//!
//! Only files leave this process, sealed or public. They count once [`Vault::check`] has rebuilt each passphrase from
//! quorums that together use every share, and decrypted the very bytes that were handed out.

use quorate_share::{
    Candidates, Generation, KeyFingerprint, Kind, SetHeader, SetId, Share, Threshold,
    deal_with_os_rng,
};
use sequoia_openpgp::Fingerprint;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::origin::{Custody, Origin};
use super::refusal::Refusal;
use super::succession::Succeeds;
use crate::openpgp::draft::Draft;
use crate::openpgp::key::MasterKey;
use crate::openpgp::manifest_signature;
use crate::openpgp::plan::{Reason, Subkey};
use crate::roster::config::Attest;
use crate::roster::holder_key::HolderKey;
use crate::roster::name::Name;
use crate::roster::opening::OneTimeIdentity;
use crate::roster::passphrase::{Passphrase, SealFailed, decrypt, encrypt, encrypt_practice};
use crate::roster::sealed_share::SealedShare;
use crate::roster::sealing::{Recipient, seal};
use crate::vault::manifest::{Dealt, Manifest, Member, OwnCopy, ShareSet, SignedManifest};
use crate::world::Timestamp;

/// The most bytes that a file under a passphrase may have, opened.
const MAX_OPENED: usize = 1 << 20;

/// One root, and to whom the shares are sealed.
pub struct Seat {
    /// As the manifest will name it.
    pub member: Member,
    /// To whom.
    pub recipient: Recipient,
}

/// What a vault is made from. Nothing in it is secret.
pub struct DealJob {
    /// A random number that names the vault.
    pub vault_id: [u8; 16],
    /// Where the key comes from.
    pub origin: Origin,
    /// The key's user ID.
    pub user_id: String,
    /// The time.
    pub now: Timestamp,
    /// So many use the key.
    pub master: Threshold,
    /// So many end it.
    pub revocation: Threshold,
    /// How many roots must attest.
    pub attest: Attest,
    /// How long requests stay open.
    pub request_days: u32,
    /// The key that this one succeeds.
    pub succeeds: Option<Succeeds>,
    /// Does each root get the key's revocations, to be used alone?
    pub any_root_may_revoke: bool,
    /// The roster, in the order of the seats.
    pub seats: Vec<Seat>,
}

/// A file of the vault.
pub struct Made {
    /// Where it goes, relative to the vault's folder.
    pub path: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
}

pub(super) fn broken(what: impl ToString) -> Refusal {
    Refusal::Dealing(what.to_string())
}

/// A vault as it was made.
pub struct Vault {
    /// Its files; the manifest is the last.
    pub files: Vec<Made>,
    sets: Vec<Split>,
}

/// Makes a vault.
///
/// # Errors
/// [`Refusal::Dealing`].
pub fn deal(job: &DealJob) -> Result<Vault, Refusal> {
    let created = job.now.to_openpgp().ok_or_else(|| broken("the time"))?;
    let Custody {
        mut key,
        own,
        expires,
        leaving,
    } = job.origin.take_into_custody(&job.user_id, job.now)?;
    let mut files: Vec<Made> = leaving
        .into_iter()
        .map(|(name, bytes)| Made {
            path: format!("out/{name}"),
            bytes,
        })
        .collect();
    let fingerprint = key.primary().fingerprint();
    let certificate = key.to_certificate(&own).map_err(broken)?;
    let identity = OneTimeIdentity::generate();

    let master = File::make("master", &key.to_file(&own).map_err(broken)?, encrypt)?;
    let revocation = File::make(
        "revocation",
        &revocations(&mut key, own.bound(), created, &identity)?,
        encrypt,
    )?;
    let practice = File::make(
        "practice",
        practice_text(&fingerprint).as_bytes(),
        encrypt_practice,
    )?;

    let (mut sets, mut split) = (Vec::new(), Vec::new());
    for (kind, threshold, file) in [
        (Kind::Master, job.master, &master),
        (Kind::Revocation, job.revocation, &revocation),
    ] {
        let dealing = Dealing {
            job,
            fingerprint: &fingerprint,
            kind,
            threshold,
        };
        let (set, shares) = dealing.run(file, &practice, &mut files)?;
        sets.push(set);
        split.extend(shares);
    }
    if let Some(old) = &job.succeeds {
        files.extend(old.said_by(&mut key, created)?);
    }
    let own_copies = match job.any_root_may_revoke {
        true => alone(job, &mut key, created, &mut files)?,
        false => Vec::new(),
    };

    let manifest = Manifest {
        vault_id: job.vault_id,
        fingerprint: fingerprint.clone(),
        user_id: job.user_id.clone(),
        created: job.now,
        expires,
        certificate: String::from_utf8(certificate.clone()).map_err(broken)?,
        roster: job.seats.iter().map(|seat| seat.member.clone()).collect(),
        attest: job.attest,
        request_days: job.request_days,
        any_root_may_revoke: job.any_root_may_revoke,
        sets,
        own_copies,
        predecessor: match &job.succeeds {
            Some(old) => Some(old.fingerprint()?),
            None => None,
        },
        revocation_recipient: identity.recipient().to_string(),
        previous: None,
    };
    let text = manifest.render();
    let plan = manifest_signature::plan(key.primary(), created, &text).map_err(broken)?;
    let draft = Draft::encode(plan).map_err(broken)?;
    let signed = key.sign(&draft).map_err(broken)?;
    let armor = manifest_signature::to_armor(&signed).map_err(broken)?;
    let signed_text = manifest.with_signature(&armor);
    SignedManifest::read(&signed_text, &fingerprint).map_err(broken)?;

    for file in [master, revocation, practice] {
        files.push(Made {
            path: file.path,
            bytes: file.bytes,
        });
    }
    files.push(Made {
        path: "vault.toml".to_owned(),
        bytes: signed_text,
    });
    Ok(Vault { files, sets: split })
}

impl Vault {
    /// Rebuilds each passphrase from its shares, and opens with it the bytes that were handed out.
    ///
    /// # Errors
    /// [`Refusal::Dealing`].
    pub fn check(&self) -> Result<(), Refusal> {
        self.sets.iter().try_for_each(|set| set.check(&self.files))
    }
}

/// A file and the shares of its passphrase.
struct Split {
    path: String,
    plaintext_digest: [u8; 32],
    shares: Vec<Share>,
    threshold: Threshold,
}

impl Split {
    fn check(&self, files: &[Made]) -> Result<(), Refusal> {
        let rebuilt = rebuilt_by_all(&self.shares, self.threshold)?;
        let passphrase = Passphrase::from_recovered(&rebuilt).map_err(broken)?;
        let file = files.iter().find(|file| file.path == self.path);
        let file = file.ok_or_else(|| broken("a file is missing"))?;
        let opened = decrypt(&passphrase, &file.bytes, MAX_OPENED).map_err(broken)?;
        if <[u8; 32]>::from(Sha256::digest(&opened)) != self.plaintext_digest {
            return Err(broken("a file opened to other bytes"));
        }
        Ok(())
    }
}

/// A file under a passphrase of its own.
struct File {
    path: String,
    bytes: Vec<u8>,
    plaintext_digest: [u8; 32],
    passphrase: Passphrase,
}

impl File {
    fn make(
        stem: &str,
        plaintext: &[u8],
        encrypt: fn(&Passphrase, &[u8]) -> Result<Vec<u8>, SealFailed>,
    ) -> Result<Self, Refusal> {
        let mut bits = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *bits).map_err(broken)?;
        let passphrase = Passphrase::from_random(&mut bits);
        let bytes = encrypt(&passphrase, plaintext).map_err(broken)?;
        let path = format!("{stem}.1.age");
        Ok(Self {
            path,
            bytes,
            plaintext_digest: Sha256::digest(plaintext).into(),
            passphrase,
        })
    }

    fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    fn split(&self, shares: Vec<Share>, threshold: Threshold) -> Split {
        Split {
            path: self.path.clone(),
            plaintext_digest: self.plaintext_digest,
            shares,
            threshold,
        }
    }
}

/// The secret, rebuilt from quorums that together use every share. All must give the same.
fn rebuilt_by_all(shares: &[Share], k: Threshold) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let (k, n) = (usize::from(k.get()), shares.len());
    let mut first: Option<Zeroizing<Vec<u8>>> = None;
    for start in (0..n).step_by(k) {
        // The last window reaches back, so that it is whole.
        let start = start.min(n - k);
        let mut candidates = Candidates::new();
        for share in &shares[start..start + k] {
            // Through the text and the commitment, as a holder's share will come.
            let read = Share::from_text(share.to_text().as_bytes()).map_err(broken)?;
            let read = share
                .commitment()
                .check(read)
                .map_err(|_| broken("a commitment"))?;
            candidates.add(read).map_err(broken)?;
        }
        let rebuilt = candidates.quorum().map_err(broken)?.combine();
        match &first {
            None => first = Some(rebuilt),
            Some(first) if bool::from(first.as_slice().ct_eq(rebuilt.as_slice())) => (),
            Some(_) => return Err(broken("two quorums rebuilt different secrets")),
        }
    }
    first.ok_or_else(|| broken("no shares"))
}

/// One share set and its practice set.
struct Dealing<'a> {
    job: &'a DealJob,
    fingerprint: &'a Fingerprint,
    kind: Kind,
    threshold: Threshold,
}

impl Dealing<'_> {
    fn header(&self, kind: Kind) -> Result<SetHeader, Refusal> {
        let mut id = [0_u8; 16];
        getrandom::fill(&mut id).map_err(broken)?;
        let fingerprint =
            KeyFingerprint::from_bytes(self.fingerprint.as_bytes()).map_err(broken)?;
        let (set, generation, threshold) = (SetId(id), Generation::FIRST, self.threshold);
        Ok(SetHeader {
            set,
            kind,
            fingerprint,
            generation,
            threshold,
        })
    }

    fn shares(&self, file: &File, header: &SetHeader) -> Result<Vec<Share>, Refusal> {
        let seats = u8::try_from(self.job.seats.len()).map_err(broken)?;
        file.passphrase
            .expose(|text| deal_with_os_rng(text, header, seats))
            .map_err(broken)
    }

    fn run(
        &self,
        file: &File,
        practice: &File,
        out: &mut Vec<Made>,
    ) -> Result<(ShareSet, [Split; 2]), Refusal> {
        let header = self.header(self.kind)?;
        let practice_header = self.header(self.kind.practice())?;
        let real = self.shares(file, &header)?;
        let drill = self.shares(practice, &practice_header)?;
        let mut dealt = Vec::with_capacity(real.len());
        for ((seat, share), practice_share) in self.job.seats.iter().zip(&real).zip(&drill) {
            let name = &seat.member.name;
            let (row, made) = self.seal(name, &seat.recipient, share, practice_share)?;
            dealt.push(row);
            out.push(made);
        }
        let set = ShareSet {
            kind: self.kind,
            set: header.set,
            practice_set: practice_header.set,
            generation: header.generation,
            threshold: self.threshold,
            file: file.path.clone(),
            file_sha256: file.digest(),
            practice_file: practice.path.clone(),
            practice_sha256: practice.digest(),
            dealt: self.job.now,
            shares: dealt,
        };
        let split = [
            file.split(real, self.threshold),
            practice.split(drill, self.threshold),
        ];
        Ok((set, split))
    }

    fn seal(
        &self,
        name: &Name,
        recipient: &Recipient,
        share: &Share,
        practice: &Share,
    ) -> Result<(Dealt, Made), Refusal> {
        let mut seed = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *seed).map_err(broken)?;
        let holder_key = HolderKey::generate(&mut seed);
        let public = holder_key.public().clone();
        let sealed = SealedShare {
            share_text: share.to_text(),
            practice_text: practice.to_text(),
            holder_key,
        };
        let bytes =
            seal(recipient, sealed.to_text().map_err(broken)?.as_bytes()).map_err(broken)?;
        let folder = if self.kind == Kind::Master {
            "master"
        } else {
            "revocation"
        };
        let path = format!("sealed/{folder}.1/{name}.{}", recipient.extension());
        let row = Dealt {
            seat: share.seat(),
            holder: name.clone(),
            holder_key: public,
            commitment: share.commitment(),
            practice_commitment: practice.commitment(),
            sealed: path.clone(),
            sealed_sha256: Sha256::digest(&bytes).into(),
        };
        Ok((row, Made { path, bytes }))
    }
}

/// The plaintext of the revocation file: both hard revocations of the key and of each subkey that it has now, and
/// the age identity that later subkeys' revocations are sealed to.
fn revocations(
    key: &mut MasterKey,
    subkeys: &[Subkey],
    created: u32,
    identity: &OneTimeIdentity,
) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    let mut text = Zeroizing::new(Vec::with_capacity(4096 * (1 + subkeys.len())));
    text.extend_from_slice(b"quorate revocation file 1\n\n");
    for subkey in std::iter::once(None).chain(subkeys.iter().map(Some)) {
        if let Some(subkey) = subkey {
            let whose = format!("of the subkey {}\n", subkey.fingerprint());
            text.extend_from_slice(whose.as_bytes());
        }
        for (title, reason) in [
            ("reason: compromised", Reason::Compromised),
            ("reason: none given", Reason::None),
        ] {
            text.extend_from_slice(title.as_bytes());
            text.push(b'\n');
            let block = key.revocation(reason, subkey, created).map_err(broken)?;
            text.extend_from_slice(&block);
            text.push(b'\n');
        }
    }
    text.extend_from_slice(b"identity: opens the revocations of later subkeys\n");
    text.extend_from_slice(identity.to_text().as_bytes());
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    Ok(text)
}

/// The key's revocations for each root, to be used without anybody else.
fn alone(
    job: &DealJob,
    key: &mut MasterKey,
    created: u32,
    files: &mut Vec<Made>,
) -> Result<Vec<OwnCopy>, Refusal> {
    let mut text = b"quorate revocations 1\n\n".to_vec();
    for reason in [Reason::Compromised, Reason::None] {
        let block = key.revocation(reason, None, created).map_err(broken)?;
        text.extend_from_slice(format!("reason: {}\n", reason.word()).as_bytes());
        text.extend_from_slice(&block);
        text.push(b'\n');
    }
    let mut copies = Vec::with_capacity(job.seats.len());
    for seat in &job.seats {
        let path = alone_path(&seat.member.name, seat.recipient.extension());
        let bytes = seal(&seat.recipient, &text).map_err(broken)?;
        copies.push(OwnCopy {
            holder: seat.member.name.clone(),
            sealed: path.clone(),
            sealed_sha256: Sha256::digest(&bytes).into(),
        });
        files.push(Made { path, bytes });
    }
    Ok(copies)
}

/// Where a root's own copy of the key's revocations lies.
#[must_use]
pub fn alone_path(name: &Name, extension: &str) -> String {
    format!("sealed/alone.1/{name}.{extension}")
}

/// What the practice file says.
pub(super) fn practice_text(fingerprint: &Fingerprint) -> String {
    format!(
        "quorate practice file 1\n\nThis file is worthless. That it opened shows that your practice \
         shares of\n{}\nwork, and with them the way that the real ones go.\n",
        fingerprint.to_hex()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::plan::Algorithm;
    use crate::vault::manifest::Seal;

    fn made() -> Vault {
        let now = Timestamp::from_day("2026-05-01").unwrap();
        let names = ["anna", "ben", "cleo", "dan"];
        let seats = names.map(|name| {
            let recipient = OneTimeIdentity::generate().recipient();
            Seat {
                member: Member {
                    name: Name::parse(name).unwrap(),
                    seal: Seal::Age(recipient.to_string()),
                    attest: None,
                },
                recipient: Recipient::Age(recipient),
            }
        });
        deal(&DealJob {
            vault_id: [7; 16],
            origin: Origin::New {
                algorithm: Algorithm::EdDsa,
                expires: now.plus_days(100),
                subkey_for: None,
            },
            user_id: "Team <team@example.org>".to_owned(),
            now,
            master: Threshold::new(3).unwrap(),
            revocation: Threshold::new(2).unwrap(),
            attest: Attest::None,
            request_days: 7,
            any_root_may_revoke: false,
            succeeds: None,
            seats: seats.into(),
        })
        .unwrap()
    }

    fn file<'a>(vault: &'a mut Vault, path: &str) -> &'a mut Made {
        let files = &mut vault.files;
        files.iter_mut().find(|file| file.path == path).unwrap()
    }

    #[test]
    fn a_vault_as_it_was_made_passes_and_ends_with_its_manifest() {
        let vault = made();
        vault.check().unwrap();
        let last = vault.files.last().unwrap();
        assert_eq!(last.path, "vault.toml");
        let manifest = SignedManifest::read_unpinned(&last.bytes).unwrap();
        assert_eq!(manifest.sets.len(), 2);
        // Three files under passphrases, a sealed share of each set for each root, the manifest.
        assert_eq!(vault.files.len(), 3 + 2 * 4 + 1);
    }

    #[test]
    fn a_file_that_is_not_the_one_made_is_found() {
        let files = ["master.1.age", "revocation.1.age", "practice.1.age"];
        for (path, other) in files.iter().zip(files.iter().cycle().skip(1)) {
            let mut vault = made();
            let bytes = file(&mut vault, other).bytes.clone();
            file(&mut vault, path).bytes = bytes;
            assert!(vault.check().is_err(), "{path}");

            let mut vault = made();
            file(&mut vault, path).bytes.truncate(500);
            assert!(vault.check().is_err(), "{path}");

            let mut vault = made();
            vault.files.retain(|file| file.path != *path);
            assert!(vault.check().is_err(), "{path}");
        }
    }

    #[test]
    fn a_share_of_another_dealing_is_found_wherever_it_stands() {
        let other = made();
        for set in 0..4 {
            for seat in 0..4 {
                let mut vault = made();
                let text = other.sets[set].shares[seat].to_text();
                vault.sets[set].shares[seat] = Share::from_text(text.as_bytes()).unwrap();
                assert!(vault.check().is_err(), "set {set}, seat {seat}");
            }
        }
    }
}
