//! `--sample` and `--example`: what was not given is filled by the contract, or shown as a skeleton.

use crate::exit::Failure;
use contract::{Codec, Contract, Examples, In, Operation, Value, Values, Want};
use serde_json::{Map, Value as Json};
use std::fmt::Write as _;

/// How samples are made.
#[derive(Debug)]
pub(super) struct Sampling {
    seed: u64,
    /// The contract's own, which are read once for each run.
    examples: Examples,
}

impl Sampling {
    /// By this seed; the contract's examples come first.
    pub(super) fn of(contract: &Contract, seed: u64) -> Self {
        Self { seed, examples: Examples::read(contract) }
    }

    /// The values of a request.
    pub(super) fn request(&self, operation: &Operation) -> Option<Values> {
        contract::sample_request_by(operation, self.seed, Want::Plain, &self.examples)
    }
}

/// Fills parameters and members of the body that were not given; what was given stays.
pub(super) fn fill(
    operation: &Operation,
    sampling: &Sampling,
    values: &mut Values,
    body: Option<&mut Json>,
) -> Result<(), Failure> {
    let sampled = sampling.request(operation).ok_or_else(|| {
        Failure::usage(format!("no sample of `{}` could be made", operation.id))
            .help("give its values by hand; `--example` prints a body to begin with")
    })?;
    for (place, name, value) in sampled.0 {
        if place != In::Body {
            let known = values.0.iter().any(|(at, given, _)| {
                *at == place && (*given == name || (place == In::Header && given.eq_ignore_ascii_case(&name)))
            });
            if !known {
                values.push(place, name, value);
            }
            continue;
        }
        match (value, &body) {
            (Value::Json(mut made), Some(given)) => {
                lay(&mut made, given);
                if let Some(body) = body {
                    *body = made;
                }
            }
            (made, Some(given)) if given.is_null() => values.push(In::Body, "", made),
            _ => {}
        }
        // A request has one body.
        break;
    }
    Ok(())
}

/// Lays what was given over what was made.
fn lay(made: &mut Json, given: &Json) {
    match (made, given) {
        (_, Json::Null) => {}
        (Json::Object(made), Json::Object(given)) => {
            for (name, value) in given {
                match made.get_mut(name) {
                    Some(place) if place.is_object() && value.is_object() => lay(place, value),
                    _ => {
                        made.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (made, given) => *made = given.clone(),
    }
}

/// A body to begin with: what is required as JSON, what may be there as comments behind it.
pub(super) fn skeleton(operation: &Operation) -> Result<String, Failure> {
    let body =
        operation.input.iter().find(|body| body.codec == Codec::Json).or_else(|| operation.input.first());
    let Some(body) = body else {
        return Err(Failure::usage(format!("`{}` takes no body", operation.id)));
    };
    let none = || Failure::usage(format!("no example of the body of `{}` could be made", operation.id));
    let least = body.shape.sample(0, Want::Minimal).ok_or_else(none)?;
    let most = body.shape.sample(0, Want::Plain);
    let Json::Object(least) = least else {
        return serde_json::to_string_pretty(&least).map(|text| text + "\n").map_err(|_| none());
    };
    let empty = Map::new();
    let most = most.as_ref().and_then(Json::as_object).unwrap_or(&empty);
    let optional: Vec<(&String, &Json)> =
        most.iter().filter(|(name, _)| !least.contains_key(*name)).collect();
    let mut text = String::from("{\n");
    let line = |name: &String, value: &Json| {
        let value = serde_json::to_string_pretty(value).unwrap_or_default();
        format!("{}: {value}", Json::String(name.clone()))
    };
    // Those that may be there stand first: without their `//` the commas are still right.
    for (index, (name, value)) in optional.iter().enumerate() {
        let comma = if least.is_empty() && index + 1 == optional.len() { "" } else { "," };
        let _ = writeln!(text, "  // {}{comma}", line(name, value).replace('\n', "\n  // "));
    }
    for (index, (name, value)) in least.iter().enumerate() {
        let comma = if index + 1 < least.len() { "," } else { "" };
        let _ = writeln!(text, "  {}{comma}", line(name, value).replace('\n', "\n  "));
    }
    text.push_str("}\n");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::lay;
    use serde_json::json;

    #[test]
    fn what_was_given_stands_over_what_was_made() {
        let mut made = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1]});
        lay(&mut made, &json!({"b": {"c": 9}, "e": [7], "f": null}));
        assert_eq!(made, json!({"a": 1, "b": {"c": 9, "d": 3}, "e": [7], "f": null}));
        lay(&mut made, &json!(null));
        assert_eq!(made["a"], 1);
    }
}
