//! Providers: where calls go, with which credential, how fast and how often.
//!
//! Of a credential its kind and the reference are compared; the value is neither looked at nor told.

use super::api::about;
use super::words::{duration, list, rate};
use super::{Change, Effect, Pair, Whom};
use crate::{Api, Credential, CredentialPlace, Upstream};
use exchange::ConsumerName;
use std::collections::BTreeSet;
use std::time::Duration;

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    for new in &pair.new.apis {
        let Some(old) = pair.old.api(new.name.as_str()) else { continue };
        Both { pair, old, new }.compare(found);
    }
}

struct Both<'p> {
    pair: &'p Pair<'p>,
    old: &'p Api,
    new: &'p Api,
}

impl Both<'_> {
    fn push(&self, found: &mut Vec<Change>, (effect, rule): (Effect, &'static str), key: &str, what: String) {
        let at = self.pair.place(&["apis", self.new.name.as_str(), "upstream", key]);
        let api = if effect == Effect::Closes { self.old } else { self.new };
        found.push(about(Change::new(effect, rule, what), api).at(at));
    }

    fn compare(&self, found: &mut Vec<Change>) {
        let (old, new, name) = (&*self.old.upstream, &*self.new.upstream, &self.new.name);
        // A mocked API without a provider has nowhere for a server; that this changes is told elsewhere.
        let nowhere = |upstream: &Upstream| upstream.fingerprint == 0;
        if old.servers != new.servers && !nowhere(old) && !nowhere(new) {
            let texts = |upstream: &Upstream| {
                list(&upstream.servers.iter().map(ToString::to_string).collect::<Vec<_>>())
            };
            let clear = |upstream: &Upstream| upstream.servers.iter().any(|server| !server.https);
            let more = if clear(new) && !clear(old) { ", in clear" } else { "" };
            let what = format!("calls of `{name}` go to {}{more}, went to {}", texts(new), texts(old));
            self.push(found, (Effect::Unclear, "servers"), "urls", what);
        }
        self.credentials(found);
        if old.authority != new.authority {
            let what = match (&old.authority, &new.authority) {
                (Some(_), None) => format!("providers of `{name}` are believed by the system's authorities"),
                _ => format!("providers of `{name}` are believed by another authority"),
            };
            self.push(found, (Effect::Unclear, "authority"), "ca", what);
        }
        if old.pace != new.pace {
            let text = |pace: Option<exchange::Rate>| {
                pace.map_or_else(|| "as they come".to_owned(), |pace| format!("at `{}`", rate(&pace)))
            };
            let what = format!("calls of `{name}` are sent {}, were {}", text(new.pace), text(old.pace));
            self.push(found, (Effect::Other, "pace"), "pace", what);
        }
        if old.retries != new.retries {
            let what =
                format!("a call of `{name}` is repeated {} times at most, was {}", new.retries, old.retries);
            self.push(found, (Effect::Other, "retries"), "retries", what);
        }
        let some = |length: Option<Duration>| length.map_or_else(|| "none".to_owned(), duration);
        for (key, was, is) in [
            ("connect-timeout", Some(old.connect_timeout), Some(new.connect_timeout)),
            ("timeout", Some(old.timeout), Some(new.timeout)),
            ("total-timeout", old.total_timeout, new.total_timeout),
        ] {
            if was != is {
                let what = format!("`{key}` of `{name}` is {}, was {}", some(is), some(was));
                self.push(found, (Effect::Other, "timeout"), key, what);
            }
        }
    }

    fn credentials(&self, found: &mut Vec<Change>) {
        let name = &self.new.name;
        if let Some((effect, rule, what)) = credentials(&self.old.upstream, &self.new.upstream) {
            let what = format!("calls of `{name}` {what}");
            self.push(found, (effect, rule), "credential", what);
        }
        let chosen = self.old.chosen.iter().chain(&self.new.chosen).map(|(consumer, _)| consumer);
        let consumers: BTreeSet<&ConsumerName> = chosen.collect();
        for consumer in consumers {
            let (old, new) = (self.old.upstream_of(Some(consumer)), self.new.upstream_of(Some(consumer)));
            let connection = |api: &Api| {
                let index = api.chosen.iter().find(|(known, _)| known == consumer).map(|(_, index)| *index);
                index.and_then(|index| api.connections.get(index)).map(|(name, _)| name.clone())
            };
            let (was, is) = (connection(self.old), connection(self.new));
            let Some((effect, rule, what)) = credentials(old, new).or_else(|| {
                (was != is).then(|| (Effect::Unclear, "connection", "carry another account".to_owned()))
            }) else {
                continue;
            };
            if was.is_none() && is.is_none() {
                continue;
            }
            let shown =
                |name: Option<String>| name.map_or_else(|| "none".to_owned(), |name| format!("`{name}`"));
            let what = format!(
                "calls of `{name}` by `{consumer}` {what} (connection {}, was {})",
                shown(is),
                shown(was)
            );
            let at = self.pair.place(&["apis", name.as_str(), "connection"]);
            // It concerns the consumer that is named, and nobody else.
            let change = Change { whom: Whom::default(), ..about(Change::new(effect, rule, what), self.new) };
            found.push(Change { consumer: Some(consumer.clone()), ..change.at(at) });
        }
    }
}

/// What another set of credentials does; `None`: it is the same.
fn credentials(old: &Upstream, new: &Upstream) -> Option<(Effect, &'static str, String)> {
    let kinds = |all: &[Credential]| all.iter().map(kind).collect::<Vec<_>>();
    let (was, is) = (kinds(&old.credentials), kinds(&new.credentials));
    if old.credentials.is_empty() && !new.credentials.is_empty() {
        let what = format!("carry our credential: {}", is.join(", "));
        return Some((Effect::Opens, "credential-added", what));
    }
    if new.credentials.is_empty() && !old.credentials.is_empty() {
        let what = format!("carry no credential of ours any more, carried {}", was.join(", "));
        return Some((Effect::Closes, "credential-removed", what));
    }
    let alike = |one: &Credential, other: &Credential| {
        one.reference == other.reference && one.serves == other.serves && same_place(&one.place, &other.place)
    };
    let equal = old.credentials.len() == new.credentials.len()
        && old.credentials.iter().zip(&new.credentials).all(|(one, other)| alike(one, other));
    if equal {
        return None;
    }
    // An account more may be allowed what no other was.
    let more = new.credentials.iter().any(|one| {
        !old.credentials.iter().any(|other| one.reference == other.reference)
            && new.credentials.len() > old.credentials.len()
    });
    let effect = if more { Effect::Opens } else { Effect::Unclear };
    let what = if was == is {
        format!("carry another credential of the same kind: {}", is.join(", "))
    } else {
        format!("carry another credential: {}, was {}", is.join(", "), was.join(", "))
    };
    Some((effect, "credential", what))
}

/// Where a credential goes, and where it lies; never what it is.
fn kind(credential: &Credential) -> String {
    let place = match &credential.place {
        CredentialPlace::Header(name) => format!("field `{name}`"),
        CredentialPlace::Query(name) => format!("query parameter `{name}`"),
        CredentialPlace::Cookie(name) => format!("cookie `{name}`"),
        CredentialPlace::Bearer => "bearer".to_owned(),
        CredentialPlace::Basic => "basic".to_owned(),
        CredentialPlace::Digest => "digest".to_owned(),
        CredentialPlace::OAuth(_) => "OAuth 2".to_owned(),
        CredentialPlace::SigV4(_) => "AWS signature".to_owned(),
        CredentialPlace::Certificate(_) => "certificate".to_owned(),
    };
    // A bare word names a stored secret, or is one in clear that nobody has judged yet.
    let lies = match credential.reference.split_once(':') {
        Some(("env" | "file" | "systemd" | "keyring", _)) => format!("`{}`", credential.reference),
        _ => "a stored secret".to_owned(),
    };
    format!("{place} from {lies}")
}

/// Whether two credentials go to the same place in the same way; texts of secrets are not compared.
fn same_place(one: &CredentialPlace, other: &CredentialPlace) -> bool {
    match (one, other) {
        (CredentialPlace::OAuth(one), CredentialPlace::OAuth(other)) => {
            let told = |oauth: &crate::OAuth| crate::OAuth { client_secret: None, ..oauth.clone() };
            told(one) == told(other)
        }
        (CredentialPlace::SigV4(one), CredentialPlace::SigV4(other)) => {
            one.region == other.region && one.service == other.service
        }
        (CredentialPlace::Certificate(_), CredentialPlace::Certificate(_)) => true,
        (one, other) => one == other,
    }
}
