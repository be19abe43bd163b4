//! The locked-up process: harden, rebuild, sign, deal; its channel to the front end.
