//! Canonical S-expressions, as gpg's agent gives them: `(3:rsa(1:n3:…))`. Nothing else is read.

/// The most bytes of an expression: a key of RSA 16384 has some 2,100.
pub const MAX_SEXP: usize = 8 * 1024;
/// The deepest nesting; keys and signatures have three.
const MAX_DEPTH: usize = 8;

/// An atom or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sexp {
    /// Bytes.
    Atom(Vec<u8>),
    /// What stands between brackets.
    List(Vec<Sexp>),
}

impl Sexp {
    /// Reads exactly one list.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_SEXP || bytes.first() != Some(&b'(') {
            return None;
        }
        let mut rest = bytes;
        let read = Self::read(&mut rest, MAX_DEPTH)?;
        rest.is_empty().then_some(read)
    }

    fn read(rest: &mut &[u8], depth: usize) -> Option<Self> {
        if rest.first() != Some(&b'(') {
            return atom(rest).map(Self::Atom);
        }
        *rest = &rest[1..];
        let mut list = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix(b")") {
                *rest = after;
                return Some(Self::List(list));
            }
            list.push(Self::read(rest, depth.checked_sub(1)?)?);
        }
    }

    /// The bytes of an atom.
    #[must_use]
    pub fn atom(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(bytes) => Some(bytes),
            Self::List(_) => None,
        }
    }

    /// What follows in a list that begins with this word.
    #[must_use]
    pub fn after(&self, word: &str) -> Option<&[Self]> {
        match self {
            Self::List(list) => match list.split_first()? {
                (Self::Atom(first), rest) if first == word.as_bytes() => Some(rest),
                _ => None,
            },
            Self::Atom(_) => None,
        }
    }

    /// The bytes of a pair, `(4:name5:value)`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        match self.after(name)? {
            [Self::Atom(value)] => Some(value),
            _ => None,
        }
    }
}

/// `LENGTH:BYTES`, the length without leading zeros.
fn atom(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (length, after) = rest.split_at(digits);
    if digits == 0 || digits > 5 || length[0] == b'0' {
        return None;
    }
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let after = after.strip_prefix(b":")?;
    let bytes = after.get(..length)?.to_vec();
    *rest = &after[length..];
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(sexp: &Sexp, out: &mut Vec<u8>) {
        match sexp {
            Sexp::Atom(bytes) => {
                out.extend_from_slice(format!("{}:", bytes.len()).as_bytes());
                out.extend_from_slice(bytes);
            }
            Sexp::List(list) => {
                out.push(b'(');
                list.iter().for_each(|one| write(one, out));
                out.push(b')');
            }
        }
    }

    fn any_sexp() -> impl Strategy<Value = Sexp> {
        let atom = proptest::collection::vec(any::<u8>(), 1..20).prop_map(Sexp::Atom);
        let tree = atom.prop_recursive(4, 30, 5, |inner| {
            proptest::collection::vec(inner, 0..5).prop_map(Sexp::List)
        });
        proptest::collection::vec(tree, 0..4).prop_map(Sexp::List)
    }

    proptest! {
        #[test]
        fn an_expression_survives_the_way(sexp in any_sexp()) {
            let mut bytes = Vec::new();
            write(&sexp, &mut bytes);
            prop_assert_eq!(Sexp::parse(&bytes), Some(sexp));
            for end in 0..bytes.len() {
                prop_assert_eq!(Sexp::parse(&bytes[..end]), None);
            }
            bytes.push(b'(');
            prop_assert_eq!(Sexp::parse(&bytes), None);
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, text in "[(:)0-9a]{0,40}") {
            let _ = (Sexp::parse(&bytes), Sexp::parse(text.as_bytes()));
        }
    }

    #[test]
    fn other_forms_are_refused() {
        let deep = ["(".repeat(5000), ")".repeat(5000)].concat();
        let long = format!("(9000:{})", "a".repeat(9000));
        for text in [
            "",
            "3:abc",
            "(01:a)",
            "(:)",
            "(0:)",
            "(a)",
            "(2:a)",
            "(1:a))",
            "(99999999999:a)",
            "(1:a",
            &deep,
            &long,
        ] {
            assert_eq!(Sexp::parse(text.as_bytes()), None, "{text}");
        }
    }
}
