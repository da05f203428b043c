//! Samples of answers: status, fields and body as an operation declares them, as asked for.

use super::place::{carries, form};
use super::request::given_one;
use super::{Examples, Want};
use crate::openapi::{media, text, written};
use crate::{Body, Codec, Operation, Output, StatusRange};
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
        let (media, kind, bytes) = content(output, asked)?;
        if *operation.method() != Method::HEAD {
            sampled.body = bytes;
        }
        if let Ok(value) = HeaderValue::from_str(&kind) {
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
        Json::Array(items) => join(items.iter().map(text::scalar).collect()),
        Json::Object(members) => join(
            members
                .iter()
                .map(|(name, value)| {
                    Some(format!("{name}{}{}", if explode { '=' } else { ',' }, text::scalar(value)?))
                })
                .collect(),
        ),
        plain => text::scalar(plain),
    }
}

/// The declared answer for a status; without one, the best that is declared.
fn output(operation: &Operation, status: Option<u16>) -> Result<(StatusCode, Option<&Output>), NoAnswer> {
    let find = |range: StatusRange| operation.outputs.iter().find(|output| output.status == range);
    if let Some(code) = status {
        let status = StatusCode::from_u16(code).map_err(|_| NoAnswer::Status)?;
        let found = Output::of(&operation.outputs, StatusRange::Exact(code)).ok_or(NoAnswer::Status)?;
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

/// Media type, Content-Type (with the boundary of a multipart body) and bytes.
fn content(output: &Output, asked: &Asked<'_>) -> Result<(String, String, Bytes), NoAnswer> {
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
            let (bytes, kind) = written(&media::resolved(body, media), value)?;
            Some((media.clone(), kind, bytes))
        });
        return named.ok_or(NoAnswer::Example);
    }
    for (media, body) in &ways {
        let body_as = media::resolved(body, media);
        let given = asked.examples.map_or(&[][..], |examples| examples.of(body));
        let good = given.iter().map(|(_, value)| value).find(|value| body_as.shape.takes(value));
        let value = match good {
            Some(value) => Some(value.clone()),
            None if body_as.shape.is_anything() && body_as.codec != Codec::Json => Some(Json::from("amber")),
            None if matches!(body_as.codec, Codec::Form | Codec::Multipart) => {
                form(&body_as, asked.seed, Want::Plain)
            }
            None => body_as.shape.sample(asked.seed, Want::Plain),
        };
        if let Some((bytes, kind)) = value.and_then(|value| written(&body_as, &value)) {
            return Ok((media.clone(), kind, bytes));
        }
    }
    Err(NoAnswer::Value(ways.first().map_or_else(String::new, |(_, body)| body.at.to_string())))
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
