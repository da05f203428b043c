//! Whether the calls keep the draft: each is checked as the gateway would, and what one breaks is taken out.

use super::{Group, Heard, Said, document};
use crate::openapi::shown_parts;
use crate::{Contract, Head, Need, Operation, Pointer, Violation, check_answer, check_head};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;

/// Rounds of checking; each takes out at least one thing.
const ROUNDS: usize = 12;

/// Takes out what a call breaks; gives the places.
pub(super) fn mend(document: &mut Value, groups: &[Group<'_>]) -> Vec<String> {
    let mut gone = Vec::new();
    for _ in 0..ROUNDS {
        let Ok(contract) = Contract::read("learnt", document.to_string().as_bytes()) else { return gone };
        let mut rules: Vec<Pointer> = Vec::new();
        for group in groups {
            let id = document::id_in(document, group);
            let Some(operation) = id.and_then(|id| contract.operation(&id)) else { continue };
            for call in &group.calls {
                rules.extend(broken(operation, call).into_iter().map(|one| one.rule));
            }
        }
        rules.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        rules.dedup();
        let before = gone.len();
        gone.extend(rules.into_iter().filter(|rule| take_out(document, rule)).map(|rule| rule.to_string()));
        if gone.len() == before {
            return gone;
        }
    }
    gone
}

/// What a call breaks of the operation that was learnt from it.
fn broken(operation: &Operation, call: &Heard) -> Vec<Violation> {
    let mut found = Vec::new();
    let judge = |need: Need, said: &Said, found: &mut Vec<Violation>| {
        if let (Need::Watch(check) | Need::Whole(check), Some(bytes)) = (need, &said.bytes) {
            found.extend(check.whole(bytes).found);
        }
    };
    if call.status < 400 {
        let mut fields = fields(&call.body);
        for (_, text) in call.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
            fields.extend(HeaderValue::from_str(text).ok().map(|text| (header::COOKIE, text)));
        }
        let head =
            Head { method: &call.method, path: &call.path, query: call.query.as_deref(), fields: &fields };
        let (more, need) = check_head(operation, &head);
        found.extend(more);
        judge(need, &call.body, &mut found);
    }
    if let Ok(status) = StatusCode::from_u16(call.status) {
        let (more, need) = check_answer(operation, status, &fields(&call.answer));
        found.extend(more);
        judge(need, &call.answer, &mut found);
    }
    found
}

fn fields(said: &Said) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Some(media) = said.media.as_deref() {
        // The parameters of the media type were not kept.
        let parts = said.bytes.as_ref().filter(|_| media.starts_with("multipart/"));
        let kind = match parts.and_then(|bytes| shown_parts(bytes)) {
            Some((boundary, _)) => format!("{media}; boundary=\"{boundary}\""),
            None => media.to_owned(),
        };
        fields.extend(HeaderValue::from_str(&kind).ok().map(|kind| (header::CONTENT_TYPE, kind)));
    }
    let length = said.bytes.as_ref().map_or(usize::from(said.media.is_some()), bytes::Bytes::len);
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    fields
}

/// Takes a word out of a schema; of what is not below a schema, the whole schema of the place.
fn take_out(document: &mut Value, rule: &Pointer) -> bool {
    let (above, last) = match rule.as_str().rsplit_once('/') {
        Some((above, last)) if rule.as_str().contains("/schema/") => (above.to_owned(), last.to_owned()),
        _ => (rule.as_str().to_owned(), "schema".to_owned()),
    };
    match document.pointer_mut(&above) {
        Some(Value::Object(map)) if map.contains_key(&last) => {
            if last == "schema" {
                map.insert(last, serde_json::json!({})) != Some(serde_json::json!({}))
            } else {
                map.shift_remove(&last).is_some()
            }
        }
        _ => false,
    }
}
