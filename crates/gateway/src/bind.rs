//! Opening the listeners: one socket per thread on the same address.
//!
//! An address is tried without `SO_REUSEPORT` first, so that one that is taken is seen and named instead of
//! being shared with whoever has it.

use crate::GatewayError;
use board::{Board, Listener};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

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

/// A board with its listeners in the order in which they were opened: connections know theirs by its place.
///
/// # Errors
/// [`GatewayError::Listeners`]: they are not the same addresses.
pub(crate) fn in_order(
    board: Arc<Board>,
    opened: &[(Arc<str>, SocketAddr)],
) -> Result<Arc<Board>, GatewayError> {
    let listeners = &board.listeners;
    let mut free: Vec<usize> = (0..listeners.len()).collect();
    let mut order = Vec::with_capacity(opened.len());
    for (name, address) in opened {
        let same = |index: &usize| listeners[*index].bind == *address;
        let named = |index: &usize| same(index) && listeners[*index].name == *name;
        let Some(at) = free.iter().position(named).or_else(|| free.iter().position(same)) else {
            return Err(GatewayError::Listeners(format!("no listener has `bind = \"{address}\"` any more")));
        };
        order.push(free.remove(at));
    }
    if let Some(new) = free.first().map(|index| &listeners[*index]) {
        return Err(GatewayError::Listeners(format!(
            "listener `{}` with `{}` is not open",
            new.name, new.bind
        )));
    }
    if order.is_sorted() {
        return Ok(board);
    }
    let mut board = Arc::unwrap_or_clone(board);
    board.listeners = order.iter().map(|index| board.listeners[*index].clone()).collect();
    board.routers = order.iter().map(|index| board.routers[*index].clone()).collect();
    Ok(Arc::new(board))
}
