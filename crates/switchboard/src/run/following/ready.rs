//! A board that is read, checked and built, and waits to be taken over: so that several processes change together, or none does.
//!
//! One at a time, for a minute and a half. The addresses it wants are held meanwhile, without answering at them (but for the
//! console's, which asks whoever comes to sign in): what another process of the board prepares finds them taken. What may still go wrong afterwards is what the machine does in between.

use super::{Changes, Following, Reloaded, WAITS};
use crate::drive::{Files, port};
use crate::run::console::Change;
use crate::run::people::People;
use board::{Board, Listener};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpSocket;

/// What waits.
pub(in crate::run) struct Ready {
    board: Arc<Board>,
    files: Files,
    console: Change,
    /// Addresses of listeners that are not open yet.
    held: Vec<TcpSocket>,
    until: Instant,
}

impl Ready {
    /// Whether nobody came for it.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() >= self.until
    }
}

impl Following {
    /// Reads, checks and builds; nothing changes yet.
    pub(super) async fn prepare(
        &mut self,
        now: &mut People,
        changes: &mut Changes,
    ) -> Result<Reloaded, String> {
        let outcome = self.try_prepare(now, changes).await;
        if outcome.is_err() {
            self.told(&outcome);
        }
        outcome
    }

    async fn try_prepare(&mut self, now: &mut People, changes: &mut Changes) -> Result<Reloaded, String> {
        let (loaded, files) = self.read(now, changes).await?;
        let next = Arc::new(loaded.map_err(|problems| problems.render(false))?);
        let running = self.board.borrow().clone();
        let done = Reloaded::of(&running, &next);
        self.people(&running, &next, now).await?;
        gateway::can_serve(&next).map_err(|error| format!("error: {error}"))?;
        let open: Vec<SocketAddr> =
            self.gateway.addresses().into_iter().map(|(_, address)| address).collect();
        let mut held = Vec::new();
        for one in next.listeners.iter().filter(|one| {
            let known = running.listeners.iter().any(|known| known.bind == one.bind);
            !known && !open.contains(&one.bind)
        }) {
            held.extend(hold(one)?);
        }
        let console = self.console.prepare(&next).await.map_err(|failure| format!("error: {failure}"))?;
        self.ready = Some(Ready { board: next, files, console, held, until: Instant::now() + WAITS });
        Ok(done)
    }

    /// Takes over what was prepared.
    pub(super) async fn commit(&mut self, revision: u64, now: &mut People) -> Result<Reloaded, String> {
        let ready = self.ready.take_if(|ready| ready.board.revision == revision);
        let Some(Ready { board, files, console, held, .. }) = ready else {
            let running = self.board.borrow();
            if running.revision == revision {
                // Somebody else has had it taken over meanwhile.
                return Ok(Reloaded::of(&running, &running));
            }
            return Err(
                "what was prepared is not there any more, or is of another revision: reload anew".to_owned()
            );
        };
        if self.files.is_some() {
            self.files = Some(files);
        }
        drop(held);
        let outcome = self.take_over(board, console, now).await;
        self.told(&outcome);
        outcome
    }

    /// Forgets what was prepared.
    pub(super) fn forget(&mut self) -> Reloaded {
        self.ready = None;
        let running = self.board.borrow();
        Reloaded::of(&running, &running)
    }
}

/// Sees that a listener's address can be had, and keeps it, where the system lets it be kept.
fn hold(listener: &Listener) -> Result<Option<TcpSocket>, String> {
    let (name, at, origin) = (&listener.name, listener.bind, &listener.origin);
    port::free(at).map_err(|taken| {
        let why = match &taken.owner {
            Some(owner) => format!("it is taken by {owner}"),
            None => taken.why,
        };
        format!("error: listener `{name}` cannot open `{at}` ({origin}): {why}; stop who has it, or choose another port")
    })?;
    if at.port() == 0 {
        return Ok(None);
    }
    // Bound and not listening: nobody connects to what may be dropped again. Where old connections are still being
    // forgotten it cannot be kept, and can be opened all the same.
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    Ok(socket.ok().filter(|socket| socket.bind(at).is_ok()))
}
