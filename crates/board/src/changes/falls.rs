//! Paths that fall to another offer: the one that took them is gone, moved or narrowed, and a wider one stands behind it.

use super::offer::{all, overlap};
use super::words::path;
use super::{Change, Effect, Pair, Side, Whom};
use crate::{Found, NormalPath, Offer, Router};
use http::Method;
use std::sync::Arc;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for (_, gone) in all(&pair.old.apis) {
        let goes_on = pair.new_offers.get(&*gone.id);
        if goes_on.is_some_and(|(_, new)| pair.same_place(gone, new)) {
            continue;
        }
        for (_, taker) in all(&pair.new.apis).filter(|(_, taker)| taker.id != gone.id) {
            // What is new or has moved is told as opened anyway.
            let before = pair.old_offers.get(&*taker.id);
            if before.is_some_and(|(_, old)| pair.same_place(old, taker))
                && let Some(what) = falls(pair, gone, taker)
            {
                found.push(what);
            }
        }
    }
}

/// What is told when paths of `gone` reach `taker` now, which stands where it stood.
fn falls(pair: &Pair<'_>, gone: &Arc<Offer>, taker: &Arc<Offer>) -> Option<Change> {
    let listener = pair.listeners.get(taker.listener).copied().flatten()?;
    if listener != gone.listener || !overlap(&gone.at, &taker.at) {
        return None;
    }
    let host = match (&gone.host, &taker.host) {
        (Some(one), Some(other)) if one != other => return None,
        (one, other) => one.as_deref().or(other.as_deref()).unwrap_or(""),
    };
    let deeper = if gone.at.len() > taker.at.len() { &gone.at } else { &taker.at };
    // A path that no address of any offer ends with: it belongs to the longest address above it.
    let text = format!("{deeper}/any-path-below-it");
    let below = NormalPath::parse(&text).ok()?;
    let owns = |router: Option<&Router>, offer: &Arc<Offer>| {
        router.and_then(|router| owner(router, host, &below)).is_some_and(|owner| owner.id == offer.id)
    };
    if !owns(pair.old.routers.get(gone.listener), gone) || !owns(pair.new.routers.get(taker.listener), taker)
    {
        return None;
    }
    let (before, after) = (Whom::enters([&**gone]), Whom::enters([&**taker]));
    let all_open = |offer: &Offer| offer.opens.iter().all(|open| *open);
    let same_api = gone.api == taker.api && gone.opens_undeclared == taker.opens_undeclared;
    // Below another address the same path means another operation.
    let harmless = same_api && gone.at == taker.at && before.covers(&after) && all_open(gone);
    let effect = if harmless { Effect::Other } else { Effect::Opens };
    let host = if host.is_empty() { String::new() } else { format!(" for host `{host}`") };
    let what = format!(
        "paths below `{}`{host} reach `{}` now, `{}` took them before",
        path(deeper),
        taker.id,
        gone.id
    );
    let at = Some((Side::New, taker.origin.clone()));
    Some(Change::new(effect, "path-falls", what).whom(after).offers([Arc::clone(&taker.id)]).at(at))
}

/// Whose offer a path belongs to.
fn owner<'r>(router: &'r Router, host: &str, path: &NormalPath) -> Option<&'r Arc<Offer>> {
    match router.find(host, &Method::GET, path) {
        Found::Operation { offer, .. }
        | Found::OtherMethods { offer, .. }
        | Found::Undeclared { offer, .. } => Some(offer),
        Found::Nothing => None,
    }
}
