//! Where a worker's connections come in: its sockets, opened, replaced and closed with the board, and the handshakes behind them.
//!
//! What came in through a door holds its slot until it ends: as long as anything does, the slot is no other listener's.

use super::Worker;
use crate::bind::{Change, Hold};
use crate::under_way::Peer;
use crate::wire;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The doors that are open, by their slots.
#[derive(Debug, Default)]
pub(super) struct Doors(HashMap<usize, watch::Sender<bool>>);

/// The door through which something came.
#[derive(Clone, Debug)]
struct Door {
    slot: usize,
    closing: watch::Receiver<bool>,
    _hold: Rc<Hold>,
}

impl Doors {
    /// Opens doors, and closes those in whose place they are: their connections end when what is under way on them is over.
    pub(super) fn change(&mut self, worker: &Rc<Worker>, changes: Vec<Change>) {
        for (slot, opened) in changes {
            if let Some(old) = self.0.remove(&slot) {
                old.send_replace(true);
            }
            let Some((socket, hold)) = opened else { continue };
            if let Ok(socket) = TcpListener::from_std(socket) {
                let (open, closing) = watch::channel(false);
                self.0.insert(slot, open);
                let door = Door { slot, closing, _hold: Rc::new(hold) };
                tokio::task::spawn_local(accept(Rc::clone(worker), socket, door));
            }
        }
    }
}

async fn accept(worker: Rc<Worker>, socket: TcpListener, door: Door) {
    let mut stopping = std::pin::pin!(worker.stopping_at(door.closing.clone()));
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = socket.accept() => accepted,
            () = stopping.as_mut() => return,
        };
        match accepted {
            // A caller who was let in by the kernel before the stop is still served, once.
            Ok((stream, address)) => take(&worker, stream, address.ip(), door.clone()),
            // Out of descriptors, most likely: existing connections must get a chance to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

fn take(worker: &Rc<Worker>, stream: TcpStream, address: IpAddr, door: Door) {
    if worker.connections.get() >= worker.settings.most_connections {
        return;
    }
    let _ = stream.set_nodelay(true);
    let open = Open::new(worker);
    let acceptor = worker.world().prepared.tls.get(door.slot).cloned().flatten();
    let worker = Rc::clone(worker);
    let peer = Peer { listener: door.slot, address: Some(address), https: acceptor.is_some() };
    tokio::task::spawn_local(async move {
        let _open = open;
        let closing = door.closing.clone();
        match acceptor {
            None => wire::serve(stream, peer, worker, closing).await,
            Some(acceptor) => {
                let handshakes = Rc::clone(&worker.handshakes);
                let shaken = async {
                    let _permit = handshakes.acquire().await.ok()?;
                    acceptor.accept(stream).await.ok()
                };
                if let Ok(Some(stream)) = tokio::time::timeout(HANDSHAKE, shaken).await {
                    wire::serve(stream, peer, worker, closing).await;
                }
            }
        }
        drop(door);
    });
}

/// Counts a connection while it is there.
#[derive(Debug)]
struct Open(Rc<Worker>);

impl Open {
    fn new(worker: &Rc<Worker>) -> Self {
        worker.connections.set(worker.connections.get() + 1);
        Self(Rc::clone(worker))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get() - 1);
        self.0.quiet.notify_one();
    }
}
