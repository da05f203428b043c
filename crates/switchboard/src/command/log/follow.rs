//! `log -f`: calls as they come, from the processes that run here and from the ledger at once.
//!
//! A process says a call when it ends, also one whose row is sampled away or cannot be written; it knows no others. The
//! ledger knows those of every process on every machine, once they are written. So both are asked, and each call is shown
//! once: as running, and as over.

use super::line;
use super::wanted::Wanted;
use crate::drive::{socket, stored};
use crate::exit::Failure;
use crate::terminal::Terminal;
use exchange::{CallId, CallRecord};
use http_body_util::BodyExt as _;
use ledger::{Ledger, Tail};
use std::collections::{HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the ledger is asked, and whether another process has begun to run.
const EVERY: Duration = Duration::from_millis(500);
/// Calls that may wait to be printed; a process that is not read counts what it leaves out.
const WAITING: usize = 256;
/// How many calls are read from a ledger at a time.
const AT_A_TIME: u32 = 1_000;
/// Calls that are remembered as shown: what is written later than this many others is shown again.
const KNOWN: usize = 65_536;
/// The longest line that a process may say.
const LONGEST: usize = 64 * 1024;

/// Where calls come from.
pub(super) struct Following {
    tails: Vec<(Ledger, Tail)>,
    folder: Option<PathBuf>,
    wanted: Wanted,
    heard: mpsc::Receiver<Heard>,
    hear: mpsc::Sender<Heard>,
    listening: HashSet<PathBuf>,
    /// Who said no, and was shown to.
    refused: HashSet<PathBuf>,
    shown: Shown,
}

/// What a process says.
enum Heard {
    Call(Box<CallRecord>),
    /// So many calls came faster than they were read.
    Missed(u64),
    /// It does not say its calls, and why; it is asked again.
    Refused(PathBuf, String),
    /// It has stopped.
    Gone(PathBuf),
}

impl Following {
    /// Listens from now on: in these ledgers, and at the sockets in this folder.
    pub(super) async fn begin(
        ledgers: &[Ledger],
        folder: Option<&Path>,
        wanted: &Wanted,
    ) -> Result<Self, Failure> {
        let mut tails = Vec::new();
        for ledger in ledgers {
            tails.push((ledger.clone(), ledger.tail().await.map_err(|error| stored(&error))?));
        }
        let (hear, heard) = mpsc::channel(WAITING);
        let folder = folder.map(Path::to_path_buf);
        let (wanted, shown) = (wanted.clone(), Shown::default());
        let (listening, refused) = (HashSet::new(), HashSet::new());
        let mut following = Self { tails, folder, wanted, heard, hear, listening, refused, shown };
        following.listen();
        Ok(following)
    }

    /// This call was shown already.
    pub(super) fn was_shown(&mut self, record: &CallRecord) {
        self.shown.is_new(record);
    }

    /// Gives each call once to `print`, until that says that nobody reads any more.
    pub(super) async fn go_on(
        mut self,
        terminal: Terminal,
        print: impl Fn(&CallRecord) -> bool,
    ) -> Result<(), Failure> {
        let filter = self.wanted.filter()?;
        let mut beat = tokio::time::interval(EVERY);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut came = Vec::new();
            tokio::select! {
                heard = self.heard.recv() => match heard {
                    Some(Heard::Call(call)) => came.push(*call),
                    Some(Heard::Missed(count)) => {
                        terminal.say(format!("{count} calls came faster than they are read here: see `switchboard log`"));
                    }
                    Some(Heard::Refused(path, why)) => {
                        let process = path.display().to_string();
                        if self.refused.insert(path) {
                            terminal.complain(format!(
                                "warning: `{process}` does not say its calls: {why}; of that process calls with a row are shown, \
                                 once they are written"
                            ));
                        }
                    }
                    Some(Heard::Gone(path)) => drop(self.listening.remove(&path)),
                    None => {}
                },
                _ = beat.tick() => {
                    self.listen();
                    for (ledger, tail) in &mut self.tails {
                        came.extend(tail.read(ledger, AT_A_TIME).await.map_err(|error| stored(&error))?);
                    }
                    came.retain(|call| filter.matches(call));
                }
            }
            if !came.iter().filter(|call| self.shown.is_new(call)).all(&print) {
                return Ok(());
            }
        }
    }

    /// Listens at every socket at which it does not listen yet.
    fn listen(&mut self) {
        let Some(folder) = &self.folder else { return };
        for path in socket::all(folder) {
            if self.listening.insert(path.clone()) {
                let question = serde_json::to_value(&self.wanted).unwrap_or_default();
                tokio::spawn(hear(path, question, self.hear.clone()));
            }
        }
    }
}

async fn hear(path: PathBuf, question: serde_json::Value, tell: mpsc::Sender<Heard>) {
    let answer = match socket::open(&path, socket::Route::Calls, &question).await {
        Some(Err(failure)) => {
            let _ = tell.send(Heard::Refused(path.clone(), failure.message)).await;
            None
        }
        answered => answered.and_then(Result::ok),
    };
    if let Some(answer) = answer {
        let (mut body, mut rest) = (answer.into_body(), Vec::new());
        while let Some(Ok(frame)) = body.frame().await {
            rest.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes));
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let said: serde_json::Value = serde_json::from_slice(&rest[..end]).unwrap_or_default();
                rest.drain(..=end);
                let heard = match (said["missed"].as_u64(), line::of_json(&said)) {
                    (Some(count), _) => Heard::Missed(count),
                    (None, Some(call)) => Heard::Call(Box::new(call)),
                    // Of a newer process, in words that are not known here.
                    (None, None) => continue,
                };
                if tell.send(heard).await.is_err() {
                    return;
                }
            }
            if rest.len() > LONGEST {
                break;
            }
        }
    }
    let _ = tell.send(Heard::Gone(path)).await;
}

/// The calls that were shown last, as running or as over.
#[derive(Default)]
struct Shown {
    known: HashSet<(CallId, bool)>,
    order: VecDeque<(CallId, bool)>,
}

impl Shown {
    fn is_new(&mut self, record: &CallRecord) -> bool {
        // What is over is not shown as running any more.
        if record.open && self.known.contains(&(record.id, false)) {
            return false;
        }
        let key = (record.id, record.open);
        if !self.known.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}
