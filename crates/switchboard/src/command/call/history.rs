//! The history of calls: each call of `call` becomes a row of a ledger, with both messages and the words to make it again.
//!
//! The ledger is that of the board near here, else one in the user's state folder. Secrets are `***` by value and by
//! name in everything that is kept; those of the board were never in it, so that making a call again fills them in anew.
//! A history that cannot be written is said and costs the call nothing. One call is added to the file of its day
//! ([`Begun`]); rows of a batch and pages of a walk go through a recorder ([`Many`]).

mod many;
mod record;

use super::draft::Draft;
use super::nearby::Nearby;
use super::redact::Redaction;
use crate::arguments::Global;
use crate::drive;
use crate::terminal::Terminal;
use board::{DetailsWanted, LedgerSettings, RecordSettings};
use exchange::{CallId, Secret};
use ledger::{History, Place};
pub(crate) use many::{Many, now};
pub(crate) use record::{Ended, broken};
use record::{Kept, Made};
use std::path::Path;
use std::time::{Duration, Instant};

/// How much of a body is kept.
pub(crate) const KEPT: usize = 128 * 1024;
/// How long calls are kept where no board says it.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Whether calls are kept.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Keeping {
    /// Leave this call out of the history (also `SWITCHBOARD_HISTORY=off`)
    #[arg(long)]
    pub(crate) no_history: bool,
}

/// A call of which the history will be told.
pub(crate) struct Begun {
    history: History,
    at_ms: u64,
    began: Instant,
    many: Many,
    words: Vec<String>,
}

/// Where the history of calls made here is, with what a board says of keeping them.
pub(crate) fn place(global: &Global) -> Option<(Place, Duration, Option<RecordSettings>)> {
    let Some(folder) = drive::board_near(global) else {
        return Some((drive::state_folder().ok()?.join("history").into(), KEPT_FOR, None));
    };
    let disk = drive::Disk { secrets: drive::secrets_folder(&folder), need: drive::Need::Nothing };
    let (ledger, record) = board::ledger_of(&folder, global.env.as_deref(), &disk).ok()?;
    Some(place_of(&ledger, record, &folder, global.env.as_deref()))
}

/// That of a board. Without its secret a database stands nowhere: what is wrong is said when the call has been made.
fn place_of(
    ledger: &LedgerSettings,
    record: RecordSettings,
    folder: &Path,
    env: Option<&str>,
) -> (Place, Duration, Option<RecordSettings>) {
    let place = drive::ledger_place(ledger, folder, env);
    (place.unwrap_or_else(|| Place::Postgres(Secret::new(""))), ledger.keep, Some(record))
}

impl Keeping {
    /// The history of many calls of one command, if calls are kept.
    pub(crate) fn many(self, nearby: &Nearby<'_>) -> Option<Many> {
        let off =
            std::env::var("SWITCHBOARD_HISTORY").is_ok_and(|value| matches!(&*value, "off" | "0" | "no"));
        if self.no_history || off {
            return None;
        }
        // Its file is not read once more where that was done.
        let (place, keep, record) = match nearby.loaded_here() {
            Some(board) => place_of(&board.ledger, board.record.clone(), &board.folder, board.env.as_deref()),
            None => place(nearby.global())?,
        };
        let rows = record.as_ref().map(|record| record.rows_per_second);
        let mut redact = record.as_ref().map(|record| record.redact.clone()).unwrap_or_default();
        // Which of its APIs will be called is not known yet.
        redact.extend(
            nearby.loaded_here().into_iter().flat_map(|board| &board.apis).flat_map(|api| api.redact.clone()),
        );
        let details = record.as_ref().is_none_or(|record| record.details != DetailsWanted::None);
        let kept = Kept { details, redact };
        Some(Many::new(place, keep, rows, kept, nearby.terminal()))
    }

    /// Begins to open the history, if calls are kept; `words` are the command's.
    pub(crate) fn begin(self, nearby: &Nearby<'_>, words: Vec<String>) -> Option<Begun> {
        let many = self.many(nearby)?;
        let at_ms = drive::now_ms();
        let history = History::begin(many.place().clone(), many.keep(), at_ms);
        Some(Begun { history, at_ms, began: Instant::now(), many, words })
    }
}

impl Begun {
    /// The history of the calls that follow this one in the same command.
    pub(crate) fn many(&self) -> Many {
        self.many.again()
    }

    /// Writes the call; what stands in the way is said. Gives its id.
    pub(crate) fn add(
        self,
        draft: &Draft,
        redaction: &Redaction,
        ended: &Ended<'_>,
        terminal: Terminal,
    ) -> Option<CallId> {
        let made = Made { draft, redaction, ended, began: self.began };
        let mut record = made.record(CallId::first_at(self.at_ms));
        // The words begin with the command: `call`, `curl`.
        if self.words.first().is_some_and(|word| word == "curl") {
            record.via = "curl".into();
        }
        let detail = self.many.kept().details.then(|| made.detail(self.many.kept(), &self.words));
        match self.history.add(record, detail) {
            Ok(id) => Some(id),
            Err(error) => {
                terminal.say(format!("not in the history: {error} (`--no-history` leaves it out)"));
                None
            }
        }
    }
}
