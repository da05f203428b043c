//! The listeners' sockets: opened one per thread on the same address, and kept, opened and closed with the board.
//!
//! A listener has a slot, by which its connections know it; a slot stays what it is while anybody holds it, so that no
//! connection ever finds itself at another listener. One that was closed, and that nobody holds any more, is used again. An
//! address is tried without `SO_REUSEPORT` first, so that one that is taken is seen and named instead of being shared with
//! whoever has it.

#[cfg(test)]
mod tests;

use crate::GatewayError;
use board::{Board, Listener, Router};
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;
/// Slots of one process: its listeners, and those that were closed and have connections still.
const MOST: usize = 1_024;

/// A listener that is open, or was.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// As the board wrote it last.
    listener: Listener,
    /// The address that is open, with its port where the board wrote 0.
    bound: SocketAddr,
    open: bool,
    hold: Hold,
}

/// Held by each thread that has the slot's socket, and by connections that came through it.
pub(crate) type Hold = Arc<()>;

/// What becomes of a thread's sockets: a socket for a slot in place of the one it had; none: it is closed.
pub(crate) type Change = (usize, Option<(TcpListener, Hold)>);

/// The slots of a board, and what each thread has to do for it.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) slots: Vec<Slot>,
    /// For each thread.
    pub(crate) changes: Vec<Vec<Change>>,
}

impl Slot {
    /// Its name and address, while it is open.
    pub(crate) fn address(&self) -> Option<(Arc<str>, SocketAddr)> {
        self.open.then(|| (Arc::clone(&self.listener.name), self.bound))
    }

    /// Whether it may be another listener's.
    fn is_free(&self) -> bool {
        !self.open && Arc::strong_count(&self.hold) == 1
    }
}

/// Opens what the board wants and the slots do not have. What they have and the board does not want is to be closed.
///
/// # Errors
/// An address cannot be had; then nothing has changed.
pub(crate) fn plan(listeners: &[Listener], slots: &[Slot], threads: usize) -> Result<Planned, GatewayError> {
    // Looked at before the slots are copied: a copy holds them too.
    let mut reusable: Vec<usize> = (0..slots.len()).filter(|at| slots[*at].is_free()).collect();
    let mut planned = Planned { slots: slots.to_vec(), changes: (0..threads).map(|_| Vec::new()).collect() };
    let (mut free, mut wanted) = (Vec::new(), Vec::new());
    free.extend((0..slots.len()).filter(|at| slots[*at].open));
    // Those whose address is open already, by name first: one that was renamed keeps its connections.
    let same = |slot: &Slot, one: &Listener| slot.listener.bind == one.bind;
    let named = |slot: &Slot, one: &Listener| same(slot, one) && slot.listener.name == one.name;
    for fits in [&named as &dyn Fn(&Slot, &Listener) -> bool, &same] {
        for (nth, one) in listeners.iter().enumerate() {
            if wanted.contains(&nth) {
                continue;
            }
            if let Some(at) = free.iter().position(|at| fits(&slots[*at], one)) {
                planned.slots[free.remove(at)].listener = one.clone();
                wanted.push(nth);
            }
        }
    }
    let fresh: Vec<&Listener> =
        listeners.iter().enumerate().filter(|(nth, _)| !wanted.contains(nth)).map(|(_, one)| one).collect();
    for one in fresh {
        let (bound, sockets) = open_all(one, threads)?;
        // The same listener elsewhere keeps its slot: its connections go on as its own until they end.
        let moved = free.iter().position(|at| slots[*at].listener.name == one.name).map(|at| free.remove(at));
        let hold = moved.map_or_else(Hold::default, |at| Arc::clone(&slots[at].hold));
        let slot = Slot { listener: one.clone(), bound, open: true, hold: Arc::clone(&hold) };
        let at = match moved.or_else(|| reusable.pop()) {
            Some(at) => {
                planned.slots[at] = slot;
                at
            }
            None if planned.slots.len() == MOST => {
                let words = format!(
                    "{MOST} listeners are open, or have connections still: reload again when some have ended"
                );
                return Err(GatewayError::Listeners(words));
            }
            None => {
                planned.slots.push(slot);
                planned.slots.len() - 1
            }
        };
        for (own, socket) in planned.changes.iter_mut().zip(sockets) {
            own.push((at, Some((socket, Arc::clone(&hold)))));
        }
    }
    for at in free {
        planned.slots[at].open = false;
        planned.changes.iter_mut().for_each(|own| own.push((at, None)));
    }
    Ok(planned)
}

/// A board with its listeners in the order of their slots, and the ports that were found: a default `url` says them. At a
/// slot that was closed nothing is offered any more.
pub(crate) fn in_slots(board: Arc<Board>, slots: &[Slot]) -> Arc<Board> {
    let as_written = board.listeners.len() == slots.len()
        && board
            .listeners
            .iter()
            .zip(slots)
            .all(|(one, slot)| slot.open && one.bind == slot.bound && one.name == slot.listener.name);
    if as_written {
        return board;
    }
    let mut board = Arc::unwrap_or_clone(board);
    let (mut listeners, mut routers) = (Vec::new(), Vec::new());
    for slot in slots {
        let at = board.listeners.iter().position(|one| one.name == slot.listener.name).filter(|_| slot.open);
        let mut listener = at.map_or(&slot.listener, |at| &board.listeners[at]).clone();
        if listener.bind.port() == 0 {
            if let Some(host) = listener.url.strip_suffix(":0") {
                listener.url = format!("{host}:{}", slot.bound.port());
            }
            listener.bind = slot.bound;
        }
        if !slot.open {
            // Nobody finds it any more.
            listener.nth = None;
        }
        listeners.push(listener);
        routers.push(at.and_then(|at| board.routers.get(at)).cloned().unwrap_or_else(Router::default));
    }
    (board.listeners, board.routers) = (listeners, routers);
    Arc::new(board)
}

/// A socket for each thread, and the address with its port.
fn open_all(listener: &Listener, threads: usize) -> Result<(SocketAddr, Vec<TcpListener>), GatewayError> {
    let wrong = |source| GatewayError::Bind {
        listener: listener.name.clone(),
        address: listener.bind,
        at: listener.origin.clone(),
        source,
    };
    let address = probe(listener.bind).map_err(wrong)?;
    let sockets =
        (0..threads).map(|_| open(address, threads > 1)).collect::<Result<_, _>>().map_err(wrong)?;
    Ok((address, sockets))
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
