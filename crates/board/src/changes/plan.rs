//! Plans: whether they ask for a key, and how much they let through.

use super::{Change, Effect, Pair, Side, Whom, limit, offer};
use crate::{Auth, Board, Offer, Plan};
use exchange::PlanName;
use std::sync::Arc;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for new in &pair.new.plans {
        if let Some(old) = pair.old.plans.iter().find(|old| old.name == new.name) {
            auth(pair, old, new, found);
            limit::compare(pair, old, new, found);
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
