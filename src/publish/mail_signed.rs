//! PGP/MIME (RFC 3156): the text as one part of a message, its signatures as the other.
//!
//! A statement's signatures are over its text with lines that end in CR LF, without the end of the last one (RFC 9580
//! §5.2.1.2, §7). A part of a message is covered in the same way: the line break before the boundary isn't part of it. A
//! part without headers begins with an empty line (RFC 2046 §5.1). So a text that begins with an empty line *is* such a
//! part, and the signatures that the keys made over it are good for both forms; nobody has to sign anything again.

use sha2::{Digest as _, Sha256};

use super::announcement::check;
use super::mail::{Head, MailError, headers};
use crate::openpgp::statement::Message;

/// The message, lines ending in a line feed as the programs that send it want them.
///
/// # Errors
/// [`MailError`].
pub fn message(head: &Head<'_>, signed: &[u8]) -> Result<Vec<u8>, MailError> {
    let Message {
        hashes,
        text,
        armor,
    } = Message::read(signed).ok_or(MailError::NotSigned)?;
    check(&text)?;
    if !text.starts_with('\n') {
        return Err(MailError::NoEmptyLine);
    }
    if !text.is_ascii() {
        return Err(MailError::NotAscii);
    }
    let micalg = match hashes {
        "SHA256" => "pgp-sha256",
        "SHA512" => "pgp-sha512",
        other => return Err(MailError::Hash(other.to_owned())),
    };
    // No text holds its own digest.
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(signed));
    let boundary = format!("=-quorate-{}", &digest[..32]);
    let mut lines = headers(head)?;
    lines.push(format!(
        "Content-Type: multipart/signed; micalg={micalg};\n protocol=\"application/pgp-signature\";\n boundary=\"{boundary}\""
    ));
    let head = lines.join("\n");
    let armor = armor.trim_end();
    Ok(format!(
        "{head}\n\n\
         This is an OpenPGP/MIME signed message (RFC 3156).\n\
         --{boundary}\n{text}\n\
         --{boundary}\n\
         Content-Type: application/pgp-signature; name=\"signature.asc\"\n\
         Content-Description: OpenPGP digital signature\n\
         Content-Disposition: attachment; filename=\"signature.asc\"\n\n\
         {armor}\n\n--{boundary}--\n"
    )
    .into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str, hash: &str) -> Result<String, MailError> {
        let head = Head {
            from: "infra@example.org",
            to: &["all@example.org"],
            subject: "New key",
            date: "2026-10-05T10:05:00Z".parse().unwrap(),
        };
        let signed = format!(
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: {hash}\n\n{text}\n\
             -----BEGIN PGP SIGNATURE-----\n\nwsB\n-----END PGP SIGNATURE-----\n"
        );
        message(&head, signed.as_bytes()).map(|mail| String::from_utf8(mail).unwrap())
    }

    #[test]
    fn the_signed_part_is_the_signed_text_and_nothing_else() {
        let mail = made("\na\n- --dash", "SHA512").unwrap();
        let at = mail.find("boundary=\"").unwrap() + 10;
        let boundary = format!("\n--{}", mail[at..].split('"').next().unwrap());
        let parts: Vec<&str> = mail.split(&boundary).collect();
        assert_eq!(parts.len(), 4, "{mail}");
        assert_eq!(parts[1], "\n\na\n--dash");
        assert!(parts[2].ends_with("-----END PGP SIGNATURE-----\n"));
        assert_eq!(parts[3], "--\n");
        assert!(mail.contains("micalg=pgp-sha512"));
    }

    #[test]
    fn a_text_whose_signatures_cover_no_part_of_a_message_is_refused() {
        assert_eq!(made("a", "SHA512"), Err(MailError::NoEmptyLine));
        assert_eq!(made("\n\u{17e}", "SHA512"), Err(MailError::NotAscii));
        let two = "SHA256, SHA512";
        assert_eq!(made("\na", two), Err(MailError::Hash(two.into())));
        let head = Head {
            from: "a@example.org",
            to: &["b@example.org"],
            subject: "s",
            date: "2026-10-05T10:05:00Z".parse().unwrap(),
        };
        let whole = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\na\n-----BEGIN PGP SIGNATURE-----\n\nwsB\n-----END PGP SIGNATURE-----\n";
        assert!(message(&head, whole).is_ok());
        let more = [&whole[..], b"\nThe new key is another one.\n"].concat();
        let twice = [&whole[..], b"\nUnsigned.\n-----END PGP SIGNATURE-----\n"].concat();
        for other in [
            &b""[..],
            &more,
            &twice,
            b"a",
            b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n\na",
        ] {
            assert_eq!(message(&head, other), Err(MailError::NotSigned));
        }
    }
}
