//! Limits and quotas of a plan: which let more through, which less.
//!
//! A limit is said to be tighter only where it admits nothing that the old one did not; all else is looser.

use super::words::rate_within;
use super::{Change, Effect, Pair, Side, Whom, plan};
use crate::{Limit, Measure, Per, Plan};
use exchange::{Period, Quota};
use std::sync::Arc;

pub(super) fn compare(pair: &Pair<'_>, old: &Plan, new: &Plan, found: &mut Vec<Change>) {
    let mut was: Vec<&Limit> = old.limits.iter().collect();
    let mut is: Vec<&Limit> = new.limits.iter().collect();
    let mut both = Vec::new();
    // The nearest relation first, so that each limit is told with what it was.
    for alike in RELATIONS {
        let mut index = 0;
        while let Some(one) = is.get(index) {
            match was.iter().position(|other| alike(other, one)) {
                Some(position) => both.push((was.remove(position), is.remove(index))),
                None => index += 1,
            }
        }
    }
    let name = &new.name;
    let mut tell = |(effect, rule), what: String, at| {
        // `auth` says whom a limit counts; a plan without a key has no holders.
        let board = if effect == Effect::Closes { pair.old } else { pair.new };
        let offers: Vec<_> = plan::offers(board, name).map(|offer| Arc::clone(&offer.id)).collect();
        let asks = board.plans.iter().any(|plan| plan.name == *name && plan.auth == crate::Auth::Key);
        let whom = if asks { Whom::holders(name) } else { Whom::anybody() };
        found.push(Change::new(effect, rule, what).whom(whom).offers(offers).at(Some(at)));
    };
    for (old, new) in both {
        let (before, after) = (shown(old), shown(new));
        if same(old, new) {
            continue;
        }
        let (effect, words) = match (old.soft, new.soft) {
            (true, true) => (Effect::Other, "is named at another limit"),
            (false, true) => (Effect::Opens, "is only named, and not refused, over a limit"),
            (true, false) => (Effect::Closes, "is refused over a limit, and was only named"),
            (false, false) if within(new, old) => (Effect::Closes, "may call less"),
            (false, false) => (Effect::Opens, "may call more, or otherwise"),
        };
        let words =
            if effect == Effect::Opens && within(old, new) && !new.soft { "may call more" } else { words };
        let rule = match effect {
            Effect::Opens => "limit-loosened",
            Effect::Closes => "limit-tightened",
            Effect::Unclear | Effect::Other => "limit-soft",
        };
        let what = format!("plan `{name}` {words}: `{after}`, was `{before}`");
        tell((effect, rule), what, (Side::New, new.origin.clone()));
    }
    for old in was {
        let effect = if old.soft { Effect::Other } else { Effect::Opens };
        let what = format!("plan `{name}` has the limit `{}` no more", shown(old));
        tell((effect, "limit-removed"), what, (Side::Old, old.origin.clone()));
    }
    for new in is {
        let effect = if new.soft { Effect::Other } else { Effect::Closes };
        let what = format!("plan `{name}` has a limit more: `{}`", shown(new));
        tell((effect, "limit-added"), what, (Side::New, new.origin.clone()));
    }
}

type Relation = fn(&Limit, &Limit) -> bool;

/// How alike a limit of the old plan and one of the new plan are, the nearest first.
const RELATIONS: [Relation; 5] = [
    same,
    |old, new| kind(old) == kind(new) && old.per == new.per && old.soft == new.soft,
    |old, new| kind(old) == kind(new) && old.per == new.per,
    |old, new| kind(old) == kind(new),
    |old, new| std::mem::discriminant(&old.measure) == std::mem::discriminant(&new.measure),
];

fn same(old: &Limit, new: &Limit) -> bool {
    old.measure == new.measure && old.per == new.per && old.soft == new.soft
}

/// What is measured, without how much of it.
fn kind(limit: &Limit) -> (u8, Option<Period>) {
    match limit.measure {
        Measure::Rate(_) => (0, None),
        Measure::AtOnce(_) => (1, None),
        Measure::Quota(quota) => (2, Some(quota.period)),
    }
}

/// Whether `new` lets nothing through that `old` refuses.
fn within(new: &Limit, old: &Limit) -> bool {
    let amount = match (&new.measure, &old.measure) {
        (Measure::Rate(new), Measure::Rate(old)) => rate_within(new, old),
        (Measure::AtOnce(new), Measure::AtOnce(old)) => new <= old,
        (Measure::Quota(new), Measure::Quota(old)) => quota_within(new, old),
        _ => false,
    };
    amount && per_within(new.per, old.per)
}

/// Whether counting per `new` counts at least as much together as counting per `old`.
fn per_within(new: Per, old: Per) -> bool {
    match (new, old) {
        (Per::Consumer, Per::Key | Per::Operation | Per::Api) | (Per::Api, Per::Operation) => true,
        (new, old) => new == old,
    }
}

fn quota_within(new: &Quota, old: &Quota) -> bool {
    new.amount <= old.amount && (new.period == old.period || lies_in(old.period, new.period))
}

/// Whether every period `short` lies within one period `long`.
fn lies_in(short: Period, long: Period) -> bool {
    use Period::{Day, Hour, Month, Rolling, Week, Year};
    match (short, long) {
        // A week may lie in two months, and in two years.
        (Hour, Day | Week | Month | Year) | (Day, Week | Month | Year) | (Month, Year) => true,
        (Rolling(short), Rolling(long)) => short <= long,
        // Any stretch of that length is watched, so the calendar's is too.
        (short, Rolling(long)) => longest_seconds(short) <= long.as_secs(),
        _ => false,
    }
}

fn longest_seconds(period: Period) -> u64 {
    const DAY: u64 = 86_400;
    match period {
        Period::Hour => 3_600,
        Period::Day => DAY,
        Period::Week => 7 * DAY,
        Period::Month => 31 * DAY,
        Period::Year => 366 * DAY,
        Period::Rolling(length) => length.as_secs(),
    }
}

/// As written, with what it counts per where that is not written.
fn shown(limit: &Limit) -> String {
    if limit.per == Per::Address && !limit.text.contains(" per ") {
        format!("{} per ip", limit.text)
    } else {
        limit.text.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::limit::{read, read_quota};
    use crate::{Limit, Measure, Per};
    use exchange::{Origin, PlanName, PolicyId};

    fn limit(text: &str) -> Limit {
        let (measure, per, soft) = match text.strip_prefix("quota ") {
            None => read(text).map(|written| (written.measure, written.per, written.soft)).unwrap(),
            Some(text) => {
                let written = read_quota(text).unwrap();
                (Measure::Quota(written.measure), written.per, written.soft)
            }
        };
        Limit {
            policy: PolicyId::new(&PlanName::new("free"), "h"),
            measure,
            per: per.unwrap_or(Per::Consumer),
            soft,
            text: text.to_owned(),
            origin: Origin { file: "switchboard.toml".into(), line: 1 },
        }
    }

    #[test]
    fn a_limit_is_tighter_only_where_it_admits_nothing_new() {
        for (new, old, tighter) in [
            ("30/min", "60/min", true),
            ("60/min", "30/min", false),
            ("60/min burst 5", "60/min", true),
            ("61/min burst 5", "60/min", false),
            ("3600/h burst 60", "60/min", true),
            ("60/min", "60/min per key", true),
            ("60/min per key", "60/min", false),
            ("60/min per ip", "60/min", false),
            ("60/min", "60/min per ip", false),
            ("60/min per api", "60/min per operation", true),
            ("60/min per operation", "60/min per api", false),
            ("3 at once", "4 at once", true),
            ("5 at once", "4 at once", false),
            ("quota 100/month", "quota 100/day", true),
            ("quota 101/month", "quota 100/day", false),
            ("quota 100/day", "quota 100/month", false),
            ("quota 100/month", "quota 100/week", false),
            ("quota 100/year", "quota 100/week", false),
            ("quota 100 in 24h", "quota 100/day", true),
            ("quota 100 in 23h", "quota 100/day", false),
            ("quota 100 in 48h", "quota 100 in 24h", true),
            ("quota 100/day", "quota 100 in 24h", false),
            ("quota 100/day", "60/min", false),
            ("100/day", "100/month", false),
        ] {
            assert_eq!(within(&limit(new), &limit(old)), tighter, "{new} after {old}");
        }
    }
}
