//! The console's listener and its addresses.

use crate::connection::Connections;
use crate::live::{self, Live, MOST_STREAMS, Watcher, live};
use crate::page::{Notice, notice};
use crate::query::{PAGE, Query};
use crate::sign_in::SignIn;
use crate::{door, page, reply, words};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Query as Pairs, RawQuery, State};
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse as _;
use axum::routing::get;
use board::Board;
use exchange::{CallId, CallRecord};
use http::{HeaderMap, Response, StatusCode, header};
use ledger::Ledger;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// Tells the time: [`SystemTime::now`], or a test's.
pub type Clock = fn() -> SystemTime;

/// What the console needs.
#[derive(Debug)]
pub struct ConsoleOptions {
    /// Where it listens; loopback unless the board says otherwise.
    pub listener: std::net::TcpListener,
    /// Where the calls are; one that was opened for reading only is enough.
    pub ledger: Ledger,
    /// The board that runs: names, and the contracts' lines.
    pub board: watch::Receiver<Arc<Board>>,
    /// Who may look; the caller keeps a clone to give out links.
    pub sign_in: SignIn,
    /// Host names it answers to besides loopback's, without port.
    pub hosts: Vec<String>,
    /// The time.
    pub clock: Clock,
}

/// Why the console cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The listener cannot be used.
    #[error("the console's listener cannot be used: {0}")]
    Listener(#[from] std::io::Error),
}

/// A console that runs. Dropped, it ends at once; [`Running::stop`] lets answers end first.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for links: `http://127.0.0.1:8088`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it: event streams at once, other answers within two seconds.
    pub async fn stop(mut self) {
        // Nobody listening any more is what is wanted.
        let _ = self.stop.send(true);
        let [serving, following] = &mut self.tasks;
        let ended = async { tokio::join!(serving, following) };
        let _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What every page is made from.
pub(crate) struct Console {
    pub(crate) ledger: Ledger,
    pub(crate) board: watch::Receiver<Arc<Board>>,
    pub(crate) sign_in: SignIn,
    pub(crate) hosts: Vec<String>,
    pub(crate) clock: Clock,
    /// The cookie's name has the port in it: cookies of one host are shared by its ports.
    pub(crate) cookie: String,
    live: Live,
    streams: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Serves the console on the runtime this is called on, until it is stopped.
///
/// # Errors
/// [`ConsoleError::Listener`].
pub async fn serve(options: ConsoleOptions) -> Result<Running, ConsoleError> {
    let ConsoleOptions { listener, ledger, board, sign_in, mut hosts, clock } = options;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    if !address.ip().is_unspecified() {
        let ip = address.ip();
        hosts.push(if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() });
    }
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (stop, stopping) = watch::channel(false);
    let (live, follower) = live();
    let console = Arc::new(Console {
        ledger: ledger.clone(),
        board,
        sign_in,
        hosts,
        clock,
        cookie: format!("switchboard_console_{}", address.port()),
        live,
        streams: Arc::new(Semaphore::new(MOST_STREAMS)),
        stop: stopping.clone(),
    });
    let mut ending = stopping.clone();
    let serving =
        axum::serve(Connections::new(listener), routes(console)).with_graceful_shutdown(async move {
            // The sender gone is an end as well.
            let _ = ending.wait_for(|stop| *stop).await;
        });
    let tasks =
        [tokio::spawn(async move { drop(serving.await) }), tokio::spawn(follower.follow(ledger, stopping))];
    Ok(Running { address, stop, tasks })
}

fn routes(console: Arc<Console>) -> Router {
    Router::new()
        .route("/", get(async || reply::see_other("/calls")))
        .route("/in/{token}", get(sign_in))
        .route("/calls", get(calls))
        .route("/calls/live", get(watch_calls))
        .route("/calls/{id}", get(call))
        .fallback(async |fields: HeaderMap| {
            reply::page(StatusCode::NOT_FOUND, &fields, notice(&Notice::NoPage))
        })
        .layer(from_fn_with_state(Arc::clone(&console), door::door))
        .with_state(console)
}

/// Uses a link up. A browser that only fetches ahead must not: the person would find it used.
async fn sign_in(
    State(console): State<Arc<Console>>,
    Path(token): Path<String>,
    fields: HeaderMap,
) -> Response<Body> {
    if fields.contains_key("sec-purpose") || fields.contains_key("purpose") {
        return StatusCode::NO_CONTENT.into_response();
    }
    let opened = console.sign_in.redeem(&token, (console.clock)());
    let Some(cookie) = opened.as_ref().and_then(|session| door::cookie(&console, session)) else {
        if door::signed_in(&console, &fields) {
            return reply::see_other("/calls");
        }
        return reply::page(StatusCode::GONE, &fields, notice(&Notice::LinkUsed));
    };
    // A browser that comes from another site does not send a strict cookie along a redirect: it gets a page.
    let from_outside =
        fields.get("sec-fetch-site").is_some_and(|site| site != "none" && site != "same-origin");
    let mut response = if from_outside {
        reply::page(StatusCode::OK, &fields, notice(&Notice::SignedIn))
    } else {
        reply::see_other("/calls")
    };
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    response
}

/// The list.
async fn calls(
    State(console): State<Arc<Console>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    RawQuery(raw): RawQuery,
    fields: HeaderMap,
) -> Response<Body> {
    let query = Query::read(pairs);
    if query.has_empty || raw.as_deref() == Some("") {
        // A form without script sends its empty fields too; the address that stays is the short one.
        return reply::see_other(&query.url("/calls", query.before));
    }
    let now_ms = words::ms((console.clock)());
    let board = Arc::clone(&console.board.borrow());
    let health = console.ledger.health();
    let found = if query.problems.is_empty() {
        match console.ledger.calls(&query.filter(now_ms, PAGE)).await {
            Ok(mut found) => {
                found.rows.retain(|call| query.method_matches(call));
                Some(found)
            }
            Err(error) => return unreadable(&fields, &error),
        }
    } else {
        None
    };
    let status = if found.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let view =
        page::calls::View { query: &query, found: found.as_ref(), board: &board, health: &health, now_ms };
    reply::page(status, &fields, page::calls::page(&view))
}

/// The list as it grows.
async fn watch_calls(
    State(console): State<Arc<Console>>,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
    fields: HeaderMap,
) -> Response<Body> {
    let query = Query::read(pairs);
    let Ok(place) = Arc::clone(&console.streams).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "32 live views are open: close one\n").into_response();
    };
    if !query.problems.is_empty() {
        return (StatusCode::BAD_REQUEST, "the filter cannot be read\n").into_response();
    }
    // Subscribed before the question, so that no call falls between the two; the page drops what comes twice.
    let Some(calls) = console.live.subscribe().await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be read now: try again\n")
            .into_response();
    };
    let last = fields.get("last-event-id").and_then(|id| CallId::parse(id.to_str().ok()?));
    let missed = missed(&console, &query, last.max(query.after)).await;
    let watcher = Watcher {
        query,
        calls,
        missed,
        board: console.board.clone(),
        now_ms: console.clock,
        stop: console.stop.clone(),
        place,
    };
    live::events(watcher).into_response()
}

/// What was written after the newest call that the page shows, oldest first, at most a page.
async fn missed(console: &Console, query: &Query, after: Option<CallId>) -> Vec<CallRecord> {
    let Some(after) = after else { return Vec::new() };
    let mut filter = query.filter(words::ms((console.clock)()), PAGE);
    filter.since_ms = Some(after.at_ms());
    let mut found = console.ledger.calls(&filter).await.map(|page| page.rows).unwrap_or_default();
    found.retain(|call| call.id > after);
    found.reverse();
    found
}

/// One call.
async fn call(
    State(console): State<Arc<Console>>,
    Path(text): Path<String>,
    fields: HeaderMap,
) -> Response<Body> {
    let Some(id) = CallId::parse(&text) else {
        return reply::page(StatusCode::NOT_FOUND, &fields, notice(&Notice::NoId(&text)));
    };
    let now_ms = words::ms((console.clock)());
    let (record, detail) = match console.ledger.call(id).await {
        Ok(Some(found)) => found,
        Ok(None) => return reply::page(StatusCode::NOT_FOUND, &fields, notice(&Notice::NoCall(id, now_ms))),
        Err(error) => return unreadable(&fields, &error),
    };
    let board = Arc::clone(&console.board.borrow());
    // A contract may have megabytes, and its lines are looked for: not on the runtime's thread.
    let made = tokio::task::spawn_blocking(move || {
        page::call::page(&page::call::View { call: &record, detail: detail.as_ref(), board: &board, now_ms })
    });
    match made.await {
        Ok(markup) => reply::page(StatusCode::OK, &fields, markup),
        Err(_) => reply::page(StatusCode::INTERNAL_SERVER_ERROR, &fields, notice(&Notice::Broken)),
    }
}

fn unreadable(fields: &HeaderMap, error: &ledger::StoreError) -> Response<Body> {
    reply::page(StatusCode::SERVICE_UNAVAILABLE, fields, notice(&Notice::Unreadable(error)))
}
