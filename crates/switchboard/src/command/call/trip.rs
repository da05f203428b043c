//! One request there and back: sends a draft, hands head and pieces of the answer on as they come, and keeps time.

mod broke;

use super::cookie::Cookies;
use super::draft::Draft;
use super::progress::{self, Progress};
use super::redirect::{self, Follow};
use crate::exit::Failure;
use crate::terminal::Terminal;
use board::Upstream;
pub(crate) use broke::Broke;
use call::{AnswerBody, CallError, Dial, Patience, Providers, Sent};
use http::{HeaderMap, Method, StatusCode};
use http_body::Body;
use std::borrow::Cow;
use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// What becomes of an answer while it comes.
pub(crate) trait Receive {
    /// The head of a redirect that is followed; `nth` counts answers from 0.
    fn passed(&mut self, head: &Head, nth: u32) -> Result<(), Stop>;
    /// Its head.
    fn head(&mut self, head: &Head, nth: u32) -> Result<(), Stop>;
    /// Some bytes of its body.
    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop>;
    /// Its body has ended.
    fn end(&mut self) -> Result<(), Stop>;
}

/// Why an answer is not received any further.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Enough is known, or nobody reads on: no failure.
    Enough,
    /// It cannot be written.
    Failed(Failure),
}

/// The head of an answer, and how it was got.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) sent: Sent,
    /// From the start to the head.
    pub(crate) after: Duration,
}

/// A trip that got an answer.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) head: Head,
    /// Bytes of the body.
    pub(crate) size: u64,
    /// From the start to the end of the body.
    pub(crate) took: Duration,
    /// Where the answer came from, after redirects.
    pub(crate) url: String,
    /// The method it was asked with at last.
    pub(crate) method: Method,
    /// Redirects that were followed.
    pub(crate) redirects: u32,
    /// From the start to the last redirect.
    pub(crate) redirected: Duration,
    /// Where a redirect that was not followed leads to.
    pub(crate) leads_to: Option<String>,
}

/// How to send.
#[derive(Debug)]
pub(crate) struct Manner<'a> {
    /// Whether an answer that asks to come back later is obeyed.
    pub(crate) patience: Option<Patience>,
    /// Redirects.
    pub(crate) follow: Follow,
    /// Cookies that are known, and where those of answers are kept.
    pub(crate) cookies: &'a mut Cookies,
    /// Whether a streamed upload tells how far it is.
    pub(crate) progress: bool,
    /// Who is told what a redirect leaves behind; none: nobody, as with curl.
    pub(crate) told: Option<Terminal>,
}

/// Sends the draft and receives the answer, within `limit`.
pub(crate) fn go(
    draft: &Draft,
    dial: Dial,
    limit: Option<Duration>,
    manner: Manner<'_>,
    receive: &mut dyn Receive,
) -> Result<Came, Broke> {
    let providers = providers(dial, &draft.upstream);
    within(limit, over(&providers, draft, manner, receive))
}

/// Connections to a provider, which alone sees the caller's own certificate.
pub(crate) fn providers(dial: Dial, upstream: &Upstream) -> Providers {
    let identity_for = upstream.servers.iter().map(|server| (server.host.to_string(), server.port)).collect();
    Providers::new(Dial { identity_for, ..dial })
}

/// Does something that calls, on a runtime of its own, until it is done, `limit` is over, or Ctrl-C comes.
pub(crate) fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, Broke>>,
) -> Result<T, Broke> {
    let trip = async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Broke::Interrupted),
            () = late(limit) => Err(Broke::Late(limit.unwrap_or_default())),
            done = work => done,
        }
    };
    on_one_thread(trip).map_err(Broke::Here)?
}

/// Runs something that calls, on a runtime of its own.
pub(crate) fn on_one_thread<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::run(format!("the system gives no event queue: {error}")))?;
    let done = tokio::task::LocalSet::new().block_on(&runtime, work);
    // A read of a file or a look-up of a name may still hang in a thread of the runtime.
    runtime.shutdown_background();
    Ok(done)
}

async fn late(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// Sends the draft over connections that may be used again, and receives the answer.
pub(crate) async fn over(
    providers: &Providers,
    draft: &Draft,
    manner: Manner<'_>,
    receive: &mut dyn Receive,
) -> Result<Came, Broke> {
    let Manner { patience, follow, cookies, progress, told } = manner;
    let start = Instant::now();
    let first = draft;
    let mut draft = Cow::Borrowed(first);
    let (mut redirects, mut redirected) = (0, Duration::ZERO);
    loop {
        let mut outgoing = draft.outgoing();
        if progress {
            let meter = Progress::new("sent", 0, Some(draft.payload.len()));
            outgoing.body = progress::watched(outgoing.body, Rc::new(RefCell::new(meter)));
        }
        let sent = match patience {
            Some(patience) => providers.send_patiently(&draft.upstream, outgoing, patience).await,
            None => providers.send(&draft.upstream, outgoing).await,
        };
        let answer = sent.map_err(Broke::Unanswered)?;
        cookies.take(&answer.fields, &draft.place());
        let head =
            Head { status: answer.status, fields: answer.fields, sent: answer.sent, after: start.elapsed() };
        let mut next = redirect::next(&draft, head.status, &head.fields, &follow, redirects);
        if follow.most.is_some()
            && let Some(mut next) = match std::mem::replace(&mut next, Ok(None)) {
                Ok(next) => next,
                Err(why) => return Err(Broke::Redirects(why)),
            }
        {
            match receive.passed(&head, redirects) {
                Ok(()) | Err(Stop::Enough) => {}
                Err(Stop::Failed(failure)) => return Err(Broke::Here(failure)),
            }
            redirects += 1;
            redirected = start.elapsed();
            // Not the last origin: two strangers in a row are strangers still.
            next.cookies(cookies, follow.policy.trust_others || next.is_of_same_origin(first))
                .map_err(Broke::Here)?;
            if let Some(terminal) = told {
                redirect::tell(&draft, &next, terminal);
            }
            draft = Cow::Owned(next);
            continue;
        }
        let size = match receive.head(&head, redirects) {
            Ok(()) => receive_body(answer.body, receive).await?,
            Err(Stop::Enough) => 0,
            Err(Stop::Failed(failure)) => return Err(Broke::Here(failure)),
        };
        return Ok(Came {
            head,
            size,
            took: start.elapsed(),
            url: draft.url(),
            method: draft.method.clone(),
            redirects,
            redirected,
            leads_to: next.ok().flatten().map(|next| next.url()),
        });
    }
}

async fn receive_body(mut body: AnswerBody, receive: &mut dyn Receive) -> Result<u64, Broke> {
    let mut size = 0;
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| match error.downcast::<CallError>() {
            Ok(error) => Broke::Cut(*error),
            Err(error) => Broke::Here(Failure::run(format!("the answer broke off: {error}"))),
        })?;
        let Some(bytes) = frame.data_ref() else { continue };
        size += bytes.len() as u64;
        match receive.piece(bytes) {
            Ok(()) => {}
            Err(Stop::Enough) => return Ok(size),
            Err(Stop::Failed(failure)) => return Err(Broke::Here(failure)),
        }
    }
    match receive.end() {
        Ok(()) | Err(Stop::Enough) => Ok(size),
        Err(Stop::Failed(failure)) => Err(Broke::Here(failure)),
    }
}
