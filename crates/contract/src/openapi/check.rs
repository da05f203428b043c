//! Checking messages: heads of requests and answers at once, bodies through a [`Check`].
//!
//! Source: OpenAPI 3.1, Responses Object (an exact status beats `4XX` beats `default`), Request Body
//! Object. A query parameter that is not declared is no violation: callers add their own.

use super::media::{self, Said};
use super::{decode, multipart};
use crate::schema::Kind;
use crate::{
    Body, Check, Codec, Got, Head, In, Need, Operation, Output, Pointer, StatusRange, Value, Values,
    Violation,
};
use http::{HeaderMap, Method, StatusCode, header};

/// What a check holds of a body, unless [`Check::at_most`] says otherwise, in bytes.
const HELD: usize = 8 << 20;

/// Most violations that are told of one head.
const MOST: usize = 100;

/// Checks the head of a request; what remains to be done with the body is the [`Need`].
///
/// A body in JSON, a form, multipart, XML, or a text with rules needs to be seen as a whole; other bodies are not looked at.
pub fn check_head(operation: &Operation, head: &Head<'_>) -> (Vec<Violation>, Need) {
    let (values, mut found) = decode::parameters(operation, head);
    check_values(operation, &values, &mut found);
    let need = match has_body(head.fields) {
        false if operation.input_required => {
            found.push(missing_body(operation));
            Need::Nothing
        }
        false => Need::Nothing,
        true if operation.input.is_empty() => Need::Nothing,
        true => match declared(&operation.input, head.fields, || operation.at.at("requestBody")) {
            Ok(body) => need(body, head.fields, &mut found),
            Err(violation) => {
                found.push(*violation);
                Need::Nothing
            }
        },
    };
    found.truncate(MOST);
    (found, need)
}

/// Checks status and fields of an answer; what remains to be done with the body is the [`Need`].
///
/// Answers to HEAD, 1xx, 204 and 304 have no body (RFC 9110 §6.4.1).
pub fn check_answer(operation: &Operation, status: StatusCode, fields: &HeaderMap) -> (Vec<Violation>, Need) {
    if operation.outputs.is_empty() {
        return (Vec::new(), Need::Nothing);
    }
    let Some(output) = Output::of(&operation.outputs, StatusRange::Exact(status.as_u16())) else {
        let (expected, got) = (statuses(&operation.outputs), Got::Number(status.as_u16().to_string()));
        let violation = Violation {
            place: In::Status,
            rule: operation.at.at("responses"),
            ..Violation::new("status", expected, got)
        };
        return (vec![violation], Need::Nothing);
    };
    let mut found = Vec::new();
    for parameter in &output.fields {
        match decode::field(parameter, fields) {
            Ok(Some(value)) => found.extend(of(parameter, parameter.shape.check(&value))),
            Ok(None) if parameter.required => found.push(decode::missing(parameter)),
            Ok(None) => {}
            Err(violation) => found.push(*violation),
        }
    }
    found.truncate(MOST);
    let no_body = *operation.method() == Method::HEAD
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    if no_body || output.bodies.is_empty() || (is_empty(fields) && !fields.contains_key(header::CONTENT_TYPE))
    {
        return (found, Need::Nothing);
    }
    match declared(&output.bodies, fields, || output.at.clone()) {
        Ok(body) => {
            let need = need(body, fields, &mut found);
            (found, need)
        }
        Err(violation) => {
            found.push(*violation);
            (found, Need::Nothing)
        }
    }
}

/// Checks what was read against the shapes of the parameters.
pub(super) fn check_values(operation: &Operation, values: &Values, found: &mut Vec<Violation>) {
    for parameter in &operation.parameters {
        if let Some(Value::Json(value)) = values.get(parameter.place, &parameter.name)
            && !(parameter.empty && value == "")
        {
            found.extend(of(parameter, parameter.shape.check(value)));
        }
    }
}

/// Violations of a value, told as those of the parameter that carries it.
fn of(parameter: &crate::Parameter, violations: Vec<Violation>) -> impl Iterator<Item = Violation> {
    let (place, name) = (parameter.place, parameter.name.clone());
    violations.into_iter().map(move |violation| Violation { place, name: name.clone(), ..violation })
}

fn need(body: Body, fields: &HeaderMap, found: &mut Vec<Violation>) -> Need {
    let (mut boundary, mut watch) = (None, None);
    match body.codec {
        // Nothing is demanded of it: then it may be as long as it likes.
        Codec::Multipart | Codec::Text | Codec::Xml if body.shape.is_anything() && body.parts.is_empty() => {
            return Need::Nothing;
        }
        Codec::Multipart => match multipart::boundary(fields) {
            Ok(said) => boundary = Some(said),
            Err(mut violation) => {
                violation.rule = body.at;
                found.push(*violation);
                return Need::Nothing;
            }
        },
        // Texts that are no UTF-8 are passed on as they are.
        Codec::Xml | Codec::Text if !media::is_utf8(fields) => return Need::Nothing,
        Codec::Json => watch = body.shape.watch().map(Box::new),
        Codec::Form | Codec::Xml => {}
        // A text that may be any text may be as long as it likes.
        Codec::Text if body.shape.kind() != Kind::String || body.shape.limits_text() => {}
        Codec::Text | Codec::Opaque => return Need::Nothing,
    }
    let watched = watch.is_some();
    let check = Check { body, boundary, held: Vec::new(), limit: HELD, watch };
    if watched { Need::Watch(check) } else { Need::Whole(check) }
}

/// Whether a body follows this head (RFC 9112 §6.3).
fn has_body(fields: &HeaderMap) -> bool {
    fields.contains_key(header::TRANSFER_ENCODING)
        || (fields.contains_key(header::CONTENT_LENGTH) && !is_empty(fields))
}

fn is_empty(fields: &HeaderMap) -> bool {
    fields
        .get(header::CONTENT_LENGTH)
        .is_some_and(|length| length.as_bytes().iter().all(|digit| *digit == b'0'))
}

/// The declared body for the media type that the fields say, or the violation of what stands at `rule`.
pub(super) fn declared(
    bodies: &[Body],
    fields: &HeaderMap,
    rule: impl FnOnce() -> Pointer,
) -> Result<Body, Box<Violation>> {
    let got = match media::said(fields) {
        Said::Media(media) => match media::select(bodies, &media) {
            Some(body) => return Ok(media::resolved(body, &media)),
            None => Got::Word(media),
        },
        Said::Nothing => Got::Missing,
        Said::Unreadable => Got::Kind("something else"),
    };
    Err(Box::new(Violation {
        place: In::Header,
        name: "Content-Type".to_owned(),
        rule: rule().at("content"),
        ..Violation::new("media-type", media::list(bodies), got)
    }))
}

/// What says that a required body is not there.
pub(super) fn missing_body(operation: &Operation) -> Violation {
    let expected = format!("a body in {}", media::list(&operation.input));
    let rule = operation.at.at("requestBody").at("required");
    Violation { rule, ..Violation::new("required", expected, Got::Missing) }
}

fn statuses(outputs: &[Output]) -> String {
    let words: Vec<String> = outputs
        .iter()
        .map(|output| match output.status {
            StatusRange::Exact(code) => code.to_string(),
            StatusRange::Class(class) => format!("{class}XX"),
            StatusRange::Default => "any".to_owned(),
        })
        .collect();
    words.join(", ")
}
