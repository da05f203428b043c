//! What a running board is made of is followed: its accounts in the ledger always, its files when somebody says so.
//!
//! One task does both, so that board and accounts change together: one world. A reload that fails changes nothing.

mod ready;

use super::console::{Change, Seat};
use super::people::People;
use crate::command::RELOAD_PATIENCE;
use crate::drive::{Disk, Files, Listed, Logins, Need, Traced, details, now_ms, secrets_folder};
use crate::terminal::Terminal;
use board::{Board, Diagnostics};
use gateway::Running;
use ledger::Ledger;
use ready::Ready;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How often files are looked at, and accounts that could not be taken over are asked for again.
const AGAIN: Duration = Duration::from_millis(250);
/// After so long they are asked for at every eighth look only: each may read all of them.
const SOON_MS: u64 = 5_000;

/// Says that accounts have changed.
type Changes = watch::Receiver<u64>;

/// So long what was prepared waits to be taken over: longer than `switchboard reload` waits for the slowest process.
const WAITS: Duration = RELOAD_PATIENCE.saturating_add(Duration::from_secs(30));

/// Somebody asks for a reload, or for a step of one.
pub(super) struct Asked {
    pub(super) step: Step,
    pub(super) answer: oneshot::Sender<Result<Reloaded, String>>,
}

/// What is asked for. Of several processes all prepare before one takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Everything at once.
    Whole,
    /// Read, check and build; then wait.
    Prepare,
    /// Take over what was prepared, of this revision.
    Commit(u64),
    /// Forget what was prepared.
    Drop,
}

/// A board that was taken over.
#[derive(Clone, Debug)]
pub(super) struct Reloaded {
    /// Of what runs now.
    pub(super) revision: u64,
    /// Whether it is another one than before; of what is prepared, whether it would be.
    pub(super) changed: bool,
    /// Tables whose changes wait for the next start.
    pub(super) later: Vec<&'static str>,
}

/// How the last reload went: for health.
#[derive(Clone, Debug, Default)]
pub(super) struct LastReload {
    /// When, in milliseconds since 1970; 0: never.
    pub(super) at_ms: u64,
    /// Why it changed nothing.
    pub(super) failed: Option<String>,
}

/// Accounts have changed and cannot be taken over: who calls is judged by those of before.
#[derive(Clone, Debug)]
pub(super) struct Stale {
    /// Since when, in milliseconds since 1970.
    pub(super) since_ms: u64,
    /// Why.
    pub(super) why: String,
}

/// What following needs.
pub(super) struct Following {
    pub(super) folder: PathBuf,
    pub(super) env: Option<String>,
    pub(super) ledger: Ledger,
    pub(super) gateway: Rc<Running>,
    pub(super) terminal: Terminal,
    /// The board that runs.
    pub(super) board: watch::Sender<Arc<Board>>,
    pub(super) console: Seat,
    pub(super) last: watch::Sender<LastReload>,
    pub(super) stale: watch::Sender<Option<Stale>>,
    /// The files it was made of, where their changes are taken over by themselves.
    pub(super) files: Option<Files>,
    /// What was prepared: one at most, and not for long.
    pub(super) ready: Option<Ready>,
    /// Where others find it, once it is on the list.
    pub(super) listed: Rc<RefCell<Option<Listed>>>,
}

impl Following {
    /// Follows until it is dropped.
    pub(super) async fn run(mut self, mut now: People, mut asked: mpsc::Receiver<Asked>) {
        let mut changes = self.ledger.watch_accounts();
        let mut hangups = Hangups::new();
        let mut tick = tokio::time::interval(AGAIN);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut restless, mut looks) = (false, 0_u8);
        loop {
            tokio::select! {
                changed = changes.changed() => match changed {
                    Ok(()) => self.renew(&mut now).await,
                    // The ledger is closed: nothing changes any more.
                    Err(_) => return,
                },
                Some(Asked { step, answer }) = asked.recv() => {
                    let outcome = match step {
                        Step::Whole => self.reload(&mut now, &mut changes).await,
                        Step::Prepare => self.prepare(&mut now, &mut changes).await,
                        Step::Commit(revision) => self.commit(revision, &mut now).await,
                        Step::Drop => Ok(self.forget()),
                    };
                    let _ = answer.send(outcome);
                }
                () = hangups.next() => drop(self.reload(&mut now, &mut changes).await),
                _ = tick.tick() => {
                    looks = (looks + 1) % 8;
                    if self.ready.as_ref().is_some_and(Ready::is_late) {
                        self.ready = None;
                    }
                    let since = self.stale.borrow().as_ref().map(|stale| now_ms().saturating_sub(stale.since_ms));
                    if since.is_some_and(|since| since < SOON_MS || looks == 0) {
                        self.renew(&mut now).await;
                    }
                    // Two looks: who writes several files is let finish.
                    // What is prepared is of these files, and somebody is about to take it over.
                    let watched = self.files.as_ref().filter(|_| self.ready.is_none());
                    match (watched.is_some_and(|files| files.changed().is_some()), restless) {
                        (true, true) => {
                            restless = false;
                            drop(self.reload(&mut now, &mut changes).await);
                        }
                        (changed, _) => restless = changed,
                    }
                }
            }
        }
    }

    /// Takes over changed accounts: a key that was revoked is refused within a second. What cannot be taken over is tried
    /// again, and said for as long.
    async fn renew(&self, now: &mut People) {
        let outcome = self.try_renew(now).await;
        self.stale.send_modify(|stale| {
            let since_ms = stale.as_ref().map_or_else(now_ms, |stale| stale.since_ms);
            *stale = outcome.err().map(|why| Stale { since_ms, why });
        });
    }

    async fn try_renew(&self, now: &mut People) -> Result<(), String> {
        let board = self.board.borrow().clone();
        let next = now.renewed(&board, &self.ledger).await.map_err(|failure| failure.message)?;
        self.gateway.swap(board, Arc::clone(&next.accounts)).map_err(|error| error.to_string())?;
        *now = next;
        Ok(())
    }

    async fn reload(&mut self, now: &mut People, changes: &mut Changes) -> Result<Reloaded, String> {
        let outcome = self.try_reload(now, changes).await;
        self.told(&outcome);
        outcome
    }

    /// Says how a reload went.
    fn told(&self, outcome: &Result<Reloaded, String>) {
        let failed = outcome.as_ref().err().cloned();
        match outcome {
            Ok(done) if done.changed => {
                self.terminal.say(format!("reloaded: revision {:016x}", done.revision));
                for table in &done.later {
                    self.terminal.say(format!("  `{table}` is taken over at the next start"));
                }
            }
            Ok(_) => {}
            Err(problems) => {
                self.terminal.complain(problems.trim_end());
                self.terminal.complain("not reloaded: the board that runs is unchanged");
            }
        }
        self.last.send_replace(LastReload { at_ms: now_ms(), failed });
    }

    /// What the files say now. What was prepared before is forgotten: there is room for one.
    async fn read(
        &mut self,
        now: &mut People,
        changes: &mut Changes,
    ) -> Result<(Result<Board, Diagnostics>, Files), String> {
        self.ready = None;
        let (folder, env) = (self.folder.clone(), self.env.clone());
        let mut loading = tokio::task::spawn_blocking(move || load(&folder, env.as_deref()));
        let loaded = loop {
            tokio::select! {
                loaded = &mut loading => break loaded,
                // A large board takes a while, and a key that was revoked meanwhile does not wait for it.
                Ok(()) = changes.changed() => self.renew(now).await,
            }
        };
        loaded.map_err(|_| "the board could not be loaded".to_owned())
    }

    async fn try_reload(&mut self, now: &mut People, changes: &mut Changes) -> Result<Reloaded, String> {
        let (loaded, files) = self.read(now, changes).await?;
        if self.files.is_some() {
            self.files = Some(files);
        }
        let next = loaded.map_err(|problems| problems.render(false))?;
        let console = self.console.prepare(&next).await.map_err(|failure| format!("error: {failure}"))?;
        self.take_over(Arc::new(next), console, now).await
    }

    /// Takes a board over; an error changes nothing.
    async fn take_over(
        &self,
        next: Arc<Board>,
        console: Change,
        now: &mut People,
    ) -> Result<Reloaded, String> {
        let running = self.board.borrow().clone();
        let done = Reloaded::of(&running, &next);
        let people = self.people(&running, &next, now).await?;
        self.gateway
            .swap(Arc::clone(&next), Arc::clone(&people.accounts))
            .map_err(|error| format!("error: {error}"))?;
        self.ledger.record(next.record.rows_per_second, details(&next));
        *now = people;
        self.stale.send_replace(None);
        let urls = urls(&next);
        self.board.send_replace(next);
        self.console.take(console).await;
        if let Some(Err(failure)) =
            self.listed.borrow_mut().as_mut().map(|listed| listed.moved(urls, self.console.url()))
        {
            self.terminal
                .complain(format!("warning: {}; others look for this board where it was", failure.message));
        }
        Ok(done)
    }

    /// Who may call the board that comes next.
    async fn people(&self, running: &Board, next: &Board, now: &People) -> Result<People, String> {
        let stale = self.stale.borrow().is_some();
        let people = if stale {
            People::read(next, &self.ledger, Some(now)).await
        } else {
            now.moved(running, next, &self.ledger).await
        };
        people.map_err(|failure| failure.message)
    }
}

/// Loads a board, and says of which files.
pub(super) fn load(folder: &std::path::Path, env: Option<&str>) -> (Result<Board, Diagnostics>, Files) {
    Logins::of(folder).keep();
    let traced = Traced::new(Disk { secrets: secrets_folder(folder), need: Need::Secrets });
    let loaded = board::load(folder, env, &traced);
    (loaded, traced.into_files())
}

impl Reloaded {
    pub(super) fn of(running: &Board, next: &Board) -> Self {
        let changed = next.revision != running.revision;
        Self { revision: next.revision, changed, later: at_next_start(running, next) }
    }
}

/// What callers see, the first listener first.
pub(super) fn urls(board: &Board) -> Vec<String> {
    board.listeners.iter().map(|listener| listener.url.clone()).collect()
}

/// What a process decides when it starts.
fn at_next_start(running: &Board, next: &Board) -> Vec<&'static str> {
    let mut later = Vec::new();
    if running.ledger != next.ledger {
        later.push("[ledger]");
    }
    later
}

/// SIGHUP. On a terminal it means that the terminal has gone, and ends the process as ever.
struct Hangups(Option<tokio::signal::unix::Signal>);

impl Hangups {
    fn new() -> Self {
        use std::io::IsTerminal as _;
        use tokio::signal::unix::{SignalKind, signal};
        let on_a_terminal = std::io::stderr().is_terminal();
        Self((!on_a_terminal).then(|| signal(SignalKind::hangup()).ok()).flatten())
    }

    async fn next(&mut self) {
        let heard = match &mut self.0 {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
