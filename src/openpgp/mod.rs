//! Plans and drafts, keys, certificates, revocations: pure functions.
