//! ASCII armour around OpenPGP packets (RFC 9580 §6).

use std::io::Write;

use sequoia_openpgp as openpgp;

use openpgp::armor::{Kind, Reader, ReaderMode, Writer};

/// `packets` in armour of the given kind, with a final line feed.
///
/// # Errors
/// Whatever sequoia reports; writing to memory has no other reason to fail.
pub fn enarmor(kind: Kind, packets: &[u8]) -> openpgp::Result<Vec<u8>> {
    let mut writer = Writer::new(Vec::with_capacity(packets.len() * 2 + 128), kind)?;
    writer.write_all(packets)?;
    Ok(writer.finalize()?)
}

/// The packets in `input`, at most `limit` bytes, and whether they were in armour.
///
/// # Errors
/// If the armour is damaged, or holds more than `limit` bytes.
pub fn dearmor(input: &[u8], limit: usize) -> openpgp::Result<(Vec<u8>, bool)> {
    // Binary packets begin with the high bit set (RFC 9580 §4.2).
    if input.first().is_some_and(|byte| byte & 0x80 != 0) {
        return Ok((input.to_vec(), false));
    }
    let mut packets = Vec::new();
    let mut reader = Reader::from_bytes(input, ReaderMode::Tolerant(None));
    std::io::copy(
        &mut std::io::Read::take(&mut reader, limit as u64 + 1),
        &mut packets,
    )?;
    if packets.len() > limit {
        return Err(openpgp::Error::MalformedPacket("longer than the limit".into()).into());
    }
    Ok((packets, true))
}
