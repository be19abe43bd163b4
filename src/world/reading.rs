//! Reading with a limit, straight into memory that is wiped.
use std::os::fd::AsFd;
use zeroize::Zeroizing;

/// Why a bounded reading ended early.
pub(super) enum Stop {
    /// There is more than the limit.
    TooBig,
    /// The system said no.
    Io(std::io::Error),
}

/// Reads to the end of a descriptor, at most `limit` bytes. `expected` is the length to make room for
/// at first; where more comes the room is doubled by copying, so that no unwiped piece stays behind.
pub(super) fn read_bounded(
    from: impl AsFd,
    expected: usize,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, Stop> {
    // One byte more than expected, so that the end is seen without doubling.
    let mut room = Zeroizing::new(vec![0; expected.min(limit).saturating_add(1)]);
    let mut filled = 0;
    loop {
        if filled > limit {
            return Err(Stop::TooBig);
        }
        if filled == room.len() {
            let mut wider = Zeroizing::new(vec![0; room.len().saturating_mul(2).max(4096)]);
            wider[..filled].copy_from_slice(&room);
            room = wider;
        }
        match rustix::io::read(&from, &mut room[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(Stop::Io(error.into())),
        }
    }
    room.truncate(filled);
    Ok(room)
}
