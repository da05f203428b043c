//! Answers from the contract instead of a provider: its examples, else samples of its schemas.
//!
//! The caller may ask for one by `Prefer` (RFC 7240): `code=404`, `example=NAME`, `dynamic`, `wait=2`,
//! `fault=error|drop`, `seed=7`. What was heeded is said by `Preference-Applied` (§3). Samples are made
//! off the serving threads.

use crate::under_way::{Bound, Exchange, Payload};
use crate::wire::{Answer, Content};
use crate::world::Served;
use board::{FaultKind, LONGEST_DELAY, Mock};
use bytes::Bytes;
use contract::{Asked, NoAnswer, Operation, Sampled};
use exchange::{Reason, Refusal};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use std::sync::Arc;
use std::time::Duration;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What the caller asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wish {
    code: Option<u16>,
    example: Option<String>,
    dynamic: bool,
    seed: Option<u64>,
    wait: Option<Duration>,
    fault: Option<FaultKind>,
    applied: Vec<String>,
}

/// Answers the call as its contract says.
pub(crate) async fn answer(
    call: &mut Exchange,
    served: &Served,
    mock: &Mock,
    bound: Bound,
) -> Result<Answer, Refusal> {
    drain(call).await?;
    let operation = match bound {
        Bound::One(index) => served.operation(index),
        Bound::Unknown => None,
    };
    let Some(operation) = operation.map(Arc::clone) else {
        return Err(
            Reason::NoOperation.because("a mock answers what its contract declares, and nothing else")
        );
    };
    let wish = Wish::read(&call.head.fields);
    let wait = (mock.delay + wish.wait.unwrap_or_default()).min(LONGEST_DELAY);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let chance = share(&call.facts.id.to_string());
    let fault = wish.fault.or_else(|| mock.fault.filter(|one| chance < one.percent).map(|one| one.kind));
    if fault == Some(FaultKind::Error) {
        return Ok(problem(StatusCode::INTERNAL_SERVER_ERROR, "the mock was asked to fail", &wish));
    }
    let sampled = sampled(call, served, &operation, mock, &wish).await?;
    let mut answer = match sampled {
        Ok(sampled) => whole(sampled, &operation),
        // What could not be had was not heeded (RFC 7240 §3).
        Err(why) => return Ok(problem(status_of(&why), &why.to_string(), &Wish::default())),
    };
    if let Some(value) = applied(&wish) {
        answer.fields.insert(APPLIED, value);
    }
    if fault == Some(FaultKind::Drop) {
        broken_off(&mut answer);
    }
    Ok(answer)
}

/// A body that is only watched has to be read all the same, or its check says nothing.
async fn drain(call: &mut Exchange) -> Result<(), Refusal> {
    if let Payload::Stream(mut body) = std::mem::replace(&mut call.payload, Payload::Taken) {
        while let Some(frame) = body.frame().await {
            frame
                .map_err(|_| Reason::Malformed.because("the body broke off, or its chunks cannot be read"))?;
        }
    }
    Ok(())
}

async fn sampled(
    call: &Exchange,
    served: &Served,
    operation: &Arc<Operation>,
    mock: &Mock,
    wish: &Wish,
) -> Result<Result<Sampled, NoAnswer>, Refusal> {
    let accept: Vec<&str> =
        call.head.fields.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accept = (!accept.is_empty()).then(|| accept.join(","));
    let own = u64::from(share(&call.facts.id.to_string())) | call.facts.id.at_ms() << 8;
    let seed = wish.seed.unwrap_or(if wish.dynamic { own } else { mock.seed });
    let examples = served.examples.clone().filter(|_| !wish.dynamic || wish.example.is_some());
    let (operation, wish) = (Arc::clone(operation), wish.clone());
    let made = tokio::task::spawn_blocking(move || {
        let asked = Asked {
            status: wish.code,
            seed,
            accept: accept.as_deref(),
            examples: examples.as_deref(),
            example: wish.example.as_deref(),
        };
        contract::sample_answer(&operation, &asked)
    });
    made.await.map_err(|_| Reason::Internal.because("the answer could not be made"))
}

fn whole(sampled: Sampled, operation: &Operation) -> Answer {
    let Sampled { status, fields, body, .. } = sampled;
    let content = if body.is_empty() || *operation.method() == Method::HEAD {
        Content::Empty
    } else {
        Content::Held(body)
    };
    Answer { status, fields, content }
}

const fn status_of(why: &NoAnswer) -> StatusCode {
    match why {
        NoAnswer::Status | NoAnswer::Example => StatusCode::BAD_REQUEST,
        NoAnswer::Media => StatusCode::NOT_ACCEPTABLE, // RFC 9110 §15.5.7
        NoAnswer::Value(_) => StatusCode::NOT_IMPLEMENTED,
    }
}

/// The mock's own words (RFC 9457 §3).
fn problem(status: StatusCode, detail: &str, wish: &Wish) -> Answer {
    let title = status.canonical_reason().unwrap_or("Error");
    let text = serde_json::json!({
        "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail,
    });
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(value) = applied(wish) {
        fields.insert(APPLIED, value);
    }
    Answer { status, fields, content: Content::Held(Bytes::from(text.to_string())) }
}

/// Half of the body, under a length that says the whole of it.
fn broken_off(answer: &mut Answer) {
    let bytes = match &answer.content {
        Content::Held(bytes) => bytes.clone(),
        _ => Bytes::new(),
    };
    answer.fields.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len().max(2)));
    answer.content = Content::Broken(bytes.slice(..bytes.len() / 2), 4);
}

/// A number below 100 that differs from call to call (FNV-1a).
fn share(id: &str) -> u8 {
    let sum = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    u8::try_from((sum >> 17) % 100).unwrap_or(0)
}

fn applied(wish: &Wish) -> Option<HeaderValue> {
    (!wish.applied.is_empty()).then(|| HeaderValue::from_str(&wish.applied.join(", ")).ok()).flatten()
}

impl Wish {
    /// Reads `Prefer`; what is not known is let be, as RFC 7240 §2 has it.
    fn read(fields: &HeaderMap) -> Self {
        let mut wish = Self::default();
        let texts = fields.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        for word in texts.flat_map(|text| text.split([',', ';'])).map(str::trim).take(20) {
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'));
            let heeded = match name.as_str() {
                "code" | "status" => set(&mut wish.code, value.parse().ok()),
                "example" => set(&mut wish.example, (!value.is_empty()).then(|| value.to_owned())),
                "seed" => set(&mut wish.seed, value.parse().ok()),
                "wait" => set(&mut wish.wait, seconds(value)),
                "fault" => set(&mut wish.fault, FaultKind::parse(value)),
                "dynamic" => {
                    wish.dynamic = value != "false";
                    true
                }
                _ => false,
            };
            if heeded {
                wish.applied.push(word.to_owned());
            }
        }
        wish
    }
}

/// The first of several counts (RFC 7240 §2).
fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let new = place.is_none() && value.is_some();
    if new {
        *place = value;
    }
    new
}

/// Seconds with a fraction, or `200ms`; never longer than a mock waits.
fn seconds(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    (0.0..=LONGEST_DELAY.as_secs_f64()).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::{FaultKind, Wish, seconds};
    use http::{HeaderMap, HeaderValue};
    use std::time::Duration;

    #[test]
    fn preferences_are_read_and_unknown_ones_let_be() {
        let mut fields = HeaderMap::new();
        fields.append("prefer", HeaderValue::from_static("code=404, respond-async; example=\"cat\""));
        fields.append("prefer", HeaderValue::from_static("Dynamic, code=500, fault=drop, wait=0.5"));
        let wish = Wish::read(&fields);
        assert_eq!((wish.code, wish.example.as_deref(), wish.dynamic), (Some(404), Some("cat"), true));
        assert_eq!((wish.fault, wish.wait), (Some(FaultKind::Drop), Some(Duration::from_millis(500))));
        assert_eq!(wish.applied, ["code=404", "example=\"cat\"", "Dynamic", "fault=drop", "wait=0.5"]);
    }

    #[test]
    fn a_wait_has_a_bound() {
        for (text, expected) in [("200ms", Some(200)), ("2", Some(2000)), ("1.5s", Some(1500))] {
            assert_eq!(seconds(text), expected.map(Duration::from_millis), "{text}");
        }
        for text in ["61", "-1", "NaN", "inf", ""] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
