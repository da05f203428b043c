//! What is kept of a message: secrets are `***`, by value and by name; bodies only so far.
//!
//! Hidden are values known to be secret, and those of fields, parameters and members whose names say so. It works on
//! texts that were cut, and on what is no JSON: nothing is parsed, so nothing can fail.

mod json;
mod loose;
mod markup;
mod multipart;

use crate::{Message, Redactor, Secret, without_keys};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

/// Names whose values are never kept, compared in lower case; also as ends of longer names (`client_secret`).
const SENSITIVE: [&str; 26] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "x-api-key",
    "access_key",
    "private_key",
    "secret_key",
    "signing_key",
    "session_id",
    "sessionid",
    "credential",
    "credentials",
    "cvv",
    "cvc",
    "pin",
    "otp",
];

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
        // `user[password]`, as forms name what is within.
        let name = name.trim_end_matches("[]");
        let name =
            name.strip_suffix(']').and_then(|name| name.rsplit_once('[')).map_or(name, |(_, last)| last);
        [name.to_ascii_lowercase(), words_of(name)].iter().any(|name| {
            SENSITIVE.into_iter().chain(self.names.iter().map(String::as_str)).any(|known| {
                name == known
                    || name
                        .strip_suffix(known)
                        .is_some_and(|rest| known.len() > 3 && rest.ends_with(['_', '-', '.']))
            })
        })
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

#[cfg(test)]
mod tests {
    use super::Cleaner;
    use crate::Redactor;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use std::borrow::Cow;

    /// Hides `colour` too.
    pub(super) fn cleaner() -> Cleaner<'static> {
        Cleaner::new(Cow::Owned(Redactor::default()), vec!["colour".to_owned()])
    }

    fn body(media: &str, body: &str) -> String {
        let mut fields = HeaderMap::new();
        fields.insert("content-type", HeaderValue::from_str(media).unwrap());
        cleaner().message("", &fields, body.as_bytes(), (body.len() as u64, 1 << 20)).body
    }

    #[test]
    fn a_query_is_cleaned_pair_by_pair() {
        assert_eq!(cleaner().pairs("a=1&api_key=K&b", "&"), "a=1&api_key=***&b");
        assert_eq!(cleaner().pairs("api%5fk%65y=%4B&a=%20", "&"), "api%5fk%65y=***&a=%20");
        assert_eq!(
            cleaner().pairs("user[password]=K&user%5Bcolour%5D=x&a[]=1", "&"),
            "user[password]=***&user%5Bcolour%5D=***&a[]=1"
        );
    }

    #[test]
    fn the_line_of_a_request_and_an_address_alone_end_as_they_did() {
        for (line, expected) in [
            ("GET /a?token=hush&b=1 HTTP/1.1", "GET /a?token=***&b=1 HTTP/1.1"),
            ("https://me:hush@x.example/a?token=hush", "https://me:***@x.example/a?token=***"),
            ("/a?b=1", "/a?b=1"),
            ("/a?", "/a?"),
            ("/a", "/a"),
        ] {
            assert_eq!(cleaner().line(line), expected);
        }
    }

    #[test]
    fn a_body_of_any_media_type_is_kept_without_what_its_names_say_is_secret() {
        for (media, text, expected) in [
            ("application/json", r#"{"password":"hush-hush","a":1}"#, r#"{"password": "***","a":1}"#),
            (
                "application/json",
                r#"{"url":"http://x.example/?token=hush"}"#,
                r#"{"url":"http://x.example/?token=***"}"#,
            ),
            ("application/problem+json", r#"{"detail":"token: none"}"#, r#"{"detail":"token: none"}"#),
            ("application/x-www-form-urlencoded", "a=1&colour=red", "a=1&colour=***"),
            ("text/plain", "Authorization: Bearer hush\nHost: x", "Authorization: ***\nHost: x"),
            ("text/plain", "password=hush&a=1", "password=***&a=1"),
            (
                "application/xml",
                "<a><x:password type=\"t\">hush</x:password><b colour=\"red\"/></a>",
                "<a><x:password type=\"t\">***</x:password><b colour=\"***\"/></a>",
            ),
            ("text/xml", "<password><![CDATA[hush]]>", "<password>***"),
            ("text/html", "<a href='/x?token=hush'>", "<a href='/x?token=***'>"),
            ("text/plain", "see https://me:hush@x.example/", "see https://me:***@x.example/"),
            ("text/event-stream", "data: {\"colour\":\"red\"}\n\n", "data: {\"colour\": \"***\"}\n\n"),
        ] {
            assert_eq!(body(media, text), expected, "{media}");
        }
    }

    #[test]
    fn a_part_of_a_form_is_hidden_by_its_name_and_cleaned_by_its_own_type() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush\r\n--b\r\n\
            Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"colour\":\"red\"}\r\n\
            --b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--b--\r\n";
        let clean = body("multipart/form-data; boundary=b", text);
        assert!(!clean.contains("hush") && !clean.contains("red") && clean.contains("hello"), "{clean}");
        let cut = body("multipart/form-data; boundary=\"b\"", &text[..text.find("hush").unwrap() + 3]);
        assert!(!cut.contains("hus"), "{cut}");
    }

    #[test]
    fn a_field_is_kept_without_the_secrets_in_its_addresses_and_parameters() {
        let mut fields = HeaderMap::new();
        for (name, value) in [
            ("location", "https://me:hush@x.example/back?token=hush&a=1#access_token=hush"),
            ("link", "<https://x.example/?api_key=hush>; rel=next"),
            ("x-access-token", "hush"),
            ("colour", "hush"),
            ("via", "1.1 x"),
        ] {
            fields.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let shown = cleaner().message("", &fields, b"", (0, 0)).fields;
        assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
        assert!(
            shown
                .iter()
                .any(|(_, value)| value == "https://me:***@x.example/back?token=***&a=1#access_token=***")
        );
        assert!(shown.iter().any(|(_, value)| value == "1.1 x"));
    }

    #[test]
    fn what_was_hidden_by_its_name_is_hidden_where_it_is_said_back() {
        let cleaner = cleaner();
        let mut fields = HeaderMap::new();
        // `me:open-sesame`
        fields.insert("authorization", HeaderValue::from_static("Basic bWU6b3Blbi1zZXNhbWU="));
        fields.insert("cookie", HeaderValue::from_static("a=mumble-mumble; b=1"));
        let body = br#"{"password":"hush \"hush\""}"#;
        cleaner.message("GET /?token=quiet%20one HTTP/1.1", &fields, body, (body.len() as u64, 1 << 20));
        cleaner.line("GET /?token=quiet%20one HTTP/1.1");
        let cleaner = cleaner.and_what_was_found();
        let told = "hush \"hush\", quiet one, quiet+one, open-sesame, bWU6b3Blbi1zZXNhbWU=, mumble-mumble, 1";
        assert_eq!(cleaner.text(told), "***, ***, ***, ***, ***, ***, 1");
    }
}
