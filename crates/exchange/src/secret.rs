//! A secret: text that must not appear in a log, a record, an error or an output.

use std::fmt;
use zeroize::Zeroizing;

/// Text that is only shown when asked for by name; `Debug` and `Display` print `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for the wire, and for nothing else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// Replaces known secrets by `***` wherever they stand, also base64 and percent-encoded ones.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    needles: Vec<Secret>,
}

impl Redactor {
    /// Values shorter than this are not redacted: they would black out ordinary words.
    pub const SHORTEST: usize = 4;

    /// Adds a secret and the forms it is sent in.
    pub fn add(&mut self, secret: &Secret) {
        let text = secret.reveal();
        if text.len() < Self::SHORTEST {
            return;
        }
        for form in
            [text.to_owned(), base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text), percent(text)]
        {
            let form = Secret::new(form);
            if !self.needles.contains(&form) {
                self.needles.push(form);
            }
        }
        // The longest first, so that a secret inside another one leaves no rest.
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.reveal().len()));
    }

    /// `text` without the secrets; borrowed when there was none in it.
    pub fn clean<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let mut clean = std::borrow::Cow::Borrowed(text);
        for needle in &self.needles {
            if clean.contains(needle.reveal()) {
                clean = clean.replace(needle.reveal(), "***").into();
            }
        }
        clean
    }

    /// As [`Self::clean`], of a text that may have been cut anywhere: a secret that begins at its end goes too.
    pub fn clean_cut<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        let clean = self.clean(text);
        let begun = |needle: &Secret| {
            let needle = needle.reveal();
            (Self::SHORTEST..needle.len())
                .rev()
                .find(|end| needle.get(..*end).is_some_and(|begun| clean.ends_with(begun)))
        };
        match self.needles.iter().filter_map(begun).max() {
            Some(begun) => format!("{}***", &clean[..clean.len() - begun]).into(),
            None => clean,
        }
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn percent(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Redactor, Secret};

    #[test]
    fn a_secret_is_not_shown_by_debug_or_display() {
        let secret = Secret::new("hunter22");
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
    }

    #[test]
    fn every_form_that_is_sent_is_redacted() {
        let mut redactor = Redactor::default();
        redactor.add(&Secret::new("top secret/1"));
        assert_eq!(
            redactor.clean("a top secret/1 b dG9wIHNlY3JldC8x c top%20secret%2F1"),
            "a *** b *** c ***"
        );
        assert!(matches!(redactor.clean("nothing"), std::borrow::Cow::Borrowed(_)));
        assert!(matches!(redactor.clean_cut("nothing to"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn a_secret_that_was_cut_is_no_less_one() {
        let mut redactor = Redactor::default();
        redactor.add(&Secret::new("top secret/1"));
        for (text, clean) in [
            ("a top secret/", "a ***"),
            ("a top ", "a ***"),
            ("top secret/1 top s", "*** ***"),
            ("a dG9wIHNlY3Jl", "a ***"),
            ("a top", "a top"),
            ("a top secret/ b", "a top secret/ b"),
        ] {
            assert_eq!(redactor.clean_cut(text), clean);
        }
    }
}
