//! Any bytes as an XML body: read, checked and written again without a panic.
#![no_main]

use contract::{Contract, Head, Need, Operation, check_head, decode, encode};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static OPERATION: LazyLock<Arc<Operation>> = LazyLock::new(|| {
    let text = include_bytes!("../bodies.yaml");
    let contract = Contract::read("bodies.yaml", text).expect("the contract is sound");
    Arc::clone(contract.operation("xml").expect("it is there"))
});

fuzz_target!(|body: &[u8]| {
    let mut fields = HeaderMap::new();
    fields.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    fields.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let head = Head { method: OPERATION.method(), path: "/xml", query: None, fields: &fields };
    let (found, need) = check_head(&OPERATION, &head);
    let (Need::Watch(check) | Need::Whole(check)) = need else { return };
    let mut pieces = check;
    for piece in body.chunks(7) {
        pieces.push(piece).expect("within the limit");
    }
    let report = pieces.end(None);
    assert!(report.found.len() <= 100 && !report.cut);
    for violation in found.iter().chain(&report.found) {
        violation.detail();
    }
    // What was read is written, and read again as the same.
    let Ok(values) = decode(&OPERATION, &head, Some(body)) else { return };
    if report.found.is_empty()
        && let Ok(request) = encode(&OPERATION, &values)
        && let contract::Payload::Bytes(bytes) = &request.payload
    {
        let head = Head { fields: &request.fields, ..head };
        decode(&OPERATION, &head, Some(bytes)).expect("what was written can be read");
    }
});
