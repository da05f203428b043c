//! Calls of commands: a process that makes one call adds its row and its detail beside whatever else writes.
//!
//! The file, or the database, is opened on a thread of its own while the call is under way; row and detail are one transaction. The
//! connection is left to the end of the process: closing the last one would bring the log back into the file and wait
//! for the disk. What was committed is in the log, as after a crash, and whoever opens the file next reads it there;
//! before that costs something, one call in some dozens closes.
//! Deliberately absent: usage, which counts what a board answered, and sampling: a person's calls are few.

use crate::connection::Connection;
use crate::day::Day;
use crate::lease::COMMANDS;
use crate::sql::Sql;
use crate::store::{Part, Store};
use crate::{Place, StoreError, detail, row};
use exchange::{CallId, CallRecord, Detail};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A day's file that is larger takes rows only: details of commands are not sampled, so this is their bound.
const LARGEST_DAY: u64 = 256 << 20;
/// A log that is longer is brought back into the file: until then, reading it again costs less than waiting for the disk.
const LONGEST_LOG: u64 = 256 << 10;
/// How long a lock is waited for, once for opening and once for writing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a command waits at its end, at the most: as long as both.
const LONGEST: Duration = Duration::from_secs(3);

/// A call with what is to be kept of it.
type Made = (CallRecord, Option<Detail>);

/// The ledger on its way to being opened, for one call.
#[derive(Debug)]
pub struct History {
    /// What an error names.
    name: std::path::PathBuf,
    calls: SyncSender<Made>,
    written: Receiver<Result<CallId, StoreError>>,
}

impl History {
    /// Begins to open the place for a call that begins at `now_ms`; never waits. Days older than `keep` are dropped
    /// when a day begins.
    pub fn begin(place: impl Into<Place>, keep: Duration, now_ms: u64) -> Self {
        let place = place.into();
        let name = match &place {
            Place::Folder(folder) => folder.clone(),
            Place::Postgres(_) => "the database".into(),
        };
        let (calls, made) = sync_channel::<Made>(1);
        let (answer, written) = sync_channel(1);
        let keep_ms = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
        let life = move || {
            // Whoever asked may have gone.
            drop(answer.send(kept(&place, keep_ms, now_ms, &made)));
        };
        // Without a thread the other ends are dropped, which `add` says.
        drop(std::thread::Builder::new().name("history".into()).spawn(life));
        Self { name, calls, written }
    }

    /// Writes the call and gives its id; the time of `record.id` counts, the rest of it is chosen here.
    ///
    /// # Errors
    /// The folder's or the file's; [`StoreError::Locked`] when it takes longer than three seconds.
    pub fn add(self, record: CallRecord, detail: Option<Detail>) -> Result<CallId, StoreError> {
        let file = Day::of(record.id).file();
        // It ends early when the folder could not be opened: then it says why.
        drop(self.calls.send((record, detail)));
        match self.written.recv_timeout(LONGEST) {
            Ok(result) => result,
            Err(RecvTimeoutError::Timeout) => Err(StoreError::Locked { file }),
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::System {
                path: self.name,
                source: std::io::Error::other("the system gives no thread"),
            }),
        }
    }
}

/// Opens the day, waits for the call, writes it.
fn kept(place: &Place, keep_ms: u64, now_ms: u64, made: &Receiver<Made>) -> Result<CallId, StoreError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| StoreError::System { path: "the history".into(), source })?;
    let store = runtime.block_on(Store::make(place))?.in_haste();
    let day = Day(now_ms / crate::day::DAY_MS);
    let begins = !runtime.block_on(store.days())?.contains(&day);
    let mut calls = retried(|| runtime.block_on(store.open(Part::Calls(day))))?;
    if begins {
        runtime.block_on(store.prune(day.begin_ms(), keep_ms))?;
    }
    // The command ended without a call.
    let Ok((mut record, detail)) = made.recv() else { return Err(StoreError::Closed) };
    let room = runtime.block_on(store.size(day, &mut calls)) < LARGEST_DAY;
    let detail = detail.filter(|_| room).and_then(|detail| detail::pack(&detail).ok());
    let written = retried(|| runtime.block_on(write(&mut calls, &mut record, detail.as_deref())));
    let Store::Folder(folder) = store else { return written };
    let path = folder.path().join(day.file());
    let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
    if log > LONGEST_LOG {
        // The row is committed: what closing could not tidy up, the next one does.
        runtime.block_on(calls.close());
    } else {
        std::mem::forget(calls);
    }
    written
}

/// Does something again while the file is locked: several commands may begin a day at once, and some of SQLite's locks
/// (that of a change of the journal's mode) are not waited for by it.
fn retried<T>(mut does: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let began = Instant::now();
    loop {
        match does() {
            Err(StoreError::Locked { .. }) if began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            done => return done,
        }
    }
}

/// One transaction; the id is the next free one of commands in its millisecond.
async fn write(
    calls: &mut Connection,
    record: &mut CallRecord,
    detail: Option<&[u8]>,
) -> Result<CallId, StoreError> {
    let mut change = calls.change().await?;
    let first = CallId::first_at(record.id.at_ms()).0 | (COMMANDS << 12);
    let last = Sql::new("SELECT max(id) FROM calls WHERE id >= ? AND id <= ?");
    let last = change.number(last.bind(first).bind(first | 0xfff)).await?;
    // 4,096 commands in one millisecond: the next one takes the place of the last one.
    record.id = CallId(last.map_or(first, |last| (last + 1).min(first | 0xfff)));
    row::write(&mut change, &[record]).await?;
    if let Some(packed) = detail {
        detail::write(&mut change, &[(record.id, packed)]).await?;
    }
    change.commit().await?;
    Ok(record.id)
}

#[cfg(test)]
mod tests {
    use super::History;
    use crate::Ledger;
    use crate::example::call;
    use exchange::{Detail, Message};
    use std::time::Duration;

    #[tokio::test]
    async fn calls_of_commands_are_found_by_whoever_reads_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |at| History::begin(folder.path().join("new"), Duration::from_secs(86_400), at);
        let detail = Detail {
            request: Some(Message { line: "GET / HTTP/1.1".into(), ..Message::default() }),
            command: vec!["http://a.example/".into()],
            ..Detail::default()
        };
        let record = call(1_000, 0);
        let one = begin(1_000).add(record.clone(), Some(detail)).unwrap();
        let two = begin(1_000).add(record, None).unwrap();
        assert!(one != two && one.at_ms() == two.at_ms(), "two processes in one millisecond");
        let ledger = Ledger::open_read_only(&folder.path().join("new")).await.unwrap();
        let (_, detail) = ledger.call(one).await.unwrap().unwrap();
        assert_eq!(detail.unwrap().command, ["http://a.example/"]);
        assert!(ledger.call(two).await.unwrap().unwrap().1.is_none());
        // A day that ended longer ago than is kept goes when the next one begins.
        begin(10 * 86_400_000).add(call(10 * 86_400_000, 0), None).unwrap();
        assert!(ledger.call(one).await.unwrap().is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_had_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = History::begin(file, Duration::MAX, 0).add(call(0, 0), None).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
    }
}
