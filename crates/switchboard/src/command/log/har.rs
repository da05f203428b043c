//! Calls as an HTTP Archive (HAR 1.2): of each what was kept, redacted as it was kept; of a row without details what is known.
//!
//! Bounded: so many bytes of messages, then rows alone. What HAR has no place for stands in members that begin with `_`.

use super::line;
use exchange::{CallId, CallRecord, Detail, Message};
use http::StatusCode;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// So many bytes of messages are in one archive.
const MOST_BYTES: usize = 32 << 20;
/// What cannot stand in an address (RFC 3986 §2).
const NOT_IN_ADDRESSES: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An archive that is being filled.
#[derive(Debug, Default)]
pub(super) struct Archive {
    entries: Vec<Value>,
    bytes: usize,
}

impl Archive {
    /// Whether no more messages go in.
    pub(super) const fn is_full(&self) -> bool {
        self.bytes >= MOST_BYTES
    }

    /// Adds a call.
    pub(super) fn add(&mut self, record: &CallRecord, detail: Option<&Detail>) {
        let full = self.is_full();
        let detail = detail.filter(|_| !full);
        for message in detail.iter().flat_map(|one| [&one.request, &one.response]).flatten() {
            self.bytes += message.body.len()
                + message.fields.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        }
        let comment = match detail {
            Some(_) => None,
            None if full => Some("heads and bodies are left out: the archive is large enough".to_owned()),
            None => Some("heads and bodies of this call were not kept".to_owned()),
        };
        self.entries.push(entry(record, detail, comment));
    }

    /// The document; `next`: where to go on.
    pub(super) fn document(self, next: Option<CallId>) -> String {
        let mut log = json!({
            "version": "1.2",
            "creator": { "name": "switchboard", "version": env!("CARGO_PKG_VERSION") },
            "entries": self.entries,
        });
        if let Some(next) = next {
            log["comment"] = format!("there is more: --before {next}").into();
        }
        crate::output::pretty::laid_out(&json!({ "log": log }).to_string(), false)
    }
}

fn entry(record: &CallRecord, detail: Option<&Detail>, comment: Option<String>) -> Value {
    let began =
        i64::try_from(record.id.at_ms()).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let timings = timings(record, detail);
    let time: f64 = timings.values().filter_map(Value::as_f64).filter(|time| *time >= 0.0).sum();
    let mut entry = json!({
        "startedDateTime": began.unwrap_or_default().to_string(),
        "time": time,
        "request": request(record, detail.and_then(|detail| detail.request.as_ref())),
        "response": response(record, detail.and_then(|detail| detail.response.as_ref())),
        "cache": {},
        "timings": timings,
        "_switchboard": line::as_json(record),
    });
    if let Some(comment) = comment {
        entry["comment"] = comment.into();
    }
    entry
}

fn request(record: &CallRecord, message: Option<&Message>) -> Value {
    let line: Vec<&str> = message.map(|message| message.line.split(' ').collect()).unwrap_or_default();
    let target = line.get(1).copied().unwrap_or(&record.path);
    let host = message.and_then(|message| field(message, "host")).unwrap_or("localhost");
    let url = if target.contains("://") { target.to_owned() } else { format!("http://{host}{target}") };
    let url = utf8_percent_encode(&url, NOT_IN_ADDRESSES).to_string();
    let query: Vec<Value> = url
        .split_once('?')
        .map_or("", |(_, query)| query)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            json!({ "name": decoded(name), "value": decoded(value) })
        })
        .collect();
    let mut request = json!({
        "method": record.method,
        "url": url,
        "httpVersion": line.get(2).copied().unwrap_or_default(),
        "cookies": [],
        "headers": message.map(headers).unwrap_or_default(),
        "queryString": query,
        "headersSize": -1,
        "bodySize": record.bytes_in,
    });
    if let Some(message) = message.filter(|message| message.size > 0) {
        request["postData"] = json!({
            "mimeType": field(message, "content-type").unwrap_or_default(),
            "text": message.body,
        });
        if message.cut {
            request["postData"]["comment"] = cut(message).into();
        }
    }
    request
}

fn response(record: &CallRecord, message: Option<&Message>) -> Value {
    let words = StatusCode::from_u16(record.status).ok().and_then(|status| status.canonical_reason());
    let mut content = json!({ "size": record.bytes_out, "mimeType": "" });
    if let Some(message) = message {
        content["mimeType"] = field(message, "content-type").unwrap_or_default().into();
        if message.size > 0 {
            content["text"] = message.body.clone().into();
        }
        if message.cut {
            content["comment"] = cut(message).into();
        }
    }
    let version = message.and_then(|message| message.line.split(' ').next()).unwrap_or_default();
    json!({
        "status": record.status,
        "statusText": words.unwrap_or_default(),
        "httpVersion": version,
        "cookies": [],
        "headers": message.map(headers).unwrap_or_default(),
        "content": content,
        "redirectURL": message.and_then(|message| field(message, "location")).unwrap_or_default(),
        "headersSize": -1,
        "bodySize": record.bytes_out,
    })
}

fn cut(message: &Message) -> String {
    if message.body.is_empty() {
        format!("{} bytes that are no text, or are packed, were not kept", message.size)
    } else {
        format!("cut: {} bytes in all", message.size)
    }
}

fn headers(message: &Message) -> Vec<Value> {
    message.fields.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn field<'m>(message: &'m Message, name: &str) -> Option<&'m str> {
    message.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Milliseconds: what is done before it is sent, the connection, the wait for the head, the body.
fn timings(record: &CallRecord, detail: Option<&Detail>) -> Map<String, Value> {
    let part = |words: &[&str]| -> u64 {
        let parts = detail.into_iter().flat_map(|detail| &detail.timing);
        parts.filter(|timing| words.contains(&&*timing.part)).map(|timing| timing.took_us).sum()
    };
    let known = detail.is_some_and(|detail| detail.timing.iter().any(|timing| timing.part != "all"));
    let times = if known {
        [
            ("blocked", part(&["checks", "pace"])),
            ("connect", part(&["connect"])),
            ("wait", part(&["provider"])),
            ("receive", part(&["body"])),
        ]
    } else {
        let wait = record.provider_us.min(record.took_us);
        [("blocked", 0), ("connect", 0), ("wait", wait), ("receive", record.took_us - wait)]
    };
    let mut out: Map<String, Value> = times
        .into_iter()
        .map(|(name, micros)| {
            (name.to_owned(), json!(std::time::Duration::from_micros(micros).as_secs_f64() * 1e3))
        })
        .collect();
    out.insert("send".to_owned(), json!(0));
    out
}
