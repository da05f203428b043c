//! `[alerts.NAME]`: a threshold, and the webhook that is called when it is crossed.

use crate::code;
use crate::keys::{Keys, Text};
use crate::quantity;
use crate::report::{Problem, closest};
use crate::scope::Scope;
use crate::tree::Entry;
use crate::webhook::{Resolved, Webhook};
use exchange::Origin;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The window of `drift` where none is said.
const DRIFT: Duration = Duration::from_secs(3_600);
/// Counts are kept by minutes, and looked at each few seconds.
const WINDOWS: std::ops::RangeInclusive<u64> = 60..=86_400;

/// A threshold, and who is told.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its name.
    pub name: Arc<str>,
    /// What is watched.
    pub when: When,
    /// The same as written.
    pub text: Arc<str>,
    /// Where it is told.
    pub to: Arc<Webhook>,
    /// Where it is written.
    pub origin: Origin,
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// So much of a quota is granted: each account, once in its period.
    Quota(Share),
    /// So many of an API's calls failed in the last minutes, once in so many.
    Errors(Share, Duration),
    /// More than this share of an API's calls broke its contract, once in so long.
    Drift(Share, Duration),
    /// A soft quota is used up, or somebody goes over a soft rate or a soft bound of calls at once.
    SoftLimit,
}

/// A share, in hundredths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// Everything.
    pub const ALL: Self = Self(10_000);

    /// Reads `5%`, `0.25%`; above 0 and at most 100.
    fn read(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str, most| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, 3) || !digits(fraction, 2) {
            return None;
        }
        let hundredths: u32 = format!("{fraction:0<2}").parse().ok()?;
        let share = whole.parse::<u32>().ok()? * 100 + hundredths;
        (1..=10_000).contains(&share).then_some(Self(share))
    }

    /// The smallest number that is at least this share of `whole`.
    pub fn of(self, whole: u64) -> u64 {
        u64::try_from((u128::from(whole) * u128::from(self.0)).div_ceil(10_000)).unwrap_or(u64::MAX)
    }

    /// Whether so many of so many are at least this share.
    pub fn is_reached(self, part: u64, whole: u64) -> bool {
        whole > 0 && u128::from(part) * 10_000 >= u128::from(whole) * u128::from(self.0)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 100, self.0 % 100) {
            (whole, 0) => write!(out, "{whole}%"),
            (whole, rest) if rest % 10 == 0 => write!(out, "{whole}.{}%", rest / 10),
            (whole, rest) => write!(out, "{whole}.{rest:02}%"),
        }
    }
}

/// Resolves `[alerts.*]`.
pub(crate) fn resolve(root: &Keys<'_, '_>, webhooks: &[Resolved], scope: &Scope<'_>) -> Vec<Alert> {
    root.members("alerts")
        .into_iter()
        .filter_map(|(name, entry)| alert(name, entry, webhooks, scope))
        .collect()
}

fn alert(name: &str, entry: &Entry, webhooks: &[Resolved], scope: &Scope<'_>) -> Option<Alert> {
    let keys = Keys::open(format!("[alerts.{name}]"), entry, &["when", "to"], &[], scope.report)?;
    for (key, example) in [("when", "\"quota 80%\""), ("to", "\"NAME\"")] {
        if keys.entry(key).is_none() {
            keys.missing(key, example);
        }
    }
    let when = keys.text("when").and_then(|text| {
        let when = read(text.text).map_err(|why| {
            scope.report.add(
                Problem::error(&code::BAD_ALERT, format!("`when` of {} is no threshold", keys.name))
                    .at(text.at, why)
                    .help("write `\"quota 80%\"`, `\"errors 5% in 5m\"`, `\"drift\"`, `\"drift 1% in 1h\"` or `\"soft-limit\"`"),
            );
        });
        Some((when.ok()?, text.text))
    });
    let to = keys.text("to").and_then(|text| named(&keys, text, webhooks, scope));
    let (when, text) = when?;
    Some(Alert { name: name.into(), when, text: text.into(), to: to?, origin: entry.key.origin() })
}

/// Reads a threshold.
fn read(text: &str) -> Result<When, &'static str> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let share = |text: &str| {
        Share::read(text).ok_or("a share is above 0% and at most 100%, with at most two decimals")
    };
    let window = |text: &str| {
        let read =
            quantity::duration(text).filter(|read| read.as_secs() % 60 == 0 && read.subsec_millis() == 0);
        read.filter(|read| WINDOWS.contains(&read.as_secs()))
            .ok_or("a window is whole minutes, from `1m` to `24h`")
    };
    Ok(match words.as_slice() {
        ["quota", part] => When::Quota(share(part)?),
        ["errors", part, "in", length] => When::Errors(share(part)?, window(length)?),
        ["drift"] => When::Drift(Share(0), DRIFT),
        ["drift", part, "in", length] => When::Drift(share(part)?, window(length)?),
        ["soft-limit"] => When::SoftLimit,
        _ => return Err("nothing that is watched"),
    })
}

fn named(
    keys: &Keys<'_, '_>,
    Text { text, at }: Text<'_>,
    webhooks: &[Resolved],
    scope: &Scope<'_>,
) -> Option<Arc<Webhook>> {
    if let Some(found) = webhooks.iter().find(|known| &*known.name == text) {
        return found.webhook.clone();
    }
    let problem = Problem::error(&code::UNKNOWN_WEBHOOK, format!("there is no webhook `{text}`"))
        .at(at, format!("named by {}", keys.name));
    scope.report.add(match closest(text, webhooks.iter().map(|known| &*known.name)) {
        Some(name) => problem.help(format!("write \"{name}\"")),
        None => problem.help(format!("add `[webhooks.{text}]` with `url` and `secret`")),
    });
    None
}

#[cfg(test)]
mod tests {
    use super::{Share, When, read};
    use std::time::Duration;

    #[test]
    fn a_threshold_is_read() {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        for (text, when) in [
            ("quota 80%", When::Quota(Share(8_000))),
            ("quota 100%", When::Quota(Share::ALL)),
            ("errors 0.25% in 5m", When::Errors(Share(25), minutes(5))),
            ("drift", When::Drift(Share(0), minutes(60))),
            ("drift 1.5% in 24h", When::Drift(Share(150), minutes(1_440))),
            ("soft-limit", When::SoftLimit),
        ] {
            assert_eq!(read(text), Ok(when), "{text}");
        }
        for wrong in [
            "",
            "quota",
            "quota 180%",
            "quota 0%",
            "quota 80",
            "quota -5%",
            "errors 5%",
            "errors 5% in 90s",
            "errors 5% in 25h",
            "errors 5% in 0m",
            "drift 0.001% in 1h",
            "soft-limit 5%",
            "latency 5%",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_reached_exactly() {
        let share = Share::read("5%").unwrap();
        assert!(share.is_reached(5, 100) && !share.is_reached(4, 100) && !share.is_reached(0, 0));
        assert!(share.is_reached(u64::MAX, u64::MAX));
        assert_eq!(
            (share.of(100), share.of(101), share.of(1), share.of(u64::MAX)),
            (5, 6, 1, u64::MAX.div_ceil(20))
        );
        for text in ["5%", "0.25%", "99.5%", "0.05%"] {
            assert_eq!(Share::read(text).unwrap().to_string(), text);
        }
    }
}
