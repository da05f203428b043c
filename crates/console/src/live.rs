//! Calls as they happen: one reader of the ledger's tail for all who watch, as server-sent events.
//!
//! Nobody watching costs nothing but a timer. A watcher that is too slow is told that it missed calls, and
//! holds nobody up. Source: HTML Living Standard, 9.2 Server-sent events.

use crate::query::Query;
use crate::{page, words};
use axum::response::sse::{Event, KeepAlive, Sse};
use board::Board;
use exchange::{CallId, CallRecord};
use futures_util::{Stream, StreamExt as _, stream};
use ledger::Ledger;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

/// How often the ledger is asked.
const EVERY: Duration = Duration::from_millis(250);
/// How many calls are read at a time.
const AT_A_TIME: u32 = 200;
/// A stream ends after this long; the browser opens the next one, and its session is looked at again.
const LONGEST: Duration = Duration::from_secs(3600);
/// Streams at once.
pub(crate) const MOST_STREAMS: usize = 32;

type Batch = Arc<Vec<CallRecord>>;

type Answer = oneshot::Sender<broadcast::Receiver<Batch>>;

/// Where watchers subscribe.
#[derive(Debug)]
pub(crate) struct Live {
    asked: mpsc::Sender<Answer>,
}

/// The other end: reads the ledger for all who watch.
#[derive(Debug)]
pub(crate) struct Follower {
    asked: mpsc::Receiver<Answer>,
}

/// The two ends of what is shown live.
pub(crate) fn live() -> (Live, Follower) {
    let (sender, receiver) = mpsc::channel(MOST_STREAMS);
    (Live { asked: sender }, Follower { asked: receiver })
}

impl Live {
    /// Every call written from now on. Whoever reads the ledger after this misses none between the two; `None`: the
    /// console stops, or its ledger cannot be read now.
    pub(crate) async fn subscribe(&self) -> Option<broadcast::Receiver<Batch>> {
        let (answer, calls) = oneshot::channel();
        self.asked.send(answer).await.ok()?;
        calls.await.ok()
    }
}

impl Follower {
    /// Reads the ledger for all who watch, until the console stops.
    pub(crate) async fn follow(mut self, ledger: Ledger, mut stop: watch::Receiver<bool>) {
        let sender = broadcast::Sender::<Batch>::new(64);
        let mut tail = None;
        let mut beat = tokio::time::interval(EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let asked = tokio::select! {
                _ = beat.tick() => None,
                Some(answer) = self.asked.recv() => Some(answer),
                () = async { drop(stop.wait_for(|stop| *stop).await) } => return,
            };
            if let Some(answer) = asked {
                // The place in the ledger is taken before the watcher is answered: a beat later, the calls between
                // the two would be shown to nobody.
                if tail.is_none() {
                    tail = ledger.tail().await.ok();
                }
                if tail.is_some() {
                    drop(answer.send(sender.subscribe()));
                }
                continue;
            }
            if sender.receiver_count() == 0 {
                tail = None;
                continue;
            }
            // A ledger that cannot be read now is asked again at the next beat; the pages say what is wrong.
            if tail.is_none() {
                tail = ledger.tail().await.ok();
            }
            let Some(reading) = tail.as_mut() else { continue };
            match reading.read(&ledger, AT_A_TIME).await {
                Ok(calls) if calls.is_empty() => {}
                Ok(calls) => drop(sender.send(Arc::new(calls))),
                Err(_) => tail = None,
            }
        }
    }
}

/// What one watcher needs.
pub(crate) struct Watcher {
    pub(crate) query: Query,
    pub(crate) calls: broadcast::Receiver<Batch>,
    /// What was written since the page was made, oldest first.
    pub(crate) missed: Vec<CallRecord>,
    pub(crate) board: watch::Receiver<Arc<Board>>,
    pub(crate) now_ms: fn() -> std::time::SystemTime,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) place: OwnedSemaphorePermit,
}

/// The stream of one watcher: `calls` with rows as HTML, `gap` when some were missed.
pub(crate) fn events(watcher: Watcher) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let Watcher { query, calls, missed, board, now_ms, mut stop, place } = watcher;
    let (sent, show) = (board.clone(), query.clone());
    let first = stream::iter((!missed.is_empty()).then(|| rows(&missed, &query, &sent, now_ms)).flatten());
    let rest = stream::unfold(calls, |mut calls| async move {
        let next = calls.recv().await;
        match next {
            Ok(batch) => Some((Some(batch), calls)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some((None, calls)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    })
    .filter_map(move |batch| {
        let event = match batch {
            Some(batch) => rows(&batch, &show, &board, now_ms),
            None => Some(Event::default().event("gap").data("missed")),
        };
        std::future::ready(event)
    });
    let ended = async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = tokio::time::sleep(LONGEST) => {}
        }
        drop(place);
    };
    Sse::new(first.chain(rest).map(Ok).take_until(Box::pin(ended)))
        .keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// Those of a batch that belong into the list; `None`: none does.
fn rows(
    calls: &[CallRecord],
    query: &Query,
    board: &watch::Receiver<Arc<Board>>,
    now: fn() -> std::time::SystemTime,
) -> Option<Event> {
    let board = Arc::clone(&board.borrow());
    let now_ms = words::ms(now());
    let mut html = String::new();
    let mut newest: Option<CallId> = None;
    for call in calls.iter().filter(|call| query.matches(call)) {
        newest = newest.max(Some(call.id));
        html.push_str(&page::calls::row(call, &board, now_ms).into_string());
    }
    // A line break would end the event's field, and none of our markup has one.
    let html = html.replace(['\r', '\n'], " ");
    newest.map(|newest| Event::default().event("calls").id(newest.to_string()).data(html))
}
