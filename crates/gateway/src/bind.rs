//! Opening the listeners: one socket per thread on the same address.
//!
//! An address is tried without `SO_REUSEPORT` first, so that one that is taken is seen and named instead of
//! being shared with whoever has it.

use crate::GatewayError;
use board::Listener;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Opens each listener once per thread. Outer: threads; inner: listeners, in the board's order.
pub(crate) fn bind(
    listeners: &[Listener],
    threads: usize,
) -> Result<(Vec<Vec<TcpListener>>, Vec<SocketAddr>), GatewayError> {
    let mut sockets: Vec<Vec<TcpListener>> = (0..threads).map(|_| Vec::new()).collect();
    let mut addresses = Vec::new();
    for listener in listeners {
        let wrong =
            |source| GatewayError::Bind { listener: listener.name.clone(), address: listener.bind, source };
        let address = probe(listener.bind).map_err(wrong)?;
        for own in &mut sockets {
            own.push(open(address, threads > 1).map_err(wrong)?);
        }
        addresses.push(address);
    }
    Ok((sockets, addresses))
}

/// Sees whether the address is free; gives it with its port.
fn probe(address: SocketAddr) -> io::Result<SocketAddr> {
    let socket = open(address, false)?;
    socket.local_addr()
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose last connections are still waiting to be forgotten is free.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
