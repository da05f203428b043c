//! `call … --each`: one call for each row, in flat memory, with a journal that `--resume` goes on from.
//!
//! Results are JSON lines in the order of the rows. What a row is, is [`rows`]'s; what was sent already,
//! [`journal`]'s; one call, [`one`]'s; counting and the estimate, [`tally`]'s.

mod journal;
mod one;
mod out;
mod pack;
mod rows;
mod tally;

use super::draft::Draft;
use super::item::Item;
use super::trip::on_one_thread;
use super::wanted::Wanted;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use journal::{Journal, State};
use one::Ending;
pub(super) use one::Sender;
use out::Out;
pub(super) use pack::Packing;
use pack::Raw;
use rows::{Row, Rows};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::time::Duration;
use tally::Tally;

/// Rows that are read ahead of the oldest one that is not written yet: what is held at most.
const AHEAD: usize = 1024;
/// How often progress is said.
const BEAT: Duration = Duration::from_millis(250);

/// What of the command line is about rows.
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, on or off as the user wrote it"
)]
pub(crate) struct Each {
    /// One call for each row of a file: CSV with a header line, or JSON lines; `-` is standard input
    #[arg(long = "each", value_name = "FILE")]
    rows: Option<String>,
    /// With `--each`: calls at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: u16,
    /// With `--each`: go on where a run of these rows broke off; no row is sent twice
    #[arg(long)]
    resume: bool,
    /// With `--each`: send the rows again that failed
    #[arg(long, conflicts_with = "resume")]
    retry_failed: bool,
    /// With `--each`: forget the run that broke off, and begin with the first row
    #[arg(long, conflicts_with_all = ["resume", "retry_failed"])]
    restart: bool,
    /// With `--each`: one call for each row, also where the board names an operation that takes many
    #[arg(long)]
    one_by_one: bool,
    /// With `--each`: keep the journal here instead of in the state folder
    #[arg(long, value_name = "FILE")]
    journal: Option<std::path::PathBuf>,
}

impl Each {
    /// How many calls are under way at a time.
    pub(super) fn jobs(&self) -> usize {
        self.jobs.into()
    }

    /// Whether rows may go together.
    pub(super) const fn packs(&self) -> bool {
        !self.one_by_one
    }

    /// The file of rows, if there is one.
    pub(crate) fn file(&self) -> Result<Option<&str>, Failure> {
        let words = [
            (self.resume, "--resume"),
            (self.retry_failed, "--retry-failed"),
            (self.restart, "--restart"),
            (self.one_by_one, "--one-by-one"),
            (self.journal.is_some(), "--journal"),
        ];
        match (&self.rows, words.iter().find(|(given, _)| *given)) {
            (None, Some((_, word))) => Err(Failure::usage(format!("`{word}` is for `--each FILE`"))),
            (file, _) => Ok(file.as_deref()),
        }
    }
}

/// Makes the request of a row from its items.
pub(super) type Make<'m> = dyn Fn(Vec<Item>) -> Result<Draft, Failure> + 'm;

/// Sends every row, and says how it ended.
pub(super) fn run(
    each: &Each,
    words: &[String],
    file: &str,
    wanted: &Wanted,
    terminal: Terminal,
    sender: &Sender<'_>,
) -> Result<Exit, Failure> {
    let mut rows = Rows::open(file)?;
    let identity = journal::Identity::of(file, words, &sender.goes_to())?;
    let mut journal = Journal::open(each, &identity)?;
    let mut out = Out::open(wanted)?;
    let mut tally = Tally::new(sender.pace());
    let work = async {
        let done = drive(each, &mut rows, &mut journal, &mut out, &mut tally, sender, terminal).await;
        if let Some(history) = &sender.history {
            history.close().await;
        }
        done
    };
    let interrupted = on_one_thread(work)??;
    journal.sync()?;
    if !interrupted {
        journal.complete()?;
    }
    for line in tally.summary() {
        terminal.say(line);
    }
    if interrupted {
        terminal.complain(format!(
            "interrupted; to go on: the same command with `--resume` (journal: {})",
            journal.path()
        ));
        return Ok(Exit::Interrupted);
    }
    if tally.failed() > 0 {
        terminal.say("to send those again: the same command with `--retry-failed`");
        return Ok(Exit::Batch);
    }
    Ok(Exit::Ok)
}

/// Keeps up to `--jobs` calls under way until the rows end; gives whether Ctrl-C came.
async fn drive(
    each: &Each,
    rows: &mut Rows,
    journal: &mut Journal,
    out: &mut Out,
    tally: &mut Tally,
    sender: &Sender<'_>,
    terminal: Terminal,
) -> Result<bool, Failure> {
    let mut under_way: UnderWay<'_> = FuturesUnordered::new();
    let mut order: VecDeque<u64> = VecDeque::new();
    let mut ready: BTreeMap<u64, String> = BTreeMap::new();
    let mut pack: Vec<Raw> = Vec::new();
    let (mut more, mut interrupted) = (true, false);
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let interruption = tokio::signal::ctrl_c();
    tokio::pin!(interruption);
    loop {
        while more && !interrupted && under_way.len() < each.jobs() && order.len() < AHEAD {
            let Some(Row { number, items }) = rows.next_row()? else {
                more = false;
                break;
            };
            let state = journal.state(number);
            let send = match state {
                State::New => !each.retry_failed,
                State::Failed => each.retry_failed,
                // It may have arrived: again only where twice is as once.
                State::Began => each.retry_failed || sender.may_repeat(number, &items),
                State::Done => false,
            };
            if let (false, Some(line)) = (send, journal.unwritten(number)) {
                order.push_back(number);
                ready.insert(number, line);
                continue;
            }
            if !send && state == State::Began && !each.retry_failed {
                let Ending { line, cause, .. } = one::unclear(number);
                journal.ended([(number, false, line.as_str())])?;
                tally.ended(cause.as_deref());
                order.push_back(number);
                ready.insert(number, line);
                continue;
            }
            if !send {
                tally.skipped();
                continue;
            }
            // By number, not by what came: rows that were sent before leave a pack smaller, and no other.
            let together = |packing: &Packing<'_>, row: u64| packing.pack(row) == packing.pack(number);
            let same = |row: u64| sender.packing.as_ref().is_some_and(|packing| together(packing, row));
            if pack.first().is_some_and(|(first, _)| !same(*first)) {
                begin(&mut pack, journal, sender, &under_way)?;
            }
            order.push_back(number);
            pack.push((number, items));
            if !same(number + 1) {
                begin(&mut pack, journal, sender, &under_way)?;
            }
        }
        // A pack that the rows end in is smaller; one that waits for an interrupted run is not sent.
        if !more && !interrupted && !pack.is_empty() {
            begin(&mut pack, journal, sender, &under_way)?;
        }
        out.write_ready(&mut order, &mut ready, journal)?;
        if under_way.is_empty() && (!more || interrupted) {
            break;
        }
        tokio::select! {
            Some(endings) = under_way.next() => {
                journal.ended(endings.iter().map(|one| (one.number, one.cause.is_none(), one.line.as_str())))?;
                for Ending { number, line, cause, hint } in endings {
                    tally.ended(cause.as_deref());
                    tally.told(hint, std::time::Instant::now());
                    ready.insert(number, line);
                }
            }
            _ = beat.tick() => {
                tally.progress(rows.done_part(), terminal);
                journal.sync_now_and_then()?;
            }
            _ = &mut interruption, if !interrupted => {
                interrupted = true;
                terminal.say("interrupted: waiting for what is under way");
            }
        }
    }
    tally.end_progress(terminal);
    Ok(interrupted)
}

/// Calls that were begun.
type UnderWay<'s> = FuturesUnordered<Pin<Box<dyn Future<Output = Vec<Ending>> + 's>>>;

/// Sends the rows that are gathered: one, or those that go together.
fn begin<'s>(
    pack: &mut Vec<Raw>,
    journal: &mut Journal,
    sender: &'s Sender<'_>,
    under_way: &UnderWay<'s>,
) -> Result<(), Failure> {
    let rows = std::mem::take(pack);
    rows.iter().try_for_each(|(number, _)| journal.began(*number))?;
    under_way.push(match &sender.packing {
        Some(packing) => Box::pin(sender.send_together(packing, rows)),
        None => Box::pin(async move {
            let mut endings = Vec::new();
            for (number, items) in rows {
                endings.push(sender.send(number, items).await);
            }
            endings
        }),
    });
    Ok(())
}
