//! What of a call is secret, and how it is shown: `***` by name and by value.

use base64::Engine as _;
use board::Upstream;
use exchange::{Redactor, Secret};
use http::HeaderMap;
use std::borrow::Cow;

/// Whether a header field, query parameter or cookie of this name carries a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "cookie" | "set-cookie" | "sig" | "signature"
    ) || ["key", "token", "secret", "passw", "credential"]
        .iter()
        .any(|word| name.contains(word) && !matches!(name.as_str(), "idempotency-key" | "sec-websocket-key"))
}

/// Everything secret of one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction {
    values: Redactor,
}

impl Redaction {
    /// Learns the secrets of a request: its marked fields, its query, the provider's credentials.
    pub(crate) fn of(fields: &HeaderMap, query: Option<&str>, upstream: &Upstream) -> Self {
        let mut own = Self::default();
        for (name, value) in fields {
            if value.is_sensitive() || is_secret_name(name.as_str()) {
                own.field(value.to_str().unwrap_or_default());
            }
        }
        for pair in query.unwrap_or_default().split('&') {
            if let Some((name, value)) = pair.split_once('=')
                && is_secret_name(name)
            {
                own.add(value);
                own.add(&percent_encoding::percent_decode_str(value).decode_utf8_lossy());
            }
        }
        for credential in &upstream.credentials {
            own.values.add(&credential.secret);
            if let Some((_, password)) = credential.secret.reveal().split_once(':') {
                own.add(password);
            }
        }
        own
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
        self.values.add(&Secret::new(text));
    }

    /// The values that are hidden.
    pub(crate) const fn values(&self) -> &Redactor {
        &self.values
    }

    /// `text` without the secrets.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.values.clean(text)
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

    /// A query as it is shown.
    pub(crate) fn query_shown(&self, query: &str) -> String {
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
