//! Listeners: addresses that open and close, who is believed, what travels in clear.

use super::words::{duration, list, rate, rate_within};
use super::{Change, Effect, Pair, Side, Whom};
use crate::{Board, Listener, TrustedNetwork};
use std::fmt::Display;
use std::sync::Arc;

/// For each listener of the new board the one of the old board that it goes on: of the same name, else at the same address.
pub(super) fn paired(old: &[Listener], new: &[Listener]) -> Vec<Option<usize>> {
    let named = |one: &Listener| old.iter().position(|other| other.name == one.name);
    let mut pairs: Vec<Option<usize>> = new.iter().map(named).collect();
    for (index, one) in new.iter().enumerate() {
        let found = old.iter().position(|other| other.bind == one.bind);
        if pairs[index].is_none()
            && let Some(found) = found.filter(|found| !pairs.contains(&Some(*found)))
        {
            pairs[index] = Some(found);
        }
    }
    pairs
}

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for (index, one) in pair.new.listeners.iter().enumerate() {
        if let Some(before) = pair.listeners.get(index).copied().flatten() {
            let Some(old) = pair.old.listeners.get(before) else { continue };
            Both { pair, old, new: one, before, index }.compare(found);
        } else {
            let what = format!("listener `{}` is new, at {}", one.name, one.bind);
            let change = Change::new(Effect::Opens, "listener-added", what);
            let at = Some((Side::New, one.origin.clone()));
            found.push(about(change, pair.new, index).at(at));
        }
    }
    for (index, one) in pair.old.listeners.iter().enumerate() {
        if !pair.listeners.contains(&Some(index)) {
            let what = format!("nothing listens at {} any more: listener `{}` is gone", one.bind, one.name);
            let change = Change::new(Effect::Closes, "listener-removed", what);
            let at = Some((Side::Old, one.origin.clone()));
            found.push(about(change, pair.old, index).at(at));
        }
    }
}

/// With the listener, its offers, and who may enter them.
fn about(change: Change, board: &Board, index: usize) -> Change {
    let offers: Vec<_> =
        board.apis.iter().flat_map(|api| &api.offers).filter(|offer| offer.listener == index).collect();
    let listener = board.listeners.get(index).map(|listener| Arc::clone(&listener.name));
    let whom = Whom::enters(offers.iter().map(|offer| &***offer));
    Change { listener, ..change }.whom(whom).offers(offers.iter().map(|offer| Arc::clone(&offer.id)))
}

struct Both<'p> {
    pair: &'p Pair<'p>,
    old: &'p Listener,
    new: &'p Listener,
    before: usize,
    index: usize,
}

impl Both<'_> {
    fn push(&self, found: &mut Vec<Change>, (effect, rule): (Effect, &'static str), key: &str, what: String) {
        let (board, index) = match effect {
            Effect::Closes => (self.pair.old, self.before),
            _ => (self.pair.new, self.index),
        };
        let name = &self.new.name;
        let at = self.pair.place(&["listen", name, key]);
        found.push(about(Change::new(effect, rule, what), board, index).at(at));
    }

    fn compare(&self, found: &mut Vec<Change>) {
        let (old, new, name) = (self.old, self.new, &self.new.name);
        if old.name != new.name {
            let what = format!("listener `{}` is called `{name}`", old.name);
            self.push(found, (Effect::Other, "listener-renamed"), "", what);
        }
        if old.bind != new.bind {
            let more = match (
                new.bind.ip().to_canonical().is_loopback(),
                old.bind.ip().to_canonical().is_loopback(),
            ) {
                (false, true) => ": other machines can reach it",
                (true, false) => ": this machine alone can reach it",
                _ => "",
            };
            let what = format!("listener `{name}` is at {}, was at {}{more}", new.bind, old.bind);
            self.push(found, (Effect::Opens, "address-opened"), "bind", what);
            if !(new.bind.ip().is_unspecified() && new.bind.port() == old.bind.port()) {
                let what = format!("listener `{name}` is not at {} any more", old.bind);
                self.push(found, (Effect::Closes, "address-closed"), "bind", what);
            }
        }
        if old.url != new.url {
            let what = format!("callers of listener `{name}` are told `{}`, was `{}`", new.url, old.url);
            self.push(found, (Effect::Other, "url"), "url", what);
        }
        self.tls(found);
        self.trust(found);
        if old.guesses != new.guesses {
            let within = rate_within(&new.guesses, &old.guesses);
            let (effect, words) = if within { (Effect::Closes, "fewer") } else { (Effect::Opens, "more") };
            let what = format!(
                "listener `{name}` takes {words} guesses from an address: {}, was {}",
                rate(&new.guesses),
                rate(&old.guesses)
            );
            self.push(found, (effect, "guesses"), "guesses", what);
        }
        for (key, old, new) in [
            ("head-timeout", old.head_timeout, new.head_timeout),
            ("idle-timeout", old.idle_timeout, new.idle_timeout),
        ] {
            if old != new {
                let what =
                    format!("`{key}` of listener `{name}` is {}, was {}", duration(new), duration(old));
                self.push(found, (Effect::Other, "timeout"), key, what);
            }
        }
    }

    fn tls(&self, found: &mut Vec<Change>) {
        let name = &self.new.name;
        match (&self.old.tls, &self.new.tls) {
            (Some(_), None) => {
                let what = format!("listener `{name}` speaks no TLS any more: keys travel in clear");
                self.push(found, (Effect::Opens, "tls-removed"), "tls", what);
            }
            (None, Some(_)) => {
                let what = format!("listener `{name}` speaks TLS: calls in clear are not answered");
                self.push(found, (Effect::Closes, "tls-added"), "tls", what);
            }
            // The key is a secret, and is not looked at.
            (Some(old), Some(new)) if old.certificates != new.certificates => {
                let what = format!("listener `{name}` shows another certificate");
                self.push(found, (Effect::Other, "certificate"), "tls", what);
            }
            _ => {}
        }
    }

    fn trust(&self, found: &mut Vec<Change>) {
        let name = &self.new.name;
        let beyond = |networks: &[TrustedNetwork], known: &[TrustedNetwork]| {
            let inside = |one: &TrustedNetwork| {
                known.iter().any(|other| other.prefix <= one.prefix && other.contains(one.address))
            };
            networks.iter().filter(|one| !inside(one)).map(shown).collect::<Vec<_>>()
        };
        let wider = beyond(&self.new.trust, &self.old.trust);
        if !wider.is_empty() {
            let what = format!("listener `{name}` believes the forwarding fields of {}", list(&wider));
            self.push(found, (Effect::Opens, "trust-widened"), "trust", what);
        }
        let narrower = beyond(&self.old.trust, &self.new.trust);
        if !narrower.is_empty() {
            let what = format!(
                "listener `{name}` does not believe the forwarding fields of {} any more",
                list(&narrower)
            );
            self.push(found, (Effect::Closes, "trust-narrowed"), "trust", what);
        }
    }
}

fn shown(network: &TrustedNetwork) -> String {
    let address: &dyn Display = &network.address;
    format!("{address}/{}", network.prefix)
}
