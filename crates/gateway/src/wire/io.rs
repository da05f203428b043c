//! A connection that says what it is waiting for, so that one lazy timer can cut off slow callers.
//!
//! Nothing is armed or cancelled per request: reads only move a phase, and the timer looks at it when
//! it fires. Atomics because hyper's upgrades want `Send`; they are never contended.

use hyper::rt::{Read, ReadBufCursor, Write};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first byte of a request.
    Idle,
    /// The rest of a head.
    Head,
    /// A call is being answered.
    Busy,
}

/// The phase of a connection, and since when.
#[derive(Debug)]
pub(crate) struct Pulse {
    phase: AtomicU8,
    since: AtomicU64,
    epoch: Instant,
}

impl Pulse {
    pub(crate) fn new(epoch: Instant) -> Self {
        let pulse = Self { phase: AtomicU8::new(0), since: AtomicU64::new(0), epoch };
        pulse.enter(Phase::Idle);
        pulse
    }

    /// The phase, and how long it has lasted.
    pub(crate) fn now(&self) -> (Phase, Duration) {
        let phase = match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Idle,
            1 => Phase::Head,
            _ => Phase::Busy,
        };
        let since = Duration::from_nanos(self.since.load(Ordering::Relaxed));
        (phase, self.epoch.elapsed().saturating_sub(since))
    }

    /// Moves to a phase, from now on.
    pub(crate) fn enter(&self, phase: Phase) {
        self.since
            .store(u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// A call begins: when its first byte came, where that is known.
    pub(crate) fn begin(&self) -> Instant {
        if self.phase.swap(Phase::Busy as u8, Ordering::Relaxed) == Phase::Head as u8 {
            self.epoch + Duration::from_nanos(self.since.load(Ordering::Relaxed))
        } else {
            Instant::now()
        }
    }

    fn bytes_came(&self) {
        if self.phase.load(Ordering::Relaxed) == Phase::Idle as u8 {
            self.enter(Phase::Head);
        }
    }
}

/// A connection with its pulse.
#[derive(Debug)]
pub(crate) struct Watched<I> {
    pub(crate) io: I,
    pub(crate) pulse: Arc<Pulse>,
}

impl<I: Read + Unpin> Read for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        self.pulse.bytes_came();
        Poll::Ready(Ok(()))
    }
}

impl<I: Write + Unpin> Write for Watched<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }
}
