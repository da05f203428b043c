//! What another version of a contract does to those who call, by the verdicts of [`contract::compare`].

use super::operations::Named;
use super::{Change, Effect, Pair, Side, Whom};
use crate::Api;
use contract::{Contract, Verdict};
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
            for change in contract::compare(old, new) {
                found.extend(told((old_api, new_api), &apis, change));
            }
        }
    }
}

/// Whether both were read from the same texts.
fn same(old: &Contract, new: &Contract) -> bool {
    old.texts().eq(new.texts())
}

fn told(
    (old, new): (&Api, &Api),
    named: &(Named<'_>, Named<'_>),
    change: contract::Change,
) -> Option<Change> {
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
    let place = |side, spot: &Option<contract::Spot>, contract: Option<&Arc<Contract>>| {
        let (spot, contract) = (spot.as_ref()?, contract?);
        let stand = contract.stand(&spot.at);
        let file = stand.as_ref().map_or(contract.name.as_str(), |stand| stand.file.as_str());
        let line = stand.as_ref().map_or(spot.line, contract::Stand::line);
        Some((side, Origin { file: file.into(), line }))
    };
    let at = place(Side::New, &change.new, new.contract.as_ref())
        .or_else(|| place(Side::Old, &change.old, old.contract.as_ref()));
    let whom = Whom::enters(both.iter().map(|offer| &***offer));
    let offers: Vec<Arc<str>> = both.iter().map(|offer| Arc::clone(&offer.id)).collect();
    let told = Change::new(effect, change.rule, what).whom(whom).offers(offers).at(at);
    Some(Change { operations: change.operations, proof: change.proof, ..told })
}
