//! Secrets in memory that isn't written to swap, where not all memory could be locked.

use zeroize::Zeroizing;

/// Bytes kept out of swap if the system's limit allows it. Wiped when dropped.
pub struct LockedBytes {
    bytes: Zeroizing<Vec<u8>>,
    locked: bool,
}

impl LockedBytes {
    /// Locks the pages that these bytes are on. Where all memory is locked already, this changes nothing.
    #[must_use]
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        let locked = match region::lock(bytes.as_ptr(), bytes.len()) {
            Ok(guard) => {
                // A lock is on whole pages, which other secrets may share, and locks aren't counted: undoing this
                // one would undo theirs. It ends with the process, which is short.
                std::mem::forget(guard);
                true
            }
            // Nothing there to lock.
            Err(_) => bytes.is_empty(),
        };
        Self { bytes, locked }
    }

    /// Whether the system agreed.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.locked
    }

    /// Lends the bytes.
    pub fn expose<T>(&self, use_them: impl FnOnce(&[u8]) -> T) -> T {
        use_them(&self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_bytes_are_what_they_were() {
        let locked = LockedBytes::new(Zeroizing::new(b"abc".to_vec()));
        assert!(locked.is_locked());
        assert_eq!(locked.expose(<[u8]>::to_vec), b"abc");
        assert!(LockedBytes::new(Zeroizing::new(Vec::new())).is_locked());
    }
}
