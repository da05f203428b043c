//! What a command works from that needs the ledger and little else of the board: a leaked key is revoked also while the board's
//! file is broken, and `serve` runs on with its last good board.
//!
//! Where the ledger is say the file, as far as that part of it can be read, and the processes that serve this board. Invariant: of
//! two answers none is taken, and nothing is guessed.

use super::running::sockets_of;
use super::socket::{Route, ask_at};
use super::store::{Opening, known_board, runtime, secrets_folder, unusable};
use super::{Disk, FILE, Need};
use crate::arguments::Global;
use crate::exit::Failure;
use board::{Board, Diagnostics, LedgerDatabase, LedgerSettings, Outside, OutsideError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a process may take to say which ledger it has.
const PATIENCE: Duration = Duration::from_secs(5);
/// Processes that are asked.
const MOST: usize = 64;
/// Where the file does not say how long calls are kept, this command drops none of them.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// Where a ledger is, in words that two processes can compare; no secret is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LedgerAt {
    /// The state folder, absolute.
    folder: PathBuf,
    /// The reference to the secret with the database's URL.
    postgres: Option<String>,
}

/// The ledger of a board, and the board where it loads.
#[derive(Debug)]
pub(crate) struct Books(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Box<Board>),
    /// The board does not load.
    Alone {
        settings: LedgerSettings,
        folder: PathBuf,
        env: Option<String>,
    },
}

impl Books {
    /// Those of the board in `folder`. Of a board that does not load its ledger alone, which is said.
    ///
    /// # Errors
    /// The board does not load, and where its ledger is cannot be told; its problems go to stderr.
    pub(crate) fn open(folder: &Path, global: &Global) -> Result<Self, Failure> {
        match known_board(folder, global) {
            Ok(board) => Ok(Self(Kind::Whole(Box::new(board)))),
            Err(problems) => Self::alone(folder, global, &problems),
        }
    }

    fn alone(folder: &Path, global: &Global, problems: &Diagnostics) -> Result<Self, Failure> {
        let env = global.env.clone();
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Nothing };
        let written = board::ledger_alone(folder, env.as_deref(), &disk);
        let runs = runtime()?.block_on(ledgers_of_what_runs(folder, written.as_ref()));
        let by_file = written.as_ref().map(LedgerAt::of);
        let at = match chosen(by_file.as_ref(), &runs) {
            Ok(at) => at,
            Err(words) => {
                let failure = unusable(folder, global, problems);
                let message = format!("{}: {words}", failure.message);
                return Err(Failure { message, ..failure }
                    .help("repair what is said above, or name the overlay that it runs with: `--env NAME`"));
            }
        };
        let by = if written.is_some() { "its file says" } else { "what runs says" };
        global.terminal().complain(format!(
            "warning: the board in `{}` does not load (`switchboard check` tells why): only its ledger is used, {at}, as {by}",
            folder.display()
        ));
        let settings = written.unwrap_or_else(|| at.settings(folder));
        Ok(Self(Kind::Alone { settings, folder: folder.to_path_buf(), env }))
    }

    /// The board, where it loads.
    pub(crate) fn board(&self) -> Option<&Board> {
        match &self.0 {
            Kind::Whole(board) => Some(board),
            Kind::Alone { .. } => None,
        }
    }

    /// The board, for what cannot be done without it.
    ///
    /// # Errors
    /// It does not load.
    pub(crate) fn whole(&self) -> Result<&Board, Failure> {
        self.board().ok_or_else(|| {
            Failure::usage("this needs the plans and APIs of the board, and the board does not load")
                .help("`switchboard check` tells why; keys are listed, rotated and revoked without it")
        })
    }

    /// Whether processes of other machines may share the ledger.
    pub(crate) fn is_shared(&self) -> bool {
        match &self.0 {
            Kind::Whole(board) => board.ledger.postgres.is_some(),
            Kind::Alone { settings, .. } => settings.postgres.is_some(),
        }
    }

    /// The state folder, where sockets of processes are.
    pub(crate) fn folder(&self) -> &Path {
        match &self.0 {
            Kind::Whole(board) => &board.ledger.folder,
            Kind::Alone { settings, .. } => &settings.folder,
        }
    }
}

impl<'b> From<&'b Books> for Opening<'b> {
    fn from(books: &'b Books) -> Self {
        match &books.0 {
            Kind::Whole(board) => (&**board).into(),
            Kind::Alone { settings, folder, env } => {
                Self { ledger: settings, record: None, folder, env: env.as_deref() }
            }
        }
    }
}

impl LedgerAt {
    /// Where these settings have it.
    pub(crate) fn of(settings: &LedgerSettings) -> Self {
        let folder = &settings.folder;
        Self {
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
            postgres: settings.postgres.as_ref().map(|database| database.reference.clone()),
        }
    }

    /// Whether it is one ledger. A reference may still mean another database in another process's environment: nobody here
    /// can know.
    fn is(&self, other: &Self) -> bool {
        let real = |folder: &Path| folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        self.postgres == other.postgres
            && (self.postgres.is_some() || real(&self.folder) == real(&other.folder))
    }

    /// The same as settings of the board in `folder`.
    fn settings(&self, folder: &Path) -> LedgerSettings {
        let database = self.postgres.as_ref().map(|reference| {
            let text = format!("[ledger]\npostgres = {}\n", toml_edit::value(reference.as_str()));
            let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
            let had = board::ledger_alone(folder, None, &Alone { disk, text });
            LedgerDatabase { url: had.and_then(|had| had.postgres?.url), reference: reference.clone() }
        });
        LedgerSettings { folder: self.folder.clone(), postgres: database, keep: FOR_EVER, minutes: FOR_EVER }
    }
}

impl fmt::Display for LedgerAt {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.postgres {
            Some(reference) => write!(out, "the database of `{reference}`"),
            None => write!(out, "in `{}`", self.folder.display()),
        }
    }
}

/// The world of a board that is one text: a reference that a process told is looked up as the board's own would be.
struct Alone {
    disk: Disk,
    text: String,
}

impl Outside for Alone {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let own = path.file_name().is_some_and(|name| name == FILE);
        if own { Ok(self.text.clone().into_bytes()) } else { self.disk.file(path) }
    }

    fn secret_file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        self.disk.file(path)
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.disk.variable(name)
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        self.disk.stored(reference)
    }
}

/// What a process that serves the board says of its ledger.
#[derive(Debug)]
struct Said {
    /// `process 4021`, or its socket where it does not answer.
    who: String,
    /// `None`: it does not say.
    at: Option<LedgerAt>,
}

async fn ledgers_of_what_runs(folder: &Path, written: Option<&LedgerSettings>) -> Vec<Said> {
    let mut said = Vec::new();
    for socket in sockets_of(folder, written.map(|settings| &*settings.folder)).into_iter().take(MOST) {
        let health = match ask_at(&socket, Route::Health, &serde_json::Value::Null, PATIENCE).await {
            // Left of a kill.
            None => continue,
            Some(health) => health.unwrap_or_default(),
        };
        let who = match health["pid"].as_u64() {
            Some(pid) => format!("process {pid}"),
            None => format!("`{}`", socket.display()),
        };
        said.push(Said { who, at: LedgerAt::deserialize(&health["ledger"]).ok() });
    }
    said
}

/// The ledger that the file and all that runs agree on, or why there is none.
fn chosen(written: Option<&LedgerAt>, runs: &[Said]) -> Result<LedgerAt, String> {
    let by_file = written.map(|at| ("the board's file", at)).into_iter();
    let by_runs = runs.iter().filter_map(|said| Some((&*said.who, said.at.as_ref()?)));
    let mut all = by_file.chain(by_runs);
    let Some((first, at)) = all.next() else {
        return Err(match runs {
            [] => "its file does not say beyond doubt where its ledger is, and nothing runs that says it"
                .to_owned(),
            [mute, ..] => {
                format!("its file does not say beyond doubt where its ledger is, nor does {}", mute.who)
            }
        });
    };
    if let Some((other, elsewhere)) = all.find(|(_, other)| !other.is(at)) {
        return Err(format!(
            "which ledger is meant cannot be told: by {first} it is {at}, by {other} {elsewhere}"
        ));
    }
    // The file has said it; without it nobody may be silent.
    if let (None, Some(mute)) = (written, runs.iter().find(|said| said.at.is_none())) {
        return Err(format!(
            "which ledger is meant cannot be told: {} does not say which one it has",
            mute.who
        ));
    }
    Ok(at.clone())
}

#[cfg(test)]
mod tests {
    use super::{LedgerAt, Said, chosen};

    fn at(text: &str) -> LedgerAt {
        match text.strip_prefix("env:") {
            Some(_) => LedgerAt { folder: "/state".into(), postgres: Some(text.to_owned()) },
            None => LedgerAt { folder: text.into(), postgres: None },
        }
    }

    #[test]
    fn one_ledger_is_taken_and_of_two_none() {
        for (written, runs, expected) in [
            (Some("/a"), vec![], Ok("in `/a`")),
            (Some("/a"), vec![Some("/a")], Ok("in `/a`")),
            (Some("/a"), vec![Some("/a"), None], Ok("in `/a`")),
            (None, vec![Some("/b"), Some("/b")], Ok("in `/b`")),
            (None, vec![Some("env:DB")], Ok("the database of `env:DB`")),
            (Some("/a"), vec![Some("/b")], Err("by the board's file it is in `/a`, by process 0 in `/b`")),
            (Some("/state"), vec![Some("env:DB")], Err("by process 0 the database of `env:DB`")),
            (None, vec![Some("/a"), Some("/b")], Err("by process 0 it is in `/a`, by process 1 in `/b`")),
            (None, vec![Some("/a"), None], Err("process 1 does not say")),
            (None, vec![None], Err("nor does process 0")),
            (None, vec![], Err("nothing runs that says it")),
        ] {
            let case = format!("{written:?} {runs:?}");
            let runs: Vec<Said> = (0..)
                .zip(runs)
                .map(|(number, said)| Said { who: format!("process {number}"), at: said.map(at) })
                .collect();
            match (chosen(written.map(at).as_ref(), &runs), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found.to_string(), expected, "{case}"),
                (Err(words), Err(expected)) => assert!(words.contains(expected), "{case}: {words}"),
                (found, _) => panic!("{case}: {found:?}"),
            }
        }
    }
}
