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
use crate::drive::{read_ledger, runtime, socket};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use board::{Board, ServerUrl, Upstream};
use call::Sent;
use exchange::{ConsumerName, PlanName};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer may take: a gateway's own limits are shorter.
const PATIENCE: Duration = Duration::from_mins(10);

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
    let said = runtime()?.block_on(async {
        known(board, name).await?;
        socket::ask_within(&board.ledger.folder, "/call", &question, patience).await.unwrap_or_else(|| {
            Err(Failure::run("`--as` goes through the board that runs, and it does not run")
                .help("start it: `switchboard serve`"))
        })
    });
    let answered = said.and_then(|said| {
        answer(&said, draft, start).ok_or_else(|| {
            Failure::run("the running board is of another version").help("restart it: `switchboard serve`")
        })
    });
    let (head, body) = match answered {
        Ok(answered) => answered,
        // Nothing was sent.
        Err(failure) if failure.exit == Exit::Usage => return Err(failure),
        Err(failure) => return outcome::broken(Broke::Here(failure), draft, wanted, terminal, asked),
    };
    cookies.take(&head.fields, &draft.place());
    let mut delivery = asked.delivery(wanted, draft, asked.keep(terminal), terminal);
    let given = delivery.head(&head, 0).and_then(|()| delivery.piece(&body)).and_then(|()| delivery.end());
    if let Err(Stop::Failed(failure)) = given {
        delivery.closed(false);
        return outcome::broken(Broke::Here(failure), draft, wanted, terminal, asked);
    }
    let came = Came {
        size: body.len() as u64,
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
    let accounts = crate::run::People::read(board, &ledger, None).await?.accounts;
    if let Some(consumer) = accounts.by_name(name) {
        return Ok(consumer.plans.to_vec());
    }
    let failure = Failure::usage(format!("there is no consumer `{name}`"));
    Err(match near::meant(name, accounts.names().map(ConsumerName::as_str)) {
        Some(meant) => failure.help(meant),
        None => failure.help("list them: switchboard consumer list"),
    })
}

fn answer(said: &Value, draft: &Draft, start: Instant) -> Option<(Head, Vec<u8>)> {
    let status = StatusCode::from_u16(u16::try_from(said["status"].as_u64()?).ok()?).ok()?;
    let mut fields = HeaderMap::new();
    for field in said["fields"].as_array()? {
        let name: HeaderName = field[0].as_str()?.parse().ok()?;
        fields.append(name, HeaderValue::from_str(field[1].as_str()?).ok()?);
    }
    let body = BASE64_STANDARD.decode(said["body"].as_str()?).ok()?;
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
    Some((Head { status, fields, sent, after: start.elapsed() }, body))
}
