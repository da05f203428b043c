//! What a key is narrowed to: some operations, some APIs; and the day on which it ends, as people write it.
//!
//! Words of operations are those of an offer's `only`. What they name is found out where the contracts are known, once for
//! each board; here they are only kept. A key never opens more than the plans of its consumer.

use std::fmt;

/// What a key is narrowed to. Both lists empty: nothing is taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyScope {
    /// Words for operations, as in an offer's `only`; empty: every operation.
    pub only: Vec<String>,
    /// Names of APIs; empty: every API.
    pub apis: Vec<String>,
}

impl KeyScope {
    /// Whether it takes nothing away.
    pub const fn is_everything(&self) -> bool {
        self.only.is_empty() && self.apis.is_empty()
    }

    /// Whether this API is within it; of its operations only those that the words name.
    pub fn has_api(&self, api: &str) -> bool {
        self.apis.is_empty() || self.apis.iter().any(|known| known == api)
    }

    /// As it is stored: a line for each word.
    pub fn to_text(&self) -> String {
        let only = self.only.iter().map(|word| format!("only {word}\n"));
        only.chain(self.apis.iter().map(|api| format!("api {api}\n"))).collect()
    }

    /// Reads what [`Self::to_text`] wrote; `None` for a line that is neither: what it takes away is not known.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut scope = Self::default();
        for line in text.lines() {
            match line.split_once(' ')? {
                ("only", word) => scope.only.push(word.to_owned()),
                ("api", name) => scope.apis.push(name.to_owned()),
                _ => return None,
            }
        }
        Some(scope)
    }
}

/// In words: `only GET *, tag:public of orders`; empty where nothing is taken away.
impl fmt::Display for KeyScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.only.is_empty() {
            write!(out, "only {}", self.only.join(", "))?;
        }
        if !self.apis.is_empty() {
            out.write_str(if self.only.is_empty() { "only " } else { " of " })?;
            out.write_str(&self.apis.join(", "))?;
        }
        Ok(())
    }
}

/// The first millisecond of a day in UTC, since 1970: of `2027-01-01`; `None` for what is no such day.
pub fn day_ms(text: &str) -> Option<u64> {
    if text.len() != 10 {
        return None;
    }
    let day: jiff::civil::Date = text.parse().ok()?;
    u64::try_from(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond()).ok()
}

/// The UTC day and minute of a moment, for people: `2027-01-01 00:00 UTC`.
pub fn minute_of(at_ms: u64) -> String {
    let moment = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    moment.unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::{KeyScope, day_ms, minute_of};

    #[test]
    fn a_scope_comes_back_from_its_text_and_what_is_no_scope_is_none() {
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let scope = KeyScope { only: words(&["GET *", "tag:public"]), apis: words(&["orders"]) };
        for (scope, shown) in [
            (scope, "only GET *, tag:public of orders"),
            (KeyScope::default(), ""),
            (KeyScope { apis: words(&["a", "b"]), ..KeyScope::default() }, "only a, b"),
        ] {
            assert_eq!(KeyScope::of_text(&scope.to_text()).as_ref(), Some(&scope));
            assert_eq!(scope.to_string(), shown);
        }
        for text in ["nothing", "but GET *\n", "only x\nexcept y\n"] {
            assert_eq!(KeyScope::of_text(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight_in_utc() {
        assert_eq!(day_ms("2026-11-21"), Some(20_778 * 86_400_000));
        assert_eq!(minute_of(20_778 * 86_400_000 + 61_000), "2026-11-21 00:01 UTC");
        for wrong in ["2027-02-30", "2027-1-1", "tomorrow", "", "2027-01-01T00:00Z", "1969-12-31"] {
            assert_eq!(day_ms(wrong), None, "{wrong}");
        }
    }
}
