//! The detail of a call: decisions, heads, the beginning of bodies; redacted before it leaves the thread.
//!
//! Redacted are values known to be secret (the board's, the caller's own key), fields and parameters
//! whose names say so, and those that the board names.

use crate::seen::Caller;
use crate::under_way::Exchange;
use crate::{admit, check, explain, forward, identify, permit, route};
use board::KeyPlace;
use bytes::Bytes;
use exchange::{Detail, Message, Redactor, Secret, Stage, Timing};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::Arc;

/// Names whose values are never kept, compared in lower case; also as ends of longer names (`client_secret`).
const SENSITIVE: [&str; 18] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "password",
    "passwd",
    "secret",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "x-api-key",
    "access_key",
    "private_key",
    "credential",
    "credentials",
    "cvv",
    "pin",
];

/// How much of a body is kept.
pub(crate) const KEPT: usize = 16 * 1024;

struct Cleaner<'w> {
    redactor: Cow<'w, Redactor>,
    /// Tokens that issuers gave while the board ran.
    learnt: Option<Arc<Redactor>>,
    names: Vec<String>,
}

/// Makes the detail of a call that is over.
pub(crate) fn of(call: &Exchange) -> Detail {
    let cleaner = Cleaner::new(call);
    let facts = &call.facts;
    let body = facts.body.as_ref();
    let request_body = body.map_or_else(Default::default, |tap| (tap.kept.borrow().clone(), tap.bytes.get()));
    let query = call.head.query().map(|query| format!("?{}", cleaner.pairs(query, "&"))).unwrap_or_default();
    let line = format!("{} {}{query} {:?}", call.head.method, call.head.shown_path(), call.head.version);
    let request = cleaner.message(&line, &call.head.fields, &request_body.0, request_body.1);
    let sent = facts.sent.as_ref().and_then(|sent| sent.head.as_ref());
    let sent = sent.map(|(line, fields)| cleaner.message(&cleaner.line(line), fields, &[], 0));
    let response = facts.answer.fields.as_ref().map(|fields| {
        cleaner.message(&format!("HTTP/1.1 {}", facts.status), fields, &facts.answer.kept, facts.bytes_out)
    });
    Detail {
        decisions: decisions(call),
        findings: facts.findings.clone(),
        timing: timing(call),
        request: Some(request),
        sent,
        response,
    }
}

/// The decisions as far as the call came, from what the stages left behind.
fn decisions(call: &Exchange) -> Vec<exchange::Decision> {
    let (world, facts) = (&call.world, &call.facts);
    let seen = &facts.seen;
    let mut out = route::words(world, seen);
    out.extend(identify::words(world, seen));
    out.extend(permit::words(world, seen));
    out.extend(admit::words(world, seen));
    if let Some(served) = world.offer_of(seen) {
        let reached = |stage: Stage| order(facts.stage) >= order(stage);
        if reached(Stage::Request) {
            let breaks = facts.findings.iter().filter(|finding| finding.direction == "request").count();
            out.push(check::words(served, seen.bound, u32::try_from(breaks).unwrap_or(u32::MAX)));
        }
        if reached(Stage::Provider) {
            out.push(forward::words(served, facts.sent.as_deref()));
        }
    }
    if let Some(refusal) = &facts.refusal {
        out.push(explain::no(facts.stage, refusal));
    } else if facts.unchecked {
        out.push(exchange::Decision {
            stage: Stage::Response,
            subject: "unchecked".to_owned(),
            words: "a body was too large, or compressed, to be checked".to_owned(),
            origin: None,
            refused: None,
        });
    }
    out
}

const fn order(stage: Stage) -> u8 {
    stage as u8
}

fn timing(call: &Exchange) -> Vec<Timing> {
    let facts = &call.facts;
    let total = u64::try_from(call.elapsed().as_micros()).unwrap_or(u64::MAX);
    let Some(sent) = &facts.sent else {
        return vec![Timing { part: "all".to_owned(), from_us: 0, took_us: total }];
    };
    let us = |duration: std::time::Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let (waited, connect, first) = (us(sent.waited), us(sent.connect), us(sent.first_byte));
    let before = facts.provider_us.saturating_sub(waited + connect + first);
    let mut from = 0;
    [
        ("checks", before),
        ("pace", waited),
        ("connect", connect),
        ("provider", first),
        ("body", total.saturating_sub(facts.provider_us)),
    ]
    .into_iter()
    .map(|(part, took_us)| {
        let timing = Timing { part: part.to_owned(), from_us: from, took_us };
        from += took_us;
        timing
    })
    .filter(|timing| timing.took_us > 0)
    .collect()
}

impl<'w> Cleaner<'w> {
    fn new(call: &'w Exchange) -> Self {
        let known = &call.world.prepared.redactor;
        let mut redactor = Cow::Borrowed(known);
        let mut names: Vec<String> = SENSITIVE.iter().map(|name| (*name).to_owned()).collect();
        names.extend(call.world.board.record.redact.iter().map(|name| name.to_ascii_lowercase()));
        if let Some(served) = call.world.offer_of(&call.facts.seen) {
            let places = &served.offer.key_places;
            names.extend(places.iter().filter_map(|place| match place {
                KeyPlace::Header(name) => Some(name.as_str().to_owned()),
                KeyPlace::Query(name) | KeyPlace::Cookie(name) => Some(name.to_ascii_lowercase()),
                KeyPlace::Bearer => None,
            }));
            if !matches!(call.facts.seen.caller, Some(Caller::Anonymous | Caller::Named(_)))
                && let Ok(Some(key)) = identify::key::find(places, &call.head)
            {
                redactor.to_mut().add(&Secret::new(key.into_owned()));
            }
        }
        Self { redactor, learnt: call::learnt(), names }
    }

    fn text(&self, text: &str) -> String {
        let clean = self.redactor.clean(text);
        match &self.learnt {
            Some(learnt) => learnt.clean(&clean).into_owned(),
            None => clean.into_owned(),
        }
    }

    fn hides(&self, name: &str) -> bool {
        [name.to_ascii_lowercase(), words_of(name)].iter().any(|name| {
            self.names.iter().any(|known| {
                name == known
                    || name
                        .strip_suffix(known.as_str())
                        .is_some_and(|rest| known.len() > 3 && rest.ends_with(['_', '-', '.']))
            })
        })
    }

    /// A request line: its query is pairs.
    fn line(&self, line: &str) -> String {
        let Some((before, rest)) = line.split_once('?') else { return self.text(line) };
        let (query, after) = rest.split_once(' ').unwrap_or((rest, ""));
        self.text(&format!("{before}?{} {after}", self.pairs(query, "&")))
    }

    /// `a=b` pairs: a query or a form.
    fn pairs(&self, text: &str, separator: &str) -> String {
        let clean: Vec<_> = text
            .split(separator)
            .map(|pair| match pair.split_once('=') {
                // A name may be encoded, and then its value too, so that nothing knows it by sight.
                Some((name, _)) if self.hides(&percent_decode_str(name).decode_utf8_lossy()) => {
                    format!("{name}=***")
                }
                _ => pair.to_owned(),
            })
            .collect();
        self.text(&clean.join(separator))
    }

    fn message(&self, line: &str, fields: &HeaderMap, pieces: &[Bytes], size: u64) -> Message {
        let shown = fields.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let value = if self.hides(name.as_str()) { "***".to_owned() } else { self.text(&text) };
            (name.as_str().to_owned(), value)
        });
        let (body, cut) = self.body(fields, pieces, size);
        Message { line: self.text(line), fields: shown.collect(), body, size, cut }
    }

    /// The beginning of a body as text.
    fn body(&self, fields: &HeaderMap, pieces: &[Bytes], size: u64) -> (String, bool) {
        let mut bytes = pieces.concat();
        bytes.truncate(KEPT);
        let short = (bytes.len() as u64) < size;
        if fields.contains_key(http::header::CONTENT_ENCODING) {
            return (String::new(), size > 0);
        }
        let end = match std::str::from_utf8(&bytes) {
            Ok(_) => bytes.len(),
            // A letter that was cut in two is no reason to keep nothing.
            Err(error) if short && error.valid_up_to() + 4 > bytes.len() => error.valid_up_to(),
            Err(_) => return (String::new(), true),
        };
        let Ok(text) = std::str::from_utf8(&bytes[..end]) else { return (String::new(), true) };
        let media =
            fields.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let text = if media.starts_with("application/x-www-form-urlencoded") {
            self.pairs(text, "&")
        } else {
            // What is kept may end inside a secret: at our bound, or where somebody broke off.
            let clean = self.redactor.clean_cut(&self.members(text)).into_owned();
            self.learnt.as_ref().map_or_else(|| clean.clone(), |learnt| learnt.clean_cut(&clean).into_owned())
        };
        (text, short)
    }

    /// Hides values of JSON members by name; works on a text that was cut, and on what is no JSON.
    fn members(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('"') {
            let (before, from) = rest.split_at(open);
            out.push_str(before);
            let end = string_end(from);
            let (string, after) = from.split_at(end);
            out.push_str(string);
            rest = after;
            let Some(value) = after.trim_start().strip_prefix(':') else { continue };
            if !self.hides(string.trim_matches('"')) {
                continue;
            }
            out.push_str(": \"***\"");
            rest = &value[value_end(value)..];
        }
        out.push_str(rest);
        out
    }
}

/// A name in lower case, with its words apart: `accessToken` is `access_token`, `APIKey` is `api_key`.
fn words_of(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut letters = name.chars().peekable();
    let mut before = '_';
    while let Some(letter) = letters.next() {
        let begins = letter.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && letters.peek().is_some_and(char::is_ascii_lowercase));
        if begins {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        before = letter;
    }
    out
}

/// Where the JSON string at the start of `text` ends.
fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where the JSON value at the start of `text` ends; a nested one as a whole.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += string_end(&text[at..]);
                if depth == 0 {
                    return at.min(text.len());
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Cleaner, SENSITIVE};
    use exchange::Redactor;
    use std::borrow::Cow;

    fn cleaner() -> Cleaner<'static> {
        Cleaner {
            redactor: Cow::Owned(Redactor::default()),
            learnt: None,
            names: SENSITIVE.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn values_are_hidden_by_name_in_any_shape() {
        for (text, expected) in [
            (r#"{"password": "a\"b", "x": 1}"#, r#"{"password": "***", "x": 1}"#),
            (r#"{"client_secret":"s"}"#, r#"{"client_secret": "***"}"#),
            (r#"{"token":{"a":[1,"}"]},"x":"y"}"#, r#"{"token": "***","x":"y"}"#),
            (r#"{"accessToken":"s","APIKey":"s"}"#, r#"{"accessToken": "***","APIKey": "***"}"#),
            (r#"{"pin":1234}"#, r#"{"pin": "***"}"#),
            (r#"{"shopping":1}"#, r#"{"shopping":1}"#),
            (r#"{"password":"cut of"#, r#"{"password": "***""#),
            ("no json \" at all", "no json \" at all"),
            (r#"{"pass"#, r#"{"pass"#),
        ] {
            assert_eq!(cleaner().members(text), expected);
        }
    }

    #[test]
    fn a_query_is_cleaned_pair_by_pair() {
        assert_eq!(cleaner().pairs("a=1&api_key=K&b", "&"), "a=1&api_key=***&b");
        assert_eq!(cleaner().pairs("api%5fk%65y=%4B&a=%20", "&"), "api%5fk%65y=***&a=%20");
    }
}
