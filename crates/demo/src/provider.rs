//! Providers: real HTTP/1.1 servers on the loopback, right ones and broken ones, that count what they were asked.
//!
//! Each runs on a thread of its own, so that any test may start one, and stops when it is dropped.
//! Bounds: 1,024 connections, heads of 64 KiB, held bodies of 16 MiB, the last 256 requests remembered.

mod answer;
mod broken;
mod orders;
mod plain;
mod query;
mod seen;
mod serve;
mod weather;
mod websocket;

pub use seen::Recorded;
pub use serve::TlsError;

use broken::Break;
use seen::Seen;
use serve::{Behaviour, House};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// A provider that runs. Dropping it closes its port and all its connections.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Seen>,
    house: Running,
}

/// What keeps a provider's port.
#[derive(Debug)]
enum Running {
    Thread {
        stop: Option<oneshot::Sender<()>>,
        thread: Option<JoinHandle<()>>,
    },
    /// Bound and never listened on: the port is ours, and every connection to it is refused.
    Reserved {
        _socket: socket2::Socket,
    },
}

/// A provider that is described and does not run yet.
#[derive(Debug)]
#[must_use = "a provider answers after `start`"]
pub struct Unstarted {
    behaviour: Option<Behaviour>,
    at: SocketAddr,
    tls: Option<(Vec<u8>, Vec<u8>)>,
}

/// Why a provider could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address could not be had.
    #[error("cannot listen on `{address}`: choose another address, or port 0 for any free one")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("the provider's certificate or key cannot be used")]
    Tls(#[source] TlsError),
    /// No thread or no runtime could be had.
    #[error("the provider's thread could not be started")]
    Thread(#[source] io::Error),
}

/// The providers there are. The broken ones read a request's head and then do wrong; their bodies are not read.
impl Provider {
    /// Accepts, reads, never answers.
    pub fn silent() -> Unstarted {
        Unstarted::broken(Break::Silent)
    }

    /// A port that nobody listens on; it stays taken while the value lives, so that nobody else gets it.
    pub fn refusing() -> Unstarted {
        Unstarted::new(None)
    }

    /// Answers bytes that are no HTTP and closes.
    pub fn garbage() -> Unstarted {
        Self::raw(&b"\x00\x01\xfe this is no HTTP \r\n\r\n"[..])
    }

    /// Answers exactly these bytes to every request, then closes.
    pub fn raw(bytes: impl Into<bytes::Bytes>) -> Unstarted {
        Unstarted::broken(Break::Raw(bytes.into()))
    }

    /// Announces 100 bytes (`Content-Length`), sends 10, closes.
    pub fn closing_mid_body() -> Unstarted {
        Unstarted::broken(Break::MidBody)
    }

    /// Answers the first request of each connection, keeps it open, and resets it (TCP RST) when the second comes.
    /// That second request is counted as a call.
    pub fn resetting_on_reuse() -> Unstarted {
        Unstarted::broken(Break::ResetOnReuse)
    }

    /// Answers the first request of each connection as if it stayed open, and closes it at once: a stale connection in the caller's pool.
    pub fn closing_after_answer() -> Unstarted {
        Unstarted::broken(Break::CloseAfterAnswer)
    }

    /// Sends `count` chunks of 16 bytes, each after `gap`.
    pub fn slow_body(count: u32, gap: Duration) -> Unstarted {
        Unstarted::answer(plain::slow_body(count, gap))
    }

    /// Sends a body without end, as fast as it is taken.
    pub fn endless() -> Unstarted {
        Unstarted::answer(plain::endless())
    }

    /// Answers 200 after `delay`.
    pub fn late(delay: Duration) -> Unstarted {
        Unstarted::answer(plain::late(delay))
    }

    /// Answers what it was sent: `{"method","target","version","fields":[[name,value],…],"body":text or null,"length":bytes}`.
    /// Names of fields are in lower case; a body that is not UTF-8 has only its length.
    pub fn echo() -> Unstarted {
        Unstarted::answer(plain::echo())
    }

    /// Answers this status with a short JSON body.
    pub fn status(code: u16) -> Unstarted {
        Unstarted::answer(plain::status(code))
    }

    /// Answers what the function says; it sees the whole request.
    pub fn answering<F>(answer: F) -> Unstarted
    where
        F: Fn(&http::Request<bytes::Bytes>) -> http::Response<bytes::Bytes> + Send + Sync + 'static,
    {
        Unstarted::answer(plain::answering(answer))
    }

    /// Answers these one after the other; the last one is repeated. An empty script answers 500.
    pub fn script(answers: Vec<http::Response<bytes::Bytes>>) -> Unstarted {
        Unstarted::answer(plain::script(answers))
    }

    /// Switches to WebSocket (RFC 6455 §4.2.2) and sends back every byte as it came; anything else is 426.
    pub fn websocket_echo() -> Unstarted {
        Unstarted::new(Some(Behaviour::WebSocket))
    }

    /// Sends `count` server-sent events, each after `gap`, then ends.
    pub fn server_sent_events(count: u32, gap: Duration) -> Unstarted {
        Unstarted::answer(plain::server_sent_events(count, gap))
    }

    /// Reads any upload without keeping it and answers `{"received":bytes}`.
    pub fn sink() -> Unstarted {
        Unstarted::new(Some(Behaviour::Sink))
    }

    /// The demo's weather: `board/contracts/weather.yaml`.
    pub fn weather() -> Unstarted {
        Unstarted::answer(weather::weather())
    }

    /// The demo's orders: `board/contracts/orders.yaml`, with `total` as text in 3 % of the answers to GET.
    pub fn orders() -> Unstarted {
        Unstarted::answer(orders::orders(orders::Planted::WrongTotals))
    }

    /// The same orders, always true to their contract.
    pub fn faultless_orders() -> Unstarted {
        Unstarted::answer(orders::orders(orders::Planted::Nothing))
    }
}

impl Unstarted {
    fn new(behaviour: Option<Behaviour>) -> Self {
        Self { behaviour, at: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), tls: None }
    }

    fn broken(how: Break) -> Self {
        Self::new(Some(Behaviour::Broken(how)))
    }

    fn answer(answer: serve::Answering) -> Self {
        Self::new(Some(Behaviour::Answer(answer)))
    }

    /// Serves over TLS with this certificate chain and private key, both PEM.
    pub fn with_tls(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.tls = Some((certificate.into(), key.into()));
        self
    }

    /// Listens here instead of on a free port of 127.0.0.1.
    pub fn listen(mut self, at: SocketAddr) -> Self {
        self.at = at;
        self
    }

    /// Starts it, for tests: the port is open when this returns.
    ///
    /// # Panics
    /// When it cannot start; a program uses [`Unstarted::try_start`].
    #[expect(clippy::panic, reason = "a test without its upstream has nothing to go on with")]
    pub fn start(self) -> std::future::Ready<Provider> {
        match self.try_start() {
            Ok(provider) => std::future::ready(provider),
            Err(error) => panic!("{error}: {:?}", std::error::Error::source(&error)),
        }
    }

    /// Starts it: the port is open when this returns.
    ///
    /// # Errors
    /// [`StartError`] when the address is taken, the certificate cannot be used, or the system gives no thread.
    pub fn try_start(self) -> Result<Provider, StartError> {
        let refused = |source| StartError::Listen { address: self.at, source };
        let seen = Arc::new(Seen::default());
        let tls = self.tls.map(|(chain, key)| serve::acceptor(&chain, &key)).transpose();
        let tls = tls.map_err(StartError::Tls)?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let Some(behaviour) = self.behaviour else {
            let (socket, address) = reserve(self.at).map_err(refused)?;
            return Ok(Provider { address, scheme, seen, house: Running::Reserved { _socket: socket } });
        };
        let listener = TcpListener::bind(self.at).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let house = Arc::new(House { behaviour, seen: Arc::clone(&seen), tls });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(StartError::Thread)?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(format!("provider-{}", address.port()))
            .spawn(move || runtime.block_on(serve::until(stopped, listener, house)))
            .map_err(StartError::Thread)?;
        let house = Running::Thread { stop: Some(stop), thread: Some(thread) };
        Ok(Provider { address, scheme, seen, house })
    }
}

impl Provider {
    /// Where it is, without a slash at the end: `http://127.0.0.1:40123`; `https://localhost:40123` with TLS.
    pub fn url(&self) -> String {
        match self.scheme {
            // Certificates made for tests name `localhost`.
            "https" if self.address.ip().is_loopback() => {
                format!("https://localhost:{}", self.address.port())
            }
            scheme => format!("{scheme}://{}", self.address),
        }
    }

    /// Its socket address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests whose head it has read so far.
    pub fn calls(&self) -> u64 {
        self.seen.calls()
    }

    /// Connections it has accepted so far.
    pub fn connections(&self) -> u64 {
        self.seen.connections()
    }

    /// Bytes of request bodies it has read so far.
    pub fn received(&self) -> u64 {
        self.seen.received()
    }

    /// The last requests, oldest first: at most 256, bodies up to 64 KiB.
    pub fn requests(&self) -> Vec<Recorded> {
        self.seen.requests()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if let Running::Thread { stop, thread } = &mut self.house {
            drop(stop.take());
            // Joined, so that its port is free again when the drop returns.
            if let Some(thread) = thread.take() {
                drop(thread.join());
            }
        }
    }
}

/// Takes a port without listening on it.
fn reserve(at: SocketAddr) -> io::Result<(socket2::Socket, SocketAddr)> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(at), socket2::Type::STREAM, None)?;
    socket.bind(&at.into())?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((socket, address))
}
