//! The filter of the list of calls: one grammar for the address bar, the form and the live view.
//!
//! `?api=orders&status=4xx&took=>300ms&who=globex&outcome=refused&since=24h`. What cannot be read is said
//! beside its field and nothing is searched: a filter that was silently left out would show wrong calls.

use exchange::{CallId, CallRecord, Outcome, Reason};
use ledger::{CallFilter, StatusFilter};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use std::fmt::Write as _;
use std::time::Duration;

/// How many calls a page has.
pub(crate) const PAGE: u32 = 50;
/// Longer values are not read.
const LONGEST: usize = 256;
/// Every name, in the order of the address.
pub(crate) const NAMES: [&str; 11] =
    ["api", "operation", "method", "path", "who", "status", "outcome", "reason", "took", "contract", "since"];

/// What may stand in a query's value unescaped (RFC 3986 §3.4), less what parts pairs.
const KEEP: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'=')
    .add(b'?')
    .add(b'\'');

/// A filter as it was asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Texts as given, by name; empty ones are left out.
    given: Vec<(&'static str, String)>,
    /// Names given with an empty text, as a form without script sends them.
    pub(crate) has_empty: bool,
    /// What cannot be read: the name, and what to write.
    pub(crate) problems: Vec<(String, String)>,
    /// Go on below this call.
    pub(crate) before: Option<CallId>,
    /// Live view: what the page shows already.
    pub(crate) after: Option<CallId>,
    filter: CallFilter,
    method: Option<String>,
    since: Option<Duration>,
}

impl Query {
    /// Reads the pairs of a query.
    pub(crate) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut query = Self::default();
        for (name, value) in pairs {
            query.take(&name, value.trim());
        }
        // `operation=orders.getOrder` names the API too; an API's name has no dot.
        if let (None, Some(operation)) = (&query.filter.api, &query.filter.operation)
            && let Some((api, operation)) = operation.split_once('.')
        {
            (query.filter.api, query.filter.operation) = (Some(api.to_owned()), Some(operation.to_owned()));
        }
        query
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "before" | "after" => {
                let id = CallId::parse(value);
                if id.is_none() && !value.is_empty() {
                    self.problem(name, "a call's id, `c_` and 13 letters".to_owned());
                }
                if name == "before" {
                    self.before = id;
                } else {
                    self.after = id;
                }
                return;
            }
            _ => {}
        }
        let Some(name) = NAMES.into_iter().find(|known| *known == name) else {
            let name: String = name.chars().take(40).collect();
            self.problem(&name, format!("is no filter; there are {}", NAMES.join(", ")));
            return;
        };
        if value.is_empty() {
            self.has_empty = true;
            return;
        }
        if value.len() > LONGEST {
            self.problem(name, format!("at most {LONGEST} bytes"));
            return;
        }
        self.given.push((name, value.to_owned()));
        let text = Some(value.to_owned());
        match name {
            "api" => self.filter.api = text,
            "operation" => self.filter.operation = text,
            "method" => self.method = Some(value.to_ascii_uppercase()),
            "path" => self.filter.path_prefix = text,
            "who" => self.filter.consumer = text,
            "status" => match StatusFilter::parse(value) {
                Some(status) => self.filter.status = Some(status),
                None => self.problem(name, "a status `404` or a class `4xx`".to_owned()),
            },
            "outcome" if Outcome::WORDS.contains(&value) => self.filter.outcome = text,
            "outcome" => self.problem(name, format!("one of {}", Outcome::WORDS.join(", "))),
            "reason" => match Reason::from_slug(value) {
                Some(reason) => self.filter.reason = Some(reason),
                None => self.problem(name, "the word of a refusal, as `over-limit`".to_owned()),
            },
            "took" => match duration(value.trim_start_matches('>')) {
                Some(over) => {
                    self.filter.took_over_us = Some(u64::try_from(over.as_micros()).unwrap_or(u64::MAX));
                }
                None => self.problem(name, "a time with its unit, `>300ms` or `>2s`".to_owned()),
            },
            "contract" if value == "breaks" => self.filter.breaks_only = true,
            "contract" => self.problem(name, "`breaks`, or nothing".to_owned()),
            _ => match duration(value) {
                Some(since) => self.since = Some(since),
                None => self.problem(name, "a stretch of time, `15m`, `24h` or `7d`".to_owned()),
            },
        }
    }

    fn problem(&mut self, name: &str, words: String) {
        // A handful is enough to mend an address.
        if self.problems.len() < 8 {
            self.problems.push((name.to_owned(), words));
        }
    }

    /// The text given for a name, or nothing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.given.iter().rev().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// What is wrong with a name's text.
    pub(crate) fn problem_of(&self, name: &str) -> Option<&str> {
        self.problems.iter().find(|(known, _)| known == name).map(|(_, words)| words.as_str())
    }

    /// Whether nothing was asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The filter for the ledger, one row more than a page shows.
    pub(crate) fn filter(&self, now_ms: u64, limit: u32) -> CallFilter {
        let since = self.since.map(|since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        CallFilter {
            since_ms: since.map(|since| now_ms.saturating_sub(since)),
            before: self.before,
            limit,
            ..self.filter.clone()
        }
    }

    /// Whether a call that was just written belongs into this list.
    pub(crate) fn matches(&self, call: &CallRecord) -> bool {
        self.filter.matches(call) && self.method_matches(call)
    }

    /// The method is compared here: the ledger has no index of it.
    pub(crate) fn method_matches(&self, call: &CallRecord) -> bool {
        self.method.as_ref().is_none_or(|method| *method == call.method)
    }

    /// The address of this list, below `base`; with `before` for the page after this one.
    pub(crate) fn url(&self, base: &str, before: Option<CallId>) -> String {
        let mut url = base.to_owned();
        let mut sign = '?';
        for name in NAMES {
            let text = self.text(name);
            if !text.is_empty() {
                // Writing to a `String` cannot fail.
                let _ = write!(url, "{sign}{name}={}", utf8_percent_encode(text, &KEEP));
                sign = '&';
            }
        }
        if let Some(before) = before {
            let _ = write!(url, "{sign}before={before}");
        }
        url
    }
}

/// `300ms`, `2s`, `1.5s`, `15m`, `24h`, `7d`; at most ten years.
fn duration(text: &str) -> Option<Duration> {
    const TEN_YEARS: f64 = 10.0 * 366.0 * 86_400.0;
    let unit = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok()?;
    let whole = number * seconds;
    (0.0..=TEN_YEARS).contains(&whole).then(|| Duration::from_secs_f64(whole))
}

#[cfg(test)]
mod tests {
    use super::{Query, duration};
    use std::time::Duration;

    fn read(pairs: &[(&str, &str)]) -> Query {
        Query::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn a_filter_is_its_address() {
        let query = read(&[
            ("took", ">300ms"),
            ("api", "orders"),
            ("status", "4xx"),
            ("who", ""),
            ("path", "/a b&c"),
        ]);
        assert!(query.has_empty);
        assert_eq!(query.url("/calls", None), "/calls?api=orders&path=/a%20b%26c&status=4xx&took=%3E300ms");
        let filter = query.filter(1_000_000, 51);
        assert_eq!(filter.api.as_deref(), Some("orders"));
        assert_eq!(filter.took_over_us, Some(300_000));
        assert_eq!(filter.since_ms, None);
    }

    #[test]
    fn an_operation_may_be_written_with_its_api() {
        let filter = read(&[("operation", "orders.getOrder")]).filter(0, 1);
        assert_eq!((filter.api.as_deref(), filter.operation.as_deref()), (Some("orders"), Some("getOrder")));
        let filter = read(&[("api", "crm"), ("operation", "users.get")]).filter(0, 1);
        assert_eq!((filter.api.as_deref(), filter.operation.as_deref()), (Some("crm"), Some("users.get")));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for (name, value) in [
            ("status", "9xx"),
            ("took", "300"),
            ("since", "soon"),
            ("since", "-1h"),
            ("since", "NaNh"),
            ("outcome", "fine"),
            ("reason", "because"),
            ("contract", "ok"),
            ("before", "c_1"),
            ("colour", "red"),
        ] {
            let query = read(&[(name, value)]);
            assert!(query.problem_of(name).is_some(), "{name}={value}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, expected) in [
            ("300ms", Some(Duration::from_millis(300))),
            ("1.5s", Some(Duration::from_millis(1500))),
            ("24h", Some(Duration::from_secs(86_400))),
            ("7d", Some(Duration::from_secs(604_800))),
            ("1e99d", None),
            ("300", None),
            ("", None),
            ("ms", None),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }
}
