//! Samples of requests: the values of an operation, by seed.
//!
//! A value that its place cannot carry (a list in a list in a query, a comma in a list in a field) is
//! not taken; what is optional is then left out, what is required is no sample.

use super::place::{carries, form, is_form};
use super::{Examples, Want, refused};
use crate::{Body, Codec, In, Operation, Shape, Value, Values};
use bytes::Bytes;
use serde_json::Value as Json;

/// The values of a request to this operation, by seed; `None` where something that must be there could not be made.
///
/// With [`Want::Negative`] one value breaks one rule of the contract, or is not there though it must be; where nothing that
/// was tried breaks one rule alone, as few as could be found.
pub fn sample_request(operation: &Operation, seed: u64, want: Want) -> Option<Values> {
    sample_request_by(operation, seed, want, &Examples::default())
}

/// As [`sample_request`]; a usual one takes the contract's examples first.
pub fn sample_request_by(
    operation: &Operation,
    seed: u64,
    want: Want,
    examples: &Examples,
) -> Option<Values> {
    match want {
        Want::Negative(turn) => refused::request(operation, seed, turn, examples),
        want => made(operation, seed, want, examples),
    }
}

/// The values of a request that keeps to the contract.
pub(super) fn made(operation: &Operation, seed: u64, want: Want, examples: &Examples) -> Option<Values> {
    let mut values = Values::default();
    for (index, parameter) in operation.parameters.iter().enumerate() {
        // What the path's key fixes is sent anyway.
        let fixed = operation.fixed_value(parameter.place, &parameter.name).is_some();
        if fixed || matches!(want, Want::Minimal) && !parameter.required {
            continue;
        }
        let seed = seed.wrapping_add(u64::try_from(index).unwrap_or(0) << 32);
        let takes = |value: &Json| carries(parameter, value);
        let given = if matches!(want, Want::Plain) { examples.of_parameter(parameter) } else { &[] };
        let value = given_one(&parameter.shape, given, seed, &takes)
            .or_else(|| parameter.shape.sample_where(seed, want, &takes));
        match value {
            Some(value) => values.push(parameter.place, parameter.name.clone(), Value::Json(value)),
            None if parameter.required => return None,
            None => {}
        }
    }
    if let Some(body) = operation.usual_body()
        && (operation.input_required || !matches!(want, Want::Minimal))
    {
        let given = if matches!(want, Want::Plain) { examples.of(body) } else { &[] };
        match body_value(body, seed, want, given) {
            Some(value) => values.push(In::Body, "", value),
            None if operation.input_required => return None,
            None => {}
        }
    }
    Some(values)
}

/// An example that keeps to the shape and that its place takes; which one, the seed says.
pub(super) fn given_one(
    shape: &Shape,
    given: &[(String, Json)],
    seed: u64,
    takes: &dyn Fn(&Json) -> bool,
) -> Option<Json> {
    let good = |value: &Json| takes(value) && shape.takes(value);
    let good: Vec<Json> = given
        .iter()
        .filter_map(|(_, value)| match value {
            value if good(value) => Some(value.clone()),
            // Published: the text that would be sent.
            Json::String(text) => Some(shape.read_text(text)).filter(good),
            _ => None,
        })
        .collect();
    let turn = usize::try_from(seed).unwrap_or(0).checked_rem(good.len())?;
    good.into_iter().nth(turn)
}

fn body_value(body: &Body, seed: u64, want: Want, given: &[(String, Json)]) -> Option<Value> {
    let takes = |value: &Json| match body.codec {
        Codec::Form | Codec::Multipart => is_form(body, value),
        Codec::Opaque => false,
        _ => true,
    };
    if let Some(value) = given_one(&body.shape, given, seed, &takes) {
        return Some(Value::Json(value));
    }
    match body.codec {
        Codec::Opaque | Codec::Text if body.shape.is_anything() => {
            Some(Value::Bytes(Bytes::from_static(b"amber\n")))
        }
        Codec::Opaque => match body.shape.sample(seed, want)? {
            Json::String(text) => Some(Value::Bytes(Bytes::from(text))),
            other => Some(Value::Json(other)),
        },
        Codec::Form | Codec::Multipart => form(body, seed, want).map(Value::Json),
        Codec::Json | Codec::Text | Codec::Xml => body.shape.sample(seed, want).map(Value::Json),
    }
}
