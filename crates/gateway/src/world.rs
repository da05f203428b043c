//! The one world a call sees: board, router and accounts of one revision, with what is made of them once.
//!
//! [`Plans`] is made off the threads and shared; [`World`] is one thread's picture. Names that go into
//! records are copied per thread, so that counting references to them never crosses cores.

use crate::address_table::AddressTable;
use crate::hidden::Hidden;
use crate::scopes::Scopes;
use crate::{GatewayError, cors, identify, wire};
use board::{Api, Auth, Board, Limit, Offer, Plan};
use exchange::{Accounts, QuotaStore, Redactor};
use http::HeaderValue;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// What is made of a board once, for all threads.
pub(crate) struct Prepared {
    pub(crate) offers: Vec<Served>,
    by_address: HashMap<usize, usize>,
    pub(crate) tls: Vec<Option<TlsAcceptor>>,
    pub(crate) redactor: Redactor,
}

/// An offer, ready to be served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) offer: Arc<Offer>,
    pub(crate) api: Arc<Api>,
    pub(crate) plans: Vec<ServedPlan>,
    /// The plan that asks nobody who they are.
    pub(crate) open_plan: Option<usize>,
    pub(crate) cors: cors::Prepared,
    pub(crate) challenge: HeaderValue,
    /// The examples of the contract, where answers come from it.
    pub(crate) examples: Option<Arc<contract::Examples>>,
    /// What is not kept of its calls.
    pub(crate) hidden: Hidden,
}

/// A plan, ready to be served.
#[derive(Debug)]
pub(crate) struct ServedPlan {
    pub(crate) plan: Arc<Plan>,
    pub(crate) limits: Vec<ServedLimit>,
    /// `RateLimit-Policy`, made once.
    pub(crate) policy: Option<HeaderValue>,
}

/// A limit, ready to be looked at.
#[derive(Debug)]
pub(crate) struct ServedLimit {
    pub(crate) limit: Limit,
    /// Its name in `RateLimit`, in quotes: the plan's, with a number from the second on.
    pub(crate) name: String,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Prepared").field("offers", &self.offers).finish_non_exhaustive()
    }
}

/// Whether all that serving this board needs can be made of it.
///
/// # Errors
/// [`GatewayError::Tls`]: a certificate or key cannot be used.
pub fn can_serve(board: &Board) -> Result<(), GatewayError> {
    Prepared::new(board).map(drop).map_err(GatewayError::Tls)
}

impl Prepared {
    /// Makes what a board's offers need.
    ///
    /// # Errors
    /// In words, with the listener: a certificate or key cannot be used.
    pub(crate) fn new(board: &Board) -> Result<Self, String> {
        let mut offers = Vec::new();
        let mut by_address = HashMap::new();
        let routed = board.routers.iter().flat_map(board::Router::offers);
        for offer in routed.chain(board.apis.iter().flat_map(|api| &api.offers)) {
            let address = Arc::as_ptr(offer).addr();
            if by_address.contains_key(&address) {
                continue;
            }
            let Some(api) = board.api(offer.api.as_str()) else { continue };
            by_address.insert(address, offers.len());
            offers.push(Served::new(offer, api, &board.record.redact));
        }
        let tls = board.listeners.iter().map(|listener| {
            let acceptor = listener.tls.as_ref().map(wire::acceptor).transpose();
            acceptor.map_err(|error| format!("listener `{}`: {error}", listener.name))
        });
        let mut redactor = Redactor::default();
        board.secrets.iter().for_each(|secret| redactor.add(secret));
        // A pair's password is one by itself.
        let upstreams = board.apis.iter().flat_map(|api| {
            std::iter::once(&api.upstream).chain(api.connections.iter().map(|(_, upstream)| upstream))
        });
        for secret in
            upstreams.flat_map(|upstream| &upstream.credentials).flat_map(board::Credential::secrets)
        {
            redactor.add(&secret);
        }
        Ok(Self { offers, by_address, tls: tls.collect::<Result<_, _>>()?, redactor: redactor.ready() })
    }

    /// Index of an offer that the router found.
    pub(crate) fn index(&self, offer: &Arc<Offer>) -> Option<usize> {
        self.by_address.get(&Arc::as_ptr(offer).addr()).copied()
    }
}

impl Served {
    fn new(offer: &Arc<Offer>, api: &Arc<Api>, redact: &[String]) -> Self {
        let plans: Vec<_> = offer.plans.iter().map(ServedPlan::new).collect();
        let open_plan = plans.iter().position(|plan| plan.plan.auth == Auth::None);
        if let Some(contract) = &api.contract {
            // Found now, and not by the first call that fails: it is a scan of the whole text.
            contract.operation_place(0);
        }
        Self {
            offer: Arc::clone(offer),
            api: Arc::clone(api),
            open_plan,
            plans,
            cors: cors::Prepared::new(offer, api),
            challenge: identify::challenge(offer),
            examples: examples(api),
            hidden: Hidden::new(offer, api, redact),
        }
    }

    /// Whether anybody is asked who they are.
    pub(crate) fn asks_for_a_key(&self) -> bool {
        !self.offer.key_places.is_empty() && self.plans.iter().any(|plan| plan.plan.auth == Auth::Key)
    }

    /// The operation of this index.
    pub(crate) fn operation(&self, index: usize) -> Option<&Arc<contract::Operation>> {
        self.api.contract.as_ref().and_then(|contract| contract.operations.get(index))
    }
}

fn examples(api: &Api) -> Option<Arc<contract::Examples>> {
    let contract = api.contract.as_ref().filter(|_| api.mock.is_some())?;
    Some(Arc::new(contract::Examples::read(contract)))
}

impl ServedPlan {
    fn new(plan: &Arc<Plan>) -> Self {
        let limits: Vec<_> = plan
            .limits
            .iter()
            .enumerate()
            .map(|(index, limit)| {
                let number = if index == 0 { String::new() } else { format!("-{}", index + 1) };
                ServedLimit {
                    limit: limit.clone(),
                    name: crate::rate_fields::quoted(&format!("{}{number}", plan.name)),
                }
            })
            .collect();
        let policy = crate::rate_fields::policy(&limits);
        Self { plan: Arc::clone(plan), limits, policy }
    }

    /// What a call costs, for usage: it is counted with the price of its time.
    fn price(&self) -> Option<Arc<str>> {
        self.plan.price.map(|price| price.to_string().into())
    }
}

/// One thread's picture of the world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) board: Arc<Board>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) prepared: Arc<Prepared>,
    /// What keys are narrowed to.
    pub(crate) scopes: Arc<Scopes>,
    names: Vec<Names>,
    listeners: Vec<Arc<str>>,
    nothing: Arc<str>,
}

/// Names of an offer as records carry them.
#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) api: Arc<str>,
    pub(crate) offer: Arc<str>,
    pub(crate) operations: Vec<Arc<str>>,
    /// Of each plan, where it has one.
    prices: Vec<Option<Arc<str>>>,
}

impl World {
    /// Joins the parts of one revision.
    pub(crate) fn new(
        board: Arc<Board>,
        accounts: Arc<Accounts>,
        prepared: Arc<Prepared>,
        scopes: Arc<Scopes>,
    ) -> Self {
        let names = prepared
            .offers
            .iter()
            .map(|served| Names {
                api: served.api.name.as_str().into(),
                offer: served.offer.id.as_ref().into(),
                operations: served.api.contract.as_ref().map_or_else(Vec::new, |contract| {
                    contract.operations.iter().map(|operation| operation.id.as_str().into()).collect()
                }),
                prices: served.plans.iter().map(ServedPlan::price).collect(),
            })
            .collect();
        let listeners = board.listeners.iter().map(|listener| listener.name.as_ref().into()).collect();
        Self { board, accounts, prepared, scopes, names, listeners, nothing: "".into() }
    }

    /// The offer of this index.
    pub(crate) fn offer(&self, index: usize) -> &Served {
        &self.prepared.offers[index]
    }

    /// The offer that was found.
    pub(crate) fn offer_of(&self, seen: &crate::seen::Seen) -> Option<&Served> {
        seen.offer.and_then(|index| self.prepared.offers.get(index))
    }

    /// The plan that is charged.
    pub(crate) fn plan(&self, seen: &crate::seen::Seen) -> Option<&ServedPlan> {
        self.offer_of(seen)?.plans.get(seen.plan?)
    }

    /// What the call costs in the plan that is charged.
    pub(crate) fn price(&self, seen: &crate::seen::Seen) -> Option<Arc<str>> {
        self.names.get(seen.offer?)?.prices.get(seen.plan?)?.clone()
    }

    /// Names for records.
    pub(crate) fn names(&self, index: usize) -> &Names {
        &self.names[index]
    }

    /// A listener's name for records.
    pub(crate) fn listener_name(&self, index: usize) -> Arc<str> {
        self.listeners.get(index).map_or_else(|| self.nothing(), Arc::clone)
    }

    /// The listener of this name, else the one at this port, else the board's first; of those that are open.
    pub(crate) fn listener(&self, name: Option<&str>, port: Option<u16>) -> usize {
        let open = || self.board.listeners.iter().enumerate().filter(|(_, one)| one.nth.is_some());
        let named = name.and_then(|name| open().find(|(_, one)| *one.name == *name));
        let at = named.or_else(|| port.and_then(|port| open().find(|(_, one)| one.bind.port() == port)));
        at.or_else(|| open().min_by_key(|(_, one)| one.nth)).map_or(0, |(slot, _)| slot)
    }

    /// The empty name.
    pub(crate) fn nothing(&self) -> Arc<str> {
        Arc::clone(&self.nothing)
    }

    /// What callers see before every path of ours.
    pub(crate) fn url(&self, listener: usize) -> &str {
        self.board.listeners.get(listener).map_or("", |listener| &listener.url)
    }
}

/// What all threads share besides the world: atomics, queues, and locks that are held for a few instructions.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The zero of the limits' clock.
    pub(crate) epoch: std::time::Instant,
    /// Meters per address: limits and guesses.
    pub(crate) addresses: AddressTable,
    /// Meters per key, operation and API.
    pub(crate) subjects: AddressTable,
    /// How rates are counted: by those meters, or with other processes.
    pub(crate) rates: crate::rates::Rates,
    /// Calls under way, where a limit counts them.
    pub(crate) gauges: Arc<crate::gauges::Gauges>,
    /// What is granted of quotas.
    pub(crate) purses: crate::purses::Purses,
    /// Who went over a soft rate.
    pub(crate) over_soft: crate::over_soft::OverSofts,
    /// Heavy checks.
    pub(crate) pool: crate::check_pool::CheckPool,
    /// The name by which this process calls itself in `Via`.
    pub(crate) via: String,
    /// How fast providers may be called, over all threads.
    pub(crate) paces: Arc<call::Paces>,
    /// The same, over processes; only where a provider has a pace.
    pub(crate) leases: Option<Arc<call::Leases>>,
    lost: std::sync::atomic::AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        quotas: Arc<dyn QuotaStore>,
        turns: Option<Arc<dyn call::Allowances>>,
        rates: Option<Arc<dyn exchange::RateStore>>,
    ) -> std::io::Result<Self> {
        use std::hash::BuildHasher as _;
        // Random, so that two gateways in a row do not take each other for a loop.
        let own = std::hash::RandomState::new().hash_one(std::process::id());
        let epoch = std::time::Instant::now();
        let rates = crate::rates::Rates::new(epoch, rates);
        Ok(Self {
            epoch,
            addresses: AddressTable::new(4 << 20, rates.hash()),
            subjects: AddressTable::new(1 << 20, rates.hash()),
            rates,
            gauges: Arc::new(crate::gauges::Gauges::new()),
            purses: crate::purses::Purses::new(quotas),
            over_soft: crate::over_soft::OverSofts::default(),
            pool: crate::check_pool::CheckPool::start()?,
            via: format!("switchboard-{:08x}", own & 0xffff_ffff),
            paces: Arc::default(),
            leases: turns.map(|store| Arc::new(call::Leases::new(store))),
            lost: std::sync::atomic::AtomicU64::new(0),
        })
    }

    /// An instant on the limits' clock.
    pub(crate) fn nanos(&self, at: std::time::Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// A record could not be handed over.
    pub(crate) fn lost_record(&self) {
        self.lost.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    /// How many records could not be handed over.
    pub(crate) fn lost_records(&self) -> u64 {
        self.lost.load(std::sync::atomic::Ordering::Relaxed)
    }
}
