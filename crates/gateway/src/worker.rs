//! A worker: one thread, its connections, its providers, its world.
//!
//! Worker state is `Rc` and `Cell` and never leaves the thread. What reaches it from outside is a
//! message: a new world, a call to make, the order to stop.

mod doors;
mod unreadable;

use crate::bind::Change;
use crate::dispatch::Errand;
use crate::scopes::Scopes;
use crate::settings::Settings;
use crate::world::{Prepared, Shared, World};
use board::{Board, DetailsWanted};
use doors::Doors;
use exchange::{Accounts, CallId, CallIds, Recorder};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};

/// Handshakes at once.
const HANDSHAKES: usize = 64;
/// How often a worker looks for quotas that nobody spends.
const SWEEP: Duration = Duration::from_secs(1);

/// A word to a worker.
#[derive(Debug)]
pub(crate) enum Order {
    /// From now on, this is the world.
    Swap(Arc<Board>, Arc<Accounts>, Arc<Prepared>, Arc<Scopes>, Vec<Change>),
    /// No new connections; finish what is under way, at most so long. Said again: end at once.
    Drain(Duration, oneshot::Sender<usize>),
}

/// What one thread has.
#[derive(Debug)]
pub(crate) struct Worker {
    world: RefCell<Rc<World>>,
    providers: call::Providers,
    recorder: Arc<dyn Recorder>,
    ids: RefCell<CallIds>,
    shared: Arc<Shared>,
    settings: Settings,
    stop: watch::Sender<bool>,
    draining: Cell<bool>,
    cutting: Cell<bool>,
    connections: Cell<usize>,
    calls: Cell<usize>,
    quiet: Notify,
    handshakes: Rc<Semaphore>,
}

/// What a worker is started with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) board: Arc<Board>,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) scopes: Arc<Scopes>,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) settings: Settings,
    pub(crate) writer: u16,
    pub(crate) sockets: Vec<Change>,
    pub(crate) orders: mpsc::UnboundedReceiver<Order>,
    pub(crate) errands: mpsc::Receiver<Errand>,
}

/// Runs a worker to its end. To be called inside a `LocalSet`.
pub(crate) async fn run(start: Start) {
    let Start {
        board,
        accounts,
        prepared,
        scopes,
        recorder,
        shared,
        settings,
        writer,
        sockets,
        mut orders,
        mut errands,
    } = start;
    let dial = call::Dial {
        idle_per_server: settings.idle_per_server,
        keep_head: board.record.details == DetailsWanted::All,
        leases: shared.leases.clone(),
        ..call::Dial::default()
    };
    let worker = Rc::new(Worker {
        world: RefCell::new(Rc::new(World::new(board, accounts, prepared, scopes))),
        providers: call::Providers::with_paces(dial, Arc::clone(&shared.paces)),
        recorder,
        ids: RefCell::new(CallIds::new(writer)),
        shared,
        settings,
        stop: watch::Sender::new(false),
        draining: Cell::new(false),
        cutting: Cell::new(false),
        connections: Cell::new(0),
        calls: Cell::new(0),
        quiet: Notify::new(),
        handshakes: Rc::new(Semaphore::new(HANDSHAKES)),
    });
    let mut doors = Doors::default();
    doors.change(&worker, sockets);
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Some(Order::Swap(board, accounts, prepared, scopes, changes)) => {
                    worker.see(World::new(board, accounts, prepared, scopes));
                    doors.change(&worker, changes);
                }
                Some(Order::Drain(wait, done)) => {
                    let again = tokio::select! {
                        biased;
                        () = drain(&worker, wait) => None,
                        again = asked_again(&mut orders) => again,
                    };
                    worker.cutting.set(true);
                    for done in [Some(done), again].into_iter().flatten() {
                        let _ = done.send(worker.calls.get());
                    }
                    return;
                }
                None => return,
            },
            _ = sweep.tick() => worker.shared.purses.sweep(),
            Some(errand) = errands.recv() => {
                tokio::task::spawn_local(errand.run(Rc::clone(&worker)));
            }
        }
    }
}

/// Comes back when whoever waits for the end has no more patience, or is gone.
async fn asked_again(orders: &mut mpsc::UnboundedReceiver<Order>) -> Option<oneshot::Sender<usize>> {
    loop {
        match orders.recv().await {
            Some(Order::Drain(_, done)) => return Some(done),
            Some(Order::Swap(..)) => {}
            None => return None,
        }
    }
}

/// Lets calls under way finish.
async fn drain(worker: &Worker, wait: Duration) {
    worker.draining.set(true);
    worker.stop.send_replace(true);
    let quiet = async {
        while worker.connections.get() > 0 || worker.calls.get() > 0 {
            worker.quiet.notified().await;
        }
    };
    let _ = tokio::time::timeout(wait, quiet).await;
}

impl Worker {
    /// Takes over another world; what it does not use any more is let go.
    fn see(&self, next: World) {
        let board = Arc::clone(&next.board);
        let before = std::mem::replace(&mut *self.world.borrow_mut(), Rc::new(next));
        // Accounts change every second, boards do not.
        if Arc::ptr_eq(&before.board, &board) {
            return;
        }
        self.providers.keep_heads(board.record.details == DetailsWanted::All);
        self.providers.keep_only(board.apis.iter().flat_map(|api| {
            std::iter::once(&*api.upstream).chain(api.connections.iter().map(|(_, upstream)| &**upstream))
        }));
    }

    /// The world that a call which begins now sees.
    pub(crate) fn world(&self) -> Rc<World> {
        Rc::clone(&self.world.borrow())
    }

    pub(crate) fn providers(&self) -> &call::Providers {
        &self.providers
    }

    pub(crate) fn recorder(&self) -> &dyn Recorder {
        &*self.recorder
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether the worker takes nothing new.
    pub(crate) fn is_stopping(&self) -> bool {
        self.draining.get()
    }

    /// Whether what is under way is being cut off.
    pub(crate) fn is_cutting(&self) -> bool {
        self.cutting.get()
    }

    /// Comes back when the worker is told to stop.
    pub(crate) fn stopping(&self) -> impl Future<Output = ()> + 'static {
        let mut stop = self.stop.subscribe();
        async move {
            if stop.wait_for(|stop| *stop).await.is_err() {
                // The worker is gone: whoever waits goes with it.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The same, or when the door is closed through which somebody came.
    pub(crate) fn stopping_at(&self, mut door: watch::Receiver<bool>) -> impl Future<Output = ()> + 'static {
        let all = self.stopping();
        async move {
            let closed = async {
                if door.wait_for(|closed| *closed).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = all => {}
                () = closed => {}
            }
        }
    }

    /// The id of a call that begins now.
    pub(crate) fn next_id(&self) -> CallId {
        self.calls.set(self.calls.get() + 1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.ids.borrow_mut().next(u64::try_from(now.as_millis()).unwrap_or(0))
    }

    /// A call is over.
    pub(crate) fn call_over(&self) {
        self.calls.set(self.calls.get().saturating_sub(1));
        self.quiet.notify_one();
    }

    /// Idle and head timeouts of a listener.
    pub(crate) fn timeouts(&self, listener: usize) -> (Duration, Duration) {
        let world = self.world();
        world
            .board
            .listeners
            .get(listener)
            .map_or((Duration::from_secs(60), Duration::from_secs(10)), |listener| {
                (listener.idle_timeout, listener.head_timeout)
            })
    }
}
