//! `switchboard reload`: the processes that serve this board take over what its files say now.

use crate::arguments::Global;
use crate::drive::{Need, board_folder, load_board_with, runtime, socket};
use crate::exit::{Exit, Failure};
use serde_json::{Value, json};
use std::time::Duration;

/// A large board takes its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs it.
pub(crate) fn run(global: &Global) -> Result<Exit, Failure> {
    let folder = board_folder(global)?;
    // Judged here first: problems are shown where somebody reads them, and nobody is asked in vain.
    let board = load_board_with(&folder, global, Need::Nothing)?;
    let question = json!({});
    let asked = socket::ask_all(&board.ledger.folder, socket::Route::Reload, &question, PATIENCE);
    let answers = runtime()?.block_on(asked);
    if answers.is_empty() {
        return Err(Failure::run("this board does not run, so there is nothing to reload")
            .help("start it: switchboard serve"));
    }
    let terminal = global.terminal();
    let mut failed = None;
    for (name, answer) in answers {
        match answer {
            Ok(said) => terminal.say(words(&said)),
            Err(failure) => {
                terminal.complain(format!("{name}: {}", failure.message.trim_end()));
                failed = Some(name);
            }
        }
    }
    match failed {
        None => Ok(Exit::Ok),
        Some(name) => Err(Failure::usage(format!("`{name}` runs on unchanged"))),
    }
}

fn words(said: &Value) -> String {
    let (pid, revision) = (&said["pid"], said["revision"].as_str().unwrap_or_default());
    if said["changed"] == false {
        return format!("process {pid}: nothing has changed, revision {revision}");
    }
    let later: Vec<&str> = said["later"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let later =
        if later.is_empty() { String::new() } else { format!("; at the next start: {}", later.join(", ")) };
    format!("process {pid}: reloaded, revision {revision}{later}")
}
