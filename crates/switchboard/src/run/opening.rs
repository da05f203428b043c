//! What a start needs of two places, read at once: the board of its files, and who may call of the ledger.
//!
//! With many consumers each takes a good part of a second. Where the ledger is stands in the file: that is looked at first.

use super::people::People;
use super::{Plan, following};
use crate::arguments::Global;
use crate::drive::{
    Disk, Files, Need, ledger_place, now_ms, open_ledger, port, secrets_folder, stored, unusable,
};
use crate::exit::Failure;
use board::{Board, Diagnostics, LedgerSettings};
use ledger::{Callers, Ledger, Place, Since, StoreError};
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;

/// A board that can run, and its ledger.
pub(super) struct Opened {
    pub(super) board: Arc<Board>,
    /// What the board was made of.
    pub(super) files: Files,
    pub(super) ledger: Ledger,
    pub(super) people: People,
}

/// Loads the board, opens its ledger and reads who may call.
///
/// # Errors
/// The board's problems, told on stderr; a port that is taken; the ledger's.
pub(super) async fn open(plan: &Plan, global: &Global) -> Result<Opened, Failure> {
    let (folder, env) = (plan.folder.clone(), global.env.clone());
    let loading = tokio::task::spawn_blocking(move || following::load(&folder, env.as_deref()));
    let mut looking = pin!(callers(&plan.folder, global.env.as_deref()));
    let mut loading = pin!(loading);
    let (loaded, looked) = tokio::select! {
        loaded = &mut loading => (loaded, None),
        looked = &mut looking => (loading.await, Some(looked)),
    };
    let (loaded, files) = loaded.map_err(|_| Failure::run("the board could not be loaded"))?;
    let board = Arc::new(judged(plan, global, loaded)?);
    let looked = match looked {
        Some(looked) => looked,
        None => looking.await,
    };
    let looked = looked?.filter(|(settings, _)| *settings == board.ledger);
    let ledger = open_ledger(&board).await?;
    let people = match looked {
        Some((_, callers)) if is_true(&ledger, &callers).await? => {
            People::made(&board, &ledger, callers, None).await?
        }
        _ => People::read(&board, &ledger, None).await?,
    };
    Ok(Opened { board, files, ledger, people })
}

/// Who may call, of a ledger that is only looked at: a board that cannot run makes and changes nothing. `None`: there is no
/// such ledger yet, or only opening it says what is the matter.
///
/// # Errors
/// A database that does not answer.
async fn callers(folder: &Path, env: Option<&str>) -> Result<Option<(LedgerSettings, Callers)>, Failure> {
    let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
    let Ok((settings, _)) = board::ledger_of(folder, env, &disk) else { return Ok(None) };
    let Some(place) = ledger_place(&settings, folder, env) else { return Ok(None) };
    let far = matches!(place, Place::Postgres(_));
    let callers = match Ledger::open_read_only(place).await {
        Ok(ledger) => ledger.callers(now_ms()).await,
        Err(error) => Err(error),
    };
    match callers {
        Ok(callers) => Ok(Some((settings, callers))),
        Err(error) if far && !matches!(error, StoreError::Missing { .. } | StoreError::Older { .. }) => {
            // Asked once more it would not answer once more, and who starts a board waits.
            Err(stored(&error))
        }
        Err(_) => Ok(None),
    }
}

/// Whether nothing has changed since they were read; from the opening of the ledger on it says so itself.
async fn is_true(ledger: &Ledger, callers: &Callers) -> Result<bool, Failure> {
    let since = ledger.callers_since(callers.mark, now_ms()).await.map_err(|error| stored(&error))?;
    Ok(since == Since::Nothing)
}

/// The board, when it can run here; its problems and warnings are told on stderr.
fn judged(plan: &Plan, global: &Global, loaded: Result<Board, Diagnostics>) -> Result<Board, Failure> {
    let board = loaded.map_err(|problems| unusable(&plan.folder, global, &problems))?;
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
    Ok(board)
}
