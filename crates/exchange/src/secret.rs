//! A secret: text that must not appear in a log, a record, an error or an output.

mod forms;

use aho_corasick::{AhoCorasick, MatchKind};
use forms::forms;
use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;
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

/// Replaces known secrets by `***` wherever they stand, also in the forms they travel in: base64 (RFC 4648 §4 and §5),
/// alone or within something longer, percent-encoded (RFC 3986 §2.1) and of a form, inside a JSON string, and inside XML
/// or HTML.
#[derive(Clone, Default)]
pub struct Redactor {
    needles: Vec<Secret>,
    /// All of them in one search, made when it is first wanted.
    search: OnceLock<Option<AhoCorasick>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The search would show what it searches for.
        out.debug_struct("Redactor").field("needles", &self.needles.len()).finish_non_exhaustive()
    }
}

impl Redactor {
    /// Values shorter than this are not redacted: they would black out ordinary words.
    pub const SHORTEST: usize = 4;
    /// Up to so many forms are looked for one after the other: making one search of them would take longer.
    const FEW: usize = 64;

    /// Adds a secret and the forms it is sent in.
    pub fn add(&mut self, secret: &Secret) {
        let text = secret.reveal();
        if text.len() < Self::SHORTEST {
            return;
        }
        for form in forms(text) {
            let form = Secret::new(form);
            if !self.needles.contains(&form) {
                self.needles.push(form);
            }
        }
        // The longest first, so that a secret inside another one leaves no rest.
        self.needles.sort_by_key(|needle| std::cmp::Reverse(needle.reveal().len()));
        self.search = OnceLock::new();
    }

    /// Whether there is nothing to hide.
    pub const fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// `text` without the secrets; borrowed when there was none in it.
    pub fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if let Some(search) = self.search() {
            return if search.is_match(text) {
                search.replace_all(text, &vec!["***"; self.needles.len()]).into()
            } else {
                Cow::Borrowed(text)
            };
        }
        let mut clean = Cow::Borrowed(text);
        for needle in &self.needles {
            if clean.contains(needle.reveal()) {
                clean = clean.replace(needle.reveal(), "***").into();
            }
        }
        clean
    }

    /// Makes its one search now: for one that is asked often.
    #[must_use]
    pub fn ready(self) -> Self {
        self.search.get_or_init(|| self.one_search());
        self
    }

    /// One search for all, where there are many; none where it would be too large to be made.
    fn search(&self) -> Option<&AhoCorasick> {
        if self.needles.len() <= Self::FEW {
            return self.search.get()?.as_ref();
        }
        self.search.get_or_init(|| self.one_search()).as_ref()
    }

    fn one_search(&self) -> Option<AhoCorasick> {
        let needles = self.needles.iter().map(Secret::reveal);
        AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(needles).ok()
    }

    /// As [`Self::clean`], of a text that may have been cut anywhere: a secret that begins at its end goes too.
    pub fn clean_cut<'t>(&self, text: &'t str) -> Cow<'t, str> {
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
    fn a_secret_is_hidden_in_whatever_it_is_written() {
        let mut redactor = Redactor::default();
        redactor.add(&Secret::new("a\"b\\c/<d> &'é-x"));
        for written in [
            "a\"b\\c/<d> &'é-x",
            r#"{"k":"a\"b\\c/<d> &'é-x"}"#,
            r#"{"k":"a\"b\\c\/<d> &'é-x"}"#,
            "<k>a\"b\\c/&lt;d&gt; &amp;'é-x</k>",
            "<k>a&quot;b\\c/&lt;d&gt; &amp;&#39;é-x</k>",
            "k=a%22b%5Cc%2F%3Cd%3E%20%26%27%C3%A9-x",
            "k=a%22b%5cc%2f%3cd%3e%20%26%27%c3%a9-x",
            "k=a%22b%5Cc%2F%3Cd%3E+%26%27%C3%A9-x",
            "k=a%22b%5Cc%2F%3Cd%3E%20%26%27%C3%A9%2Dx",
            "YSJiXGMvPGQ+ICYnw6kteA==",
            "YSJiXGMvPGQ-ICYnw6kteA",
            // Behind `me:`, `acme:` and `globe:`, and with something after it.
            "bWU6YSJiXGMvPGQ+ICYnw6kteA==",
            "YWNtZTphImJcYy88ZD4gJifDqS14",
            "Z2xvYmU6YSJiXGMvPGQ+ICYnw6kteDp4",
            r#"{"k":"a\"b\\c/\u003cd\u003e \u0026'é-x"}"#,
            r#"{"k":"a\"b\\c/<d> &'\u00e9-x"}"#,
        ] {
            let clean = redactor.clean(written);
            assert!(clean.contains("***") && !clean.contains('d'), "{written}: {clean}");
        }
    }

    #[test]
    fn many_secrets_are_found_as_a_few_are_and_none_is_told_by_debug() {
        let mut many = Redactor::default();
        for nth in 0..100 {
            many.add(&Secret::new(format!("hush-hush-{nth}")));
        }
        for (text, clean) in [
            ("a hush-hush-7, hush-hush-77 and hush-hush-", "a ***, *** and hush-hush-"),
            ("aHVzaC1odXNoLTU= aHVzaC1odXNoLTEx", "*** ***"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(many.clean(text), clean);
        }
        assert_eq!(many.clean_cut("a hush-h"), "a ***");
        let mut ready = Redactor::default();
        ready.add(&Secret::new("hush-hush"));
        let mut ready = ready.ready();
        assert_eq!(ready.clean("a hush-hush"), "a ***");
        ready.add(&Secret::new("mumble"));
        assert_eq!(ready.clean("a hush-hush mumble"), "a *** ***");
        assert_eq!(Redactor::default().ready().clean("a"), "a");
        assert!(!format!("{many:?}").contains("hush"), "{many:?}");
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
