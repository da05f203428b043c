//! Waiting before the 429: what a provider said is left, kept for everybody who calls it with the same credential.
//!
//! The rule is here and pure; who shares a budget, and where it lies, is the business of an [`Allowances`]. A budget only
//! ever holds back: where nothing is known, calls go, and a provider's newest word counts.

use crate::{Allowance, Identity, Outgoing};
use board::{Credential, CredentialPlace, Grant, Upstream};
use contract::Operation;
use exchange::Rate;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::fmt;
use std::time::Duration;

/// Calls are taken from a shared budget for this long at once, in milliseconds.
const LEASE_MS: u64 = 250;

/// What is left for one credential at one origin. Moments are milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls that are left.
    pub remaining: u64,
    /// When the window ends.
    pub until_ms: u64,
}

/// Calls that one process has taken from a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Calls that it may still make.
    pub calls: u64,
    /// When it ends; what is left of it then is lost.
    pub until_ms: u64,
}

/// Whose budget it is. Holds secrets: `Debug` shows none.
#[derive(Clone, PartialEq, Eq)]
pub struct Owner {
    /// The origins of the provider.
    pub origin: String,
    /// All credentials that are sent.
    pub credential: exchange::Secret,
}

/// Budgets that are shared.
pub trait Allowances: fmt::Debug + Send + Sync {
    /// Takes one call; `Some`: none may be made for so long, and nothing was taken.
    fn take(&self, owner: &Owner) -> Option<Duration>;
    /// What the provider said.
    fn learn(&self, owner: &Owner, said: Allowance);
    /// Books the next turns at a pace of our own, `many` or as many as come within `longest`; gives how long it is until
    /// each of them.
    ///
    /// # Errors
    /// How long it would be to the first one, when that is longer than `longest`: nothing was booked then.
    fn turns(
        &self,
        owner: &Owner,
        rate: &Rate,
        longest: Duration,
        many: u32,
    ) -> Result<Vec<Duration>, Duration>;
}

/// The turn after those that are booked, by the rule that [`exchange::Meter`] keeps to (GCRA): `booked` and what is given
/// are moments in microseconds since 1970, until which turns are given away.
///
/// # Errors
/// How long it would be, when that is longer than `longest`.
pub fn next_turn(
    booked: u64,
    rate: &Rate,
    now_us: u64,
    longest: Duration,
) -> Result<(u64, Duration), Duration> {
    let us = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let interval = us(rate.period() / rate.count()).max(1);
    let until = booked.max(now_us).saturating_add(interval);
    let ahead = interval.saturating_mul(u64::from(rate.burst()));
    let wait = Duration::from_micros(until.saturating_sub(ahead).saturating_sub(now_us));
    if wait > longest { Err(wait) } else { Ok((until, wait)) }
}

/// As [`next_turn`], for up to `many` of them: until when turns are given away after them, and how long each waits.
///
/// # Errors
/// How long it would be to the first one, when that is longer than `longest`.
pub fn next_turns(
    booked: u64,
    rate: &Rate,
    now_us: u64,
    longest: Duration,
    many: u32,
) -> Result<(u64, Vec<Duration>), Duration> {
    let (mut until, first) = next_turn(booked, rate, now_us, longest)?;
    let mut waits = vec![first];
    for _ in 1..many {
        let Ok((after, wait)) = next_turn(until, rate, now_us, longest) else { break };
        waits.push(wait);
        until = after;
    }
    Ok((until, waits))
}

impl Budget {
    /// Takes calls for a short while.
    ///
    /// # Errors
    /// How long there is none, in milliseconds.
    pub fn lease(&mut self, now_ms: u64) -> Result<Lease, u64> {
        let left = self.until_ms.saturating_sub(now_ms);
        if self.remaining == 0 {
            return Err(left);
        }
        let share = (self.remaining.saturating_mul(LEASE_MS) / left.max(1)).clamp(1, self.remaining);
        self.remaining -= share;
        Ok(Lease { calls: share, until_ms: now_ms.saturating_add(LEASE_MS).min(self.until_ms) })
    }

    /// Whether its window is over, so that nothing is known any more.
    pub const fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms <= now_ms
    }

    /// The budget after a provider's word. Answers overtake each other: within one window the smaller count is the later.
    #[must_use]
    pub fn after(known: Option<Self>, said: Allowance, now_ms: u64) -> Self {
        let until_ms = now_ms.saturating_add(u64::try_from(said.reset.as_millis()).unwrap_or(u64::MAX));
        // Windows are told in whole seconds, so one window's end moves by as much.
        match known.filter(|known| !known.is_over(now_ms) && known.until_ms.abs_diff(until_ms) < 1_000) {
            Some(known) => Self {
                remaining: known.remaining.min(said.remaining),
                until_ms: known.until_ms.max(until_ms),
            },
            None => Self { remaining: said.remaining, until_ms },
        }
    }
}

impl Owner {
    /// Whose pace it is when many callers go through one process: what they send of their own does not count.
    pub(crate) fn of_all(upstream: &Upstream, operation: Option<&Operation>) -> Self {
        Self::made(upstream, operation, None, &HeaderMap::new())
    }

    /// Who calls `upstream` with `outgoing`, and with this certificate of its own.
    pub(crate) fn of(upstream: &Upstream, outgoing: &Outgoing<'_>, identity: Option<&Identity>) -> Self {
        Self::made(upstream, outgoing.operation, identity, &outgoing.fields)
    }

    fn made(
        upstream: &Upstream,
        operation: Option<&Operation>,
        identity: Option<&Identity>,
        fields: &HeaderMap,
    ) -> Self {
        let servers = upstream.servers.iter();
        let origins: Vec<_> = servers
            .map(|server| format!("{}://{}", if server.https { "https" } else { "http" }, server.authority()))
            .collect();
        let mut credential = Vec::new();
        // Only what goes with this call: an operation that asks for nothing is counted apart.
        let asked = operation.map(|operation| &operation.security);
        let chosen = board::choose(&upstream.credentials, asked);
        let sent = upstream.credentials.iter().enumerate().filter(|(index, _)| chosen.has(*index));
        for (_, one) in sent {
            for text in account(one).into_iter().chain([one.secret.reveal()]) {
                credential.extend(text.as_bytes());
                credential.push(0);
            }
        }
        if let Some(identity) = identity {
            credential.extend(&*identity.certificates);
            credential.push(0);
        }
        for (name, value) in fields {
            if value.is_sensitive() || *name == AUTHORIZATION {
                credential.extend(value.as_bytes());
                credential.push(0);
            }
        }
        let credential = exchange::Secret::new(String::from_utf8_lossy(&credential).into_owned());
        Self { origin: origins.join(" "), credential }
    }
}

/// What tells two accounts apart whose secret is the same or none, whatever the board calls them.
fn account(credential: &Credential) -> Vec<&str> {
    match &credential.place {
        CredentialPlace::OAuth(oauth) if oauth.grant == Grant::ClientCredentials => {
            vec![&oauth.client_id]
        }
        // A person logged in: the same client stands for many of them.
        CredentialPlace::OAuth(oauth) => vec![&oauth.client_id, &oauth.login],
        CredentialPlace::SigV4(sigv4) => vec![sigv4.key_id.reveal()],
        CredentialPlace::Certificate(certificate) => vec![certificate.reveal()],
        CredentialPlace::Header(_)
        | CredentialPlace::Query(_)
        | CredentialPlace::Cookie(_)
        | CredentialPlace::Bearer
        | CredentialPlace::Basic
        | CredentialPlace::Digest => Vec::new(),
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Owner({})", self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Lease, Owner};
    use crate::{Allowance, Identity, OutBody, Outgoing};
    use board::{Credential, CredentialPlace, Grant, OAuth, ServerUrl, Serves, SigV4, Upstream};
    use contract::Repeat;
    use exchange::{Origin, Secret};
    use http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
    use http::{HeaderName, Method};
    use std::time::Duration;

    fn upstream(host: &str, credentials: Vec<Credential>) -> Upstream {
        Upstream {
            servers: vec![ServerUrl::parse(host).unwrap()],
            credentials,
            authority: None,
            connect_timeout: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            total_timeout: None,
            pace: None,
            retries: 0,
            fingerprint: 0,
            origin: Origin { file: "switchboard.toml".into(), line: 1 },
        }
    }

    fn outgoing(authorization: Option<&str>) -> Outgoing<'static> {
        let mut fields = HeaderMap::new();
        if let Some(text) = authorization {
            fields.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        }
        Outgoing {
            method: Method::GET,
            path: "/".to_owned(),
            query: None,
            fields,
            body: OutBody::Empty,
            repeat: Repeat::Safe,
            upgrade: false,
            operation: None,
        }
    }

    fn oauth(grant: Grant, client: &str, login: &str) -> CredentialPlace {
        CredentialPlace::OAuth(Box::new(OAuth {
            grant,
            token_url: None,
            issuer: None,
            authorization_url: None,
            device_url: None,
            client_id: client.to_owned(),
            client_secret: None,
            scopes: Vec::new(),
            login: login.to_owned(),
        }))
    }

    fn sigv4(key: &str) -> CredentialPlace {
        let (region, service) = ("eu-central-1".to_owned(), "s3".to_owned());
        CredentialPlace::SigV4(Box::new(SigV4 { region, service, key_id: Secret::new(key), session: None }))
    }

    #[test]
    fn turns_come_at_the_pace_and_not_further_ahead_than_anybody_waits() {
        use std::num::NonZeroU32;
        let two = NonZeroU32::MIN.saturating_add(1);
        let rate = super::Rate::new(NonZeroU32::MIN, Duration::from_secs(1)).with_burst(two);
        let (mut booked, mut waits) = (0, Vec::new());
        for _ in 0..6 {
            match super::next_turn(booked, &rate, 10_000_000, Duration::from_secs(3)) {
                Ok((until, wait)) => {
                    booked = until;
                    waits.push(Ok(wait.as_secs()));
                }
                Err(wait) => waits.push(Err(wait.as_secs())),
            }
        }
        assert_eq!(waits, [Ok(0), Ok(0), Ok(1), Ok(2), Ok(3), Err(4)]);
        let later = super::next_turn(booked, &rate, 20_000_000, Duration::ZERO);
        assert_eq!(later, Ok((21_000_000, Duration::ZERO)), "what was booked is long over");
    }

    #[test]
    fn there_is_one_budget_for_each_account_and_origin() {
        let with = |place: CredentialPlace, secret: &str, reference: &str| {
            let one = Credential {
                place,
                secret: Secret::new(secret),
                reference: reference.to_owned(),
                serves: Serves::Every,
            };
            Owner::of(&upstream("https://api.acme.example", vec![one]), &outgoing(None), None)
        };
        let header = || CredentialPlace::Header(HeaderName::from_static("x-api-key"));
        let certificate = |text: &str| CredentialPlace::Certificate(Secret::new(text));
        let owners = [
            with(header(), "one", "env:A"),
            with(header(), "two", "env:A"),
            with(CredentialPlace::Digest, "me:one", "env:A"),
            with(oauth(Grant::AuthorizationCode, "app", "login:a"), "", "login:a"),
            with(oauth(Grant::AuthorizationCode, "app", "login:b"), "", "login:b"),
            with(oauth(Grant::ClientCredentials, "app", "login:a"), "s", "env:A"),
            with(oauth(Grant::ClientCredentials, "other", "login:a"), "s", "env:A"),
            with(sigv4("AKIA1"), "s", "env:A"),
            with(sigv4("AKIA2"), "s", "env:A"),
            with(certificate("one"), "key", "env:A"),
            with(certificate("two"), "key", "env:A"),
            Owner::of(&upstream("https://api.acme.example", Vec::new()), &outgoing(None), None),
            Owner::of(&upstream("https://api.acme.example:8443", Vec::new()), &outgoing(None), None),
            Owner::of(&upstream("https://api.acme.example", Vec::new()), &outgoing(Some("Bearer a")), None),
            Owner::of(
                &upstream("https://api.acme.example", Vec::new()),
                &outgoing(None),
                Some(&Identity { certificates: (*b"mine").into(), key: Secret::new("k") }),
            ),
        ];
        for (nth, one) in owners.iter().enumerate() {
            for (other_nth, other) in owners.iter().enumerate() {
                assert_eq!(one == other, nth == other_nth, "{nth} {other_nth}");
            }
        }
        // What a board calls it makes no other account of it.
        assert!(with(header(), "one", "env:A") == with(header(), "one", "file:b"));
        let client = |login| with(oauth(Grant::ClientCredentials, "app", login), "s", "env:A");
        assert!(client("login:a") == client("login:b"));
    }

    #[test]
    fn a_budget_is_spent_in_leases_and_never_twice() {
        let mut budget = Budget { remaining: 100, until_ms: 11_000 };
        assert_eq!(budget.lease(1_000), Ok(Lease { calls: 2, until_ms: 1_250 }));
        assert_eq!(budget.remaining, 98);
        let mut last = Budget { remaining: 1, until_ms: 1_100 };
        assert_eq!(last.lease(1_000), Ok(Lease { calls: 1, until_ms: 1_100 }));
        assert_eq!(last.lease(1_000), Err(100));
        let mut spent = 0;
        while let Ok(lease) = budget.lease(10_999) {
            spent += lease.calls;
        }
        assert_eq!(spent, 98);
    }

    #[test]
    fn the_newest_word_counts_and_within_a_window_the_smallest() {
        let said = |remaining, seconds| Allowance { remaining, reset: Duration::from_secs(seconds) };
        let first = Budget::after(None, said(5, 10), 1_000);
        assert_eq!(first, Budget { remaining: 5, until_ms: 11_000 });
        assert_eq!(Budget::after(Some(first), said(7, 10), 1_400).remaining, 5, "an older answer");
        assert_eq!(Budget::after(Some(first), said(4, 9), 1_400).until_ms, 11_000, "never earlier");
        assert_eq!(Budget::after(Some(first), said(50, 60), 1_400).remaining, 50, "another window");
        assert_eq!(Budget::after(Some(first), said(50, 1), 11_000).remaining, 50, "the next window");
    }
}
