//! How far a batch is: counts, failures by cause, and when it will be over.

use crate::terminal::Terminal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// How often a line is said where nobody watches.
const EVERY: Duration = Duration::from_secs(5);
/// Causes that are told apart; the rest is one.
const CAUSES: usize = 20;

/// What became of rows so far.
#[derive(Debug)]
pub(super) struct Tally {
    start: Instant,
    said: Instant,
    ok: u64,
    failed: BTreeMap<String, u64>,
    skipped: u64,
    /// Calls a second that the provider may be asked for, where that is known.
    pace: Option<f64>,
    windows: Option<Windows>,
    shown: bool,
}

/// What an answer says of its rate limit: so many calls are left until the next window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) left: u64,
    pub(super) window: Duration,
}

/// What is known of a provider's windows, from what its answers said.
#[derive(Clone, Copy, Debug)]
struct Windows {
    left: u64,
    ends: Instant,
    /// The most that was left when a window was seen to begin, and how long it was then.
    whole: (u64, Duration),
}

impl Tally {
    pub(super) fn new(pace: Option<f64>) -> Self {
        let now = Instant::now();
        Self {
            start: now,
            said: now,
            ok: 0,
            failed: BTreeMap::new(),
            skipped: 0,
            pace,
            windows: None,
            shown: false,
        }
    }

    /// A row ended; `cause` says why it failed.
    pub(super) fn ended(&mut self, cause: Option<&str>) {
        match cause {
            None => self.ok += 1,
            Some(cause) if self.failed.len() < CAUSES || self.failed.contains_key(cause) => {
                *self.failed.entry(cause.to_owned()).or_default() += 1;
            }
            Some(_) => *self.failed.entry("other causes".to_owned()).or_default() += 1,
        }
    }

    /// A row was sent by an earlier run.
    pub(super) const fn skipped(&mut self) {
        self.skipped += 1;
    }

    /// An answer said how much is left of a limit.
    pub(super) fn told(&mut self, hint: Option<Hint>, now: Instant) {
        let Some(Hint { left, window }) = hint else { return };
        let ends = now + window;
        let known = self.windows.filter(|known| known.ends > now);
        let whole = match known {
            Some(known) if known.whole.0 >= left => known.whole,
            // The first answer of a window says best how large it is.
            _ => self.windows.map_or((left, window), |known| known.whole.max((left, window))),
        };
        self.windows = Some(Windows { left, ends, whole });
    }

    /// How long `rows` calls take at this speed, what the provider lets through considered.
    fn wait(&self, rows: f64, speed: f64, now: Instant) -> Duration {
        let of = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let free = of(rows / self.pace.map_or(speed, |pace| speed.min(pace)).max(0.001));
        let Some(known) = self.windows.filter(|known| known.ends > now) else { return free };
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people to look at")]
        let (left, each) = (known.left as f64, known.whole.0.max(1) as f64);
        if rows <= left {
            return free;
        }
        // What this window does not take waits for its end, and then goes window by window.
        let further = ((rows - left) / each).ceil() - 1.0;
        let until = known.ends.saturating_duration_since(now);
        let limited = until.saturating_add(of(further * known.whole.1.as_secs_f64()));
        free.max(limited)
    }

    /// Rows that failed.
    pub(super) fn failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Says how far it is: a line that is written over on a terminal, a line every few seconds elsewhere.
    pub(super) fn progress(&mut self, part: Option<f64>, terminal: Terminal) {
        if terminal.quiet || (!terminal.colour_err && self.said.elapsed() < EVERY) {
            return;
        }
        self.said = Instant::now();
        let line = self.line(part);
        if terminal.colour_err {
            self.shown = true;
            terminal.over(&line);
        } else {
            terminal.say(line);
        }
    }

    /// Takes the line on a terminal away.
    pub(super) fn end_progress(&mut self, terminal: Terminal) {
        if std::mem::take(&mut self.shown) {
            terminal.over("");
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers for people to look at")]
    fn line(&self, part: Option<f64>) -> String {
        let done = self.ok + self.failed();
        let mut line = format!("{} rows", done + self.skipped);
        if self.failed() > 0 {
            let _ = write!(line, ", {} failed", self.failed());
        }
        let seconds = self.start.elapsed().as_secs_f64();
        let speed = done as f64 / seconds.max(0.001);
        let _ = write!(line, ", {speed:.1}/s");
        if let Some(part) = part.filter(|part| *part > 0.0 && done > 0) {
            let all = (done + self.skipped) as f64 / part;
            let left = (all - (done + self.skipped) as f64).max(0.0);
            // No faster than board and provider allow, whatever the first seconds looked like.
            let wait = self.wait(left, speed, Instant::now());
            let _ = write!(line, ", {:.0} % read, about {} left", part * 100.0, words(wait));
        }
        line
    }

    /// What became of the rows, failures by cause.
    pub(super) fn summary(&self) -> Vec<String> {
        let mut line = format!("{} rows: {} ok, {} failed", self.ok + self.failed(), self.ok, self.failed());
        if self.skipped > 0 {
            let _ = write!(line, "; {} were sent before", self.skipped);
        }
        let mut lines = vec![line];
        let mut causes: Vec<_> = self.failed.iter().collect();
        causes.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
        lines.extend(causes.into_iter().map(|(cause, count)| format!("  {count} × {cause}")));
        lines
    }
}

/// `4 s`, `12 min`, `3 h`.
fn words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..90 => format!("{seconds} s"),
        seconds @ 90..5_400 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Hint, Tally};
    use std::time::{Duration, Instant};

    #[test]
    fn failures_are_summed_by_cause_the_most_frequent_first() {
        let mut tally = Tally::new(None);
        for cause in [None, Some("404 Not Found"), Some("503"), Some("503"), None] {
            tally.ended(cause);
        }
        tally.skipped();
        assert_eq!(
            tally.summary(),
            ["5 rows: 2 ok, 3 failed; 1 were sent before", "  2 × 503", "  1 × 404 Not Found"]
        );
    }

    #[test]
    fn the_estimate_knows_the_windows_of_the_provider() {
        let now = Instant::now();
        let said = |left, seconds| Some(Hint { left, window: Duration::from_secs(seconds) });
        let mut tally = Tally::new(None);
        assert_eq!(tally.wait(500.0, 50.0, now), Duration::from_secs(10), "nothing is known");
        tally.told(said(100, 60), now);
        assert_eq!(tally.wait(100.0, 50.0, now), Duration::from_secs(2), "they fit into this window");
        tally.told(said(0, 30), now + Duration::from_secs(30));
        let then = now + Duration::from_secs(30);
        assert_eq!(tally.wait(100.0, 50.0, then), Duration::from_secs(30), "the next window takes all");
        assert_eq!(tally.wait(250.0, 50.0, then), Duration::from_secs(30 + 2 * 60), "and two more");
        assert_eq!(tally.wait(250.0, 0.1, then), Duration::from_secs(2500), "the slower of both counts");
        let paced = Tally::new(Some(1.0));
        assert_eq!(paced.wait(60.0, 50.0, now), Duration::from_secs(60), "the board's pace");
    }

    #[test]
    fn causes_are_bounded() {
        let mut tally = Tally::new(None);
        (0..1000).for_each(|number| tally.ended(Some(&number.to_string())));
        assert_eq!(tally.failed(), 1000);
        assert_eq!(tally.summary().len(), 1 + 21);
    }
}
