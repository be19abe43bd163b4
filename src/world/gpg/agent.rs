//! gpg's agent: making a key, signing a digest with it, deleting it. gpg itself can't make the
//! signature by which a subkey agrees to a primary key that isn't there; its agent signs any digest.
//!
//! `gpg-connect-agent` carries the words: it finds the agent's socket, and starts the agent where none
//! runs. No secret passes through here.

use std::fmt;
use std::path::PathBuf;

use data_encoding::HEXUPPER;

use super::keygrip;
use super::sexp::{MAX_SEXP, Sexp};
use crate::world::programs::{Command, Program, Programs, ProgramsError};
use crate::world::safe_text::SafeText;

/// Most bytes of an RSA number: 16384 bits and a sign.
const MAX_NUMBER: usize = 2049;

/// Which key to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ed25519.
    Ed25519,
    /// RSA of 4096 bits.
    Rsa4096,
}

/// A public key, as the agent knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// The point, compressed.
    Ed25519([u8; 32]),
    /// Modulus and exponent, big-endian, without leading zeros.
    Rsa {
        /// The modulus.
        n: Vec<u8>,
        /// The exponent.
        e: Vec<u8>,
    },
}

/// A signature's value, as the agent gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The two halves, 32 bytes each.
    EdDsa {
        /// The point.
        r: [u8; 32],
        /// The scalar.
        s: [u8; 32],
    },
    /// The number, big-endian.
    Rsa {
        /// The number.
        s: Vec<u8>,
    },
}

/// The agent's name of a key: a SHA-1 over its public numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Keygrip([u8; 20]);

impl Keygrip {
    /// Of this key. None if it has no place in an agent.
    #[must_use]
    pub fn of(key: &PublicKey) -> Option<Self> {
        keygrip::of(key).map(Self)
    }

    /// 40 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = HEXUPPER.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl fmt::Display for Keygrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXUPPER.encode(&self.0))
    }
}

impl fmt::Debug for Keygrip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keygrip({self})")
    }
}

/// Why the agent didn't do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// There is no `gpg-connect-agent` in the trusted folders of `PATH`.
    #[error("gpg-connect-agent not found")]
    Missing {
        /// Where one lay that others can change, so that it was passed over.
        skipped: Vec<PathBuf>,
    },
    /// No agent runs, and none could be started.
    #[error("no agent: {0}")]
    NoAgent(SafeText),
    /// It has no such secret key.
    #[error("no such secret key")]
    NoKey,
    /// It said no.
    #[error("the agent refused: {text}")]
    Refused {
        /// The code of libgpg-error, without its source.
        code: u32,
        /// In the agent's words.
        text: SafeText,
    },
    /// It answered something else than was asked for.
    #[error("the agent's answer can't be understood: {0}")]
    Answer(&'static str),
    /// It could not be talked to.
    #[error("gpg-connect-agent: {0}")]
    Failed(std::io::ErrorKind),
}

impl From<ProgramsError> for AgentError {
    fn from(error: ProgramsError) -> Self {
        match error {
            ProgramsError::NotFound { skipped, .. } => Self::Missing { skipped },
            ProgramsError::OutputTooBig { .. } => Self::Answer("too long"),
            ProgramsError::Failed { kind, .. } => Self::Failed(kind),
            ProgramsError::TimedOut { .. } => Self::Failed(std::io::ErrorKind::TimedOut),
        }
    }
}

/// Makes a key in the agent, without a passphrase, so that nobody is asked for one.
///
/// # Errors
/// [`AgentError`].
pub fn generate(programs: &dyn Programs, kind: Kind) -> Result<PublicKey, AgentError> {
    let wish = match kind {
        Kind::Ed25519 => "(genkey(ecc(curve Ed25519)(flags eddsa)))",
        Kind::Rsa4096 => "(genkey(rsa(nbits 4:4096)))",
    };
    // The agent asks back for what is wished.
    let lines = [
        &format!("/let wish {wish}"),
        "/definq KEYPARAM wish",
        "GENKEY --no-protection",
    ];
    let data = last(talk(programs, &lines, 1)?)?;
    public_key(&data).ok_or(AgentError::Answer(
        "no public key of the kind that was asked for",
    ))
}

/// Has the agent the secret of this key?
///
/// # Errors
/// [`AgentError`].
pub fn has(programs: &dyn Programs, grip: Keygrip) -> Result<bool, AgentError> {
    match last(talk(programs, &[&format!("HAVEKEY {grip}")], 1)?) {
        Ok(_) => Ok(true),
        Err(AgentError::NoKey) => Ok(false),
        Err(other) => Err(other),
    }
}

/// Signs a SHA-512 digest: EdDSA over it, or RSA as PKCS#1 v1.5 says.
///
/// # Errors
/// [`AgentError`].
pub fn sign(
    programs: &dyn Programs,
    grip: Keygrip,
    digest: &[u8; 64],
) -> Result<Value, AgentError> {
    let digest = HEXUPPER.encode(digest);
    let lines = [
        &format!("SIGKEY {grip}"),
        &format!("SETHASH --hash=sha512 {digest}"),
        "PKSIGN",
    ];
    let data = last(talk(programs, &lines, 3)?)?;
    value(&data).ok_or(AgentError::Answer("no signature"))
}

/// Deletes a secret key, without a question.
///
/// # Errors
/// [`AgentError::NoKey`] if it isn't there; [`AgentError`].
pub fn delete(programs: &dyn Programs, grip: Keygrip) -> Result<(), AgentError> {
    let line = format!("DELETE_KEY --force {grip}");
    last(talk(programs, &[&line], 1)?).map(drop)
}

/// The result of each command that the agent was given, in order.
type Results = Vec<Result<Vec<u8>, AgentError>>;

fn talk(programs: &dyn Programs, lines: &[&str], commands: usize) -> Result<Results, AgentError> {
    let mut words = lines.join("\n");
    words.push_str("\n/bye\n");
    let mut command = Command::new(Program::GpgConnectAgent, &["--quiet"], words.as_bytes());
    command.output_limit = 64 * 1024;
    let output = programs.run(&command)?;
    let results = read(&output.stdout)?;
    if results.len() == commands {
        return Ok(results);
    }
    if results.is_empty() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().last().unwrap_or_default();
        return Err(AgentError::NoAgent(SafeText::limited(last, 200)));
    }
    // After the first refusal it goes on with the next command.
    Err(AgentError::Answer("another number of answers"))
}

/// The last result, unless one before it was a refusal.
fn last(results: Results) -> Result<Vec<u8>, AgentError> {
    let mut data = Vec::new();
    for result in results {
        data = result?;
    }
    Ok(data)
}

/// What the agent said (Assuan): data, questions, news, and `OK` or `ERR` at the end of each command.
fn read(said: &[u8]) -> Result<Results, AgentError> {
    let mut results = Vec::new();
    let mut data = Vec::new();
    for line in said.split(|byte| *byte == b'\n') {
        if let Some(piece) = line.strip_prefix(b"D ") {
            unescape(piece, &mut data).ok_or(AgentError::Answer("a damaged line"))?;
            if data.len() > MAX_SEXP {
                return Err(AgentError::Answer("too long"));
            }
        } else if line == b"OK" || line.starts_with(b"OK ") {
            results.push(Ok(std::mem::take(&mut data)));
        } else if let Some(error) = line.strip_prefix(b"ERR ") {
            data.clear();
            results.push(Err(refusal(error)));
        }
    }
    Ok(results)
}

/// `67108881 No secret key <GPG Agent>`
fn refusal(line: &[u8]) -> AgentError {
    let line = String::from_utf8_lossy(line);
    let (code, text) = line.split_once(' ').unwrap_or((&line, ""));
    match code.parse::<u32>().unwrap_or_default() & 0xffff {
        // No secret key, not found, no such file.
        17 | 27 | 32849 => AgentError::NoKey,
        code => AgentError::Refused {
            code,
            text: SafeText::limited(text, 200),
        },
    }
}

/// Percent escapes, as Assuan has them for line feeds and the percent sign.
fn unescape(piece: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = piece;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = rest.get(..2)?.to_ascii_uppercase();
        out.extend(HEXUPPER.decode(&digits).ok()?);
        rest = &rest[2..];
    }
    Some(())
}

/// A number without leading zeros.
fn number(bytes: &[u8]) -> Option<Vec<u8>> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    (bytes.len() <= MAX_NUMBER && zeros < bytes.len()).then(|| bytes[zeros..].to_vec())
}

/// `(public-key(ecc(curve Ed25519)(flags eddsa)(q …)))`, `(public-key(rsa(n …)(e …)))`
fn public_key(data: &[u8]) -> Option<PublicKey> {
    let whole = Sexp::parse(data)?;
    let [key] = whole.after("public-key")? else {
        return None;
    };
    if let Some([n, e]) = key.after("rsa") {
        return Some(PublicKey::Rsa {
            n: number(n.value("n")?)?,
            e: number(e.value("e")?)?,
        });
    }
    let [curve, flags, q] = key.after("ecc")? else {
        return None;
    };
    if curve.value("curve")? != b"Ed25519" || flags.value("flags")? != b"eddsa" {
        return None;
    }
    // A mark before the point says that it is compressed, or a zero that it isn't negative.
    let point = match q.value("q")? {
        [0x40 | 0, point @ ..] if point.len() == 32 => point,
        point => point,
    };
    Some(PublicKey::Ed25519(point.try_into().ok()?))
}

/// `(sig-val(eddsa(r …)(s …)))`, `(sig-val(rsa(s …)))`
fn value(data: &[u8]) -> Option<Value> {
    let whole = Sexp::parse(data)?;
    let [value] = whole.after("sig-val")? else {
        return None;
    };
    if let Some([s]) = value.after("rsa") {
        return Some(Value::Rsa {
            s: number(s.value("s")?)?,
        });
    }
    match value.after("eddsa")? {
        [r, s] => Some(Value::EdDsa {
            r: r.value("r")?.try_into().ok()?,
            s: s.value("s")?.try_into().ok()?,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
