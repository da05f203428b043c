//! Samples of whole calls: the values of a request, the head and body of an answer.
//!
//! A value that its place cannot carry (a list in a list in a query, a comma in a list in a field) is
//! not taken; what is optional is then left out, what is required is no sample.

use super::{Examples, Want};
use crate::openapi::{media, written};
use crate::{Body, Codec, In, Operation, Output, Parameter, Shape, StatusRange, Value, Values};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::Value as Json;

/// A sampled answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sampled {
    /// Its status.
    pub status: StatusCode,
    /// Its fields, with Content-Type where there is a body.
    pub fields: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// The media type of the body; none without one.
    pub media: Option<String>,
}

/// Which answer is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// Its status; none: the first that says it went well.
    pub status: Option<u16>,
    /// The seed of what is made.
    pub seed: u64,
    /// What may be sent, as `Accept` has it; none: anything.
    pub accept: Option<&'a str>,
    /// The contract's examples, which are then taken first.
    pub examples: Option<&'a Examples>,
    /// The name of the one example that is wanted.
    pub example: Option<&'a str>,
}

/// Why there is no such answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The contract declares no answer with this status.
    #[error("the contract declares no answer with this status")]
    Status,
    /// No declared media type may be sent.
    #[error("the contract declares none of the media types that are accepted")]
    Media,
    /// There is no example with this name.
    #[error("the contract has no example with this name")]
    Example,
    /// No value of its schema could be made.
    #[error("no sample of the schema at `{0}` could be made")]
    Value(String),
}

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
fn given_one(
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
        Codec::Form | Codec::Multipart => {
            body.shape.sample_where(seed, want, &|value| is_form(body, value)).map(Value::Json)
        }
        Codec::Json | Codec::Text | Codec::Xml => body.shape.sample(seed, want).map(Value::Json),
    }
}

/// An object that a form can say: nothing empty, and in a style what the style has texts for.
fn is_form(body: &Body, value: &Json) -> bool {
    let styled = |name: &str| body.parts.iter().any(|part| part.name == name && part.style.is_some());
    value.as_object().is_some_and(|members| {
        members.iter().all(|(name, value)| match value {
            Json::Null => false,
            Json::Array(items) => !items.is_empty() && (!styled(name) || items.iter().all(is_plain)),
            Json::Object(below) => !styled(name) || !below.is_empty() && below.values().all(is_plain),
            _ => true,
        })
    })
}

const fn is_plain(value: &Json) -> bool {
    !matches!(value, Json::Array(_) | Json::Object(_) | Json::Null)
}

fn plain_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(_) | Json::Bool(_) | Json::Null => Some(value.to_string()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// Whether the place of a parameter can carry this value, so that it comes out as it went in.
fn carries(parameter: &Parameter, value: &Json) -> bool {
    if parameter.content.is_some() {
        return true;
    }
    let text = |value: &Json| {
        plain_text(value).is_some_and(|text| {
            let bare = !text.is_empty() && text.trim() == text;
            let dots = parameter.place == In::Path && (text == "." || text == "..");
            let field = parameter.place != In::Header || text.chars().all(|one| (' '..='~').contains(&one));
            bare && !dots && field
        })
    };
    // Between commas a comma is none.
    let item = |value: &Json| {
        let comma = parameter.place == In::Header && plain_text(value).is_some_and(|text| text.contains(','));
        is_plain(value) && text(value) && !comma
    };
    match value {
        Json::Array(items) => !items.is_empty() && items.iter().all(item),
        Json::Object(members) => !members.is_empty() && members.values().all(item),
        // Text has no kinds: what may be a text is read as one.
        plain => {
            let read = plain_text(plain).map(|text| parameter.shape.read_text(&text));
            text(plain) && read.is_some_and(|read| parameter.shape.check(&read).is_empty())
        }
    }
}

/// An answer of this operation.
///
/// # Errors
/// What is asked for is not declared, or could not be made.
pub fn sample_answer(operation: &Operation, asked: &Asked<'_>) -> Result<Sampled, NoAnswer> {
    let (status, output) = output(operation, asked.status)?;
    let Some(output) = output else {
        return Ok(Sampled { status, fields: HeaderMap::new(), body: Bytes::new(), media: None });
    };
    let mut sampled = Sampled { status, fields: HeaderMap::new(), body: Bytes::new(), media: None };
    // RFC 9110 §6.4.1.
    let empty =
        status.is_informational() || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    if !empty && !output.bodies.is_empty() {
        let (media, bytes) = content(output, asked)?;
        if *operation.method() != Method::HEAD {
            sampled.body = bytes;
        }
        if let Ok(value) = HeaderValue::from_str(&media) {
            sampled.fields.insert(header::CONTENT_TYPE, value);
        }
        sampled.media = Some(media);
    }
    for (index, field) in output.fields.iter().enumerate() {
        let seed = asked.seed.wrapping_add(u64::try_from(index + 1).unwrap_or(1) << 32);
        let Ok(name) = HeaderName::from_bytes(field.name.as_bytes()) else { continue };
        if name == header::CONTENT_LENGTH {
            sampled.fields.insert(name, HeaderValue::from(sampled.body.len()));
            continue;
        }
        // What frames a message is not for a contract to say (RFC 9112 §6).
        if [header::TRANSFER_ENCODING, header::CONTENT_ENCODING, header::CONNECTION, header::TRAILER]
            .contains(&name)
        {
            continue;
        }
        let takes = |value: &Json| carries(field, value);
        let given = asked.examples.map_or(&[][..], |examples| examples.of_parameter(field));
        let value = given_one(&field.shape, given, asked.seed, &takes)
            .or_else(|| field.shape.sample_where(seed, Want::Plain, &takes));
        let text = value.and_then(|value| field_text(&value, field.explode));
        match text.and_then(|text| HeaderValue::from_str(&text).ok()) {
            Some(value) => {
                sampled.fields.insert(name, value);
            }
            None if field.required => return Err(NoAnswer::Value(field.shape.at().to_string())),
            None => {}
        }
    }
    Ok(sampled)
}

/// Style `simple`, which fields have (OpenAPI 3.1 Header Object).
fn field_text(value: &Json, explode: bool) -> Option<String> {
    let join = |texts: Option<Vec<String>>| texts.map(|texts| texts.join(","));
    match value {
        Json::Array(items) => join(items.iter().map(plain_text).collect()),
        Json::Object(members) => join(
            members
                .iter()
                .map(|(name, value)| {
                    Some(format!("{name}{}{}", if explode { '=' } else { ',' }, plain_text(value)?))
                })
                .collect(),
        ),
        plain => plain_text(plain),
    }
}

/// The declared answer for a status; without one, the best that is declared.
fn output(operation: &Operation, status: Option<u16>) -> Result<(StatusCode, Option<&Output>), NoAnswer> {
    let find = |range: StatusRange| operation.outputs.iter().find(|output| output.status == range);
    if let Some(code) = status {
        let status = StatusCode::from_u16(code).map_err(|_| NoAnswer::Status)?;
        let class = u8::try_from(code / 100).unwrap_or(0);
        let ranges = [StatusRange::Exact(code), StatusRange::Class(class), StatusRange::Default];
        let found = ranges.into_iter().find_map(find).ok_or(NoAnswer::Status)?;
        return Ok((status, Some(found)));
    }
    let exact = operation.outputs.iter().filter_map(|output| match output.status {
        StatusRange::Exact(code) => Some((code, output)),
        _ => None,
    });
    let well = exact.clone().find(|(code, _)| (200..300).contains(code));
    let class =
        || find(StatusRange::Class(2)).or_else(|| find(StatusRange::Default)).map(|output| (200, output));
    let other = || exact.clone().find(|(code, _)| *code >= 200);
    let classes = || {
        operation.outputs.iter().find_map(|output| match output.status {
            StatusRange::Class(class @ 2..) => Some((u16::from(class) * 100, output)),
            _ => None,
        })
    };
    match well.or_else(class).or_else(other).or_else(classes) {
        Some((code, output)) => Ok((StatusCode::from_u16(code).map_err(|_| NoAnswer::Status)?, Some(output))),
        None => Ok((StatusCode::OK, None)),
    }
}

/// Media type and bytes.
fn content(output: &Output, asked: &Asked<'_>) -> Result<(String, Bytes), NoAnswer> {
    let mut ways: Vec<(String, &Body)> =
        output.bodies.iter().filter_map(|body| Some((concrete(&body.media, asked.accept)?, body))).collect();
    if ways.is_empty() {
        return Err(NoAnswer::Media);
    }
    // Best liked first; JSON before others where it is the same to whoever asks.
    ways.sort_by_key(|(media, _)| {
        let liked = asked.accept.map_or(1000, |accept| quality(accept, media));
        (std::cmp::Reverse(liked), media::codec(media) != Codec::Json)
    });
    if let Some(name) = asked.example {
        let examples = asked.examples.ok_or(NoAnswer::Example)?;
        let named = ways.iter().find_map(|(media, body)| {
            let (_, value) = examples.of(body).iter().find(|(known, _)| known == name)?;
            Some((media.clone(), written(&resolved(body, media), value)?))
        });
        return named.ok_or(NoAnswer::Example);
    }
    for (media, body) in &ways {
        let body_as = resolved(body, media);
        let given = asked.examples.map_or(&[][..], |examples| examples.of(body));
        let good = given.iter().map(|(_, value)| value).find(|value| body_as.shape.check(value).is_empty());
        let value = match good {
            Some(value) => Some(value.clone()),
            None if body_as.shape.is_anything() && body_as.codec != Codec::Json => Some(Json::from("amber")),
            None => body_as.shape.sample(asked.seed, Want::Plain),
        };
        if let Some(bytes) = value.and_then(|value| written(&body_as, &value)) {
            return Ok((media.clone(), bytes));
        }
    }
    Err(NoAnswer::Value(ways.first().map_or_else(String::new, |(_, body)| body.at.to_string())))
}

fn resolved(body: &Body, media: &str) -> Body {
    media::resolved(body, media)
}

/// A media type to send for a declared one or a range, if it is accepted.
fn concrete(declared: &str, accept: Option<&str>) -> Option<String> {
    let candidates: Vec<String> = match declared.split_once('/') {
        Some(("*", _) | ("application", "*")) => vec!["application/json".to_owned(), "text/plain".to_owned()],
        Some(("text", "*")) => vec!["text/plain".to_owned()],
        Some((kind, "*")) => vec![format!("{kind}/x-sample")],
        _ => vec![declared.to_owned()],
    };
    candidates.into_iter().find(|media| accept.is_none_or(|accept| quality(accept, media) > 0))
}

/// How much a media type is liked, from 0 to 1000 (RFC 9110 §12.5.1): the most specific range decides.
fn quality(accept: &str, media: &str) -> u16 {
    let kind = media.split('/').next().unwrap_or_default();
    let mut best: (u8, u16) = (0, 0);
    for range in accept.split(',').take(100) {
        let mut words = range.split(';').map(str::trim);
        let named = words.next().unwrap_or_default().to_ascii_lowercase();
        let specific = match named.as_str() {
            exact if exact == media => 3,
            "*/*" => 1,
            below if below.strip_suffix("/*") == Some(kind) => 2,
            _ => continue,
        };
        let weight = words.find_map(|word| word.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        let weight = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
        if specific >= best.0 {
            best = (specific, weight);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::quality;

    #[test]
    fn the_most_specific_range_decides() {
        for (accept, media, expected) in [
            ("*/*", "text/csv", 1000),
            ("text/*;q=0.5, */*;q=0.1", "text/csv", 500),
            ("text/*;q=0.5, text/csv;q=0", "text/csv", 0),
            ("application/json", "text/csv", 0),
            ("Application/JSON", "application/json", 1000),
        ] {
            assert_eq!(quality(accept, media), expected, "{accept}");
        }
    }
}
