//! Providers: real HTTP/1.1 servers on the loopback, right ones and broken ones, that count what they were asked.
//!
//! Each runs on a thread of its own, so that any test may start one, and stops when it is dropped.
//! Bounds: 1,024 connections, heads of 64 KiB, held bodies of 16 MiB, the last 256 requests remembered.

mod answer;
mod broken;
mod kinds;
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
    /// Where it is, without a slash at the end: `http://127.0.0.1:40123`, or `https://…` with TLS.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// The same under another name, for certificates: `https://localhost:40123`.
    pub fn url_as(&self, host: &str) -> String {
        format!("{}://{host}:{}", self.scheme, self.address.port())
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
