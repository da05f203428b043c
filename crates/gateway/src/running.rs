//! A gateway: started, looked at, given a new world, stopped.

use crate::GatewayError;
use crate::bind::{self, Planned, Slot};
use crate::dispatch::Inboxes;
use crate::explain::{self, Asked};
use crate::over_soft::OverSoft;
use crate::rates::{Keeper, RatesStanding};
use crate::scopes::Scopes;
use crate::settings::Settings;
use crate::standing::{self, LimitsOf, Standings};
use crate::worker::{self, Order, Start};
use crate::world::{Prepared, Shared, World};
use board::Board;
use exchange::{Accounts, Decision, Dispatch, QuotaStore, QuotasInMemory, Recorder};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

/// Calls that may wait in a worker's inbox.
const INBOX: usize = 256;

/// What a gateway is started with.
#[derive(Debug)]
pub struct GatewayOptions {
    /// The board.
    pub board: Arc<Board>,
    /// Who may call.
    pub accounts: Arc<Accounts>,
    /// Where records go.
    pub recorder: Arc<dyn Recorder>,
    /// Where quotas are granted.
    pub quotas: Arc<dyn QuotaStore>,
    /// How many threads; 0: one for each core.
    pub threads: usize,
    /// Numbers under which the threads make ids of calls: one for each, leased so that no other process has them.
    /// Where there are fewer than threads, only so many threads are started.
    pub writer_ids: Vec<u16>,
    /// Bounds and times.
    pub settings: Settings,
}

/// The gateway.
#[derive(Clone, Copy, Debug)]
pub struct Gateway;

/// A gateway that runs. Dropping it stops it at once; [`Running::drain`] stops it gently.
#[derive(Debug)]
pub struct Running {
    slots: Mutex<Vec<Slot>>,
    orders: Vec<mpsc::UnboundedSender<Order>>,
    dispatch: Arc<Inboxes>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
    /// Keeps company with other processes, until the last thread has ended.
    keeper: Mutex<Option<Keeper>>,
    now: Arc<Mutex<Parts>>,
}

#[derive(Clone, Debug)]
struct Parts {
    /// As it was given.
    given: Arc<Board>,
    /// The same, with its listeners in the order of their slots.
    board: Arc<Board>,
    accounts: Arc<Accounts>,
    prepared: Arc<Prepared>,
    scopes: Arc<Scopes>,
}

impl Gateway {
    /// Opens the listeners and starts the threads.
    ///
    /// # Errors
    /// [`GatewayError`]: an address is taken or not to be had, a certificate cannot be used, no thread can be had.
    pub fn start(options: GatewayOptions) -> Result<Running, GatewayError> {
        let GatewayOptions { board, accounts, recorder, quotas, threads, writer_ids, settings } = options;
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let wanted = if threads == 0 { cores() } else { threads };
        let count = wanted.min(writer_ids.len().max(1));
        let prepared = Arc::new(Prepared::new(&board).map_err(GatewayError::Tls)?);
        let scopes = Arc::new(Scopes::new(&accounts, &prepared));
        let Planned { slots, changes } = bind::plan(&board.listeners, &[], count)?;
        let given = Arc::clone(&board);
        let board = bind::in_slots(board, &slots);
        let turns = settings.turns.clone();
        let shared =
            Arc::new(Shared::new(quotas, turns, settings.rates.clone()).map_err(GatewayError::Thread)?);
        let (mut orders, mut inboxes, mut handles) = (Vec::new(), Vec::new(), Vec::new());
        for (number, sockets) in changes.into_iter().enumerate() {
            let (order, ordered) = mpsc::unbounded_channel();
            let (errand, errands) = mpsc::channel(INBOX);
            let start = Start {
                board: Arc::clone(&board),
                accounts: Arc::clone(&accounts),
                prepared: Arc::clone(&prepared),
                scopes: Arc::clone(&scopes),
                recorder: Arc::clone(&recorder),
                shared: Arc::clone(&shared),
                settings: settings.clone(),
                writer: writer_ids.get(number).copied().unwrap_or_default(),
                sockets,
                orders: ordered,
                errands,
            };
            handles.push(spawn(number, start).map_err(GatewayError::Thread)?);
            orders.push(order);
            inboxes.push(errand);
        }
        let now = Arc::new(Mutex::new(Parts { given, board, accounts, prepared, scopes }));
        let parts = Arc::clone(&now);
        let accounts = move || Arc::clone(&parts.lock().unwrap_or_else(PoisonError::into_inner).accounts);
        let keeper = Keeper::start(&shared, accounts).map_err(GatewayError::Thread)?;
        Ok(Running {
            slots: Mutex::new(slots),
            orders,
            dispatch: Arc::new(Inboxes::new(inboxes)),
            threads: Mutex::new(handles),
            shared,
            keeper: Mutex::new(keeper),
            now,
        })
    }
}

fn spawn(number: usize, start: Start) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
        let local = LocalSet::new();
        local.block_on(&runtime, worker::run(start));
        // What is still under way is dropped here, inside the runtime, so that its records are closed.
        let _inside = runtime.enter();
        drop(local);
    })
}

impl Running {
    /// Names and addresses of the listeners that are open, with the ports that were found for port 0.
    pub fn addresses(&self) -> Vec<(Arc<str>, SocketAddr)> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().filter_map(Slot::address).collect()
    }

    /// From the next request on, this is the world. Calls under way keep theirs; limits, pools and connections stay.
    ///
    /// A listener with another address opens that one, and lets the connections of the old one end; one that is gone is
    /// closed like that.
    ///
    /// # Errors
    /// [`GatewayError::Tls`], [`GatewayError::Bind`], [`GatewayError::Listeners`]; then nothing has changed.
    pub fn swap(&self, board: Arc<Board>, accounts: Arc<Accounts>) -> Result<(), GatewayError> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let given = Arc::clone(&board);
        let (board, prepared, planned) = if Arc::ptr_eq(&now.given, &given) {
            // Accounts change often, boards do not.
            (Arc::clone(&now.board), Arc::clone(&now.prepared), None)
        } else {
            let planned = bind::plan(&board.listeners, &slots, self.orders.len())?;
            let board = bind::in_slots(board, &planned.slots);
            let prepared = Arc::new(Prepared::new(&board).map_err(GatewayError::Tls)?);
            (board, prepared, Some(planned))
        };
        let scopes = if Arc::ptr_eq(&now.prepared, &prepared) && now.scopes.are_of(&accounts) {
            Arc::clone(&now.scopes)
        } else {
            Arc::new(Scopes::new(&accounts, &prepared))
        };
        *now = Parts { given, board, accounts, prepared, scopes };
        let mut changes = Vec::new();
        if let Some(planned) = planned {
            *slots = planned.slots;
            changes = planned.changes;
        }
        let changes = changes.into_iter().chain(std::iter::repeat_with(Vec::new));
        for (order, changes) in self.orders.iter().zip(changes) {
            let Parts { board, accounts, prepared, scopes, .. } = now.clone();
            // A worker that has stopped needs no world.
            let _ = order.send(Order::Swap(board, accounts, prepared, scopes, changes));
        }
        Ok(())
    }

    /// The way in for console, replay, flows and tests.
    pub fn dispatch(&self) -> Arc<dyn Dispatch> {
        Arc::clone(&self.dispatch) as Arc<dyn Dispatch>
    }

    /// Who went over a soft rate, or a soft bound of calls at once, since this was asked last; kept where an alert of the
    /// board is to tell it.
    pub fn over_soft(&self) -> Vec<OverSoft> {
        self.shared.over_soft.take()
    }

    /// What would happen to a request, with live counts. Quotas are looked up.
    pub async fn explain(&self, asked: &Asked) -> Vec<Decision> {
        let Parts { board, accounts, prepared, scopes, .. } = self.parts();
        let world = World::new(board, accounts, prepared, scopes);
        explain::explain(&world, &self.shared, asked);
        self.settle().await;
        explain::explain(&world, &self.shared, asked)
    }

    /// What limits stand at, by the counts of this process. Quotas are looked up.
    pub async fn limits(&self, of: &LimitsOf) -> Standings {
        let Parts { board, accounts, prepared, scopes, .. } = self.parts();
        let world = World::new(board, accounts, prepared, scopes);
        standing::look(&world, &self.shared, of);
        self.settle().await;
        standing::look(&world, &self.shared, of)
    }

    /// Calls that were let in on trust, because their quota could not be kept: the store was away.
    pub fn on_trust(&self) -> u64 {
        self.shared.purses.on_trust()
    }

    /// Records that could not be handed over, because the recorder failed.
    pub fn lost_records(&self) -> u64 {
        self.shared.lost_records()
    }

    /// Takes no new connection, lets calls under way finish, then ends; gives how many were cut off after `wait`.
    /// Called again while it waits, it cuts off at once what is still under way.
    pub async fn drain(&self, wait: Duration) -> usize {
        let mut waiting = Vec::new();
        for order in &self.orders {
            let (done, over) = oneshot::channel();
            if order.send(Order::Drain(wait, done)).is_ok() {
                waiting.push(over);
            }
        }
        let mut cut = 0;
        for over in waiting {
            cut += over.await.unwrap_or(0);
        }
        self.join();
        drop(self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.shared.rates.give_back();
        self.shared.purses.give_back();
        self.settle().await;
        cut
    }

    /// How rates are counted at the moment: by this process for itself, or with others.
    pub fn rates(&self) -> RatesStanding {
        self.shared.rates.standing()
    }

    async fn settle(&self) {
        self.shared.purses.settle().await;
        self.shared.rates.settle().await;
    }

    fn parts(&self) -> Parts {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.orders.clear();
        self.join();
    }
}

/// What would happen to a request on a board that does not run: every counter is as at the start.
///
/// # Errors
/// [`GatewayError::Tls`], [`GatewayError::Thread`].
pub fn explain_cold(
    board: Arc<Board>,
    accounts: Arc<Accounts>,
    asked: &Asked,
) -> Result<Vec<Decision>, GatewayError> {
    let prepared = Arc::new(Prepared::new(&board).map_err(GatewayError::Tls)?);
    let quotas = Arc::new(QuotasInMemory::default());
    let shared = Shared::new(quotas, None, None).map_err(GatewayError::Thread)?;
    let scopes = Arc::new(Scopes::new(&accounts, &prepared));
    Ok(explain::explain(&World::new(board, accounts, prepared, scopes), &shared, asked))
}
