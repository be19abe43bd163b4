//! Messages between the front end and the worker: a tag and fields of bytes.
//!
//! On the wire: tag (1 byte), number of fields (4 bytes), then each field as its length (8 bytes) and its bytes;
//! numbers big-endian. Secrets pass here, so that nothing is read or written through a buffer that isn't wiped.

use std::io::{self, ErrorKind, Read, Write};

use thiserror::Error;
use zeroize::Zeroizing;

/// Most bytes of a message, lengths and tag included: 512 MiB.
pub const MAX_MESSAGE: u64 = 512 << 20;
/// Most fields of a message.
pub const MAX_FIELDS: u32 = 1_000_000;

/// Bytes of tag and count.
const HEAD: u64 = 5;
/// Bytes of a field's length.
const LENGTH: u64 = 8;
/// So much memory of a field is touched before its bytes have come: 1 MiB.
const STEP: usize = 1 << 20;
/// Bytes that are gathered before they are written: 64 KiB.
const GATHER: usize = 64 << 10;

/// One message, wiped when dropped.
pub struct Message {
    /// What it is.
    pub tag: u8,
    /// What it carries.
    pub fields: Vec<Zeroizing<Vec<u8>>>,
}

/// Why a message didn't pass.
#[derive(Debug, Error)]
pub enum ChannelError {
    /// The other side has closed the channel, between messages.
    #[error("closed")]
    Closed,
    /// The other side has closed the channel in the middle of a message.
    #[error("cut off")]
    Cut,
    /// Nothing came, or nothing was taken, for as long as the channel waits.
    #[error("no answer in time")]
    TimedOut,
    /// More than [`MAX_MESSAGE`] bytes.
    #[error("a message of more than {MAX_MESSAGE} bytes")]
    TooBig,
    /// More than [`MAX_FIELDS`] fields.
    #[error("a message of more than {MAX_FIELDS} fields")]
    TooMany,
    /// No memory for a field.
    #[error("no memory for {bytes} bytes")]
    NoMemory {
        /// The field's length in bytes.
        bytes: u64,
    },
    /// Another failure of the operating system.
    #[error("{0}")]
    Io(io::Error),
}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                Self::Cut
            }
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Io(error),
        }
    }
}

/// Reads one message and not a byte more.
///
/// # Errors
///
/// [`ChannelError`]; the channel is of no use afterwards.
pub fn read_message(from: &mut impl Read) -> Result<Message, ChannelError> {
    let mut tag = [0];
    if let Err(error) = from.read_exact(&mut tag) {
        return Err(match error.kind() {
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => ChannelError::Closed,
            _ => error.into(),
        });
    }
    let mut count = [0; 4];
    from.read_exact(&mut count)?;
    let count = u32::from_be_bytes(count);
    if count > MAX_FIELDS {
        return Err(ChannelError::TooMany);
    }
    let mut left = MAX_MESSAGE - HEAD;
    // The number is only claimed: memory is taken as the fields come.
    let mut fields = Vec::new();
    for _ in 0..count {
        let mut length = [0; 8];
        from.read_exact(&mut length)?;
        let length = u64::from_be_bytes(length);
        left = left
            .checked_sub(LENGTH)
            .and_then(|left| left.checked_sub(length))
            .ok_or(ChannelError::TooBig)?;
        fields.push(read_field(from, length)?);
    }
    Ok(Message {
        tag: tag[0],
        fields,
    })
}

/// One allocation of the right size, so that no copy of a secret is left behind by growing.
fn read_field(from: &mut impl Read, length: u64) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
    let no_memory = ChannelError::NoMemory { bytes: length };
    let mut field = Zeroizing::new(Vec::new());
    let Ok(length) = usize::try_from(length) else {
        return Err(no_memory);
    };
    if field.try_reserve_exact(length).is_err() {
        return Err(no_memory);
    }
    while field.len() < length {
        let start = field.len();
        field.resize(length.min(start.saturating_add(STEP)), 0);
        from.read_exact(&mut field[start..])?;
    }
    Ok(field)
}

/// Writes one message.
///
/// # Errors
///
/// [`ChannelError`]; one that is too large is refused before a byte is written.
pub fn write_message(to: &mut impl Write, tag: u8, fields: &[&[u8]]) -> Result<(), ChannelError> {
    let count = u32::try_from(fields.len()).map_err(|_| ChannelError::TooMany)?;
    if count > MAX_FIELDS {
        return Err(ChannelError::TooMany);
    }
    let size = fields.iter().try_fold(HEAD, |size, field| {
        let size = size
            .checked_add(LENGTH)?
            .checked_add(u64::try_from(field.len()).ok()?)?;
        (size <= MAX_MESSAGE).then_some(size)
    });
    if size.is_none() {
        return Err(ChannelError::TooBig);
    }
    let mut gathered = Zeroizing::new(Vec::with_capacity(GATHER));
    gathered.push(tag);
    gathered.extend_from_slice(&count.to_be_bytes());
    for field in fields {
        gather(to, &mut gathered, &(field.len() as u64).to_be_bytes())?;
        gather(to, &mut gathered, field)?;
    }
    to.write_all(&gathered)?;
    to.flush()?;
    Ok(())
}

/// Small pieces go together, large ones by themselves; the buffer never grows.
fn gather(to: &mut impl Write, gathered: &mut Vec<u8>, piece: &[u8]) -> Result<(), ChannelError> {
    if gathered.len() + piece.len() > GATHER {
        to.write_all(gathered)?;
        gathered.clear();
    }
    if piece.len() > GATHER {
        to.write_all(piece)?;
    } else {
        gathered.extend_from_slice(piece);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Result<(u8, Vec<Vec<u8>>), ChannelError> {
        let mut rest = bytes;
        let message = read_message(&mut rest)?;
        assert!(rest.is_empty());
        let fields = message.fields.iter().map(|field| field.to_vec());
        Ok((message.tag, fields.collect()))
    }

    fn written(tag: u8, fields: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let fields: Vec<_> = fields.iter().map(Vec::as_slice).collect();
        write_message(&mut bytes, tag, &fields).unwrap();
        bytes
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag: u8, fields: Vec<Vec<u8>>) {
            let (read_tag, read_fields) = read(&written(tag, &fields)).unwrap();
            prop_assert_eq!(read_tag, tag);
            prop_assert_eq!(read_fields, fields);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            let _ = read_message(&mut bytes.as_slice());
        }

        #[test]
        fn hostile_lengths_never_panic(tag: u8, count: u32, length: u64, rest: Vec<u8>) {
            let mut bytes = vec![tag];
            bytes.extend_from_slice(&count.to_be_bytes());
            bytes.extend_from_slice(&length.to_be_bytes());
            bytes.extend_from_slice(&rest);
            let _ = read_message(&mut bytes.as_slice());
        }

        #[test]
        fn every_cut_is_noticed(fields in proptest::collection::vec(any::<Vec<u8>>(), 1..4), at: prop::sample::Index) {
            let whole = written(7, &fields);
            let cut = &whole[..at.index(whole.len())];
            let error = read_message(&mut &*cut).err().unwrap();
            prop_assert!(matches!(error, ChannelError::Cut | ChannelError::Closed));
            prop_assert_eq!(matches!(error, ChannelError::Closed), cut.is_empty());
        }
    }

    #[test]
    fn the_form_on_the_wire_is_as_described() {
        let bytes = written(9, &[b"ab".to_vec(), Vec::new()]);
        assert_eq!(bytes, b"\x09\0\0\0\x02\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn large_fields_pass_unchanged() {
        let fields = [vec![1; GATHER - 3], vec![2; 3 * STEP + 1], vec![3; GATHER]];
        assert_eq!(read(&written(1, &fields)).unwrap().1, fields);
    }

    #[test]
    fn too_many_fields_and_too_many_bytes_are_refused_unread() {
        let mut many = vec![1];
        many.extend_from_slice(&(MAX_FIELDS + 1).to_be_bytes());
        assert!(matches!(read(&many), Err(ChannelError::TooMany)));
        let mut big = vec![1, 0, 0, 0, 1];
        big.extend_from_slice(&(MAX_MESSAGE - HEAD - LENGTH + 1).to_be_bytes());
        assert!(matches!(read(&big), Err(ChannelError::TooBig)));
        let mut endless = vec![1, 0, 0, 0, 1];
        endless.extend_from_slice(&u64::MAX.to_be_bytes());
        assert!(matches!(read(&endless), Err(ChannelError::TooBig)));
    }

    #[test]
    fn too_much_is_refused_unwritten() {
        let half = vec![0; 1 << 20];
        let fields = vec![half.as_slice(); 512];
        let mut out = Vec::new();
        let error = write_message(&mut out, 1, &fields).unwrap_err();
        assert!(matches!(error, ChannelError::TooBig));
        assert!(out.is_empty());
        let fields = vec![&[][..]; MAX_FIELDS as usize + 1];
        let error = write_message(&mut out, 1, &fields).unwrap_err();
        assert!(matches!(error, ChannelError::TooMany));
        assert!(out.is_empty());
    }
}
