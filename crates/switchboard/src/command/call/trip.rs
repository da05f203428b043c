//! One request there and back: sends a draft, hands head and pieces of the answer on as they come, and keeps time.

use super::draft::Draft;
use crate::exit::{Exit, Failure};
use call::{AnswerBody, CallError, Dial, Patience, Providers, Sent};
use http::{HeaderMap, StatusCode};
use http_body::Body;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// What becomes of an answer while it comes.
pub(crate) trait Receive {
    /// Its head.
    fn head(&mut self, head: &Head) -> Result<(), Stop>;
    /// Some bytes of its body.
    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop>;
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
}

/// A trip that broke off.
#[derive(Debug)]
pub(crate) enum Broke {
    /// There was no answer.
    Unanswered(CallError),
    /// The answer broke off after its head.
    Cut(CallError),
    /// `-m` is over.
    Late(Duration),
    /// Ctrl-C.
    Interrupted,
    /// The answer cannot be written, or something here failed.
    Here(Failure),
}

/// How to send.
#[derive(Debug)]
pub(crate) struct Manner {
    /// Wishes about connections.
    pub(crate) dial: Dial,
    /// Whether an answer that asks to come back later is obeyed.
    pub(crate) patience: Option<Patience>,
    /// The whole trip's limit.
    pub(crate) limit: Option<Duration>,
}

/// Sends the draft and receives the answer.
pub(crate) fn go(draft: &Draft, manner: Manner, receive: &mut dyn Receive) -> Result<Came, Broke> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Broke::Here(Failure::run(format!("the system gives no event queue: {error}"))))?;
    let Manner { dial, patience, limit } = manner;
    let trip = async {
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => Err(Broke::Interrupted),
            () = late(limit) => Err(Broke::Late(limit.unwrap_or_default())),
            came = there_and_back(draft, dial, patience, receive) => came,
        }
    };
    let result = tokio::task::LocalSet::new().block_on(&runtime, trip);
    // A read of a file or a look-up of a name may still hang in a thread of the runtime.
    runtime.shutdown_background();
    result
}

async fn late(limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep(limit).await,
        None => std::future::pending().await,
    }
}

async fn there_and_back(
    draft: &Draft,
    dial: Dial,
    patience: Option<Patience>,
    receive: &mut dyn Receive,
) -> Result<Came, Broke> {
    over(&Providers::new(dial), draft, patience, receive).await
}

/// Sends the draft over connections that may be used again, and receives the answer.
pub(crate) async fn over(
    providers: &Providers,
    draft: &Draft,
    patience: Option<Patience>,
    receive: &mut dyn Receive,
) -> Result<Came, Broke> {
    let start = Instant::now();
    let sent = match patience {
        Some(patience) => providers.send_patiently(&draft.upstream, draft.outgoing(), patience).await,
        None => providers.send(&draft.upstream, draft.outgoing()).await,
    };
    let answer = sent.map_err(Broke::Unanswered)?;
    let head =
        Head { status: answer.status, fields: answer.fields, sent: answer.sent, after: start.elapsed() };
    let size = match receive.head(&head) {
        Ok(()) => receive_body(answer.body, receive).await?,
        Err(Stop::Enough) => 0,
        Err(Stop::Failed(failure)) => return Err(Broke::Here(failure)),
    };
    Ok(Came { head, size, took: start.elapsed() })
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
            Err(Stop::Enough) => break,
            Err(Stop::Failed(failure)) => return Err(Broke::Here(failure)),
        }
    }
    Ok(size)
}

impl Broke {
    /// As `call` says it.
    pub(crate) fn failure(self) -> Failure {
        use call::ErrorKind as Kind;
        match self {
            Self::Here(failure) => failure,
            Self::Interrupted => Failure::run("interrupted").exit(Exit::Interrupted),
            Self::Late(limit) => Failure::run(format!("no complete answer within {limit:?}"))
                .exit(Exit::Timeout)
                .help("give it longer: `-m SECONDS`"),
            Self::Unanswered(error) | Self::Cut(error) => {
                let (exit, help) = match error.kind {
                    Kind::NameUnknown => (
                        Exit::Run,
                        "is the host written right? To use an address all the same: `--resolve HOST:PORT:ADDRESS`",
                    ),
                    Kind::Refused => (Exit::Run, "is it running, and is the port right?"),
                    Kind::Untrusted => (
                        Exit::Run,
                        "trust its authority: `--cacert FILE`; for a try only, accept anything: `-k`",
                    ),
                    Kind::TlsBroken => {
                        (Exit::Run, "does it speak TLS on this port? Otherwise write `http://`")
                    }
                    Kind::Garbage => {
                        (Exit::Run, "does it speak HTTP on this port, and not TLS? Then write `https://`")
                    }
                    Kind::ConnectTimeout | Kind::Silent | Kind::TotalTimeout => {
                        (Exit::Timeout, "is it overloaded, or does a firewall drop the packets?")
                    }
                    Kind::Busy(_) => (Exit::Timeout, "it may not be called faster (`pace`): try again later"),
                    Kind::BrokenOff | Kind::CallerGone | Kind::Unusable => (Exit::Run, ""),
                };
                let failure = Failure::run(error.detail).exit(exit);
                if help.is_empty() { failure } else { failure.help(help) }
            }
        }
    }
}
