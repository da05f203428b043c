//! What is kept of a message: secrets are `***`, by value and by name; bodies only so far.
//!
//! Hidden are values known to be secret, and those of fields, parameters and members whose names say so. It works on
//! texts that were cut, and on what is no JSON: nothing is parsed, so nothing can fail.

mod json;
mod loose;
mod markup;
mod multipart;
mod names;

use crate::{Message, Redactor, Secret, without_keys};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// Values that are hidden by their names are hidden elsewhere in the same call from this length on: shorter ones are words.
const LEARNT: std::ops::RangeInclusive<usize> = 6..=4_096;
/// So many of them.
const MOST_LEARNT: usize = 64;

/// Hides what is secret in messages that are kept.
#[derive(Clone, Debug)]
pub struct Cleaner<'r> {
    redactor: Cow<'r, Redactor>,
    more: Vec<Arc<Redactor>>,
    names: Cow<'r, [String]>,
    /// What was hidden by name.
    found: RefCell<Vec<Secret>>,
}

impl<'r> Cleaner<'r> {
    /// Hides these values, what is secret by its name, and these names as well (in lower case).
    pub fn new(redactor: Cow<'r, Redactor>, names: impl Into<Cow<'r, [String]>>) -> Self {
        Self { redactor, more: Vec::new(), names: names.into(), found: RefCell::default() }
    }

    /// Hides what this hides, too: secrets that became known while the board ran.
    #[must_use]
    pub fn and(mut self, more: Option<Arc<Redactor>>) -> Self {
        self.more.extend(more.filter(|more| !more.is_empty()));
        self
    }

    /// Hides from here on, wherever it stands, what was hidden up to now because of its name: a provider may say a
    /// password back where nothing calls it so.
    #[must_use]
    pub fn and_what_was_found(self) -> Self {
        let mut redactor = Redactor::default();
        for secret in self.found.take() {
            redactor.add(&secret);
        }
        self.and(Some(Arc::new(redactor)))
    }

    /// Any text: known values are hidden, and everything that looks like a key of ours.
    pub fn text(&self, text: &str) -> String {
        self.values(text, |redactor, text| redactor.clean(text).into_owned())
    }

    fn values(&self, text: &str, clean: impl Fn(&Redactor, &str) -> String) -> String {
        let mut out = clean(&self.redactor, text);
        for more in &self.more {
            out = clean(more, &out);
        }
        without_keys(&out).into_owned()
    }

    /// Whether the value under this name is hidden.
    pub fn hides(&self, name: &str) -> bool {
        names::is_sensitive(name, &self.names)
    }

    /// Remembers a value that is hidden because of its name; gives what stands in its place.
    pub fn hide(&self, value: &str) -> &'static str {
        let mut found = self.found.borrow_mut();
        let value = value.trim();
        if LEARNT.contains(&value.len()) && found.len() < MOST_LEARNT && value != "***" {
            found.push(Secret::new(value));
        }
        "***"
    }

    /// A request line, or an address: its query is pairs.
    pub fn line(&self, line: &str) -> String {
        let Some((before, rest)) = line.split_once('?') else { return self.text(&loose::userinfo(line)) };
        let (query, after) = rest.split_at(rest.find(' ').unwrap_or(rest.len()));
        self.text(&format!("{}?{}{after}", loose::userinfo(before), self.pairs(query, "&")))
    }

    /// `a=b` pairs: a query or a form.
    pub fn pairs(&self, text: &str, separator: &str) -> String {
        let clean: Vec<_> = text
            .split(separator)
            .map(|pair| match pair.split_once('=') {
                // A name may be encoded, and then its value too, so that nothing knows it by sight.
                Some((name, value)) if self.hides(&decoded(name)) => {
                    format!("{name}={}", self.hide(&decoded(value)))
                }
                _ => pair.to_owned(),
            })
            .collect();
        self.text(&clean.join(separator))
    }

    /// Data in any form, JSON as a rule: members are hidden by name, and known values.
    pub fn data(&self, text: &str) -> String {
        self.cut(&json::members(self, text, 0))
    }

    /// As [`Self::text`], of a text that may end inside a secret: at our bound, or where somebody broke off.
    fn cut(&self, text: &str) -> String {
        self.values(text, |redactor, text| redactor.clean_cut(text).into_owned())
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
            (name.as_str().to_owned(), self.field(name.as_str(), &text))
        });
        let (body, cut) = self.body(fields, &bytes[..bytes.len().min(kept)], size);
        Message { line: self.text(line), fields: shown.collect(), body, size, cut }
    }

    /// A field's value: gone by its name, else without the parameters and addresses that tell a secret (`Location`).
    fn field(&self, name: &str, value: &str) -> String {
        if !self.hides(name) {
            return self.text(&loose::loose(self, &loose::userinfo(value), false));
        }
        // What follows a scheme, and the value of each cookie, may be said back by itself.
        if name.ends_with("cookie") {
            for (_, value) in value.split(';').filter_map(|pair| pair.split_once('=')) {
                self.hide(value.trim_matches(['"', ' ']));
            }
        }
        if let Some((_, token)) = value.split_once(' ') {
            self.hide(token);
            self.hide(&loose::password(token).unwrap_or_default());
        }
        self.hide(value).to_owned()
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
        // What is kept may end inside a secret.
        (self.cut(&self.of_media(media, text)), short)
    }

    /// A text of this media type, without what its names say is secret.
    fn of_media(&self, media: &str, text: &str) -> String {
        let kind = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind == "application/x-www-form-urlencoded" {
            return self.pairs(text, "&");
        }
        if kind.starts_with("multipart/") {
            return multipart::parts(self, media, text);
        }
        let text = markup::elements(self, &json::members(self, text, 0));
        loose::userinfo(&loose::loose(self, &text, !kind.contains("json"))).into_owned()
    }
}

/// Percent-decoded, as far as it is UTF-8; a plus is a space.
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
