//! A board that runs: gateway, ledger, console, `run.sock`, until somebody stops it.

mod alerts;
mod calls;
mod console;
mod control;
mod following;
mod house;
mod lines;
mod opening;
mod people;

pub(crate) use control::digest;
pub(crate) use people::People;

use crate::arguments::Global;
use crate::drive::socket::Socket;
use crate::drive::{Entry, LedgerAt, allowances, now_ms, stored};
use crate::exit::{Exit, Failure};
use exchange::Recorder;
use opening::Opened;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// How long calls in flight may take to end at a stop.
const DRAIN: Duration = Duration::from_secs(30);

/// What is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// `serve`, `proxy`, `demo`: for the list of what runs.
    pub(crate) what: &'static str,
    /// The board's folder.
    pub(crate) folder: PathBuf,
    /// How many threads serve; none: one for each core.
    pub(crate) threads: Option<usize>,
    /// Whether a line is printed for each call.
    pub(crate) lines: bool,
    /// Whether changed files are taken over by themselves.
    pub(crate) watch: bool,
}

/// What has been started.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    /// Name and URL of each listener.
    pub(crate) listeners: Vec<(String, String)>,
    /// A link that signs in to the console, once.
    pub(crate) console: Option<String>,
}

/// Ends when the board is to stop.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()>>>;
/// Work beside the gateway, on this thread, until it stops.
pub(crate) type Work = Box<dyn FnOnce(Stop) -> Pin<Box<dyn Future<Output = ()>>>>;

/// Runs a board. `ready` is told when calls can come; what it gives runs beside it.
pub(crate) fn run(
    plan: &Plan,
    global: &Global,
    ready: impl FnOnce(&Started) -> Result<Option<Work>, Failure>,
) -> Result<Exit, Failure> {
    open_many_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("cannot start: {error}")))?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let opened = opening::open(plan, global).await?;
        beside(plan, global, opened, ready).await
    })
}

/// Lets this process have as many descriptors as the system grants: shells give 1,024, which a thousand idle
/// callers use up, and then nobody else gets in.
fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused, the old limit stays and is enough for most.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

async fn beside(
    plan: &Plan,
    global: &Global,
    Opened { board, files, ledger, people }: Opened,
    ready: impl FnOnce(&Started) -> Result<Option<Work>, Failure>,
) -> Result<Exit, Failure> {
    let terminal = global.terminal();
    let files = plan.watch.then_some(files);
    let threads = plan.threads.unwrap_or_else(cores).clamp(1, 256);
    let mut writers = Vec::with_capacity(threads);
    for _ in 0..threads {
        writers.push(ledger.lease_writer().await.map_err(|error| stored(&error))?);
    }
    let calls = calls::Calls::before(ledger.recorder());
    if plan.lines {
        lines::print(&calls, terminal);
    }
    let rates = ledger.rates().await.map_err(|error| stored(&error))?;
    let gateway = gateway::Gateway::start(gateway::GatewayOptions {
        board: Arc::clone(&board),
        accounts: Arc::clone(&people.accounts),
        recorder: Arc::clone(&calls) as Arc<dyn Recorder>,
        quotas: ledger.quotas(),
        threads,
        writer_ids: writers,
        // A provider's pace is one for all that run for this user: boards and commands.
        settings: gateway::Settings {
            turns: allowances(),
            rates: Some(rates),
            ..gateway::Settings::default()
        },
    })
    .map_err(|error| Failure::run(error.to_string()))?;
    let (current, boards) = watch::channel(Arc::clone(&board));
    let seat = console::Seat::new(boards.clone(), ledger.clone());
    seat.take(seat.prepare(&board).await?).await;
    let link = seat.link()?;
    let names = board.listeners.iter().map(|listener| listener.name.to_string());
    let urls = names.zip(following::urls(&board)).collect();
    let started = Started { listeners: urls, console: link };
    let gateway = std::rc::Rc::new(gateway);
    let (last, last_reload) = watch::channel(following::LastReload::default());
    let (stale, accounts_stale) = watch::channel(None);
    let (reload, reloads) = mpsc::channel(8);
    let listed = std::rc::Rc::new(std::cell::RefCell::new(None));
    let following = following::Following {
        folder: plan.folder.clone(),
        env: global.env.clone(),
        ledger: ledger.clone(),
        gateway: gateway.clone(),
        terminal,
        board: current,
        console: seat.clone(),
        last,
        stale,
        files,
        ready: None,
        listed: listed.clone(),
    };
    let following = tokio::task::spawn_local(following.run(people, reloads));
    // Without the socket everything runs, but nobody can ask what runs: say so and go on.
    let socket = Socket::open(&board.ledger.folder).await;
    if let Some(left) = socket.as_ref().ok().map(Socket::left).filter(|left| *left > 0) {
        let (who, last) =
            if left == 1 { ("a process", "its last second") } else { ("processes", "their last second") };
        terminal.complain(format!(
            "warning: {who} of this board had not stopped by itself: calls of {last} may be missing in usage and log"
        ));
    }
    *listed.borrow_mut() = match &socket {
        Ok(socket) => entry(plan, global, &started, seat.url(), socket).enlist().ok(),
        Err(error) => {
            terminal.complain(format!(
                "no `run.sock`: {error}; `explain` and `console link` cannot ask this board"
            ));
            None
        }
    };
    let (alerting, alerts_health) = watch::channel(alerts::AlertsHealth::default());
    let holder = alerts::holder();
    let alerts = alerts::Alerts {
        ledger: ledger.clone(),
        board: boards.clone(),
        terminal,
        health: alerting,
        gateway: gateway.clone(),
        holder,
    };
    let alerts = tokio::task::spawn_local(alerts.run());
    let control = control::Control {
        gateway: gateway.clone(),
        ledger: ledger.clone(),
        ledger_at: LedgerAt::of(&board.ledger),
        board: boards,
        reload,
        last_reload,
        stale: accounts_stale.clone(),
        alerts: alerts_health,
        console: seat.clone(),
        calls,
        dispatched: std::rc::Rc::default(),
    };
    let answering = socket.ok().map(|socket| tokio::task::spawn_local(control.answer(socket)));
    let (stop, stopping) = watch::channel(false);
    let work = ready(&started)?.map(|work| {
        let mut stopping = stopping.clone();
        tokio::task::spawn_local(work(Box::pin(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        })))
    });
    let keeping =
        tokio::task::spawn_local(house::keep(ledger.clone(), gateway.clone(), accounts_stale, terminal));
    asked_to_stop().await;
    let _ = stop.send(true);
    terminal.say("stopping: calls in flight may end");
    if let Some(work) = work {
        let _ = tokio::time::timeout(Duration::from_secs(2), work).await;
    }
    tokio::select! {
        left = gateway.drain(DRAIN) => {
            if left > 0 {
                terminal.complain(format!("{left} calls had not ended and were broken off"));
            }
        }
        () = asked_to_stop() => {
            terminal.say("stopped at once");
            // What is cut off here is counted: the ledger is still open.
            gateway.drain(Duration::ZERO).await;
        }
    }
    following.abort();
    seat.close().await;
    keeping.abort();
    alerts.abort();
    // Not let go of, it runs out by itself.
    let _ = ledger.let_go_of_news(holder).await;
    if let Some(answering) = answering {
        answering.abort();
    }
    drop(listed.take());
    ledger.close().await.map_err(|error| stored(&error))?;
    let health = ledger.health();
    if health.rows_dropped > 0 {
        terminal.complain(format!(
            "{} rows of calls were lost: {}",
            health.rows_dropped,
            health.last_error.unwrap_or_default()
        ));
    }
    Ok(Exit::Ok)
}

/// SIGINT or SIGTERM.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn entry(plan: &Plan, global: &Global, started: &Started, console: Option<String>, socket: &Socket) -> Entry {
    let absolute = |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Entry {
        what: plan.what.to_owned(),
        pid: std::process::id(),
        board: absolute(&plan.folder),
        env: global.env.clone(),
        urls: started.listeners.iter().map(|(_, url)| url.clone()).collect(),
        console,
        socket: absolute(socket.path()),
        since_ms: now_ms(),
    }
}
