//! Samples of requests: the values of an operation, by seed.
//!
//! A value that its place cannot carry (a list in a list in a query, a comma in a list in a field) is
//! not taken; what is optional is then left out, what is required is no sample.

use super::place::{carries, form, is_form, plain_text};
use super::{Examples, Want};
use crate::{Body, Codec, In, Operation, Shape, Value, Values};
use bytes::Bytes;
use serde_json::Value as Json;

/// The values of a request to this operation, by seed; `None` where something that must be there could not be made.
///
/// With [`Want::Negative`] one value breaks the contract, the others keep to it.
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
    let mut values = Values::default();
    let body = chosen(operation);
    let target = match want {
        Want::Negative(turn) => {
            let count = operation.parameters.len() + usize::from(body.is_some());
            Some(usize::try_from(turn).unwrap_or(0) % count.max(1))
        }
        _ => None,
    };
    let mut broken = false;
    for (index, parameter) in operation.parameters.iter().enumerate() {
        // What the path's key fixes is sent anyway.
        let fixed = operation.fixed_value(parameter.place, &parameter.name).is_some();
        if fixed || matches!(want, Want::Minimal) && !parameter.required {
            continue;
        }
        let seed = seed.wrapping_add(u64::try_from(index).unwrap_or(0) << 32);
        let takes = |value: &Json| carries(parameter, value);
        let negative = || {
            let asked = target.filter(|target| *target <= index && !broken).map(|_| want)?;
            // What text becomes when it is read decides: a list in a path is no less wrong for it.
            let value = parameter.shape.sample(seed, asked)?;
            let text = plain_text(&value)?;
            (!text.is_empty() && !parameter.shape.check(&parameter.shape.read_text(&text)).is_empty())
                .then_some(Json::String(text))
        };
        if let Some(value) = negative() {
            broken = true;
            values.push(parameter.place, parameter.name.clone(), Value::Text(plain_text(&value)?));
            continue;
        }
        let plain = if matches!(want, Want::Negative(_)) { Want::Plain } else { want };
        let given = if matches!(plain, Want::Plain) { examples.of_parameter(parameter) } else { &[] };
        let value = given_one(&parameter.shape, given, seed, &takes)
            .or_else(|| parameter.shape.sample_where(seed, plain, &takes));
        match value {
            Some(value) => values.push(parameter.place, parameter.name.clone(), Value::Json(value)),
            None if parameter.required => return None,
            None => {}
        }
    }
    if let Some(body) = body
        && (operation.input_required || !matches!(want, Want::Minimal))
    {
        let want = match want {
            Want::Negative(_) if broken => Want::Plain,
            want => want,
        };
        let given = if matches!(want, Want::Plain) { examples.of(body) } else { &[] };
        match body_value(body, seed, want, given) {
            Some(value) => {
                broken |= matches!(want, Want::Negative(_));
                values.push(In::Body, "", value);
            }
            None if operation.input_required => return None,
            None => {}
        }
    }
    (target.is_none() || broken).then_some(values)
}

/// The body that is written when nothing says which: as [`encode`](crate::encode) chooses it.
fn chosen(operation: &Operation) -> Option<&Body> {
    let first = |codec: Codec| operation.input.iter().find(|body| body.codec == codec);
    first(Codec::Json).or_else(|| first(Codec::Form)).or_else(|| operation.input.first())
}

/// An example that keeps to the shape and that its place takes; which one, the seed says.
pub(super) fn given_one(
    shape: &Shape,
    given: &[(String, Json)],
    seed: u64,
    takes: &dyn Fn(&Json) -> bool,
) -> Option<Json> {
    let good = |value: &Json| takes(value) && shape.check(value).is_empty();
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
