//! What of a batch was sent: a line before each call and one after it, so that a run can break off at any moment.
//!
//! The line before is with the system before the first byte of the call leaves: a process that is killed
//! loses nothing, a machine that loses power at most the last second. Memory: one byte for each row.

use super::Each;
use crate::drive;
use crate::exit::Failure;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

/// How often the disk is waited for.
const SYNC: Duration = Duration::from_secs(1);

/// What is known of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It was never sent.
    New,
    /// It was begun, and how it ended is not known.
    Began,
    /// It was answered as wished.
    Done,
    /// It failed.
    Failed,
}

/// Which batch this is: the same rows, the same words, the same place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    rows: String,
    /// Length and time of change: rows that changed are other rows. Standard input has neither.
    length: Option<u64>,
    changed_ms: Option<u128>,
    words: String,
    to: String,
}

/// A line of the journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Batch(Identity),
    Began(u64),
    Ended {
        row: u64,
        ok: bool,
        line: String,
    },
    /// Results are written up to this row.
    Written(u64),
    Complete,
}

/// The journal of a batch.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    states: Vec<State>,
    /// Results that were never written out.
    unwritten: HashMap<u64, String>,
    synced: Instant,
}

impl Identity {
    /// Of these rows, with these words, sent to this place.
    pub(super) fn of(rows: &str, words: &[String], to: &str) -> Result<Self, Failure> {
        if rows == "-" {
            return Ok(Self {
                rows: "-".to_owned(),
                length: None,
                changed_ms: None,
                words: digest(words),
                to: to.to_owned(),
            });
        }
        let unreadable = |error: std::io::Error| Failure::usage(format!("`{rows}` cannot be read: {error}"));
        let path = fs::canonicalize(rows).map_err(unreadable)?;
        let facts = fs::metadata(&path).map_err(unreadable)?;
        let changed = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(Self {
            rows: path.display().to_string(),
            length: Some(facts.len()),
            changed_ms: changed.map(|changed| changed.as_millis()),
            words: digest(words),
            to: to.to_owned(),
        })
    }

    /// The name of its journal: rows that change keep it.
    fn name(&self) -> String {
        digest([self.rows.as_str(), &self.words, &self.to])[..32].to_owned()
    }
}

/// SHA-256 in hexadecimal; words may hold secrets, so that only this is kept of them.
fn digest(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut hasher = Sha256::new();
    for word in words {
        hasher.update((word.as_ref().len() as u64).to_be_bytes());
        hasher.update(word.as_ref());
    }
    hex::encode(hasher.finalize())
}

impl Journal {
    /// Opens the journal of this batch as the flags ask.
    pub(super) fn open(each: &Each, identity: &Identity) -> Result<Self, Failure> {
        let path = match &each.journal {
            Some(path) => path.clone(),
            None => drive::state_folder()?.join("batches").join(format!("{}.jsonl", identity.name())),
        };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        }
        let goes_on = each.resume || each.retry_failed;
        let known = Known::read(&path)?;
        match &known {
            None if goes_on => {
                return Err(Failure::usage("no run of these rows is known: there is nothing to go on with")
                    .help("leave the flag out to begin"));
            }
            Some(known) if goes_on && known.identity.as_ref() != Some(identity) => {
                return Err(Failure::usage(format!(
                    "the rows or the command changed since the run in `{}`",
                    path.display()
                ))
                .help("to begin with the first row: `--restart`"));
            }
            Some(known) if !goes_on && !each.restart && !known.complete => {
                return Err(Failure::usage(format!(
                    "a run of these rows broke off after {} of them",
                    known.states.iter().filter(|state| **state != State::New).count()
                ))
                .help("to go on: `--resume`; to begin with the first row: `--restart`"));
            }
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.create(true).mode(0o600);
        if goes_on {
            options.append(true)
        } else {
            options.write(true).truncate(true)
        };
        let file = options.open(&path).map_err(|error| unwritable(&path, &error))?;
        let known = known.filter(|_| goes_on).unwrap_or_default();
        let mut journal =
            Self { path, file, states: known.states, unwritten: known.unwritten, synced: Instant::now() };
        if goes_on {
            // What was being written when the run broke off ends here.
            journal.put(b"\n")?;
        } else {
            journal.add(&Line::Batch(identity.clone()))?;
        }
        Ok(journal)
    }

    /// Where it lies.
    pub(super) fn path(&self) -> String {
        self.path.display().to_string()
    }

    /// What is known of a row.
    pub(super) fn state(&self, row: u64) -> State {
        index(row).and_then(|at| self.states.get(at)).copied().unwrap_or(State::New)
    }

    /// The result of a row that ended and was never written out.
    pub(super) fn unwritten(&mut self, row: u64) -> Option<String> {
        self.unwritten.remove(&row)
    }

    /// A row is about to be sent.
    pub(super) fn began(&mut self, row: u64) -> Result<(), Failure> {
        self.set(row, State::Began);
        self.add(&Line::Began(row))
    }

    /// Rows ended: those that went together in one piece, so that no run goes on with half of them.
    pub(super) fn ended<'e>(
        &mut self,
        rows: impl IntoIterator<Item = (u64, bool, &'e str)>,
    ) -> Result<(), Failure> {
        let mut all = Vec::new();
        for (row, ok, line) in rows {
            self.set(row, if ok { State::Done } else { State::Failed });
            all.extend(Self::text(&Line::Ended { row, ok, line: line.to_owned() })?);
        }
        self.put(&all)
    }

    /// Results were written up to this row.
    pub(super) fn written(&mut self, row: u64) -> Result<(), Failure> {
        self.add(&Line::Written(row))
    }

    /// Every row was sent.
    pub(super) fn complete(&mut self) -> Result<(), Failure> {
        self.add(&Line::Complete)?;
        self.sync()
    }

    /// Waits for the disk, if that was not done for a second.
    pub(super) fn sync_now_and_then(&mut self) -> Result<(), Failure> {
        if self.synced.elapsed() < SYNC { Ok(()) } else { self.sync() }
    }

    /// Waits for the disk.
    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        self.synced = Instant::now();
        self.file.sync_data().map_err(|error| unwritable(&self.path, &error))
    }

    fn set(&mut self, row: u64, state: State) {
        set(&mut self.states, row, state);
    }

    fn add(&mut self, line: &Line) -> Result<(), Failure> {
        let text = Self::text(line)?;
        self.put(&text)
    }

    fn text(line: &Line) -> Result<Vec<u8>, Failure> {
        let mut text = serde_json::to_vec(line)
            .map_err(|error| Failure::run(format!("the journal cannot be written: {error}")))?;
        text.push(b'\n');
        Ok(text)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| {
            unwritable(&self.path, &error)
                .help("nothing more was sent: `--resume` goes on when there is room")
        })
    }
}

/// What a journal says.
#[derive(Debug, Default)]
struct Known {
    identity: Option<Identity>,
    states: Vec<State>,
    unwritten: HashMap<u64, String>,
    complete: bool,
}

impl Known {
    /// Reads a journal; none: there is none. A last line that is cut off never happened.
    fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::run(format!("`{}` cannot be read: {error}", path.display()))),
        };
        let mut known = Self::default();
        let mut line = Vec::new();
        let mut reader = BufReader::new(file);
        loop {
            line.clear();
            let count = reader
                .read_until(b'\n', &mut line)
                .map_err(|error| Failure::run(format!("`{}` cannot be read: {error}", path.display())))?;
            if count == 0 {
                break;
            }
            match serde_json::from_slice(&line) {
                Ok(Line::Batch(identity)) => known.identity = Some(identity),
                Ok(Line::Began(row)) => {
                    set(&mut known.states, row, State::Began);
                    known.complete = false;
                }
                Ok(Line::Ended { row, ok, line }) => {
                    set(&mut known.states, row, if ok { State::Done } else { State::Failed });
                    known.unwritten.insert(row, line);
                }
                // Results are written in the order of the rows.
                Ok(Line::Written(row)) => known.unwritten.retain(|known, _| *known > row),
                Ok(Line::Complete) => known.complete = true,
                Err(_) => {}
            }
        }
        // A file that is no journal is not written over.
        if known.identity.is_none() && fs::metadata(path).is_ok_and(|facts| facts.len() > 0) {
            return Err(Failure::usage(format!("`{}` is no journal of a batch", path.display())));
        }
        Ok(known.identity.is_some().then_some(known))
    }
}

fn index(row: u64) -> Option<usize> {
    usize::try_from(row).ok()?.checked_sub(1)
}

fn set(states: &mut Vec<State>, row: u64, state: State) {
    // A number that no file of rows could have is no row: a journal may have been written by anybody.
    const MOST: usize = 1 << 32;
    let Some(at) = index(row).filter(|at| *at < MOST) else { return };
    if at >= states.len() {
        states.resize(at + 1, State::New);
    }
    if let Some(known) = states.get_mut(at) {
        *known = state;
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::run(format!("`{}` cannot be written: {error}", path.display()))
}
