//! Scanning JSON for pointers. The text was parsed before, so that nothing here needs to report faults.

use super::wanted::Wanted;
use crate::Span;
use std::borrow::Cow;

/// Deeper than any document that was parsed.
const MAX_DEPTH: usize = 256;

pub(super) fn scan(text: &str, wanted: &mut Wanted) {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    if text.starts_with('\u{feff}') {
        scanner.at = 3;
    }
    scanner.space();
    let start = scanner.at;
    scanner.value(0, wanted, 0);
    wanted.found(0, Span { start, end: scanner.at });
}

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Scanner<'t> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }

    fn value(&mut self, node: usize, wanted: &mut Wanted, depth: usize) {
        self.space();
        if wanted.is_leaf(node) || depth > MAX_DEPTH {
            return self.skip();
        }
        match self.peek() {
            b'{' => self.object(node, wanted, depth),
            b'[' => self.array(node, wanted, depth),
            _ => self.skip(),
        }
    }

    fn object(&mut self, node: usize, wanted: &mut Wanted, depth: usize) {
        self.at += 1;
        loop {
            self.space();
            match self.peek() {
                b'"' => {}
                b',' => {
                    self.at += 1;
                    continue;
                }
                b'}' => {
                    self.at += 1;
                    return;
                }
                _ => return,
            }
            let start = self.at;
            self.string();
            let span = Span { start, end: self.at };
            let below = wanted.below(node, &self.key(span));
            self.space();
            self.at += 1; // the colon
            self.space();
            match below {
                Some(below) => {
                    wanted.found(below, span);
                    self.value(below, wanted, depth + 1);
                }
                None => self.skip(),
            }
        }
    }

    fn array(&mut self, node: usize, wanted: &mut Wanted, depth: usize) {
        self.at += 1;
        let mut index = 0_usize;
        loop {
            self.space();
            match self.peek() {
                b']' => {
                    self.at += 1;
                    return;
                }
                b',' => self.at += 1,
                0 => return,
                _ => {
                    let start = self.at;
                    match wanted.below(node, &index.to_string()) {
                        Some(below) => {
                            self.value(below, wanted, depth + 1);
                            wanted.found(below, Span { start, end: self.at });
                        }
                        None => self.skip(),
                    }
                    index += 1;
                }
            }
        }
    }

    /// The text of the key whose quotes `span` includes.
    fn key(&self, span: Span) -> Cow<'t, str> {
        let quoted = self.text.get(span.start..span.end).unwrap_or_default();
        if quoted.contains('\\') {
            return serde_json::from_str(quoted).map_or(Cow::Borrowed(""), Cow::Owned);
        }
        Cow::Borrowed(quoted.trim_matches('"'))
    }

    /// Passes over a string, the quote under the cursor first.
    fn string(&mut self) {
        self.at += 1;
        while let Some(found) = memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..).unwrap_or_default()) {
            self.at += found;
            if self.peek() == b'"' {
                self.at += 1;
                return;
            }
            self.at += 2;
        }
        self.at = self.bytes.len();
    }

    /// Passes over a value of any depth.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                // At depth 0 these end a number or a word, or the text.
                b'}' | b']' | b',' if depth == 0 => return,
                _ if self.at >= self.bytes.len() => return,
                _ => {
                    self.at += 1;
                    if depth == 0 && !matches!(self.peek(), b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
                    {
                        continue;
                    }
                }
            }
            if depth == 0 {
                return;
            }
        }
    }
}
