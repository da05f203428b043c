//! What another version of a contract does to those who call, by the verdicts of [`contract::compare`].

use super::operations::Named;
use super::{Change, Effect, Pair, Side, Whom};
use crate::Api;
use contract::{Contract, Spot, Verdict};
use exchange::Origin;
use std::sync::Arc;

/// Operations that come and go are told by the offers that open them.
const BY_OFFERS: [&str; 2] = ["operation-added", "operation-removed"];

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for new_api in &pair.new.apis {
        let Some(old_api) = pair.old.api(new_api.name.as_str()) else { continue };
        let (Some(old), Some(new)) = (&old_api.contract, &new_api.contract) else { continue };
        if !same(old, new) {
            let apis = (Named::of(old_api), Named::of(new_api));
            let changes = contract::compare(old, new);
            let places = places(&changes, old, new);
            for (change, place) in changes.into_iter().zip(places) {
                let told = told(new_api, &apis, change);
                found.extend(told.map(|told| told.at(place)));
            }
        }
    }
}

/// Where each change is: in the new contract, else in the old one.
fn places(changes: &[contract::Change], old: &Contract, new: &Contract) -> Vec<Option<(Side, Origin)>> {
    let of = |contract: &Contract, spots: Vec<Option<&Spot>>| -> Vec<Option<Origin>> {
        // Of one text the name is known; of several a scan says which one a pointer leads into.
        let single = contract.texts().count() < 2;
        let pointers: Vec<_> = spots.iter().flatten().map(|spot| spot.at.clone()).collect();
        let stands = if single { Vec::new() } else { contract.stands(&pointers) };
        let mut stands = stands.into_iter();
        let mut file = || stands.next().flatten().map_or_else(|| contract.name.clone(), |stand| stand.file);
        spots
            .into_iter()
            .map(|spot| spot.map(|spot| Origin { file: file().into(), line: spot.line }))
            .collect()
    };
    let news = of(new, changes.iter().map(|change| change.new.as_ref()).collect());
    let olds = of(old, changes.iter().map(|change| change.old.as_ref()).collect());
    let side = |side, place: Option<Origin>| place.map(|place| (side, place));
    news.into_iter()
        .zip(olds)
        .map(|(new, old)| side(Side::New, new).or_else(|| side(Side::Old, old)))
        .collect()
}

/// Whether both were read from the same texts.
fn same(old: &Contract, new: &Contract) -> bool {
    old.texts().eq(new.texts())
}

fn told(new: &Api, named: &(Named<'_>, Named<'_>), change: contract::Change) -> Option<Change> {
    // Of operations that no offer opens nobody else tells.
    let ids = &change.operations;
    let (by_old, by_new) = (named.0.opening(ids), named.1.opening(ids));
    if BY_OFFERS.contains(&change.rule) && !(by_old.is_empty() && by_new.is_empty()) {
        return None;
    }
    let both: Vec<_> =
        by_old.iter().filter(|offer| by_new.iter().any(|other| other.id == offer.id)).copied().collect();
    let effect = match change.verdict {
        // Nobody calls it through an offer: whoever uses it from here should know all the same.
        _ if both.is_empty() => Effect::Other,
        Verdict::Breaking => Effect::Closes,
        Verdict::Unknown => Effect::Unclear,
        Verdict::Additive | Verdict::Neutral => Effect::Other,
    };
    let of = match ids.as_slice() {
        [] => format!("`{}`", new.name),
        ids => format!("{} of `{}`", super::words::list(ids), new.name),
    };
    let what = format!("contract, {}: {of}: {}", change.verdict, change.what);
    let whom = Whom::enters(both.iter().map(|offer| &***offer));
    let offers: Vec<Arc<str>> = both.iter().map(|offer| Arc::clone(&offer.id)).collect();
    let told = Change::new(effect, change.rule, what).whom(whom).offers(offers);
    Some(Change { operations: change.operations, proof: change.proof, ..told })
}
