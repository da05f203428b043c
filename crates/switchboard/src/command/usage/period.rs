//! A period of the calendar as it is typed: `2026`, `2026-10`, `2026-10-03`, `2026-10-03T14`. UTC, as bills are.

use crate::exit::Failure;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// Counts of a period's last minute are on the disk a minute after it: also those of other machines.
const SETTLED_MS: u64 = 60_000;

/// A period of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// As it was typed.
    pub(super) text: String,
    /// Its first millisecond since 1970.
    pub(super) since_ms: u64,
    /// The first one after it.
    pub(super) until_ms: u64,
}

impl Period {
    /// Reads it.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        Self::parse(text).ok_or_else(|| {
            Failure::usage(format!("`{text}` is no period of the calendar"))
                .help("write a year, a month, a day or an hour, in UTC: `2026`, `2026-10`, `2026-10-03`, `2026-10-03T14`")
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let shape: String =
            text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
        let (rest, length) = match shape.as_str() {
            "0000" => ("-01-01T00:00", 1.year()),
            "0000-00" => ("-01T00:00", 1.month()),
            "0000-00-00" => ("T00:00", 1.day()),
            "0000-00-00T00" => (":00", 1.hour()),
            _ => return None,
        };
        let begin: DateTime = format!("{text}{rest}").parse().ok()?;
        let millis = |at: DateTime| {
            let at = at.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond();
            u64::try_from(at).ok()
        };
        Some(Self {
            text: text.to_owned(),
            since_ms: millis(begin)?,
            until_ms: millis(begin.checked_add(length).ok()?)?,
        })
    }

    /// Says why what was counted in it may still change; `None`: it does not.
    pub(super) fn runs(&self, now_ms: u64) -> Option<String> {
        let (text, until) = (&self.text, instant(self.until_ms));
        if now_ms < self.until_ms {
            Some(format!("the period {text} has not ended: it ends at {until}"))
        } else if now_ms < self.until_ms.saturating_add(SETTLED_MS) {
            Some(format!("the period {text} ended at {until}: its last calls are counted a minute later"))
        } else {
            None
        }
    }
}

/// A moment as RFC 3339 has it.
pub(super) fn instant(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::{Period, instant};

    #[test]
    fn a_period_is_of_the_calendar() {
        for (text, since, until) in [
            ("2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2026-12", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2024-02-29", "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2026-10-03T23", "2026-10-03T23:00:00Z", "2026-10-04T00:00:00Z"),
        ] {
            let period = Period::parse(text).unwrap();
            assert_eq!(
                (instant(period.since_ms).as_str(), instant(period.until_ms).as_str()),
                (since, until),
                "{text}"
            );
        }
        for wrong in [
            "",
            "26",
            "2026-13",
            "2026-1",
            "2026-02-30",
            "2026-10-03T24",
            "1969",
            "2026-10-",
            "10-2026",
            "२०२६",
        ] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_period_runs_until_a_minute_after_its_end() {
        let period = Period::parse("2026-10").unwrap();
        assert!(
            period
                .runs(period.until_ms - 1)
                .unwrap()
                .contains("has not ended: it ends at 2026-11-01T00:00:00Z")
        );
        assert!(period.runs(period.until_ms + 59_999).unwrap().contains("a minute later"));
        assert_eq!(period.runs(period.until_ms + 60_000), None);
    }
}
