//! The envelope: one JSON document with request, response, checks, timings and retries; secrets are `***`.

use super::check;
use super::draft::Draft;
use super::ending;
use super::redact::Redaction;
use super::trip::Came;
use crate::exit::{Exit, Failure};
use contract::Violation;
use http::HeaderMap;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What became of a call, for its envelope.
pub(crate) struct Became<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) redaction: &'a Redaction,
    pub(crate) exit: Exit,
    /// The answer and its body, if there was one.
    pub(crate) came: Option<(&'a Came, &'a [u8])>,
    pub(crate) failure: Option<&'a Failure>,
    pub(crate) request_breaks: &'a [Violation],
    pub(crate) response_breaks: &'a [Violation],
}

impl Became<'_> {
    /// The envelope as JSON.
    pub(crate) fn json(&self) -> String {
        let draft = self.draft;
        let named = draft.named.as_ref();
        let response = self.came.map(|(came, body)| {
            json!({
                "status": came.head.status.as_u16(),
                "fields": self.fields(&came.head.fields),
                "body": self.redaction.body_shown(body),
                "length": came.size,
            })
        });
        let timings = self.came.map(|(came, _)| {
            json!({
                "waited_ms": milliseconds(came.head.sent.waited),
                "lookup_ms": milliseconds(came.head.sent.lookup),
                "tls_ms": milliseconds(came.head.sent.tls),
                "connect_ms": milliseconds(came.head.sent.connect),
                "first_byte_ms": milliseconds(came.head.sent.first_byte),
                "total_ms": milliseconds(came.took),
            })
        });
        let attempts = self.came.map_or(0, |(came, _)| came.head.sent.attempts);
        json!({
            "outcome": ending::word(self.exit),
            "exit": self.exit.code(),
            "operation": named.map(|named| named.operation.id.as_str()),
            "request": {
                "method": draft.method.as_str(),
                "url": self.redaction.url_shown(&draft.url()),
                "fields": self.fields(&draft.fields),
                "body": draft.payload.held().map_or(Value::Null, |body| self.redaction.body_shown(body)),
                "length": draft.payload.len(),
            },
            "response": response,
            "error": self.failure.map(|failure| json!({
                "message": self.redaction.clean(&failure.message),
                "help": failure.help,
            })),
            "checks": { "request": self.findings(self.request_breaks), "response": self.findings(self.response_breaks) },
            "timings": timings,
            "attempts": attempts,
            "retries": attempts.saturating_sub(1),
        })
        .to_string()
    }

    /// Fields by name; several of one name are a list.
    fn fields(&self, fields: &HeaderMap) -> Value {
        let mut shown = Map::new();
        for name in fields.keys() {
            let mut values: Vec<Value> = fields
                .get_all(name)
                .iter()
                .map(|value| {
                    self.redaction
                        .field_shown(name.as_str(), &String::from_utf8_lossy(value.as_bytes()))
                        .into()
                })
                .collect();
            let one = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
            shown.insert(name.as_str().to_owned(), one);
        }
        Value::Object(shown)
    }

    fn findings(&self, found: &[Violation]) -> Vec<Value> {
        let contract_line = |one: &Violation| self.draft.named.as_ref().map(|named| named.line(&one.rule));
        found
            .iter()
            .map(|one| {
                json!({
                    "in": one.place.word(),
                    "name": one.name,
                    "pointer": one.at.as_str(),
                    "code": one.code,
                    "detail": one.detail(),
                    "rule": one.rule.as_str(),
                    "contract": contract_line(one),
                })
            })
            .collect()
    }
}

/// What `check` finds, as lines for stderr.
pub(crate) fn lines(found: &[Violation], draft: &Draft) -> Vec<String> {
    draft
        .named
        .as_ref()
        .map_or_else(Vec::new, |named| found.iter().map(|one| check::line(one, named)).collect())
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
