//! Statements: plain texts under the cleartext signature framework (RFC 9580 §7).

use sequoia_openpgp as openpgp;

use openpgp::armor::Kind;
use openpgp::packet::{Packet, Signature};
use openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use openpgp::serialize::{Marshal as _, MarshalInto as _};

use super::armor::{dearmor, enarmor};
use super::draft::Draft;
pub use super::plain_text::{MAX_LINE, MAX_STATEMENT, StatementError, is_plain, read};
use super::plan::{Algorithm, Hash, Plan, Primary, Stamp};
use crate::world::Timestamp;

/// The cleartext-signed message: text and signatures in one file that `gpg --verify` takes.
///
/// # Errors
/// Whatever sequoia reports; writing to memory has no other reason to fail.
pub fn to_message(text: &str, signatures: &[Signature]) -> openpgp::Result<Vec<u8>> {
    let mut packets = Vec::new();
    let mut hashes = Vec::new();
    for signature in signatures {
        Packet::from(signature.clone()).serialize(&mut packets)?;
        hashes.push(signature.hash_algo().text_name()?.to_owned());
    }
    hashes.sort();
    hashes.dedup();
    let mut message = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: {}\n\n",
        hashes.join(", ")
    );
    for line in text.split('\n') {
        // Dash-escaped (RFC 9580 §7.2).
        if line.starts_with('-') || line.starts_with("From ") {
            message.push_str("- ");
        }
        message.push_str(line);
        message.push('\n');
    }
    let mut message = message.into_bytes();
    message.extend_from_slice(&enarmor(Kind::Signature, &packets)?);
    Ok(message)
}

/// The last line.
const END: &str = "\n-----END PGP SIGNATURE-----";

/// A cleartext-signed message in its parts; whose signatures they are isn't asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<'m> {
    /// The names of the hashes, as the header has them.
    pub hashes: &'m str,
    /// What is signed, without dash-escapes and without the last line's end.
    pub text: String,
    /// The signatures, in armour.
    pub armor: &'m str,
}

impl<'m> Message<'m> {
    /// Takes a message apart that [`to_message`] has put together.
    #[must_use]
    pub fn read(message: &'m [u8]) -> Option<Self> {
        if message.len() > 2 * MAX_STATEMENT {
            return None;
        }
        let message = std::str::from_utf8(message).ok()?;
        let rest = message.strip_prefix("-----BEGIN PGP SIGNED MESSAGE-----\nHash: ")?;
        let (hashes, rest) = rest.split_once("\n\n")?;
        let at = rest.find("\n-----BEGIN PGP SIGNATURE-----\n")?;
        let (body, armor) = rest.split_at(at);
        // What follows the signatures isn't signed.
        let is_last = |armor: &str| armor.find(END) == armor.strip_suffix(END).map(str::len);
        if !is_last(armor.trim_end()) {
            return None;
        }
        let lines = body.split('\n');
        let text: Vec<&str> = lines
            .map(|line| line.strip_prefix("- ").unwrap_or(line))
            .collect();
        Some(Self {
            hashes,
            text: text.join("\n"),
            armor: armor.trim_start_matches('\n'),
        })
    }
}

/// The text of a cleartext-signed message and its signature by this key, as a draft's value: what this key would
/// have signed as a statement, and nothing else.
#[must_use]
pub fn signed_by(message: &[u8], primary: &Primary) -> Option<(String, Signature)> {
    let Message { text, armor, .. } = Message::read(message)?;
    let (packets, _) = dearmor(armor.as_bytes(), MAX_STATEMENT).ok()?;
    let mut next = PacketParser::from_bytes(&packets).ok()?;
    while let PacketParserResult::Some(parser) = next {
        let (packet, after) = parser.next().ok()?;
        if let Packet::Signature(signature) = &packet
            && let Some(draft) = draft_of(signature, &text, primary)
            && let Ok(bytes) = packet.to_vec()
            && draft.is_fulfilled_by(&bytes, primary).is_some()
        {
            return Some((text, signature.clone()));
        }
        next = after;
    }
    None
}

/// The one draft that a signature by this key over this text can be.
fn draft_of(signature: &Signature, text: &str, primary: &Primary) -> Option<Draft> {
    let made = Timestamp::from(signature.signature_creation_time()?);
    let stamp = Stamp {
        issuer: primary.fingerprint(),
        algorithm: Algorithm::of(primary.pk_algo())?,
        hash: Hash::Sha512,
        created: made.to_openpgp()?,
    };
    let text = text.to_owned();
    Draft::encode(Plan::Statement { stamp, text }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_what_is_seen() {
        assert_eq!(read(b"a\n\n- b\n\n"), Ok("a\n\n- b".to_owned()));
        for (file, error) in [
            (&b""[..], StatementError::Empty),
            (b"\n\n", StatementError::Empty),
            (b"a\xff", StatementError::NotText),
            (b"a\r\nb", StatementError::CarriageReturn(1)),
            (b"a\nb \nc", StatementError::TrailingBlank(2)),
            (b"a\n\tb", StatementError::Invisible(2)),
            ("a\u{202e}b".as_bytes(), StatementError::Invisible(1)),
        ] {
            assert_eq!(read(file), Err(error));
        }
        let long = [b'a'; MAX_LINE + 1];
        assert_eq!(read(&long), Err(StatementError::LongLine(1)));
        assert_eq!(
            read(&vec![b'a'; MAX_STATEMENT + 1]),
            Err(StatementError::TooLong)
        );
    }
}
