//! A board that runs: gateway, ledger, console, `run.sock`, until somebody stops it.

mod alerts;
mod control;
mod following;
mod lines;
mod people;

pub(crate) use control::digest;
pub(crate) use people::People;

use crate::arguments::Global;
use crate::drive::socket::Socket;
use crate::drive::{Entry, Files, allowances, entropy, now_ms, open_ledger, port, stored, unusable};
use crate::exit::{Exit, Failure};
use board::Board;
use exchange::Recorder;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
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
    let (loaded, files) = following::load(&plan.folder, global.env.as_deref());
    let board = Arc::new(loaded.map_err(|problems| unusable(&plan.folder, global, &problems))?);
    let files = plan.watch.then_some(files);
    let terminal = global.terminal();
    if !board.warnings.0.is_empty() && plan.what != "demo" {
        terminal.say(board.warnings.render(terminal.colour_err).trim_end());
    }
    for listener in &board.listeners {
        // A second gateway must not share a port unseen.
        port::free(listener.bind).map_err(|taken| {
            Failure::run(format!("listener `{}`: {taken}", listener.name))
                .help("stop it, or write another `bind` under `[listen]`")
        })?;
    }
    open_many_files();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("cannot start: {error}")))?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, beside(plan, global, (board, files), ready))
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
    (board, files): (Arc<Board>, Option<Files>),
    ready: impl FnOnce(&Started) -> Result<Option<Work>, Failure>,
) -> Result<Exit, Failure> {
    let terminal = global.terminal();
    let ledger = open_ledger(&board).await?;
    let threads = plan.threads.unwrap_or_else(cores).clamp(1, 256);
    let mut writers = Vec::with_capacity(threads);
    for _ in 0..threads {
        writers.push(ledger.lease_writer().await.map_err(|error| stored(&error))?);
    }
    let people = People::read(&board, &ledger, None).await?;
    let rates = ledger.rates().await.map_err(|error| stored(&error))?;
    let recorder: Arc<dyn Recorder> =
        if plan.lines { lines::printing(ledger.recorder(), terminal) } else { ledger.recorder() };
    let gateway = gateway::Gateway::start(gateway::GatewayOptions {
        board: Arc::clone(&board),
        accounts: Arc::clone(&people.accounts),
        recorder,
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
    let (console, sign_in) = match start_console(&boards, &ledger).await? {
        Some((console, sign_in)) => (Some(console), Some(sign_in)),
        None => (None, None),
    };
    let link = match (&console, &sign_in) {
        (Some(console), Some(sign_in)) => {
            Some(sign_in.issue(entropy()?, SystemTime::now()).at(&console.url()))
        }
        _ => None,
    };
    let urls: Vec<(String, String)> =
        board.listeners.iter().map(|listener| (listener.name.to_string(), listener.url.clone())).collect();
    let started = Started { listeners: urls, console: link };
    let gateway = std::rc::Rc::new(gateway);
    let (last, last_reload) = watch::channel(following::LastReload::default());
    let (reload, reloads) = mpsc::channel(8);
    let following = following::Following {
        folder: plan.folder.clone(),
        env: global.env.clone(),
        ledger: ledger.clone(),
        gateway: gateway.clone(),
        terminal,
        board: current,
        last,
        files,
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
    let listed = match &socket {
        Ok(socket) => entry(plan, global, &started, console.as_ref(), socket).enlist().ok(),
        Err(error) => {
            terminal.complain(format!(
                "no `run.sock`: {error}; `explain` and `console link` cannot ask this board"
            ));
            None
        }
    };
    let (alerting, alerts_health) = watch::channel(alerts::AlertsHealth::default());
    let holder = alerts::holder();
    let alerts =
        alerts::Alerts { ledger: ledger.clone(), board: boards.clone(), terminal, health: alerting, holder };
    let alerts = tokio::task::spawn_local(alerts.run());
    let control = control::Control {
        gateway: gateway.clone(),
        ledger: ledger.clone(),
        board: boards,
        reload,
        last_reload,
        alerts: alerts_health,
        sign_in,
        console: console.as_ref().map(console::Running::url),
    };
    let answering = socket.ok().map(|socket| tokio::task::spawn_local(control.answer(socket)));
    let (stop, stopping) = watch::channel(false);
    let work = ready(&started)?.map(|work| {
        let mut stopping = stopping.clone();
        tokio::task::spawn_local(work(Box::pin(async move {
            let _ = stopping.wait_for(|stop| *stop).await;
        })))
    });
    let keeping = tokio::task::spawn_local(keep_house(ledger.clone(), gateway.clone(), terminal));
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
    if let Some(console) = console {
        console.stop().await;
    }
    following.abort();
    keeping.abort();
    alerts.abort();
    // Not let go of, it runs out by itself.
    let _ = ledger.let_go_of_news(holder).await;
    if let Some(answering) = answering {
        answering.abort();
    }
    drop(listed);
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

async fn start_console(
    boards: &watch::Receiver<Arc<Board>>,
    ledger: &ledger::Ledger,
) -> Result<Option<(console::Running, console::SignIn)>, Failure> {
    let Some(settings) = boards.borrow().console.clone() else { return Ok(None) };
    let listener = std::net::TcpListener::bind(settings.bind).map_err(|error| {
        let taken =
            port::free(settings.bind).err().map_or_else(|| error.to_string(), |taken| taken.to_string());
        Failure::run(format!("the console cannot listen: {taken}"))
            .help("write another `bind` under `[console]`, or `console = false`")
    })?;
    let sign_in = console::SignIn::new(entropy()?);
    let options = console::ConsoleOptions {
        listener,
        ledger: ledger.clone(),
        board: boards.clone(),
        sign_in: sign_in.clone(),
        hosts: vec!["localhost".to_owned()],
        clock: SystemTime::now,
    };
    let running = console::serve(options).await.map_err(|error| Failure::run(error.to_string()))?;
    Ok(Some((running, sign_in)))
}

fn entry(
    plan: &Plan,
    global: &Global,
    started: &Started,
    console: Option<&console::Running>,
    socket: &Socket,
) -> Entry {
    let absolute = |path: &std::path::Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Entry {
        what: plan.what.to_owned(),
        pid: std::process::id(),
        board: absolute(&plan.folder),
        env: global.env.clone(),
        urls: started.listeners.iter().map(|(_, url)| url.clone()).collect(),
        console: console.map(console::Running::url),
        socket: absolute(socket.path()),
        since_ms: now_ms(),
    }
}

/// Once an hour old days are dropped; every ten seconds a loss is said once.
async fn keep_house(
    ledger: ledger::Ledger,
    gateway: std::rc::Rc<gateway::Running>,
    terminal: crate::terminal::Terminal,
) {
    let (mut said, mut trusted, mut apart) = (0, 0, false);
    let (mut pruned, mut rolled) = (None::<std::time::Instant>, None);
    loop {
        if pruned.is_none_or(|at| at.elapsed() > Duration::from_secs(3600)) {
            pruned = Some(std::time::Instant::now());
            if let Err(error) = ledger.prune(now_ms()).await {
                terminal.complain(format!("warning: old calls cannot be dropped: {error}"));
            }
        }
        if rolled.is_none_or(|at: std::time::Instant| at.elapsed() > Duration::from_secs(60)) {
            rolled = Some(std::time::Instant::now());
            if let Err(error) = ledger.roll_up(now_ms()).await {
                terminal.complain(format!("warning: counts cannot be added up to hours and days: {error}"));
            }
        }
        let health = ledger.health();
        let lost = health.rows_dropped + health.details_dropped;
        if lost > said {
            said = lost;
            let why = health.last_error.clone().unwrap_or_else(|| "the queue was full".to_owned());
            terminal.complain(format!("warning: {lost} rows and details of calls are lost so far: {why}"));
        } else if health.behind {
            let why = health.last_error.clone().unwrap_or_default();
            terminal.complain(format!("warning: the ledger is behind, calls go on: {why}"));
        }
        let on_trust = gateway.on_trust();
        if on_trust > trusted {
            trusted = on_trust;
            let why = health.quotas.unwrap_or_else(|| "the ledger did not answer in time".to_owned());
            terminal.complain(format!(
                "warning: {on_trust} calls were let in without their quotas being kept so far: {why}"
            ));
        }
        // Alone it makes no difference.
        let rates = gateway.rates();
        if let Some(why) = rates.away.filter(|_| rates.shared && !apart) {
            terminal
                .complain(format!("warning: rates are not shared, each process counts for itself: {why}"));
        }
        apart = gateway.rates().away.is_some();
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
}
