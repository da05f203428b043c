//! The board and its ledger, as commands open them.

use crate::arguments::Global;
use crate::drive::{Disk, Index, Logins, NOT_NEEDED, Need, now_ms, socket};
use crate::exit::Failure;
use board::{Board, Diagnostics, LedgerSettings, RecordSettings};
use ledger::{Author, Ledger, LedgerOptions, Place, StoreError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where `secret set` keeps the secrets of a board.
pub(crate) fn secrets_folder(board: &Path) -> PathBuf {
    board.join(".switchboard").join("secrets")
}

/// Loads the board in `folder` for a command that sends nothing; its problems go to stderr, all of them.
pub(crate) fn load_board(folder: &Path, global: &Global) -> Result<Board, Failure> {
    known_board(folder, global).map_err(|problems| unusable(folder, global, &problems))
}

/// As [`load_board`]; its problems, all of them, are the caller's to tell.
pub(super) fn known_board(folder: &Path, global: &Global) -> Result<Board, Diagnostics> {
    Logins::of(folder).keep();
    look_at_board(folder, global.env.as_deref(), Need::Nothing)
        .or_else(|_| judged_board(folder, global, Need::Nothing))
}

/// Loads the board in `folder` with its contracts from the index, for a command that shows none of its warnings.
///
/// # Errors
/// Its problems, without those that only reading the contracts would show: load it once more for all there is to tell.
pub(crate) fn look_at_board(folder: &Path, env: Option<&str>, need: Need) -> Result<Board, Diagnostics> {
    let disk = Disk { secrets: secrets_folder(folder), need };
    let index = Index::of_board(folder);
    board::look(folder, env, &disk, &|base, name| index.contract(base, name))
}

/// Loads the board in `folder`, with the logins of its person; its problems are the caller's to tell.
pub(crate) fn judged_board(folder: &Path, global: &Global, need: Need) -> Result<Board, Diagnostics> {
    Logins::of(folder).keep();
    let disk = Disk { secrets: secrets_folder(folder), need };
    board::load(folder, global.env.as_deref(), &disk)
}

/// Loads the board in `folder`; its problems go to stderr, all of them.
pub(crate) fn load_board_with(folder: &Path, global: &Global, need: Need) -> Result<Board, Failure> {
    judged_board(folder, global, need).map_err(|problems| unusable(folder, global, &problems))
}

/// Tells a board's problems on stderr, all of them.
pub(crate) fn unusable(folder: &Path, global: &Global, problems: &Diagnostics) -> Failure {
    let terminal = global.terminal();
    terminal.complain(problems.render(terminal.colour_err).trim_end());
    Failure::usage(format!("the board in `{}` cannot be used", folder.display()))
}

/// What it takes to open a ledger.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'b> {
    /// Where it is, and what it keeps.
    pub(crate) ledger: &'b LedgerSettings,
    /// How much of calls; `None`: that of a board that says nothing of it.
    pub(crate) record: Option<&'b RecordSettings>,
    /// The board's folder.
    pub(crate) folder: &'b Path,
    /// The overlay of the board.
    pub(crate) env: Option<&'b str>,
}

impl<'b> From<&'b Board> for Opening<'b> {
    fn from(board: &'b Board) -> Self {
        Self {
            ledger: &board.ledger,
            record: Some(&board.record),
            folder: &board.folder,
            env: board.env.as_deref(),
        }
    }
}

impl<'b> From<&'b Arc<Board>> for Opening<'b> {
    fn from(board: &'b Arc<Board>) -> Self {
        (&**board).into()
    }
}

/// Where a ledger is. A command that sends nothing does without secrets, but not without this one.
///
/// # Errors
/// The secret with the database's URL is missing.
fn place_of(opening: Opening<'_>) -> Result<Place, Failure> {
    let Some(database) = &opening.ledger.postgres else {
        return Ok(Place::Folder(opening.ledger.folder.clone()));
    };
    ledger_place(opening.ledger, opening.folder, opening.env).ok_or_else(|| {
        let reference = &database.reference;
        let failure =
            Failure::usage(format!("the ledger is in a database, and its secret `{reference}` is missing"));
        match reference.strip_prefix("env:") {
            Some(name) => failure.help(format!("run `export {name}=…` with the database's URL")),
            None => failure.help("`switchboard check` says what is missing"),
        }
    })
}

/// As [`place_of`], of settings that were read alone.
pub(crate) fn ledger_place(settings: &LedgerSettings, folder: &Path, env: Option<&str>) -> Option<Place> {
    let Some(database) = &settings.postgres else { return Some(Place::Folder(settings.folder.clone())) };
    let known = database.url.as_ref().filter(|url| url.reveal() != NOT_NEEDED);
    let url = known.cloned().or_else(|| {
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
        board::ledger_alone(folder, env, &disk)?.postgres?.url
    });
    url.map(Place::Postgres)
}

/// Of which calls the board keeps details, in the ledger's words.
pub(crate) fn details(board: &Board) -> ledger::DetailsWanted {
    details_of(&board.record)
}

fn details_of(record: &RecordSettings) -> ledger::DetailsWanted {
    match record.details {
        board::DetailsWanted::None => ledger::DetailsWanted::None,
        board::DetailsWanted::Failed => ledger::DetailsWanted::Failed,
        board::DetailsWanted::All => ledger::DetailsWanted::All,
    }
}

/// Opens the ledger of a board, to write.
pub(crate) async fn open_ledger(of: impl Into<Opening<'_>>) -> Result<Ledger, Failure> {
    let opening = of.into();
    let mut options = LedgerOptions {
        keep: opening.ledger.keep,
        minutes: opening.ledger.minutes,
        ..LedgerOptions::new(place_of(opening)?)
    };
    if let Some(record) = opening.record {
        (options.rows_per_second, options.details) = (record.rows_per_second, details_of(record));
    }
    Ledger::open(options).await.map_err(|error| stored(&error))
}

/// Changes the ledger of a board: opened to write, and closed, whatever became of it.
pub(crate) fn with_ledger<'b, T>(
    of: impl Into<Opening<'b>>,
    act: impl AsyncFnOnce(&Ledger) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let opening = of.into();
    runtime()?.block_on(async {
        let ledger = open_ledger(opening).await?;
        let done = act(&ledger).await;
        ledger.close().await.map_err(|error| stored(&error))?;
        done
    })
}

/// How long somebody who reads waits for a process to write down what it holds.
const FLUSHED: Duration = Duration::from_secs(5);

/// Opens the ledger of a board to read; a board that runs writes down first what it still holds.
pub(crate) async fn read_ledger(of: impl Into<Opening<'_>>) -> Result<Ledger, Failure> {
    let opening = of.into();
    // Nothing runs, or it cannot write just now: what is on the disk is what there is.
    socket::ask_all(&opening.ledger.folder, socket::Route::Flush, &serde_json::Value::Null, FLUSHED).await;
    Ledger::open_read_only(place_of(opening)?).await.map_err(|error| stored(&error))
}

/// A ledger's error as a failure of the command: 2 where something else has to be asked for, 1 where the same may work later
/// or elsewhere.
pub(crate) fn stored(error: &StoreError) -> Failure {
    let failure = match error {
        StoreError::MinutesGone { .. }
        | StoreError::BadUrl { .. }
        | StoreError::UnknownConsumer { .. }
        | StoreError::UnknownKey { .. }
        | StoreError::KeyRevoked { .. }
        | StoreError::KeyEnded { .. }
        | StoreError::UnknownRequest { .. }
        | StoreError::DecidedAlready { .. }
        | StoreError::AskedAlready { .. }
        | StoreError::PlanHeld { .. }
        | StoreError::NameTaken { .. }
        | StoreError::BadName { .. } => Failure::usage(error.to_string()),
        _ => Failure::run(error.to_string()),
    };
    match error.help() {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// Who changes accounts from here.
pub(crate) fn author() -> Author<'static> {
    Author { who: super::user::who(), at_ms: now_ms() }
}

/// 32 random bytes from the system.
pub(crate) fn entropy() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::run(format!("no random numbers: {error}")))?;
    Ok(bytes)
}

/// A runtime for commands: one thread.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("cannot start: {error}")))
}
