//! `--as CONSUMER`: a call through the board that runs here, made as one of its consumers, without its key.
//!
//! Why `run.sock` and not a key made for the purpose: a key is a secret that could outlive its call, and one more line in the
//! consumer's list; the socket is the owner's alone (0600), the call goes through every stage with the consumer's plans,
//! limits and suspension, and each one is written into the audit before it is made.

use super::asked::Asked;
use super::cookie::Cookies;
use super::draft::{self, Draft, Named};
use super::near;
use super::nearby::Nearby;
use super::outcome;
use super::trip::{Broke, Came, Head, Receive, Stop};
use super::wanted::Wanted;
use crate::drive::{read_ledger, runtime, socket, stored};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use board::{Board, ServerUrl, Upstream};
use bytes::Bytes;
use call::Sent;
use exchange::{ConsumerName, PlanName};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer may take: a gateway's own limits are shorter.
const PATIENCE: Duration = Duration::from_mins(10);
/// The largest head of an answer.
const LARGEST_HEAD: usize = 256 * 1024;

/// Where an operation is offered here to this consumer: its provider is not asked, nor anything that belongs to it.
pub(super) fn offered(named: &Named, nearby: &Nearby<'_>, name: &str) -> Result<Upstream, Failure> {
    let own = || Failure::usage("`--as` calls an API that this board offers");
    let api = named.api.as_ref().ok_or_else(own)?;
    let board = nearby.board_of(api).ok_or_else(own)?;
    let operation = &named.operation.id;
    let index = named.contract.operations.iter().position(|known| known.id == *operation);
    let opens = |offer: &&Arc<board::Offer>| match index {
        Some(index) => offer.opens.get(index).copied().unwrap_or_default(),
        None => offer.opens_undeclared,
    };
    let plans = runtime()?.block_on(known(board, name))?;
    let holds = |offer: &&Arc<board::Offer>| offer.plans.iter().any(|plan| plans.contains(&plan.name));
    let mut all = api.offers.iter().filter(opens);
    let Some(offer) = all.clone().find(holds).or_else(|| all.next()) else {
        return Err(Failure::usage(format!("no offer of this board opens `{}.{operation}`", api.name))
            .help(format!("write `[apis.{}.offer.…]`, or look at `only` and `except`", api.name)));
    };
    let mut server = listener(board, offer.listener)?;
    if let Some(host) = &offer.host {
        server.host = host.as_str().into();
    }
    server.base = offer.at.as_str().into();
    Ok(draft::upstream(server, &Wanted::default(), 0))
}

/// Where a listener is bound: how the dispatcher tells which one is meant.
fn listener(board: &Board, index: usize) -> Result<ServerUrl, Failure> {
    let bind = board.listeners.get(index).map(|listener| listener.bind);
    let bind = bind.ok_or_else(|| Failure::usage("this board has no listener"))?;
    ServerUrl::parse(&format!("http://localhost:{}", bind.port())).map_err(Failure::usage)
}

/// Makes the call and shows its answer.
pub(super) fn send(
    name: &str,
    draft: &Draft,
    nearby: &Nearby<'_>,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    cookies: &mut Cookies,
) -> Result<Exit, Failure> {
    let own = draft.named.as_ref().and_then(|named| nearby.board_of(named.api.as_ref()?));
    let near = if own.is_some() { own } else { nearby.board()? };
    let Some(board) = near else {
        return Err(
            Failure::usage("`--as` needs a board, and there is none here").help("name it: `--board DIR`")
        );
    };
    let here = (0..board.listeners.len()).filter_map(|index| listener(board, index).ok());
    let goes = draft.server().cloned();
    let own = goes.is_some_and(|to| here.into_iter().any(|own| own.port == to.port && is_local(board, &to)));
    if !own {
        return Err(Failure::usage(
            "`--as` is for a listener of this board alone: what is sent elsewhere is not its consumer's",
        ));
    }
    let Some(body) = draft.payload.held() else {
        return Err(Failure::usage("`--as` takes a body that fits into memory, and no file parts"));
    };
    let fields: Vec<(&str, String)> = draft
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let question = json!({
        "as": name,
        "method": draft.method.as_str(),
        "url": draft.url().replacen("https://", "http://", 1),
        "fields": fields,
        "body": BASE64_STANDARD.encode(body),
    });
    let start = Instant::now();
    let patience = wanted.max_time.unwrap_or(PATIENCE);
    let runtime = runtime()?;
    let answered = runtime.block_on(async {
        known(board, name).await?;
        let asked = tokio::time::timeout(patience, Told::ask(board, &question)).await;
        asked.unwrap_or_else(|_| Err(Failure::run("the running board does not answer")))
    });
    let (head, mut told) = match answered.and_then(|told| told.head(draft, start)) {
        Ok(answered) => answered,
        // Nothing was sent.
        Err(failure) if failure.exit == Exit::Usage => return Err(failure),
        Err(failure) => return outcome::broken(Broke::Here(failure), draft, wanted, terminal, asked),
    };
    cookies.take(&head.fields, &draft.place());
    let mut delivery = asked.delivery(wanted, draft, asked.keep(terminal), terminal);
    let mut size = 0;
    let mut give = || {
        delivery.head(&head, 0)?;
        while let Some(piece) = runtime.block_on(told.next(patience.saturating_sub(start.elapsed()))) {
            let piece = piece.map_err(Stop::Failed)?;
            size += piece.len() as u64;
            delivery.piece(&piece)?;
        }
        delivery.end()
    };
    if let Err(Stop::Failed(failure)) = give() {
        delivery.closed(false);
        return outcome::broken(Broke::Here(failure), draft, wanted, terminal, asked);
    }
    let came = Came {
        size,
        took: start.elapsed(),
        url: draft.url(),
        method: draft.method.clone(),
        redirects: 0,
        redirected: Duration::ZERO,
        leads_to: None,
        head,
    };
    outcome::settle(draft, delivery, &came, terminal, asked)
}

/// Whether an address is one of this board's own names, or this machine.
fn is_local(board: &Board, to: &ServerUrl) -> bool {
    let names = board
        .listeners
        .iter()
        .filter_map(|listener| ServerUrl::parse(listener.url.trim_end_matches('/')).ok());
    let hosts = board.apis.iter().flat_map(|api| &api.offers).filter_map(|offer| offer.host.as_deref());
    matches!(&*to.host, "localhost" | "127.0.0.1" | "[::1]" | "::1")
        || names.into_iter().any(|own| call::redirect::same_origin(&own, to))
        || hosts.into_iter().any(|host| host.eq_ignore_ascii_case(&to.host))
}

/// The plans of a consumer, which must be there before anything is audited in its name.
async fn known(board: &Board, name: &str) -> Result<Vec<PlanName>, Failure> {
    let ledger = read_ledger(board).await?;
    let of_file = &board.consumers.consumers;
    if let Some(row) = of_file.iter().find(|row| row.name.as_str() == name) {
        return Ok(row.plans.clone());
    }
    if let Some(known) = ledger.consumer(&ConsumerName::new(name)).await.map_err(|error| stored(&error))? {
        return Ok(known.plans);
    }
    let in_ledger = ledger.list_consumers().await.map_err(|error| stored(&error))?;
    let names = of_file.iter().map(|row| &row.name).chain(in_ledger.iter().map(|known| &known.name));
    let failure = Failure::usage(format!("there is no consumer `{name}`"));
    Err(match near::meant(name, names.map(ConsumerName::as_str)) {
        Some(meant) => failure.help(meant),
        None => failure.help("list them: switchboard consumer list"),
    })
}

/// An answer as it is told: `message/http` (RFC 9112 §10.1), piece by piece.
struct Told {
    /// What was read of it.
    held: Vec<u8>,
    body: hyper::body::Incoming,
}

impl Told {
    async fn ask(board: &Board, question: &Value) -> Result<Self, Failure> {
        let place = board.ledger.folder.join("run.sock");
        let answer = socket::open(&place, socket::Route::Dispatch, question).await;
        let answer = answer.unwrap_or_else(|| {
            Err(Failure::run("`--as` goes through the board that runs, and it does not run")
                .help("start it: `switchboard serve`"))
        })?;
        let mut told = Self { held: Vec::new(), body: answer.into_body() };
        while told.ends().is_none() {
            if told.held.len() > LARGEST_HEAD {
                return Err(other_version());
            }
            let piece = told.piece().await.unwrap_or_else(|| Err(other_version()))?;
            told.held.extend_from_slice(&piece);
        }
        Ok(told)
    }

    /// Where the head ends.
    fn ends(&self) -> Option<usize> {
        self.held.windows(4).position(|part| part == b"\r\n\r\n").map(|at| at + 4)
    }

    fn head(mut self, draft: &Draft, start: Instant) -> Result<(Head, Self), Failure> {
        let end = self.ends().ok_or_else(other_version)?;
        let read = head(&self.held[..end], draft, start).ok_or_else(other_version)?;
        self.held.drain(..end);
        Ok((read, self))
    }

    async fn piece(&mut self) -> Option<Result<Bytes, Failure>> {
        let frame = self.body.frame().await?;
        let broken = |_| Failure::run("the answer broke off");
        Some(frame.map_err(broken).map(|frame| frame.into_data().unwrap_or_default()))
    }

    /// The next piece of the answer's body.
    async fn next(&mut self, patience: Duration) -> Option<Result<Bytes, Failure>> {
        if !self.held.is_empty() {
            return Some(Ok(std::mem::take(&mut self.held).into()));
        }
        let late = || Some(Err(Failure::run("the answer took too long")));
        tokio::time::timeout(patience, self.piece()).await.unwrap_or_else(|_| late())
    }
}

fn other_version() -> Failure {
    Failure::run("the running board is of another version").help("restart it: `switchboard serve`")
}

fn head(text: &[u8], draft: &Draft, start: Instant) -> Option<Head> {
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status = std::str::from_utf8(lines.next()?).ok()?.split(' ').nth(1)?;
    let status = StatusCode::from_u16(status.parse().ok()?).ok()?;
    let mut fields = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        fields.append(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    let sent = Sent {
        server: draft.server()?.clone(),
        attempts: 1,
        reused: false,
        waited: Duration::ZERO,
        connect: Duration::ZERO,
        lookup: Duration::ZERO,
        tls: Duration::ZERO,
        peer: None,
        version: Version::HTTP_11,
        first_byte: start.elapsed(),
        head: None,
    };
    Some(Head { status, fields, sent, after: start.elapsed() })
}
