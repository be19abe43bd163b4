//! Messages between front end and worker: what is read is written again to the same bytes.
#![no_main]

use quorate::session::channel::{read_message, write_message};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    if let Ok(message) = read_message(&mut rest) {
        let fields: Vec<&[u8]> = message.fields.iter().map(|field| field.as_slice()).collect();
        let mut again = Vec::new();
        write_message(&mut again, message.tag, &fields).expect("a message that was read");
        assert_eq!(again, bytes[..bytes.len() - rest.len()]);
    }
});
