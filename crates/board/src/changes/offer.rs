//! Offers: new and gone ones, their addresses, who may enter, which pages may call, what else they let through.

use super::words::{list, path};
use super::{Change, Effect, Pair, Side, Whom, operations};
use crate::{Api, Auth, CheckMode, KeyPlace, Offer, Upgrade};
use std::sync::Arc;

/// An offer that both boards have.
pub(super) struct Both<'p> {
    pub(super) pair: &'p Pair<'p>,
    pub(super) old_api: &'p Api,
    pub(super) new_api: &'p Api,
    pub(super) old: &'p Arc<Offer>,
    pub(super) new: &'p Arc<Offer>,
}

/// Every offer of a board with its API, in file order.
pub(super) fn all(apis: &[Arc<Api>]) -> impl Iterator<Item = (&Api, &Arc<Offer>)> {
    apis.iter().flat_map(|api| api.offers.iter().map(move |offer| (&**api, offer)))
}

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for (new_api, new) in all(&pair.new.apis) {
        if let Some((old_api, old)) = pair.old_offers.get(&*new.id).copied() {
            Both { pair, old_api, new_api, old, new }.compare(found);
        } else {
            let what = format!("offer `{}` is new, at {}", new.id, pair.address(new, Side::New));
            let change = Change::new(Effect::Opens, "offer-added", what).offers([Arc::clone(&new.id)]);
            let at = Some((Side::New, new.origin.clone()));
            found.push(change.whom(Whom::enters([&**new])).at(at));
        }
    }
    for (_, old) in all(&pair.old.apis) {
        if !pair.new_offers.contains_key(&*old.id) {
            let what = format!("offer `{}` is gone from {}", old.id, pair.address(old, Side::Old));
            let change = Change::new(Effect::Closes, "offer-removed", what).offers([Arc::clone(&old.id)]);
            let at = Some((Side::Old, old.origin.clone()));
            found.push(change.whom(Whom::enters([&**old])).at(at));
        }
    }
}

impl Pair<'_> {
    /// Where an offer stands, in words.
    pub(super) fn address(&self, offer: &Offer, side: Side) -> String {
        let board = if side == Side::Old { self.old } else { self.new };
        let listener = board.listeners.get(offer.listener).map_or("", |listener| &*listener.name);
        let host = offer.host.as_ref().map_or_else(String::new, |host| format!(" for host `{host}`"));
        format!("`{}` of listener `{listener}`{host}", path(&offer.at))
    }

    /// Whether two offers stand at one address: listener, host and path.
    pub(super) fn same_place(&self, old: &Offer, new: &Offer) -> bool {
        let listener = self.listeners.get(new.listener).copied().flatten();
        listener == Some(old.listener) && old.host == new.host && old.at == new.at
    }
}

impl Both<'_> {
    /// Adds a change of this offer; of what closes, those are concerned who could enter before.
    pub(super) fn push(&self, found: &mut Vec<Change>, key: &str, change: Change) {
        let (api, name) = (self.new_api.name.as_str(), self.name());
        let change = Change { offers: vec![Arc::clone(&self.new.id)], ..change };
        let at = change.at.clone().or_else(|| self.pair.place(&["apis", api, "offer", name, key]));
        let nobody = change.whom == Whom::default();
        let whom = match change.effect {
            _ if !nobody => change.whom.clone(),
            Effect::Closes => Whom::enters([&**self.old]),
            _ => Whom::enters([&**self.new]),
        };
        found.push(Change { whom, at, ..change });
    }

    fn name(&self) -> &str {
        self.new.id.get(self.new_api.name.as_str().len() + 1..).unwrap_or_default()
    }

    fn compare(&self, found: &mut Vec<Change>) {
        self.address(found);
        self.plans(found);
        operations::compare(self, found);
        self.key_places(found);
        self.pages(found);
        self.bodies(found);
    }

    fn address(&self, found: &mut Vec<Change>) {
        let (old, new, id) = (self.old, self.new, &self.new.id);
        if self.pair.same_place(old, new) {
            return;
        }
        let (was, is) = (self.pair.address(old, Side::Old), self.pair.address(new, Side::New));
        let key = if old.at != new.at {
            "at"
        } else if old.host != new.host {
            "host"
        } else {
            "on"
        };
        let listener = self.pair.listeners.get(new.listener).copied().flatten();
        let stays = listener == Some(old.listener) && old.at == new.at;
        // Whoever names the one host could call before, unless another offer took those calls: one for a host comes
        // before one for any host, then the longest path.
        let overtakes = || {
            all(&self.pair.old.apis).any(|(_, other)| {
                other.listener == old.listener && other.id != old.id && overlap(&other.at, &old.at)
            })
        };
        if !(stays && old.host.is_none() && !overtakes()) {
            let what = format!("offer `{id}` is at {is}, was at {was}");
            self.push(found, key, Change::new(Effect::Opens, "address-opened", what));
        }
        if !(stays && new.host.is_none()) {
            let what = format!("offer `{id}` is at {is} only, not at {was} any more");
            self.push(found, key, Change::new(Effect::Closes, "address-closed", what));
        }
    }

    fn plans(&self, found: &mut Vec<Change>) {
        let (old, new, id) = (self.old, self.new, &self.new.id);
        let (before, after) = (Whom::enters([&**old]), Whom::enters([&**new]));
        let names = |offer: &Offer, other: &Offer| -> Vec<_> {
            let missing = |name| !other.plans.iter().any(|plan| plan.name == name);
            offer.plans.iter().filter(|plan| missing(plan.name.clone())).cloned().collect()
        };
        for plan in names(new, old) {
            let open = plan.auth == Auth::None;
            let effect = if before.anybody { Effect::Other } else { Effect::Opens };
            let (what, whom) = if before.anybody {
                (
                    format!("plan `{}` stands in `{id}`, which anybody may call", plan.name),
                    Whom::holders(&plan.name),
                )
            } else if open {
                (format!("plan `{}` lets anybody call `{id}`, without a key", plan.name), Whom::anybody())
            } else {
                (format!("plan `{}` may call `{id}`", plan.name), Whom::holders(&plan.name))
            };
            self.push(found, "plans", Change::new(effect, "plan-enters", what).whom(whom));
        }
        for plan in names(old, new) {
            let open = plan.auth == Auth::None;
            let effect = if after.anybody { Effect::Other } else { Effect::Closes };
            let (what, whom) = if after.anybody {
                let what = format!("plan `{}` stands in `{id}` no more, which anybody may call", plan.name);
                (what, Whom::holders(&plan.name))
            } else if open {
                (
                    format!("`{id}` is not open to anybody any more: plan `{}` is gone from it", plan.name),
                    Whom::anybody(),
                )
            } else {
                (format!("plan `{}` may not call `{id}` any more", plan.name), Whom::holders(&plan.name))
            };
            self.push(found, "plans", Change::new(effect, "plan-leaves", what).whom(whom));
        }
        let common = |one: &Offer, other: &Offer| -> Vec<String> {
            let held = |name| other.plans.iter().any(|plan| plan.name == name);
            one.plans
                .iter()
                .filter(|plan| held(plan.name.clone()))
                .map(|plan| plan.name.to_string())
                .collect()
        };
        let (was, is) = (common(old, new), common(new, old));
        if was != is {
            let what = format!(
                "who holds several plans calls `{id}` by the first of {}; the order was {}",
                list(&is),
                list(&was)
            );
            self.push(found, "plans", Change::new(Effect::Unclear, "plan-order", what));
        }
    }

    fn key_places(&self, found: &mut Vec<Change>) {
        let (old, new, id) = (self.old, self.new, &self.new.id);
        // Where nobody was or is asked, the plans tell.
        if old.key_places.is_empty() || new.key_places.is_empty() {
            return;
        }
        let beyond = |some: &[KeyPlace], known: &[KeyPlace]| -> Vec<String> {
            some.iter().filter(|place| !known.contains(place)).map(place).collect()
        };
        let (more, fewer) =
            (beyond(&new.key_places, &old.key_places), beyond(&old.key_places, &new.key_places));
        if !more.is_empty() {
            let what = format!("`{id}` also takes a key in {}", more.join(" and "));
            self.push(found, "", Change::new(Effect::Opens, "key-place-added", what));
        }
        if !fewer.is_empty() {
            let what = format!("`{id}` takes no key in {} any more", fewer.join(" or "));
            self.push(found, "", Change::new(Effect::Closes, "key-place-removed", what));
        }
    }

    fn pages(&self, found: &mut Vec<Change>) {
        let (old, new, id) = (&self.old.cors, &self.new.cors, &self.new.id);
        let beyond = |some: &crate::Cors, known: &crate::Cors| -> Vec<String> {
            some.origins.iter().filter(|origin| !known.allows(origin)).cloned().collect()
        };
        if new.any && !old.any {
            let what = format!("pages of any origin may call `{id}`");
            self.push(found, "cors", Change::new(Effect::Opens, "origin-opened", what));
        } else if let more = beyond(new, old)
            && !more.is_empty()
        {
            let what = format!("pages of {} may call `{id}`", list(&more));
            self.push(found, "cors", Change::new(Effect::Opens, "origin-opened", what));
        }
        let fewer = beyond(old, new);
        if old.any && !new.any {
            let what = if new.is_on() {
                format!("pages of {} alone may call `{id}`, not of any origin", list(&new.origins))
            } else {
                format!("no page may call `{id}` any more")
            };
            self.push(found, "cors", Change::new(Effect::Closes, "origin-closed", what));
        } else if !fewer.is_empty() {
            let what = format!("pages of {} may not call `{id}` any more", list(&fewer));
            self.push(found, "cors", Change::new(Effect::Closes, "origin-closed", what));
        }
    }

    fn bodies(&self, found: &mut Vec<Change>) {
        let (old, new, id) = (self.old, self.new, &self.new.id);
        if old.max_body != new.max_body {
            let effect = match (self.new_api.checks.requests, new.max_body > old.max_body) {
                (CheckMode::Off, _) => Effect::Other,
                (_, true) => Effect::Opens,
                (_, false) => Effect::Closes,
            };
            let what = format!(
                "bodies that `{id}` holds for a check have at most {}, was {}",
                new.max_body, old.max_body
            );
            self.push(found, "max-body", Change::new(effect, "max-body", what));
        }
        let beyond = |some: &[Upgrade], known: &[Upgrade]| some.iter().any(|one| !known.contains(one));
        if beyond(&new.upgrade, &old.upgrade) {
            let what = format!("`{id}` lets WebSockets through");
            self.push(found, "upgrade", Change::new(Effect::Opens, "upgrade-added", what));
        }
        if beyond(&old.upgrade, &new.upgrade) {
            let what = format!("`{id}` lets no WebSockets through any more");
            self.push(found, "upgrade", Change::new(Effect::Closes, "upgrade-removed", what));
        }
    }
}

/// Whether one of two addresses lies below the other, by whole segments.
pub(super) fn overlap(one: &str, other: &str) -> bool {
    let below = |at: &str, other: &str| at.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    one == other || below(one, other) || below(other, one)
}

fn place(place: &KeyPlace) -> String {
    match place {
        KeyPlace::Header(name) => format!("the field `{name}`"),
        KeyPlace::Bearer => "`Authorization: Bearer`".to_owned(),
        KeyPlace::Query(name) => format!("the query parameter `{name}`"),
        KeyPlace::Cookie(name) => format!("the cookie `{name}`"),
    }
}
