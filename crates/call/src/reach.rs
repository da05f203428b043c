//! From a host and port to a socket: wished, written or looked-up addresses, tried one after another.
//!
//! Each address has its share of the time that is left (what RFC 8305 wants from a hasty caller, without racing two
//! of them).

use crate::connect::{Facts, Failed};
use crate::{Dial, ErrorKind};
use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// More addresses of one name are not tried.
const MOST_ADDRESSES: usize = 8;

/// A socket to `host` and `port`.
pub(crate) async fn reach(
    host: &str,
    port: u16,
    dial: &Dial,
    deadline: Instant,
    facts: &mut Facts,
) -> Result<TcpStream, Failed> {
    let begun = Instant::now();
    let addresses = addresses(host, port, dial).await?;
    facts.lookup += begun.elapsed();
    let mut last = Failed::late();
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1);
        last = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                facts.peer = Some(*address);
                prepare(&socket);
                return Ok(socket);
            }
            Ok(Err(error)) => unreachable_at(*address, &error),
            Err(_) => Failed::late(),
        };
    }
    Err(last)
}

/// The addresses of a host: wished, written or looked up.
pub(crate) async fn addresses(host: &str, port: u16, dial: &Dial) -> Result<Vec<SocketAddr>, Failed> {
    let wished = dial.wished(host, port);
    if !wished.is_empty() {
        return Ok(wished);
    }
    let unknown = |words: String| Failed { kind: ErrorKind::NameUnknown, words };
    let fits = |address: IpAddr| dial.family.is_none_or(|family| family.has(address));
    let of_that_kind = || {
        let kind = dial.family.map_or("", |family| family.name());
        unknown(format!("`{host}` has no {kind} address"))
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        let other = || Failed { kind: ErrorKind::Refused, ..of_that_kind() };
        return if fits(address) { Ok(vec![SocketAddr::new(address, port)]) } else { Err(other()) };
    }
    let all: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| unknown(format!("the name `{host}` cannot be looked up: {error}")))?
        .collect();
    if all.is_empty() {
        return Err(unknown(format!("the name `{host}` has no address")));
    }
    let found: Vec<_> = all.into_iter().filter(|one| fits(one.ip())).take(MOST_ADDRESSES).collect();
    if found.is_empty() { Err(of_that_kind()) } else { Ok(found) }
}

fn unreachable_at(address: SocketAddr, error: &io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Failed {
            kind: ErrorKind::Refused,
            words: format!("connection refused: nobody listens at {address}"),
        },
        io::ErrorKind::TimedOut => Failed::late(),
        _ => Failed { kind: ErrorKind::Refused, words: format!("{address} cannot be reached: {error}") },
    }
}

/// Small answers at once, and a dead provider is noticed also while nobody speaks (server-sent events).
fn prepare(socket: &TcpStream) {
    let alive = TcpKeepalive::new().with_time(Duration::from_secs(60)).with_interval(Duration::from_secs(15));
    // Both only better the connection; a system that refuses them still connects.
    let _ = socket.set_nodelay(true);
    let _ = SockRef::from(socket).set_tcp_keepalive(&alive);
}
