//! The directory: manifest, evidence and what follows from it, pins, atomic writes, lock.
