//! What is kept of a message: secrets are `***`, by value and by name; bodies only so far.
//!
//! Hidden are values known to be secret, and those of fields, parameters and members whose names say so. It works on
//! texts that were cut, and on what is no JSON: nothing is parsed, so nothing can fail.

use crate::{Message, Redactor};
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

/// Hides what is secret in messages that are kept.
#[derive(Clone, Debug)]
pub struct Cleaner<'r> {
    redactor: Cow<'r, Redactor>,
    more: Option<Arc<Redactor>>,
    names: Vec<String>,
}

impl<'r> Cleaner<'r> {
    /// Hides these values, what is secret by its name, and these names as well (in lower case).
    pub fn new(redactor: Cow<'r, Redactor>, names: impl IntoIterator<Item = String>) -> Self {
        let mut all: Vec<String> = SENSITIVE.iter().map(|name| (*name).to_owned()).collect();
        all.extend(names);
        Self { redactor, more: None, names: all }
    }

    /// Hides what this hides, too: secrets that became known while the board ran.
    #[must_use]
    pub fn and(mut self, more: Option<Arc<Redactor>>) -> Self {
        self.more = more;
        self
    }

    /// Any text: known values are hidden.
    pub fn text(&self, text: &str) -> String {
        let clean = self.redactor.clean(text);
        match &self.more {
            Some(more) => more.clean(&clean).into_owned(),
            None => clean.into_owned(),
        }
    }

    /// Whether the value under this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        [name.to_ascii_lowercase(), words_of(name)].iter().any(|name| {
            self.names.iter().any(|known| {
                name == known
                    || name
                        .strip_suffix(known.as_str())
                        .is_some_and(|rest| known.len() > 3 && rest.ends_with(['_', '-', '.']))
            })
        })
    }

    /// A request line, or an address: its query is pairs.
    pub fn line(&self, line: &str) -> String {
        let Some((before, rest)) = line.split_once('?') else { return self.text(line) };
        let (query, after) = rest.split_once(' ').unwrap_or((rest, ""));
        self.text(&format!("{before}?{} {after}", self.pairs(query, "&")))
    }

    /// `a=b` pairs: a query or a form.
    pub fn pairs(&self, text: &str, separator: &str) -> String {
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

    /// Data in any form, JSON as a rule: members are hidden by name, and known values.
    pub fn data(&self, text: &str) -> String {
        let members = self.members(text);
        let clean = self.redactor.clean_cut(&members);
        match &self.more {
            Some(more) => more.clean_cut(&clean).into_owned(),
            None => clean.into_owned(),
        }
    }

    /// A message: its line, its fields, the first `kept` bytes of what there is of its body of `size` bytes.
    pub fn message(
        &self,
        line: &str,
        fields: &HeaderMap,
        bytes: &[u8],
        (size, kept): (u64, usize),
    ) -> Message {
        let shown = fields.iter().map(|(name, value)| {
            let text = String::from_utf8_lossy(value.as_bytes());
            let value = if self.hides(name.as_str()) { "***".to_owned() } else { self.text(&text) };
            (name.as_str().to_owned(), value)
        });
        let (body, cut) = self.body(fields, &bytes[..bytes.len().min(kept)], size);
        Message { line: self.text(line), fields: shown.collect(), body, size, cut }
    }

    /// The beginning of a body as text.
    fn body(&self, fields: &HeaderMap, bytes: &[u8], size: u64) -> (String, bool) {
        let short = (bytes.len() as u64) < size;
        if fields.contains_key(http::header::CONTENT_ENCODING) {
            return (String::new(), size > 0);
        }
        let end = match std::str::from_utf8(bytes) {
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
            self.data(text)
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
    use super::Cleaner;
    use crate::Redactor;
    use std::borrow::Cow;

    fn cleaner() -> Cleaner<'static> {
        Cleaner::new(Cow::Owned(Redactor::default()), [])
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
