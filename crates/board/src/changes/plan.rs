//! Plans: whether they ask for a key, how much they let through, what has to be accepted first, what a call costs.

use super::{Change, Effect, Pair, Side, Whom, limit, offer};
use crate::{Auth, Board, Offer, Plan};
use exchange::PlanName;
use std::sync::Arc;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for new in &pair.new.plans {
        if let Some(old) = pair.old.plans.iter().find(|old| old.name == new.name) {
            auth(pair, old, new, found);
            limit::compare(pair, old, new, found);
            terms(pair, old, new, found);
            price(pair, old, new, found);
        } else {
            // Whom it lets in where, the offers tell.
            let what = format!("plan `{}` is new", new.name);
            let at = Some((Side::New, new.origin.clone()));
            found.push(Change::new(Effect::Other, "plan-added", what).whom(holders(new)).at(at));
        }
    }
    for old in &pair.old.plans {
        if !pair.new.plans.iter().any(|new| new.name == old.name) {
            let what = format!("plan `{}` is gone", old.name);
            let at = Some((Side::Old, old.origin.clone()));
            found.push(Change::new(Effect::Other, "plan-removed", what).whom(holders(old)).at(at));
        }
    }
}

/// What has to be accepted first. A file's version is what it says, so that other words close too.
fn terms(pair: &Pair<'_>, old: &Plan, new: &Plan, found: &mut Vec<Change>) {
    let name = &new.name;
    let (effect, rule, what) = match (&old.terms, &new.terms) {
        (None, Some(terms)) => {
            let what =
                format!("plan `{name}` opens nothing until the terms in `{}` are accepted", terms.address);
            (Effect::Closes, "terms-demanded", what)
        }
        (Some(terms), None) => {
            let what =
                format!("plan `{name}` asks nobody any more to accept the terms in `{}`", terms.address);
            (Effect::Opens, "terms-dropped", what)
        }
        (Some(was), Some(is)) if was.version != is.version => {
            let before =
                if was.address == is.address { String::new() } else { format!(", was `{}`", was.address) };
            let what = format!(
                "plan `{name}` opens nothing until its terms are accepted anew: they say something else in `{}`{before}",
                is.address
            );
            // Whoever had accepted the new ones already is let in again: nobody who was not.
            (Effect::Closes, "terms-changed", what)
        }
        (Some(was), Some(is)) if was.address != is.address => {
            let what =
                format!("the terms of plan `{name}` are in `{}`, were in `{}`", is.address, was.address);
            (Effect::Other, "terms-moved", what)
        }
        _ => return,
    };
    let at = pair.place(&["plans", name.as_str(), "terms"]);
    found.push(Change::new(effect, rule, what).whom(holders(new)).at(at));
}

/// What a call costs: it opens and closes nothing, and whoever pays wants to know.
fn price(pair: &Pair<'_>, old: &Plan, new: &Plan, found: &mut Vec<Change>) {
    let name = &new.name;
    let what = match (&old.price, &new.price) {
        (None, Some(is)) => format!("a call of plan `{name}` costs `{is}`, had no price"),
        (Some(was), None) => format!("a call of plan `{name}` has no price any more, was `{was}`"),
        (Some(was), Some(is)) if was != is => format!("a call of plan `{name}` costs `{is}`, was `{was}`"),
        _ => return,
    };
    let at = pair.place(&["plans", name.as_str(), "price"]);
    found.push(Change::new(Effect::Other, "price", what).whom(holders(new)).at(at));
}

/// Who holds a plan; one that asks for no key needs no holders.
fn holders(plan: &Plan) -> Whom {
    match plan.auth {
        Auth::Key => Whom::holders(&plan.name),
        Auth::None => Whom::default(),
    }
}

/// Offers of a board that name a plan.
pub(super) fn offers<'b>(board: &'b Board, plan: &'b PlanName) -> impl Iterator<Item = &'b Arc<Offer>> {
    let names = move |offer: &Offer| offer.plans.iter().any(|known| known.name == *plan);
    offer::all(&board.apis).map(|(_, offer)| offer).filter(move |offer| names(offer))
}

fn auth(pair: &Pair<'_>, old: &Plan, new: &Plan, found: &mut Vec<Change>) {
    let name = &new.name;
    let at = pair.place(&["plans", name.as_str(), "auth"]);
    let ids = |board| offers(board, name).map(|offer| Arc::clone(&offer.id)).collect::<Vec<_>>();
    let (slug, effect, board, (words, end)) = match (old.auth, new.auth) {
        (Auth::Key, Auth::None) => {
            ("auth-dropped", Effect::Opens, pair.new, ("asks for no key any more: anybody may call", ""))
        }
        (Auth::None, Auth::Key) => (
            "auth-demanded",
            Effect::Closes,
            pair.old,
            ("asks for a key: without one nobody may call", " any more"),
        ),
        (Auth::Key, Auth::Key) | (Auth::None, Auth::None) => return,
    };
    let ids = ids(board);
    let effect = if ids.is_empty() { Effect::Other } else { effect };
    let what = format!("plan `{name}` {words} {}{end}", super::words::list(&ids));
    found.push(Change::new(effect, slug, what).whom(Whom::anybody()).offers(ids).at(at));
}
