//! A second writer of shares, slow and plain, after SPEC.md and not after the crate. It can write what the crate never would.

use sha2::{Digest, Sha256};

/// The fields of a body, each of which may be wrong.
#[derive(Clone)]
pub struct Fields {
    pub scheme: u8,
    pub kind: u8,
    pub set: [u8; 16],
    pub fingerprint: Vec<u8>,
    pub generation: u32,
    pub threshold: u8,
    pub seat: u8,
    pub data: Vec<u8>,
    /// In place of the true length of the data.
    pub length: Option<u16>,
    /// In place of zeros.
    pub filling: Option<u8>,
    /// Behind the data.
    pub trailing: Vec<u8>,
}

impl Fields {
    /// Seat `seat` of the set with this secret; coefficients and names follow from `seed`.
    pub fn dealt(seed: &str, secret: &[u8], threshold: u8, seat: u8) -> Self {
        let data = (0..secret.len()).map(|i| {
            let mut y = 0;
            for degree in (1..threshold).rev() {
                let coefficient = digest(&format!("{seed} byte {i} degree {degree}"))[0];
                y = multiply(y ^ coefficient, seat);
            }
            y ^ secret[i]
        });
        Self {
            scheme: 1,
            kind: 1,
            set: digest(&format!("{seed} set"))[..16].try_into().unwrap(),
            fingerprint: digest("the key")[..20].to_vec(),
            generation: 1,
            threshold,
            seat,
            data: data.collect(),
            length: None,
            filling: None,
            trailing: Vec::new(),
        }
    }

    pub fn body(&self) -> Vec<u8> {
        let mut body = vec![self.scheme, self.kind];
        body.extend(self.set);
        body.push(self.fingerprint.len() as u8);
        body.extend(&self.fingerprint);
        body.extend(self.generation.to_be_bytes());
        body.extend([self.threshold, self.seat]);
        body.extend(self.length.unwrap_or(self.data.len() as u16).to_be_bytes());
        while !(body.len() + self.data.len()).is_multiple_of(5) {
            body.push(self.filling.unwrap_or(0));
        }
        body.extend(&self.data);
        body.extend(&self.trailing);
        body
    }

    pub fn information(&self) -> [String; 3] {
        let purpose = match self.kind {
            2 => "share for the revocations",
            3 => "practice share for the master key",
            4 => "practice share for the revocations",
            _ => "share for the master key",
        };
        [
            format!(
                "{purpose}, seat {}, {} seats needed, generation {}",
                self.seat, self.threshold, self.generation
            ),
            format!("key {}", hex(&self.fingerprint).to_uppercase()),
            format!("set {}", hex(&self.set)),
        ]
    }

    /// The lines of the text.
    pub fn lines(&self) -> Vec<String> {
        lines(self.kind > 2, &self.information(), &self.body())
    }

    pub fn text(&self) -> String {
        joined(&self.lines())
    }
}

/// Lines with their ends.
pub fn joined<S: AsRef<str>>(lines: &[S]) -> String {
    lines
        .iter()
        .map(|line| format!("{}\n", line.as_ref()))
        .collect()
}

/// The armour, the information and any body whose length is a multiple of five.
pub fn lines(practice: bool, information: &[String], body: &[u8]) -> Vec<String> {
    let name = if practice {
        "QUORATE PRACTICE SHARE"
    } else {
        "QUORATE SHARE"
    };
    let mut lines = vec![format!("-----BEGIN {name}-----")];
    lines.extend(information.iter().cloned());
    let symbols = symbols(body);
    let mut number = 0;
    for data in symbols.chunks(24) {
        number += 1;
        lines.push(line(&format!("{number:02}"), number, data));
    }
    lines.push(line("ck", number + 1, &whole(body)));
    lines.push(format!("-----END {name}-----"));
    lines
}

/// The first twelve symbols of the check over the whole.
pub fn whole(body: &[u8]) -> Vec<u8> {
    let mut input = b"quorate-share text v1\0".to_vec();
    input.extend(body);
    let mut bits = symbols(&Sha256::digest(input)[..10]);
    bits.truncate(12);
    bits
}

/// One line with its check.
pub fn line(label: &str, number: u8, data: &[u8]) -> String {
    let groups: Vec<String> = data.chunks(4).map(letters).collect();
    let data_columns = groups.join(" ");
    format!(
        "{label} {data_columns:29}  {}",
        letters(&check(number, data))
    )
}

/// The remainder of the line times x⁴, divided by x⁴+15x³+19x²+23x+10.
fn check(number: u8, data: &[u8]) -> Vec<u8> {
    let mut word = vec![number / 32, number % 32];
    word.extend(data);
    word.extend([0; 4]);
    for at in 0..word.len() - 4 {
        let factor = word[at];
        for (i, coefficient) in [1, 15, 19, 23, 10].into_iter().enumerate() {
            word[at + i] ^= multiply32(factor, coefficient);
        }
    }
    word.split_off(word.len() - 4)
}

/// Bits in groups of five.
pub fn symbols(body: &[u8]) -> Vec<u8> {
    let bits: String = body.iter().map(|byte| format!("{byte:08b}")).collect();
    let symbol = |five: &[u8]| u8::from_str_radix(std::str::from_utf8(five).unwrap(), 2).unwrap();
    bits.as_bytes().chunks_exact(5).map(symbol).collect()
}

fn letters(symbols: &[u8]) -> String {
    let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
    symbols
        .iter()
        .map(|&symbol| char::from(alphabet[usize::from(symbol)]))
        .collect()
}

fn multiply(a: u8, b: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| {
        let doubled = (product << 1) ^ if product & 0x80 != 0 { 0x1d } else { 0 };
        doubled ^ if b >> bit & 1 == 1 { a } else { 0 }
    })
}

fn multiply32(a: u8, b: u8) -> u8 {
    (0..5).rev().fold(0, |product: u8, bit| {
        let doubled = (product << 1) ^ if product & 0x10 != 0 { 0x25 } else { 0 };
        doubled ^ if b >> bit & 1 == 1 { a } else { 0 }
    })
}

/// SHA-256 over `of` and over a name of this test data.
pub fn digest(of: &str) -> Vec<u8> {
    Sha256::digest(format!("quorate-share vectors: {of}")).to_vec()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn commitment(body: &[u8]) -> String {
    let mut input = b"quorate-share commitment v1\0".to_vec();
    input.extend(body);
    hex(&Sha256::digest(input))
}
