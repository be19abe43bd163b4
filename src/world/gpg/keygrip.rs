//! Keygrips: how libgcrypt names keys, and gpg's agent its files.

use data_encoding::HEXUPPER;

use super::agent::PublicKey;

/// Ed25519 as libgcrypt hashes it (RFC 8032 §5.1): prime, a and b without their signs, base point, order.
const ED25519: [(&str, &str); 5] = [
    (
        "p",
        "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED",
    ),
    ("a", "01"),
    (
        "b",
        "2DFC9311D490018C7338BF8688861767FF8FF5B2BEBE27548A14B235ECA6874A",
    ),
    (
        "g",
        "04216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A\
         6666666666666666666666666666666666666666666666666666666666666658",
    ),
    (
        "n",
        "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED",
    ),
];

/// SHA-1 over the numbers of the key: it names, it doesn't protect.
pub(super) fn of(key: &PublicKey) -> Option<[u8; 20]> {
    let mut hashed = Vec::new();
    match key {
        PublicKey::Rsa { n, .. } => {
            // As a number that isn't negative is written.
            if n.first().is_some_and(|byte| byte & 0x80 != 0) {
                hashed.push(0);
            }
            hashed.extend_from_slice(n);
        }
        PublicKey::Ed25519(q) => {
            for (name, hex) in ED25519 {
                part(&mut hashed, name, &HEXUPPER.decode(hex.as_bytes()).ok()?);
            }
            part(&mut hashed, "q", q);
        }
    }
    Some(openssl::sha::sha1(&hashed))
}

fn part(hashed: &mut Vec<u8>, name: &str, value: &[u8]) {
    hashed.extend_from_slice(format!("(1:{name}{}:", value.len()).as_bytes());
    hashed.extend_from_slice(value);
    hashed.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::gpg::agent::Keygrip;

    #[test]
    fn a_key_has_the_name_that_gpg_2_2_40_gave_it() {
        let hex = "FE46E4BCDCE9E4683FC2563214A9960497DA8AEB8DE612AADD693D7760E71468";
        let q = HEXUPPER.decode(hex.as_bytes()).unwrap();
        let key = PublicKey::Ed25519(q.try_into().unwrap());
        assert_eq!(
            Keygrip::of(&key).unwrap().to_string(),
            "E0100497D8ADE4DA4F7DE05B111538A8AD4A2B9F"
        );
    }
}
