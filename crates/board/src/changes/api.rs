//! APIs: whether messages are checked, and whether answers come from a provider.

use super::{Change, Effect, Pair, Side, Whom};
use crate::{Api, CheckMode, Fault, FaultKind, Mock};
use std::sync::Arc;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for new in &pair.new.apis {
        if let Some(old) = pair.old.api(new.name.as_str()) {
            checks(pair, old, new, found);
            mock(pair, old, new, found);
        } else {
            // To whom it is offered, the offers tell.
            let at = Some((Side::New, new.origin.clone()));
            found.push(Change::new(Effect::Other, "api-added", format!("API `{}` is new", new.name)).at(at));
        }
    }
    for old in &pair.old.apis {
        if pair.new.api(old.name.as_str()).is_none() {
            let at = Some((Side::Old, old.origin.clone()));
            found.push(
                Change::new(Effect::Other, "api-removed", format!("API `{}` is gone", old.name)).at(at),
            );
        }
    }
}

/// With all offers of an API, and who may enter them.
pub(super) fn about(change: Change, api: &Api) -> Change {
    let whom = Whom::enters(api.offers.iter().map(|offer| &**offer));
    change.whom(whom).offers(api.offers.iter().map(|offer| Arc::clone(&offer.id)))
}

const fn word(mode: CheckMode) -> &'static str {
    match mode {
        CheckMode::Block => "block",
        CheckMode::Report => "report",
        CheckMode::Off => "off",
    }
}

const fn strictness(mode: CheckMode) -> u8 {
    match mode {
        CheckMode::Block => 2,
        CheckMode::Report => 1,
        CheckMode::Off => 0,
    }
}

fn checks(pair: &Pair<'_>, old: &Api, new: &Api, found: &mut Vec<Change>) {
    for (what, before, after) in [
        ("requests", old.checks.requests, new.checks.requests),
        ("responses", old.checks.responses, new.checks.responses),
    ] {
        let looser = match strictness(after).cmp(&strictness(before)) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => continue,
        };
        let does = match after {
            CheckMode::Block => "those that break the contract are refused",
            CheckMode::Report => "those that break the contract pass, and are noted",
            CheckMode::Off => "nobody looks at them",
        };
        let text = format!(
            "{what} of `{}` are checked by `{}`, was `{}`: {does}",
            new.name,
            word(after),
            word(before)
        );
        let (effect, rule, api) = if looser {
            (Effect::Opens, "check-loosened", new)
        } else {
            (Effect::Closes, "check-tightened", old)
        };
        let exact = pair.is.exact(&["apis", new.name.as_str(), "check", what]).map(|at| (Side::New, at));
        let at = exact.or_else(|| pair.place(&["apis", new.name.as_str(), "check"]));
        found.push(about(Change::new(effect, rule, text), api).at(at));
    }
}

fn mock(pair: &Pair<'_>, old: &Api, new: &Api, found: &mut Vec<Change>) {
    let name = &new.name;
    let (effect, rule, what) = match (&old.mock, &new.mock) {
        (Some(_), None) => (
            Effect::Opens,
            "mock-off",
            format!("calls of `{name}` reach its provider: they were answered from the contract"),
        ),
        (None, Some(_)) => (
            Effect::Closes,
            "mock-on",
            format!("calls of `{name}` reach no provider any more: they are answered from the contract"),
        ),
        (Some(old), Some(new)) if old != new => (
            Effect::Other,
            "mock",
            format!("the mock of `{name}` has {}, had {}", settings(new), settings(old)),
        ),
        _ => return,
    };
    let at = pair.place(&["apis", name.as_str(), "mock"]);
    let api = if effect == Effect::Closes { old } else { new };
    found.push(about(Change::new(effect, rule, what), api).at(at));
}

fn settings(mock: &Mock) -> String {
    let fault = mock.fault.map_or_else(
        || "no fault".to_owned(),
        |Fault { kind, percent }| {
            let kind = match kind {
                FaultKind::Error => "error",
                FaultKind::Drop => "drop",
            };
            format!("fault `{kind}:{percent}%`")
        },
    );
    format!("seed {}, delay {}, {fault}", mock.seed, super::words::duration(mock.delay))
}
