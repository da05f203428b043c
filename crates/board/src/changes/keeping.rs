//! What is kept of calls, and who may look at it: `[record]`, `[console]`.

use super::words::list;
use super::{Change, Effect, Pair};
use crate::DetailsWanted;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    record(pair, found);
    console(pair, found);
}

fn record(pair: &Pair<'_>, found: &mut Vec<Change>) {
    let (old, new) = (&pair.old.record, &pair.new.record);
    let mut tell = |effect, rule, key: &str, what: String| {
        found.push(Change::new(effect, rule, what).at(pair.place(&["record", key])));
    };
    if old.rows_per_second != new.rows_per_second {
        let what = format!(
            "up to {} calls a second have a row each, was {}",
            new.rows_per_second, old.rows_per_second
        );
        tell(Effect::Other, "rows", "rows", what);
    }
    if old.details != new.details {
        let (word, more) = (word(new.details), rank(new.details) > rank(old.details));
        let what = format!("heads and bodies are kept of {word}, was of {}", self::word(old.details));
        if more {
            tell(Effect::Opens, "details-more", "details", what);
        } else {
            tell(Effect::Other, "details-fewer", "details", what);
        }
    }
    let beyond = |some: &[String], known: &[String]| -> Vec<String> {
        let known = |name: &String| known.iter().any(|other| other.eq_ignore_ascii_case(name));
        some.iter().filter(|name| !known(name)).cloned().collect()
    };
    let (shown, hidden) = (beyond(&old.redact, &new.redact), beyond(&new.redact, &old.redact));
    if !shown.is_empty() {
        let what = format!("values of {} are kept in clear", list(&shown));
        tell(Effect::Opens, "redacted-less", "redact", what);
    }
    if !hidden.is_empty() {
        let what = format!("values of {} are not kept any more", list(&hidden));
        tell(Effect::Other, "redacted-more", "redact", what);
    }
}

const fn word(details: DetailsWanted) -> &'static str {
    match details {
        DetailsWanted::None => "no call",
        DetailsWanted::Failed => "calls that went wrong",
        DetailsWanted::All => "every call",
    }
}

const fn rank(details: DetailsWanted) -> u8 {
    match details {
        DetailsWanted::None => 0,
        DetailsWanted::Failed => 1,
        DetailsWanted::All => 2,
    }
}

fn console(pair: &Pair<'_>, found: &mut Vec<Change>) {
    let (effect, rule, what) = match (&pair.old.console, &pair.new.console) {
        (None, Some(new)) => (Effect::Opens, "console-on", format!("the console is on, at {}", new.bind)),
        (Some(old), None) => {
            (Effect::Closes, "console-off", format!("the console is off, was at {}", old.bind))
        }
        (Some(old), Some(new)) if old.bind != new.bind => {
            (Effect::Opens, "console-moved", format!("the console is at {}, was at {}", new.bind, old.bind))
        }
        _ => return,
    };
    found.push(Change::new(effect, rule, what).at(pair.place(&["console", "bind"])));
}
