//! `switchboard reload`: the processes that serve this board take over what its files say now, all of them or none.
//!
//! One process reloads. Of several each prepares first: reads, checks, builds; when all are ready each takes over, and when one
//! refuses nobody does.

use crate::arguments::Global;
use crate::drive::socket::Route;
use crate::drive::{Need, board_folder, load_board_with, runtime, socket};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A large board takes its time.
const PATIENCE: Duration = Duration::from_secs(60);
/// To say who it is.
const SOON: Duration = Duration::from_secs(5);

/// A process that serves the board.
struct Process {
    socket: PathBuf,
    /// `process 4711 (`--env prod`)`.
    name: String,
}

/// What one of several said; `None`: it is not there any more.
type Said = Option<Result<Value, Failure>>;

/// Runs it.
pub(crate) fn run(global: &Global) -> Result<Exit, Failure> {
    let folder = board_folder(global)?;
    // Judged here first: problems are shown where somebody reads them, and nobody is asked in vain.
    let board = load_board_with(&folder, global, Need::Nothing)?;
    runtime()?.block_on(reload(&board.ledger.folder, global.terminal()))
}

async fn reload(folder: &Path, terminal: Terminal) -> Result<Exit, Failure> {
    let named = socket::all(folder).into_iter().map(Process::named);
    let processes: Vec<Process> = join_all(named).await.into_iter().flatten().collect();
    match processes.as_slice() {
        [] => Err(Failure::run("this board does not run, so there is nothing to reload")
            .help("start it: switchboard serve")),
        [one] => match one.ask(&json!({})).await {
            Some(Ok(said)) => {
                terminal.say(words(&one.name, &said));
                Ok(Exit::Ok)
            }
            Some(Err(failure)) => {
                terminal.complain(format!("{}: {}", one.name, failure.message.trim_end()));
                Err(Failure::usage(format!("{} runs on unchanged", one.name)))
            }
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
            Some(Err(failure)) => {
                terminal.complain(format!("{}: {}", one.name, failure.message.trim_end()));
                refused.push(one.name.as_str());
            }
            None => gone(one, terminal),
        }
    }
    if !refused.is_empty() {
        join_all(ready.iter().map(|(one, _)| one.ask(&forget))).await;
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
    let (mut changed, mut unchanged) = (0, Vec::new());
    for (one, said) in taken {
        match said {
            Some(Ok(said)) => {
                terminal.say(words(&one.name, &said));
                changed += 1;
            }
            Some(Err(failure)) => {
                terminal.complain(format!("{}: {}", one.name, failure.message.trim_end()));
                unchanged.push(one.name.as_str());
            }
            None => gone(one, terminal),
        }
    }
    if unchanged.is_empty() {
        return Ok(Exit::Ok);
    }
    let who = unchanged.join(" and ");
    let failure = if changed == 0 {
        format!("{who} did not take it over: all run on unchanged")
    } else {
        format!("{who} was ready and did not take it over; the others did: the board runs in two states")
    };
    Err(Failure::run(failure).help("mend what is said above, then once more: switchboard reload"))
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
        socket::ask_at(&self.socket, Route::Reload, question, PATIENCE).await
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
