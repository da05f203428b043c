//! `switchboard diff`: what changes for whom when the board here takes the place of another one; what opens first.
//!
//! The other one is the board that runs, a revision in git, or a file. Nothing is sent, no secret is needed, none is shown.

mod given;
mod revision;
mod running;
mod told;

use crate::arguments::Global;
use crate::drive::{FILE, Need, board_near_or_running, look_at_board, now_ms, read_ledger, runtime};
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use board::{Board, Change, Effect};
use exchange::ConsumerRow;
use given::Given;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// What the board here is compared with: `running`, a revision of git, a folder or file of a board;
    /// default: what runs, else the last commit
    #[arg(long, value_name = "running|REV|FILE")]
    against: Option<String>,
    #[command(flatten)]
    listing: Listing,
    /// End with exit code 12 if there is such a change, or one that stands before it
    #[arg(long, value_name = "EFFECT", value_parser = ["opens", "closes", "unclear", "other"])]
    fail_on: Option<String>,
}

/// A board that the one here is compared with, and what it is in words.
#[derive(Debug)]
struct Other {
    board: Board,
    words: String,
    /// The overlay that the board here is read with for it.
    env: Option<String>,
}

/// What changes against a board, or against several for which it is the same.
struct Compared {
    against: String,
    changes: Vec<Change>,
}

impl Diff {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = board_near_or_running(global)?;
        let terminal = global.terminal();
        let others = self.others(&folder, global)?;
        // What runs says how it was started: the board here is read as that process would read it.
        let mut here: BTreeMap<Option<&str>, (Board, Vec<ConsumerRow>)> = BTreeMap::new();
        let mut compared: Vec<Compared> = Vec::new();
        for Other { board: other, words, env } in &others {
            let env = env.as_deref();
            let (board, people) = match here.entry(env) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let laid = env.filter(|env| global.env.as_deref() != Some(env));
                    let what = laid.map_or("the board here".to_owned(), |env| {
                        format!("the board here, with `--env {env}`,")
                    });
                    let board = load(&folder, env, &Given::disk(&folder), &what, global)?;
                    let people = consumers(&folder, env, &board, global);
                    place.insert((board, people))
                }
            };
            let changes = board::changes(other, board, people);
            match compared.iter_mut().find(|known| known.changes == changes) {
                Some(known) => known.against = format!("{}; {words}", known.against),
                None => compared.push(Compared { against: words.clone(), changes }),
            }
        }
        if let [only] = compared.as_slice() {
            terminal.say(format!("compared with {}", only.against));
        }
        let rows = if self.listing.is_text() { Vec::new() } else { told::rows(&compared) };
        self.listing.print(rows, || told::text(&compared, terminal.colour_out), terminal)?;
        let first = compared.iter().flat_map(|one| &one.changes).map(|change| change.effect).min();
        let limit = self.fail_on.as_deref().map(|word| match word {
            "opens" => Effect::Opens,
            "closes" => Effect::Closes,
            "unclear" => Effect::Unclear,
            _ => Effect::Other,
        });
        let hit = matches!((first, limit), (Some(first), Some(limit)) if first <= limit);
        Ok(if hit { Exit::Assertion } else { Exit::Ok })
    }

    /// The boards to compare with, each with the overlay that the board here is read with.
    fn others(&self, folder: &Path, global: &Global) -> Result<Vec<Other>, Failure> {
        let said = self.against.as_deref();
        if matches!(said, None | Some("running")) {
            let mut found = running::boards(folder, global)?;
            if global.env.is_some() {
                // Those that run with it; where none does, what would change if it were laid over them.
                if found.iter().any(|other| other.env == global.env) {
                    found.retain(|other| other.env == global.env);
                }
                for other in &mut found {
                    other.env.clone_from(&global.env);
                }
            }
            if !found.is_empty() {
                return Ok(found);
            }
            if said.is_some() {
                return Err(Failure::run("this board does not run").help(
                    "start it: switchboard serve, or compare with the last commit: switchboard diff --against HEAD",
                ));
            }
        }
        let named = said.unwrap_or("HEAD");
        let path = PathBuf::from(named);
        let other = if said.is_some() && path.exists() {
            file(&path, global)?
        } else {
            revision::board(folder, named, said.is_some(), global)?
        };
        Ok(vec![other])
    }
}

/// The board in a folder, or the one that is this file.
fn file(path: &Path, global: &Global) -> Result<Other, Failure> {
    let words = format!("`{}`", path.display());
    let (folder, own) = if path.is_dir() {
        if !path.join(FILE).is_file() {
            return Err(Failure::usage(format!("there is no `{FILE}` in `{}`", path.display()))
                .help("name a folder with a board, or the file of one"));
        }
        (path.to_path_buf(), None)
    } else {
        // The file itself, whatever it is called: `switchboard.old.toml` beside the contracts that it names.
        (path.parent().map(Path::to_path_buf).unwrap_or_default(), Some(path.to_path_buf()))
    };
    let env = global.env.clone().filter(|env| folder.join(format!("switchboard.{env}.toml")).is_file());
    let given = match own {
        Some(own) => Given::disk(&folder).standing_for(folder.join(FILE), own),
        None => Given::disk(&folder),
    };
    let board = load(&folder, env.as_deref(), &given, &format!("the board in {words}"), global)?;
    Ok(Other { board, words, env: global.env.clone() })
}

/// Loads a board; its problems go to stderr, all of them.
fn load(
    folder: &Path,
    env: Option<&str>,
    given: &Given<'_>,
    what: &str,
    global: &Global,
) -> Result<Board, Failure> {
    board::load(folder, env, given).map_err(|problems| {
        let terminal = global.terminal();
        terminal.complain(problems.render(terminal.colour_err).trim_end());
        Failure::usage(format!("{what} cannot be used, so it cannot be compared"))
    })
}

/// The consumers of the ledger: they are counted among those that a change concerns.
fn consumers(folder: &Path, env: Option<&str>, board: &Board, global: &Global) -> Vec<ConsumerRow> {
    // A ledger may need a secret to be read, and a secret may be missing here.
    let looked = look_at_board(folder, env, Need::Nothing).ok();
    let board = looked.as_ref().unwrap_or(board);
    if board.ledger.postgres.is_none() && !board.ledger.folder.is_dir() {
        return Vec::new();
    }
    let rows = runtime().and_then(|runtime| {
        runtime.block_on(async {
            let ledger = read_ledger(board).await?;
            ledger.callers(now_ms()).await.map_err(|error| crate::drive::stored(&error))
        })
    });
    match rows {
        Ok(callers) => callers.consumers,
        Err(failure) => {
            global.terminal().say(format!("consumers of the ledger are not counted: {}", failure.message));
            Vec::new()
        }
    }
}
