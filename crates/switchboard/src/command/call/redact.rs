//! What of a call is secret, and how it is shown: `***` by name and by value.
//!
//! Values are those of marked fields, of cookies, of parameters and members whose name says so, and every credential;
//! what this process learns on the way (tokens of issuers) is hidden too, whenever it came.

mod body;

use super::draft::Draft;
use super::media;
use base64::Engine as _;
use exchange::{Redactor, Secret};
use http::HeaderMap;
use http::header::{COOKIE, SET_COOKIE};
use serde_json::Value;
use std::borrow::Cow;

/// Whether a header field, query parameter or cookie of this name carries a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "cookie" | "set-cookie" | "sig" | "signature"
    ) || ["key", "token", "secret", "passw", "credential"].iter().any(|word| name.contains(word))
        && !matches!(name.as_str(), "idempotency-key" | "sec-websocket-key")
        && !["page", "next", "continu", "cursor", "keyword", "tokens"].iter().any(|word| name.contains(word))
}

/// As [`is_secret_name`], for a member of a body or a part of a path, where `key` and `token` name many things: what the
/// name ends with decides.
pub(crate) fn is_secret_member(name: &str) -> bool {
    let mut plain = String::with_capacity(name.len() + 4);
    let mut small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && small {
            plain.push('_');
        }
        small = letter.is_lowercase() || letter.is_ascii_digit();
        plain.extend(if "-. ".contains(letter) { '_' } else { letter }.to_lowercase());
    }
    let ends = |word: &&str| {
        plain.strip_suffix(*word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_') || word.len() > 5)
    };
    is_secret_name(name)
        && [
            "password",
            "passwd",
            "passphrase",
            "secret",
            "token",
            "api_key",
            "apikey",
            "access_key",
            "private_key",
            "secret_key",
            "credential",
            "credentials",
        ]
        .iter()
        .any(ends)
        || matches!(plain.as_str(), "pin" | "cvv" | "cvc")
}

/// Everything secret of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    values: Redactor,
    known: Vec<Secret>,
}

/// Values of cookies shorter than this are words (`dark`, `en-GB`), and are hidden only where their name says so.
const SHORTEST_COOKIE: usize = 12;

impl Redaction {
    /// Learns the secrets of a request: its marked fields, cookies, query and body, and the provider's credentials.
    pub(crate) fn of(draft: &Draft) -> Self {
        let mut own = Self::default();
        for (name, value) in &draft.fields {
            if value.is_sensitive() || is_secret_name(name.as_str()) {
                own.field(value.to_str().unwrap_or_default());
            }
        }
        own.cookies(&draft.fields);
        let mut found = Vec::new();
        body::pairs(draft.query.as_deref().unwrap_or_default(), &|_| false, &mut found);
        found.extend(body::secrets(&media::of(&draft.fields), &draft.payload.in_memory(), &|_| false));
        for text in &found {
            own.add(text);
        }
        draft.secrets.iter().for_each(|secret| own.add(secret.reveal()));
        for credential in &draft.upstream.credentials {
            credential.secrets().iter().for_each(|secret| own.add(secret.reveal()));
        }
        own
    }

    /// Adds the secrets of a request's body: values whose names `hides` says, beside those that are so anyway.
    pub(crate) fn find_in_body(draft: &Draft, hides: &dyn Fn(&str) -> bool, values: &mut Redactor) {
        for text in body::secrets(&media::of(&draft.fields), &draft.payload.in_memory(), hides) {
            values.add(&Secret::new(text));
        }
    }

    /// The cookies of a message, each by itself: a provider may say one back.
    pub(crate) fn cookies(&mut self, fields: &HeaderMap) {
        for (field, most) in [(COOKIE, usize::MAX), (SET_COOKIE, 1)] {
            for value in fields.get_all(field).iter().filter_map(|value| value.to_str().ok()) {
                let pairs = value.split(';').take(most);
                for (name, value) in pairs.filter_map(|pair| pair.trim().split_once('=')) {
                    if value.len() >= SHORTEST_COOKIE || is_secret_name(name) {
                        self.add(value.trim_matches('"'));
                    }
                }
            }
        }
    }

    /// Hides also what the other one hides.
    pub(crate) fn join(&mut self, other: Self) {
        for secret in other.known {
            self.values.add(&secret);
            self.known.push(secret);
        }
    }

    /// Keeps in mind what an answer set: sessions.
    pub(crate) fn learn_answer(fields: &HeaderMap) {
        let mut own = Self::default();
        own.cookies(fields);
        own.learn();
    }

    /// Keeps its secrets in mind for every word that this process says from here on.
    pub(crate) fn learn(&self) {
        call::learn(&self.known);
    }

    /// A field's value: all of it, what follows the scheme, and the password within basic.
    fn field(&mut self, value: &str) {
        self.add(value);
        let Some((scheme, token)) = value.split_once(' ') else { return };
        self.add(token);
        if scheme.eq_ignore_ascii_case("basic")
            && let Ok(pair) = base64::prelude::BASE64_STANDARD.decode(token)
            && let Ok(pair) = String::from_utf8(pair)
        {
            self.add(&pair);
            self.add(pair.split_once(':').map_or("", |(_, password)| password));
        }
    }

    fn add(&mut self, text: &str) {
        let secret = Secret::new(text);
        self.values.add(&secret);
        self.known.push(secret);
    }

    /// The values that are hidden.
    pub(crate) const fn values(&self) -> &Redactor {
        &self.values
    }

    /// `text` without the secrets.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let clean = self.values.clean(text);
        let Some(learnt) = call::learnt() else { return clean };
        match learnt.clean(&clean) {
            Cow::Borrowed(_) => clean,
            Cow::Owned(cleaner) => Cow::Owned(cleaner),
        }
    }

    /// A field's value as it is shown: the scheme stays, the secret goes.
    pub(crate) fn field_shown(&self, name: &str, value: &str) -> String {
        if !is_secret_name(name) {
            return self.clean(value).into_owned();
        }
        match value.split_once(' ') {
            Some((scheme, _)) if name.eq_ignore_ascii_case("authorization") => format!("{scheme} ***"),
            _ => "***".to_owned(),
        }
    }

    /// An address as it is shown, or what of it stands in a request line.
    pub(crate) fn url_shown(&self, url: &str) -> String {
        match url.split_once('?') {
            Some((path, query)) => format!("{}?{}", self.clean(path), self.query_shown(query)),
            None => self.clean(url).into_owned(),
        }
    }

    /// A body as a value: JSON as JSON, text as text, bytes as null.
    pub(crate) fn body_shown(&self, body: &[u8]) -> Value {
        let Ok(text) = std::str::from_utf8(body) else { return Value::Null };
        let clean = self.clean(text);
        serde_json::from_str(&clean)
            .unwrap_or_else(|_| if clean.is_empty() { Value::Null } else { clean.into() })
    }

    /// A query as it is shown.
    fn query_shown(&self, query: &str) -> String {
        let shown: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, _)) if is_secret_name(name) => format!("{name}=***"),
                _ => self.clean(pair).into_owned(),
            })
            .collect();
        shown.join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::{is_secret_member, is_secret_name};

    #[test]
    fn names_say_what_is_secret_and_ordinary_words_do_not() {
        for (name, field, member) in [
            ("Authorization", true, false),
            ("X-Api-Key", true, true),
            ("key", true, false),
            ("password", true, true),
            ("newPassword", true, true),
            ("client_secret", true, true),
            ("accessToken", true, true),
            ("token", true, true),
            ("pin", false, true),
            ("max_tokens", false, false),
            ("nextPageToken", false, false),
            ("keyword", false, false),
            ("shipping", false, false),
            ("Idempotency-Key", false, false),
        ] {
            assert_eq!((is_secret_name(name), is_secret_member(name)), (field, member), "{name}");
        }
    }
}
