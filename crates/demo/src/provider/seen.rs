//! What a provider was asked: counts without bound, requests with one.

use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Requests remembered; older ones are forgotten.
const REMEMBERED: usize = 256;
/// Bytes of a body remembered.
const BODY: usize = 64 * 1024;

/// The counters of one provider, shared with its thread.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    calls: AtomicU64,
    connections: AtomicU64,
    received: AtomicU64,
    recent: Mutex<VecDeque<(u64, Recorded)>>,
}

/// One request as a provider saw it.
///
/// `Debug` shows the names of its fields and not their values: one may be a credential.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: path and query.
    pub target: String,
    /// Fields in their order; names as sent to broken providers, in lower case otherwise.
    pub fields: Vec<(String, String)>,
    /// The first 64 KiB of the body, once it was read; empty for providers that do not read it.
    pub body: Bytes,
}

impl Recorded {
    /// The value of the first field of this name, whatever its case.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Takes what hyper has read.
    pub(crate) fn of(head: &http::request::Parts) -> Self {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            fields: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: Bytes::new(),
        }
    }

    /// Takes a head as it came over the wire. Lenient: whatever cannot be split is left out.
    pub(crate) fn of_text(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head);
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let method = first.next().unwrap_or_default().to_owned();
        let target = first.next().unwrap_or_default().to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        let fields = fields.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect();
        Self { method, target, fields, body: Bytes::new() }
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        write!(out, "{} {} {names:?} {} bytes", self.method, self.target, self.body.len())
    }
}

impl Seen {
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::SeqCst)
    }

    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.recent().iter().map(|(_, request)| request.clone()).collect()
    }

    pub(crate) fn connected(&self) {
        self.connections.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.received.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Notes a request as soon as its head is there; the number names it for [`Seen::body`].
    pub(crate) fn called(&self, request: Recorded) -> u64 {
        let mut recent = self.recent();
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back((number, request));
        number
    }

    /// Adds the body to a request, unless that one is forgotten by now.
    pub(crate) fn body(&self, number: u64, body: &Bytes) {
        if let Some((_, request)) = self.recent().iter_mut().rev().find(|(known, _)| *known == number) {
            // Copied, so that a small slice does not keep a large upload.
            request.body = Bytes::copy_from_slice(&body[..body.len().min(BODY)]);
        }
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, Recorded)>> {
        // A panic of a test's own function must not hide what came before it.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{REMEMBERED, Recorded, Seen};

    #[test]
    fn a_head_on_the_wire_is_split_into_its_parts() {
        let request = Recorded::of_text(b"GET /a?b=c HTTP/1.1\r\nHost: x.example\r\nX-Key:  k \r\n\r\n");
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/a?b=c"));
        assert_eq!(request.field("x-key"), Some("k"));
        assert!(!format!("{request:?}").contains("x.example"), "values stay out of messages");
    }

    #[test]
    fn memory_is_bounded_and_counts_are_not() {
        let seen = Seen::default();
        for _ in 0..REMEMBERED + 10 {
            seen.called(Recorded::default());
        }
        assert_eq!(seen.requests().len(), REMEMBERED);
        assert_eq!(seen.calls(), 266);
    }
}
