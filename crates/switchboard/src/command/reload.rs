//! `switchboard reload`: the processes that serve this board take over what its files say now, all of them or none.
//!
//! One process reloads. Of several each prepares first: reads, checks, builds; when all are ready each takes over, and when one
//! refuses nobody does.

use crate::arguments::Global;
use crate::drive::socket::{Route, Unanswered};
use crate::drive::{Need, board_folder, load_board_with, runtime, socket, sockets_of};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// A large board takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// To say who it is.
const SOON: Duration = Duration::from_secs(5);

/// A process that serves the board.
struct Process {
    socket: PathBuf,
    /// `process 4711 (`--env prod`)`.
    name: String,
}

/// What one of several said; `None`: it is not there any more.
type Said = Option<Result<Value, Unanswered>>;

/// Runs it.
pub(crate) fn run(global: &Global) -> Result<Exit, Failure> {
    let folder = board_folder(global)?;
    // Judged here first: problems are shown where somebody reads them, and nobody is asked in vain.
    let board = load_board_with(&folder, global, Need::Nothing)?;
    // Also those that were started when `[ledger]` named another folder, or with an overlay that does.
    let sockets = sockets_of(&folder, Some(&board.ledger.folder));
    runtime()?.block_on(reload(sockets, global.terminal()))
}

async fn reload(sockets: Vec<PathBuf>, terminal: Terminal) -> Result<Exit, Failure> {
    let named = sockets.into_iter().map(Process::named);
    let processes: Vec<Process> = join_all(named).await.into_iter().flatten().collect();
    match processes.as_slice() {
        [] => Err(Failure::run("this board does not run, so there is nothing to reload")
            .help("start it: switchboard serve")),
        [one] => match one.ask(&json!({})).await {
            Some(Ok(said)) => {
                terminal.say(words(&one.name, &said));
                Ok(Exit::Ok)
            }
            Some(Err(Unanswered::Refused(words))) => {
                terminal.complain(format!("{}: {}", one.name, words.trim_end()));
                Err(Failure::usage(format!("{} runs on unchanged", one.name)))
            }
            Some(Err(Unanswered::Silent(failure))) => Err(unknown(&[&one.name], &failure)),
            None => Err(Failure::run(format!("{} has stopped meanwhile", one.name))),
        },
        all => together(all, terminal).await,
    }
}

/// Two steps: nobody changes unless all can.
async fn together(all: &[Process], terminal: Terminal) -> Result<Exit, Failure> {
    let (prepare, forget) = (json!({ "step": "prepare" }), json!({ "step": "drop" }));
    let prepared = join_all(all.iter().map(|one| one.ask(&prepare))).await;
    let (mut ready, mut refused) = (Vec::new(), Vec::new());
    for (one, said) in all.iter().zip(prepared) {
        match said {
            Some(Ok(said)) => ready.push((one, said["revision"].clone())),
            Some(Err(unanswered)) => {
                terminal.complain(format!("{}: {}", one.name, Failure::from(unanswered).message.trim_end()));
                refused.push(one.name.as_str());
            }
            None => gone(one, terminal),
        }
    }
    if !refused.is_empty() {
        // All of them: one that did not answer may have prepared it since.
        join_all(all.iter().map(|one| one.ask_within(&forget, SOON))).await;
        let who = refused.join(" and ");
        return Err(Failure::usage(format!(
            "{who} cannot take it over, so no process does: all run on unchanged"
        )));
    }
    let commit = |revision: &Value| json!({ "step": "commit", "revision": revision });
    let taken =
        join_all(ready.iter().map(|(one, revision)| async move { one.ask(&commit(revision)).await })).await;
    outcome(ready.into_iter().map(|(one, _)| one).zip(taken), terminal)
}

/// What became of those that were ready.
fn outcome<'p>(
    taken: impl Iterator<Item = (&'p Process, Said)>,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let (mut changed, mut unchanged, mut silent) = (0, Vec::new(), Vec::new());
    for (one, said) in taken {
        match said {
            Some(Ok(said)) => {
                terminal.say(words(&one.name, &said));
                changed += 1;
            }
            Some(Err(Unanswered::Refused(words))) => {
                terminal.complain(format!("{}: {}", one.name, words.trim_end()));
                unchanged.push(one.name.as_str());
            }
            Some(Err(Unanswered::Silent(failure))) => silent.push((one.name.as_str(), failure)),
            None => gone(one, terminal),
        }
    }
    if let Some((_, failure)) = silent.first() {
        let who: Vec<&str> = silent.iter().map(|(name, _)| *name).collect();
        return Err(unknown(&who, failure));
    }
    if unchanged.is_empty() {
        return match changed {
            0 => Err(Failure::run("no process is left that could take it over")
                .help("start it: switchboard serve")),
            _ => Ok(Exit::Ok),
        };
    }
    let who = unchanged.join(" and ");
    let failure = if changed == 0 {
        format!("{who} did not take it over: all run on unchanged")
    } else {
        format!("{who} was ready and did not take it over; the others did: the board runs in two states")
    };
    Err(Failure::run(failure).help("mend what is said above, then once more: switchboard reload"))
}

/// Of who was silent nobody knows what it did.
fn unknown(who: &[&str], failure: &Failure) -> Failure {
    Failure::run(format!("whether {} took it over is not known: {}", who.join(" and "), failure.message))
        .help("once more: switchboard reload; it says which revision runs")
}

fn gone(one: &Process, terminal: Terminal) {
    terminal.complain(format!(
        "{} has stopped meanwhile: it takes over what the files say when it is started",
        one.name
    ));
}

impl Process {
    /// Who answers at a socket; `None`: nobody.
    async fn named(socket: PathBuf) -> Option<Self> {
        let said = socket::ask_at(&socket, Route::Board, &Value::Null, SOON).await?;
        let name = match said {
            Ok(said) => {
                let env = said["env"].as_str().map(|env| format!(" (`--env {env}`)")).unwrap_or_default();
                format!("process {}{env}", said["pid"])
            }
            Err(_) => format!("`{}`", socket.display()),
        };
        Some(Self { socket, name })
    }

    async fn ask(&self, question: &Value) -> Said {
        self.ask_within(question, PATIENCE).await
    }

    async fn ask_within(&self, question: &Value, patience: Duration) -> Said {
        socket::judged(&self.socket, Route::Reload, question, patience).await
    }
}

fn words(name: &str, said: &Value) -> String {
    let revision = said["revision"].as_str().unwrap_or_default();
    if said["changed"] == false {
        return format!("{name}: nothing has changed, revision {revision}");
    }
    let later: Vec<&str> = said["later"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let later =
        if later.is_empty() { String::new() } else { format!("; at the next start: {}", later.join(", ")) };
    format!("{name}: reloaded, revision {revision}{later}")
}
