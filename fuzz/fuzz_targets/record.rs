//! Evidence: the container, and a request, a drill or an attempt in it. What is read is written again to the same bytes.
#![no_main]

use quorate::ceremony::asked::REQUEST;
use quorate::ceremony::attempt::{Attempt, MAX_ATTEMPT};
use quorate::ceremony::drill::{Drill, MAX_DRILL};
use quorate::ceremony::request::{MAX_REQUEST, Request};
use quorate::ceremony::submission::normalized;
use quorate::vault::record::Record;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut record) = Record::parse(bytes, "request", MAX_REQUEST) {
        if let Ok(request) = Request::read(&mut record) {
            let payload = request.payload().expect("a request that was read");
            assert_eq!(payload, record.payload());
        }
    }
    if let Ok(mut record) = Record::parse(bytes, "drill", MAX_DRILL) {
        if let Ok(drill) = Drill::read(&mut record) {
            let payload = drill.payload().expect("a drill that was read");
            assert_eq!(payload, record.payload());
        }
    }
    if let Ok(mut record) = Record::parse(bytes, REQUEST.attempt, MAX_ATTEMPT) {
        if let Ok(attempt) = Attempt::fields(&mut record, &REQUEST) {
            let payload = attempt.payload(&REQUEST).expect("an attempt that was read");
            assert_eq!(payload, record.payload());
        }
    }
    let _ = normalized(bytes);
});
