//! Requests that must be refused: a good one, in which one parameter, the body, or what must be there is wrong.
//!
//! What is made is written as the client writes it and checked as the provider checks it: one violation, or the fewest
//! that were found.

use super::request::made;
use super::{Examples, Want, negative};
use crate::openapi::text;
use crate::{Chunk, Head, In, Need, Operation, Payload, Value, Values, Violation, check_head, encode};
use http::{HeaderValue, header};
use serde_json::Value as Json;

/// Requests that are written and checked at most.
const TRIES: usize = 60;
/// Of one value at most.
const TRIES_EACH: usize = 12;

/// A request that breaks one rule of the contract; `None` where nothing that was tried breaks any.
pub(super) fn request(operation: &Operation, seed: u64, turn: u64, examples: &Examples) -> Option<Values> {
    let good = made(operation, seed, Want::Plain, examples)?;
    let mut targets: Vec<(usize, bool)> = Vec::new();
    for (index, (place, name, _)) in good.0.iter().enumerate() {
        targets.push((index, false));
        let required = match place {
            In::Body => operation.input_required,
            place => operation
                .parameters
                .iter()
                .any(|one| one.place == *place && one.name == *name && one.required),
        };
        if required && *place != In::Path {
            targets.push((index, true));
        }
    }
    let count = u64::try_from(targets.len()).unwrap_or(u64::MAX).max(1);
    let first = usize::try_from(turn % count).unwrap_or(0);
    let first = first.min(targets.len());
    targets.rotate_left(first);
    let mut fewest: Option<(Values, usize)> = None;
    let mut tries = 0;
    for (index, gone) in targets {
        for values in wrong(operation, &good, index, gone, turn / count).take(TRIES_EACH) {
            tries += 1;
            let reasons = broken(operation, &values).len();
            if reasons > 0 && fewest.as_ref().is_none_or(|(_, known)| reasons < *known) {
                fewest = Some((values, reasons));
            }
            if fewest.as_ref().is_some_and(|(_, reasons)| *reasons == 1) || tries >= TRIES {
                return fewest.map(|(values, _)| values);
            }
        }
    }
    fewest.map(|(values, _)| values)
}

/// The request with one value left out, or changed so that its own shape refuses it for one reason.
fn wrong<'v>(
    operation: &'v Operation,
    good: &'v Values,
    index: usize,
    gone: bool,
    turn: u64,
) -> Box<dyn Iterator<Item = Values> + 'v> {
    let Some((place, name, value)) = good.0.get(index) else { return Box::new(std::iter::empty()) };
    if gone {
        let mut values = good.clone();
        values.0.remove(index);
        return Box::new(std::iter::once(values));
    }
    let Value::Json(json) = value else { return Box::new(std::iter::empty()) };
    let shape = match place {
        In::Body => operation.usual_body().map(|body| &body.shape),
        place => operation
            .parameters
            .iter()
            .find(|one| one.place == *place && one.name == *name)
            .map(|one| &one.shape),
    };
    let Some(shape) = shape else { return Box::new(std::iter::empty()) };
    let put = move |value: Value| {
        let mut values = good.clone();
        values.0[index].2 = value;
        values
    };
    let in_body = *place == In::Body;
    let all = negative::changed(json, turn).filter_map(move |value| {
        // What text becomes when it is read decides: a list in a path is no less wrong for it.
        let (read, sent) = match text::scalar(&value) {
            Some(text) if !in_body => (shape.read_text(&text), Value::Text(text)),
            _ => (value.clone(), Value::Json(value)),
        };
        let empty = matches!(&sent, Value::Text(text) if text.is_empty());
        let none = !in_body && matches!(&read, Json::Array(all) if all.is_empty());
        if empty || none || shape.takes(&read) {
            return None;
        }
        Some((shape.check(&read).len(), sent))
    });
    // Those with one reason first; of the others a few are kept for want of better ones.
    let mut more = Vec::new();
    let mut all = all;
    let mut one = Vec::new();
    for (reasons, sent) in all.by_ref() {
        if reasons == 1 {
            one.push(sent);
            if one.len() >= TRIES_EACH {
                break;
            }
        } else if more.len() < 2 {
            more.push(sent);
        }
    }
    Box::new(one.into_iter().chain(more).map(put))
}

/// What is wrong with a request: what its client will not write, else what its provider refuses.
fn broken(operation: &Operation, values: &Values) -> Vec<Violation> {
    let request = match encode(operation, values) {
        Ok(request) => request,
        Err(found) => return found,
    };
    let body = match &request.payload {
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::Chunks(chunks) => {
            let held = |chunk: &Chunk| match chunk {
                Chunk::Held(bytes) => bytes.to_vec(),
                Chunk::Later(_) => Vec::new(),
            };
            chunks.iter().flat_map(held).collect()
        }
        Payload::Empty | Payload::Later(_) => Vec::new(),
    };
    let mut fields = request.fields.clone();
    if !body.is_empty() {
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &fields,
    };
    let (mut found, need) = check_head(operation, &head);
    if let Need::Whole(check) | Need::Watch(check) = need {
        found.extend(check.whole(&body).found);
    }
    found
}
