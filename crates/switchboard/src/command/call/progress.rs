//! How far a transfer is: a bar on a terminal, a line every few seconds elsewhere, both on stderr.

use bytes::Bytes;
use call::{BodyError, OutBody};
use http_body::{Body, Frame, SizeHint};
use std::cell::RefCell;
use std::io::{IsTerminal as _, Write as _};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// How often a bar is drawn.
const BAR: Duration = Duration::from_millis(100);
/// How often a line is written.
const LINE: Duration = Duration::from_secs(5);

/// The progress of one transfer.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: Option<u64>,
    done: u64,
    begun: Instant,
    drawn: Instant,
    bar: bool,
    seen: bool,
}

impl Progress {
    /// Begins with `done` bytes of `total`.
    pub(crate) fn new(what: &'static str, done: u64, total: Option<u64>) -> Self {
        let now = Instant::now();
        let bar = std::io::stderr().is_terminal();
        Self { what, total, done, begun: now, drawn: now, bar, seen: false }
    }

    /// Counts some bytes.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.done += bytes as u64;
        if self.drawn.elapsed() >= if self.bar { BAR } else { LINE } {
            self.draw();
        }
    }

    /// Draws the end of a bar that was seen.
    pub(crate) fn end(&mut self) {
        if self.seen && self.bar {
            self.draw();
            let _ = writeln!(std::io::stderr().lock());
            self.seen = false;
        }
    }

    fn draw(&mut self) {
        self.drawn = Instant::now();
        self.seen = true;
        let text = text(self.what, self.done, self.total, self.begun.elapsed(), self.bar);
        let mut err = std::io::stderr().lock();
        let _ = if self.bar { write!(err, "\r{text}\x1b[K") } else { writeln!(err, "{text}") };
        let _ = err.flush();
    }
}

fn text(what: &str, done: u64, total: Option<u64>, took: Duration, bar: bool) -> String {
    const WIDE: u64 = 30;
    let Some(total) = total.filter(|total| *total > 0) else {
        return format!("{what} {} in {} s", size(done), took.as_secs());
    };
    let percent = done.min(total) * 100 / total;
    let full = usize::try_from(percent * WIDE / 100).unwrap_or_default();
    let drawn = if bar { format!(" [{:<30}]", "#".repeat(full)) } else { String::new() };
    format!("{what}{drawn} {percent:>3} % of {} in {} s", size(total), took.as_secs())
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

/// A body that is streamed, counted on its way.
pub(crate) fn watched(body: OutBody, progress: Rc<RefCell<Progress>>) -> OutBody {
    match body {
        OutBody::Stream(inner) => OutBody::Stream(Box::pin(Counted { inner, progress })),
        held => held,
    }
}

struct Counted {
    inner: Pin<Box<dyn Body<Data = Bytes, Error = BodyError>>>,
    progress: Rc<RefCell<Progress>>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = self.inner.as_mut().poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let mut progress = self.progress.borrow_mut();
                progress.add(frame.data_ref().map_or(0, Bytes::len));
                // Whoever sends it does not ask again after the last one.
                if self.inner.is_end_stream() {
                    progress.end();
                }
            }
            Poll::Ready(None) => self.progress.borrow_mut().end(),
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::text;
    use std::time::Duration;

    #[test]
    fn progress_is_told_with_and_without_a_total() {
        let took = Duration::from_secs(7);
        assert_eq!(text("sent", 512, Some(1024), took, false), "sent  50 % of 1 KiB in 7 s");
        assert_eq!(text("received", 3_670_016, None, took, true), "received 3.5 MiB in 7 s");
        let bar = text("sent", 10, Some(10), took, true);
        assert_eq!(bar, format!("sent [{}] 100 % of 10 B in 7 s", "#".repeat(30)));
        assert!(text("sent", 20, Some(10), took, true).contains("100 %"));
    }
}
