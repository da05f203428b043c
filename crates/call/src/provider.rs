//! One provider as one thread sees it: its servers with their pools, its credentials, its turn, its pace.
//!
//! Made from an [`Upstream`] once and kept by its fingerprint, so that a call makes nothing anew.

use crate::credential::Credentials;
use crate::credential::round::Known;
use crate::pace::Paces;
use crate::pool::Pool;
use crate::tls::{self, End};
use crate::{Dial, HttpVersion, Identity, Proxy, ProxyKind};
use aws_lc_rs::digest::{Context, SHA256};
use board::{Credential, CredentialPlace, ServerUrl, Upstream};
use bytes::Bytes;
use exchange::Meter;
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use rustls::ClientConfig;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

/// One provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) servers: Vec<Rc<Server>>,
    pub(crate) credentials: Credentials,
    /// What the provider last challenged with.
    pub(crate) challenge: Known,
    pub(crate) meter: Option<Arc<Meter>>,
    turn: Cell<usize>,
    /// What it was made from: fingerprints are trusted to be equal for equal settings, and looked at all the same,
    /// because a credential that goes to another's server is past mending.
    given: Vec<Credential>,
}

/// One server of a provider.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) url: ServerUrl,
    pub(crate) host: HeaderValue,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) pool: Rc<Pool>,
    /// TLS to the proxy, where there is one that speaks it.
    pub(crate) proxy_tls: Option<Arc<ClientConfig>>,
    /// Whether a proxy is asked for whole URLs (RFC 9112 §3.2.2): plain HTTP by an HTTP proxy.
    pub(crate) absolute: bool,
    /// What such a proxy is told of us.
    pub(crate) proxy_authorization: Option<HeaderValue>,
}

/// What providers of one thread share: pools by server and trust, TLS settings by authority.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pools: RefCell<HashMap<PoolKey, Rc<Pool>>>,
    settings: RefCell<HashMap<(Trust, Shows), Arc<ClientConfig>>>,
}

/// Connections are shared by calls to the same host and port under the same trust and the same certificate of ours.
#[derive(Debug, PartialEq, Eq, Hash)]
struct PoolKey {
    host: Arc<str>,
    port: u16,
    trust: Trust,
    shows: Shows,
}

/// Which certificate of ours a connection shows: who it belongs to. None: the caller's own wish, or nobody's.
type Shows = Option<[u8; 32]>;

/// A digest of certificate and key: a secret is no key of a map.
fn shows(identity: Option<&Identity>) -> Shows {
    let identity = identity?;
    let mut sum = Context::new(&SHA256);
    sum.update(&identity.certificates);
    sum.update(&[0]);
    sum.update(identity.key.reveal().as_bytes());
    sum.finish().as_ref().try_into().ok()
}

/// The certificate that the upstream's credentials have for connections (RFC 8446 §4.4.2): the first of them.
fn identity(upstream: &Upstream) -> Option<Identity> {
    upstream.credentials.iter().find_map(|credential| match &credential.place {
        CredentialPlace::Certificate(chain) => {
            Some(Identity { certificates: chain.reveal().as_bytes().into(), key: credential.secret.clone() })
        }
        _ => None,
    })
}

/// Whom a connection trusts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Trust {
    /// Anybody: it is not TLS.
    Plain,
    /// The system's roots.
    System,
    /// This authority, in PEM.
    Authority(Arc<[u8]>),
}

impl Trust {
    fn of(url: &ServerUrl, upstream: &Upstream) -> Self {
        match &upstream.authority {
            _ if !url.https => Self::Plain,
            None => Self::System,
            Some(pem) => Self::Authority(Arc::clone(pem)),
        }
    }
}

/// Pools and settings that nobody uses any more are dropped when there are more than this.
const MANY: usize = 1024;

impl Provider {
    /// # Errors
    /// In words: a credential, an authority or a server that cannot be used.
    pub(crate) fn new(
        upstream: &Upstream,
        shared: &Shared,
        dial: &Dial,
        paces: &Paces,
    ) -> Result<Self, String> {
        let servers = upstream
            .servers
            .iter()
            .map(|url| server(url, upstream, shared, dial).map(Rc::new))
            .collect::<Result<Vec<_>, _>>()?;
        if servers.is_empty() {
            return Err("the upstream has no server".to_owned());
        }
        Ok(Self {
            servers,
            credentials: Credentials::ready(&upstream.credentials)?,
            challenge: Known::default(),
            meter: upstream.pace.map(|_| paces.meter(upstream.fingerprint)),
            turn: Cell::new(0),
            given: upstream.credentials.clone(),
        })
    }

    /// Whether it was made from settings like these.
    pub(crate) fn is_of(&self, upstream: &Upstream) -> bool {
        self.servers.len() == upstream.servers.len()
            && self.servers.iter().zip(&upstream.servers).all(|(known, url)| known.url == *url)
            && self.given.len() == upstream.credentials.len()
            && self
                .given
                .iter()
                .zip(&upstream.credentials)
                .all(|(known, one)| known.place == one.place && known.secret == one.secret)
            && self.meter.is_some() == upstream.pace.is_some()
    }

    /// The index of the server whose turn it is.
    pub(crate) fn next(&self) -> usize {
        let turn = self.turn.get();
        self.turn.set(self.after(turn));
        turn
    }

    /// The index of the server after this one.
    pub(crate) fn after(&self, index: usize) -> usize {
        if index + 1 < self.servers.len() { index + 1 } else { 0 }
    }
}

impl Server {
    /// The target of a request (RFC 9112 §3.2): the base, then the path and query that come after it; with scheme and
    /// `authority` where the whole URL is sent (to a proxy, or in HTTP/2 as fields of its own, RFC 9113 §8.3.1).
    pub(crate) fn target(&self, tail: &Bytes, authority: Option<&HeaderValue>) -> Result<Uri, String> {
        let whole = if self.url.base.is_empty() {
            tail.clone()
        } else {
            Bytes::from([self.url.base.as_bytes(), tail].concat())
        };
        let path = PathAndQuery::from_maybe_shared(whole)
            .map_err(|_| "the path or query is not one that can be sent".to_owned())?;
        let Some(authority) = authority else { return Ok(Uri::from(path)) };
        Uri::builder()
            .scheme(if self.url.https { "https" } else { "http" })
            .authority(authority.as_bytes())
            .path_and_query(path)
            .build()
            .map_err(|_| "the `Host` is not one that can be sent".to_owned())
    }
}

fn server(url: &ServerUrl, upstream: &Upstream, shared: &Shared, dial: &Dial) -> Result<Server, String> {
    let authority = url.authority();
    let host = HeaderValue::from_str(&authority).map_err(|_| format!("`{authority}` is no host"))?;
    let trust = Trust::of(url, upstream);
    // The board's certificate is this provider's; `--cert` is for whoever has none.
    let identity = identity(upstream).or_else(|| dial.identity_to(url).cloned()).filter(|_| url.https);
    let shows = shows(identity.as_ref());
    let tls = match &trust {
        Trust::Plain => None,
        _ => Some(shared.settings((trust.clone(), shows), dial, identity.as_ref())?),
    };
    // Texts of its own: a count shared by threads would be written by all of them on each call.
    let url = ServerUrl { host: Arc::from(&*url.host), base: Arc::from(&*url.base), ..*url };
    let key = PoolKey { host: Arc::clone(&url.host), port: url.port, trust, shows };
    let pool = shared.pool(key, dial);
    let proxy = dial.proxy_to(&url);
    let proxy_tls = match proxy {
        Some(proxy) if proxy.kind == ProxyKind::Https => Some(tls::settings(None, dial, End::Proxy, None)?),
        _ => None,
    };
    let absolute = !url.https && dial.http != HttpVersion::Two && proxy.is_some_and(Proxy::is_http);
    let proxy_authorization = proxy.filter(|_| absolute).and_then(Proxy::authorization);
    Ok(Server { url, host, tls, pool, proxy_tls, absolute, proxy_authorization })
}

impl Shared {
    fn settings(
        &self,
        key: (Trust, Shows),
        dial: &Dial,
        identity: Option<&Identity>,
    ) -> Result<Arc<ClientConfig>, String> {
        let mut known = self.settings.borrow_mut();
        if let Some(settings) = known.get(&key) {
            return Ok(Arc::clone(settings));
        }
        let authority = if let Trust::Authority(pem) = &key.0 { Some(&**pem) } else { None };
        let made = tls::settings(authority, dial, End::Provider, identity)?;
        if known.len() >= MANY {
            known.retain(|_, settings| Arc::strong_count(settings) > 1);
        }
        known.insert(key, Arc::clone(&made));
        Ok(made)
    }

    /// Drops pools and settings that none of these providers uses, with their idle connections. A call under way holds its
    /// pool alone then, and the connection is closed with it.
    pub(crate) fn let_go<'p>(&self, providers: impl Iterator<Item = &'p Rc<Provider>>) {
        let used: HashSet<*const Pool> =
            providers.flat_map(|known| &known.servers).map(|server| Rc::as_ptr(&server.pool)).collect();
        let gone: Vec<_> =
            self.pools.borrow_mut().extract_if(|_, pool| !used.contains(&Rc::as_ptr(pool))).collect();
        drop(gone);
        self.settings.borrow_mut().retain(|_, settings| Arc::strong_count(settings) > 1);
    }

    fn pool(&self, key: PoolKey, dial: &Dial) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        if pools.len() >= MANY {
            pools.retain(|_, pool| Rc::strong_count(pool) > 1);
        }
        Rc::clone(pools.entry(key).or_insert_with(|| Pool::new(dial.idle_per_server)))
    }
}
