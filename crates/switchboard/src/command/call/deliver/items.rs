//! Splits an answer that comes item by item: NDJSON by lines, server-sent events by blank lines.
//!
//! Source: HTML standard, server-sent events, §9.2.6. Comments, `event`, `id` and `retry` are not given. An item is at most 16 MiB.

use super::super::media;
use http::HeaderMap;

/// The largest item.
const LARGEST: usize = 16 * 1024 * 1024;

/// How items are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Lines,
    Events,
}

/// What is left of items that are not complete yet.
#[derive(Debug)]
pub(crate) struct Items {
    kind: Kind,
    line: Vec<u8>,
    data: Option<String>,
}

/// An item that is too large.
#[derive(Debug)]
pub(super) struct TooLarge;

impl Items {
    /// For an answer with these fields; none where it does not come item by item.
    pub(crate) fn of(fields: &HeaderMap) -> Option<Self> {
        let kind = match media::of(fields).as_str() {
            "text/event-stream" => Kind::Events,
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-lines"
            | "application/stream+json"
            | "application/json-seq" => Kind::Lines,
            _ => return None,
        };
        Some(Self { kind, line: Vec::new(), data: None })
    }

    /// Takes bytes, gives the items that are complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLarge> {
        let mut found = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LARGEST {
                return Err(TooLarge);
            }
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                found.extend(self.take(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r'])));
            }
        }
        Ok(found)
    }

    /// What is left at the end. An event without its blank line is not complete, and is dropped (§9.2.6).
    pub(super) fn end(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        match self.kind {
            Kind::Lines if !line.is_empty() => self.take(String::from_utf8_lossy(&line).trim_end()),
            _ => None,
        }
    }

    /// Every item of a whole body.
    pub(crate) fn all(mut self, body: &[u8]) -> Vec<String> {
        let mut found = self.push(body).unwrap_or_default();
        found.extend(self.end());
        found
    }

    fn take(&mut self, line: &str) -> Option<String> {
        if self.kind == Kind::Lines {
            // RFC 7464 §2.2: a record separator before each text.
            let line = line.trim_start_matches('\u{1e}').trim();
            return (!line.is_empty()).then(|| line.to_owned());
        }
        if line.is_empty() {
            return self.data.take();
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name == "data" {
            let value = value.strip_prefix(' ').unwrap_or(value);
            match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Items;
    use http::HeaderMap;
    use http::header::CONTENT_TYPE;

    fn items(media: &'static str) -> Items {
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_TYPE, media.parse().unwrap());
        Items::of(&fields).unwrap()
    }

    #[test]
    fn items_are_the_same_however_the_bytes_are_cut() {
        for (media, text, expected) in [
            (
                "text/event-stream; charset=utf-8",
                ": hello\r\nevent: x\r\ndata: a\r\n\r\ndata:b\ndata: c\nid: 1\n\n\ndata\n\ndata: cut",
                vec!["a", "b\nc", ""],
            ),
            ("application/x-ndjson", "{\"a\":1}\n\n{\"b\":2}\r\n3", vec!["{\"a\":1}", "{\"b\":2}", "3"]),
            ("application/json-seq", "\u{1e}1\n\u{1e}2\n", vec!["1", "2"]),
        ] {
            for size in 1..text.len() {
                let mut own = items(media);
                let mut found = Vec::new();
                for piece in text.as_bytes().chunks(size) {
                    found.extend(own.push(piece).unwrap());
                }
                found.extend(own.end());
                assert_eq!(found, expected, "{media} in pieces of {size}");
            }
        }
    }
}
