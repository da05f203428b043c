//! `[webhooks.NAME]`: where news of this board are sent, signed as Standard Webhooks has it.
//!
//! Over TLS, or not out of this machine; the secret is referred to, never written. Source: Standard Webhooks 1.0,
//! *Signature scheme*: `whsec_` and 24 to 64 bytes in base64.

use crate::code;
use crate::keys::{Keys, Text};
use crate::report::Problem;
use crate::scope::Scope;
use crate::{ServerUrl, tree::Entry};
use exchange::{Origin, Secret};
use std::sync::Arc;

/// Where news are sent.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Its name.
    pub name: Arc<str>,
    /// Scheme, host and port; its base is empty.
    pub server: ServerUrl,
    /// What follows them, with the query.
    pub path: Arc<str>,
    /// What news are signed with: `whsec_…`.
    pub secret: Secret,
    /// Where it is written.
    pub origin: Origin,
}

/// A webhook, which may be faulty, so that nobody who names it is blamed.
pub(crate) struct Resolved {
    pub(crate) name: Arc<str>,
    pub(crate) webhook: Option<Arc<Webhook>>,
}

/// Resolves `[webhooks.*]`.
pub(crate) fn resolve(root: &Keys<'_, '_>, scope: &Scope<'_>) -> Vec<Resolved> {
    let one = |(name, entry): (&str, &Entry)| Resolved {
        name: name.into(),
        webhook: webhook(name, entry, scope).map(Arc::new),
    };
    root.members("webhooks").into_iter().map(one).collect()
}

fn webhook(name: &str, entry: &Entry, scope: &Scope<'_>) -> Option<Webhook> {
    let keys = Keys::open(format!("[webhooks.{name}]"), entry, &["url", "secret"], &[], scope.report)?;
    for (key, example) in [("url", "\"https://hooks.acme.example/in\""), ("secret", "\"env:NAME\"")] {
        if keys.entry(key).is_none() {
            keys.missing(key, example);
        }
    }
    let address = keys.text("url").and_then(|text| address(&keys, text, scope));
    let secret = keys.text("secret").and_then(|text| secret(name, text, scope));
    let (server, path) = address?;
    Some(Webhook { name: name.into(), server, path, secret: secret?, origin: entry.key.origin() })
}

fn address(
    keys: &Keys<'_, '_>,
    Text { text, at }: Text<'_>,
    scope: &Scope<'_>,
) -> Option<(ServerUrl, Arc<str>)> {
    // A webhook's address may have a query, which a server's may not.
    let why = match ServerUrl::parse(text.split('?').next().unwrap_or_default()) {
        Ok(server) if server.is_safe() => match text.parse::<http::Uri>() {
            Ok(uri) => {
                let path = uri.path_and_query().map_or("/", |path| path.as_str());
                return Some((ServerUrl { base: "".into(), ..server }, path.into()));
            }
            Err(_) => format!("`{text}` is no URL"),
        },
        Ok(_) => {
            scope.report.add(
                Problem::error(&code::BAD_URL, format!("`url` of {} is not https", keys.name))
                    .at(at, "who is over what quota would travel in clear")
                    .help("write `https://…`; `http://` is for loopback only"),
            );
            return None;
        }
        Err(why) => why,
    };
    scope.report.add(
        Problem::error(&code::BAD_URL, format!("`url` of {} cannot be used", keys.name))
            .at(at, why)
            .help("write `https://hooks.acme.example/in`"),
    );
    None
}

fn secret(name: &str, text: Text<'_>, scope: &Scope<'_>) -> Option<Secret> {
    let had =
        scope.secrets.get(text, &format!("webhook `{name}`"), &format!("{name}-webhook"), scope.report)?;
    if !may_be_key(had.secret.reveal()) {
        scope.report.add(
            Problem::error(&code::BAD_WEBHOOK_SECRET, format!("the secret of webhook `{name}` cannot sign"))
                .at(text.at, "not `whsec_` and 24 to 64 bytes in base64")
                .help("make one: `echo whsec_$(openssl rand -base64 32)`"),
        );
        return None;
    }
    Some(had.secret)
}

/// Whether this can be a key. Commands that need no secrets hand in a word with a colon for each.
fn may_be_key(secret: &str) -> bool {
    if secret.contains(':') {
        return true;
    }
    let Some(key) = secret.strip_prefix("whsec_") else { return false };
    let bare = key.trim_end_matches('=');
    let padding = key.len() - bare.len();
    let alphabet = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    alphabet && padding <= 2 && key.len() % 4 == 0 && (24..=64).contains(&(bare.len() * 3 / 4))
}

#[cfg(test)]
mod tests {
    use super::may_be_key;

    #[test]
    fn a_key_is_24_to_64_bytes_in_base64() {
        for (key, good) in [
            // The specification's own.
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", true),
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
            ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", false),
            ("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", true),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w", false),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", false),
            ("whsec_", false),
        ] {
            assert_eq!(may_be_key(key), good, "{key}");
        }
        assert!(may_be_key(&format!("whsec_{}", "A".repeat(84) + "AA==")));
        assert!(!may_be_key(&format!("whsec_{}", "A".repeat(88))));
    }
}
