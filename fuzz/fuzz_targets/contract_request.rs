//! Any request against a fixed contract: decoded and checked, twice alike, and never a panic.
//!
//! The first line chooses an operation by number; then lines for path, query, content type, cookie, one
//! field (`Name: value`); what follows is the body. Text, so that seeds can be read and written by hand.
#![no_main]

use board::NormalPath;
use contract::{Contract, Head, Need, Operation, check_answer, check_head, decode, encode};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

static OPERATIONS: LazyLock<Vec<Arc<Operation>>> = LazyLock::new(|| {
    let text = include_bytes!("../../crates/contract/tests/shop.yaml");
    Contract::read("shop.yaml", text).expect("the contract is sound").operations.clone()
});

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(7, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let Some(operation) = OPERATIONS.get(usize::from(line().first().map_or(0, |digit| digit & 0xf))) else {
        return;
    };
    let Some(path) = text(line()).and_then(|path| NormalPath::parse(path).ok()) else {
        return;
    };
    let query = text(line()).filter(|query| !query.is_empty());
    let mut fields = HeaderMap::new();
    for name in [CONTENT_TYPE, COOKIE] {
        let value = line();
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value)) {
            fields.insert(name, value);
        }
    }
    let field = line();
    if let Some(colon) = field.iter().position(|byte| *byte == b':')
        && let Ok(name) = HeaderName::from_bytes(&field[..colon])
        && let Ok(value) = HeaderValue::from_bytes(&field[colon + 1..])
    {
        fields.append(name, value);
    }
    let body = line();
    if !body.is_empty() {
        fields.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let head = Head { method: operation.method(), path: path.as_str(), query, fields: &fields };

    let (found, need) = check_head(operation, &head);
    let (again, _) = check_head(operation, &head);
    assert_eq!(found, again, "the same head is judged alike");
    assert!(found.len() <= 100);
    for violation in &found {
        violation.detail();
        violation.place();
    }
    judge(need, body);
    let (_, need) = check_answer(operation, StatusCode::OK, &fields);
    judge(need, body);
    if let Ok(values) = decode(operation, &head, Some(body)) {
        let _ = encode(operation, &values);
    }
});

/// The whole at once and piece by piece come to the same.
fn judge(need: Need, body: &[u8]) {
    let (Need::Watch(check) | Need::Whole(check)) = need else {
        return;
    };
    let mut check = check;
    for piece in body.chunks(7) {
        check.push(piece).expect("within the limit");
    }
    let report = check.end(None);
    assert!(report.found.len() <= 100 && !report.cut);
    for violation in &report.found {
        violation.detail();
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
