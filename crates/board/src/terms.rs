//! The terms of a plan: where they are, and which version of them a consumer must have accepted.
//!
//! A file's version is its digest, a URL's the URL itself: `#2027-01` behind it makes it another one. Nothing is fetched.

use crate::code;
use crate::keys::Keys;
use crate::report::Problem;
use crate::scope::Scope;
use crate::{Auth, ServerUrl};
use exchange::KeyDigest;
use std::sync::Arc;

/// Terms of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A URL, or the file as the board names it.
    pub address: String,
    /// Which version it is.
    pub version: String,
    /// What the file says; none: they are elsewhere.
    pub text: Option<Arc<str>>,
}

/// Terms are read by people.
const LARGEST: usize = 1024 * 1024;

/// Resolves `terms`.
pub(crate) fn resolve(keys: &Keys<'_, '_>, auth: Auth, scope: &Scope<'_>) -> Option<Terms> {
    let text = keys.text("terms")?;
    let bad = |what: String, mark: &str, help: &str| {
        scope.report.add(Problem::error(&code::BAD_TERMS, what).at(text.at, mark).help(help));
        None
    };
    if auth == Auth::None {
        return bad(
            format!("nobody can accept the `terms` of {}", keys.name),
            "with `auth = \"none\"` nobody is known",
            "write `auth = \"key\"`, or leave `terms` out",
        );
    }
    if text.text.contains("://") {
        let address = text.text.split(['#', '?']).next().unwrap_or_default();
        if let Err(why) = ServerUrl::parse(address) {
            return bad(
                format!("`terms` of {} is no URL: {why}", keys.name),
                "neither a URL nor a file",
                "write it like \"https://acme.example/terms#2027-01\", or name a file of the board's folder",
            );
        }
        let (address, version) = (text.text.to_owned(), text.text.to_owned());
        return Some(Terms { address, version, text: None });
    }
    let bytes = scope.bytes(text, &code::BAD_TERMS, &format!("`terms` of {}", keys.name))?;
    match String::from_utf8(bytes) {
        Ok(words) if words.len() <= LARGEST => {
            let version = KeyDigest::of(&words).to_string();
            Some(Terms { address: text.text.to_owned(), version, text: Some(words.into()) })
        }
        _ => bad(
            format!("`terms` of {} cannot be read by people", keys.name),
            "no UTF-8 of at most 1 MiB",
            "name a text file",
        ),
    }
}
