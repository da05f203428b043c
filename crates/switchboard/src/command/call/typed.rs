//! A request by contract: the contract decides where a value goes and which type it has.
//!
//! Unknown names, missing ones and values that cannot be of their type are usage errors, before anything
//! is sent; whether the request keeps the contract otherwise is the check's question.

mod given;
mod missing;

use super::draft::{self, Draft, Named};
use super::fill::{self, Sampling};
use super::form::{self, Part};
use super::free::multipart;
use super::item::Item;
use super::payload::Payload;
use super::redact::{is_secret_member, is_secret_name};
use super::wanted::{FieldWish, Wanted};
use crate::exit::Failure;
use board::Upstream;
use contract::{Codec, In, Values};
use exchange::Secret;
use given::Given;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Makes the request that calls the operation, from words of the command line.
pub(crate) fn draft(
    named: Named,
    upstream: Upstream,
    words: &[String],
    wanted: &mut Wanted,
    sampling: Option<&Sampling>,
) -> Result<Draft, Failure> {
    let items = items(&named, words)?;
    draft_of(named, upstream, items, wanted, sampling)
}

/// Reads items as this operation's names have it.
pub(crate) fn items(named: &Named, words: &[String]) -> Result<Vec<Item>, Failure> {
    let names = named.operation.names();
    let known: Vec<&str> = names.iter().map(|known| known.name.as_str()).collect();
    words.iter().map(|word| Item::read(word, &known)).collect()
}

/// Makes the request that calls the operation, from items.
pub(crate) fn draft_of(
    named: Named,
    upstream: Upstream,
    items: Vec<Item>,
    wanted: &mut Wanted,
    sampling: Option<&Sampling>,
) -> Result<Draft, Failure> {
    let mut given = Given {
        names: named.operation.names(),
        named: &named,
        values: Values::default(),
        body: Value::Null,
        parts: Vec::new(),
        form: Vec::new(),
        whole: None,
        query: Vec::new(),
    };
    for item in items {
        given.take(item, wanted)?;
    }
    given.flags_body(wanted)?;
    if let Some(sampling) = sampling {
        let bodiless = given.whole.is_none() && given.parts.is_empty();
        fill::fill(&named.operation, sampling, &mut given.values, bodiless.then_some(&mut given.body))?;
    }
    given.missing(&upstream, wanted)?;
    let Given { values, body, parts, form, whole, query, .. } = given;
    let secrets = secrets(&values);
    let (request, payload) = encode(&named, values, body, whole, parts, form)?;
    let mut draft = Draft {
        method: wanted.method.clone().unwrap_or(request.method),
        upstream,
        path: request.path,
        query: joined(request.query, query),
        fields: request.fields,
        payload: match payload {
            Some(payload) => payload,
            None => Payload::opened(request.payload)?,
        },
        repeat: named.operation.repeat.clone(),
        named: None,
        secrets,
        login: None,
    };
    let json = named
        .operation
        .outputs
        .iter()
        .flat_map(|output| &output.bodies)
        .any(|body| body.codec == Codec::Json);
    draft.dress(wanted, None, if json { "application/json, */*;q=0.5" } else { "*/*" })?;
    if wanted.fields.contains(&FieldWish::Remove(CONTENT_TYPE)) {
        draft.fields.remove(CONTENT_TYPE);
    }
    if draft.repeat == contract::Repeat::Never {
        draft.repeat = draft::repeat(&draft.method, &draft.fields);
    }
    draft.named = Some(named);
    super::supplied::idempotency(&mut draft, wanted)?;
    Ok(draft)
}

/// Values of parameters whose name says that they are secret.
fn secrets(values: &Values) -> Vec<Secret> {
    let named = values.0.iter().filter(|(place, name, _)| match place {
        In::Body | In::Status => false,
        In::Path => is_secret_member(name),
        In::Query | In::Header | In::Cookie => is_secret_name(name),
    });
    named
        .filter_map(|(_, _, value)| match value {
            contract::Value::Json(Value::String(text)) | contract::Value::Text(text) => {
                Some(Secret::new(text))
            }
            contract::Value::Json(Value::Number(number)) => Some(Secret::new(number.to_string())),
            _ => None,
        })
        .collect()
}

/// The request that carries the values; a whole body and a form are put in by us, as they were given.
fn encode(
    named: &Named,
    mut values: Values,
    body: Value,
    whole: Option<Payload>,
    parts: Vec<Part>,
    form: Vec<Part>,
) -> Result<(contract::Request, Option<Payload>), Failure> {
    let operation = &named.operation;
    let first = operation.input.first();
    let parts_first = first.is_some_and(|body| body.codec == Codec::Multipart);
    let takes_parts = operation.input.iter().any(|body| body.media == "multipart/form-data");
    let mut own = None;
    if let Some(payload) = whole {
        own = Some((payload, first.map_or("application/json", |body| &body.media).to_owned()));
    } else if takes_parts && form.is_empty() && (!parts.is_empty() || (parts_first && !body.is_null())) {
        // The contract's Encoding Objects say what each part is.
        let media = format!("multipart/form-data; boundary={}", form::boundary()?);
        values.push(In::Header, "Content-Type", contract::Value::Text(media));
        let body = if body.is_null() { Value::Object(serde_json::Map::new()) } else { body };
        values.push(In::Body, "", contract::Value::Json(body));
        for part in parts {
            values.push(In::Body, part.name.clone(), part.into_value());
        }
    } else if !parts.is_empty() || !form.is_empty() || (parts_first && !body.is_null()) {
        let mut all: Vec<Part> = Vec::new();
        if let Value::Object(members) = &body {
            all.extend(members.iter().map(|(name, value)| {
                Part::text(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }));
        }
        all.extend(parts);
        all.extend(form);
        let (payload, media) = multipart(&all)?;
        own = media.map(|media| (payload, media));
    } else if !body.is_null() {
        values.push(In::Body, "", contract::Value::Json(body));
    }
    // `encode` asks for what is required; a body that is put in afterwards is checked as bytes instead, and a field that a
    // flag, a credential or we ourselves give later has been looked for by `missing`.
    let later = |one: &contract::Parameter| {
        one.required && one.place != In::Path && values.get(one.place, &one.name).is_none()
    };
    let relaxed = (own.is_some() || operation.parameters.iter().any(later)).then(|| {
        let mut relaxed = (**operation).clone();
        if own.is_some() {
            relaxed.input = Vec::new();
            relaxed.input_required = false;
        }
        for parameter in &mut relaxed.parameters {
            parameter.required &= !later(parameter);
        }
        relaxed
    });
    let mut request = contract::encode(relaxed.as_ref().unwrap_or(operation), &values).map_err(|found| {
        let lines: Vec<String> =
            found.iter().map(|one| format!("  {one} ({})", named.line(&one.rule))).collect();
        Failure::usage(format!("`{}` cannot be called with these values\n{}", operation.id, lines.join("\n")))
    })?;
    let payload = match own {
        None => None,
        Some((payload, media)) => {
            let media = if media.contains('*') { "application/octet-stream".to_owned() } else { media };
            let value = media.parse().map_err(|_| Failure::usage(format!("`{media}` is no media type")))?;
            request.fields.insert(CONTENT_TYPE, value);
            Some(payload)
        }
    };
    Ok((request, payload))
}

fn joined(query: Option<String>, more: Vec<String>) -> Option<String> {
    let all: Vec<String> = query.into_iter().chain(more).filter(|piece| !piece.is_empty()).collect();
    (!all.is_empty()).then(|| all.join("&"))
}
