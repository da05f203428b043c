//! One row of a batch: its request made, checked, sent, its answer checked, and its line of the results.

use super::super::check::{AnswerCheck, CheckMode};
use super::super::cookie::Cookies;
use super::super::deliver::{Delivery, Keep};
use super::super::draft::Draft;
use super::super::ending::{self, Expected};
use super::super::item::{Item, Text};
use super::super::redact::Redaction;
use super::super::redirect::Follow;
use super::super::trip::{self, Came, Manner};
use super::super::wanted::Wanted;
use super::super::{envelope, history, outcome, supplied};
use super::Make;
use super::pack::Packing;
use super::tally::Hint;
use crate::exit::{Exit, Failure};
use crate::output::jq;
use crate::terminal::Terminal;
use board::Upstream;
use call::{Patience, Providers};
use contract::{Operation, Repeat, Violation};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::SystemTime;

/// The largest answer of a row: results are held until it is their turn.
const LARGEST: usize = 16 * 1024 * 1024;

/// How rows are sent.
pub(in super::super) struct Sender<'m> {
    pub(in super::super) providers: Providers,
    pub(in super::super) patience: Patience,
    /// What is done with redirects.
    pub(crate) follow: Follow,
    /// Makes the request of a row.
    pub(in super::super) make: Box<Make<'m>>,
    /// Items of the command line: every row has them.
    pub(in super::super) shared: Vec<Item>,
    pub(in super::super) upstream: Upstream,
    pub(in super::super) operation: Option<Arc<Operation>>,
    pub(in super::super) requests: CheckMode,
    pub(in super::super) responses: CheckMode,
    pub(in super::super) expected: Option<Expected>,
    pub(in super::super) jq: Option<String>,
    /// What the flags say of receiving an answer.
    pub(in super::super) plain: Wanted,
    /// Where words about all rows go.
    pub(in super::super) terminal: Terminal,
    /// Where calls are kept.
    pub(in super::super) history: Option<history::Many>,
    /// How rows go together, where the API has an operation for that.
    pub(in super::super) packing: Option<Packing<'m>>,
}

/// How a row ended.
pub(super) struct Ending {
    pub(super) number: u64,
    /// Its line of the results.
    pub(super) line: String,
    /// Why it failed, in words that are the same for the same cause.
    pub(super) cause: Option<String>,
    /// What the answer said of its limit.
    pub(super) hint: Option<Hint>,
}

/// A row that was begun by a run that broke off, of an operation that must not be repeated.
pub(super) fn unclear(number: u64) -> Ending {
    let cause = "begun by a run that broke off: whether it arrived is not known".to_owned();
    let line = json!({"row": number, "outcome": "unclear", "error": cause}).to_string();
    Ending { number, line, cause: Some(cause), hint: None }
}

impl Sender<'_> {
    /// Where the rows go, for the journal.
    pub(super) fn goes_to(&self) -> String {
        let server = self.upstream.servers.first().map(ToString::to_string).unwrap_or_default();
        let operation = self.operation.as_ref().map_or("", |operation| operation.id.as_str());
        match &self.packing {
            Some(packing) => format!("{operation} by {} {server}", packing.operation.by.id),
            None => format!("{operation} {server}"),
        }
    }

    /// Calls a second that the board allows.
    pub(super) fn pace(&self) -> Option<f64> {
        let pace = self.upstream.pace.as_ref()?;
        Some(f64::from(pace.count()) / pace.period().as_secs_f64())
    }

    /// Whether a row that may have arrived may be sent again: it is harmless, or carries the key it had then.
    pub(super) fn may_repeat(&self, number: u64, own: &Result<Vec<Item>, String>) -> bool {
        let operation = self.packing.as_ref().map(|packing| &packing.operation.by);
        match (operation.or(self.operation.as_ref()), own) {
            (Some(operation), _) => operation.repeat != Repeat::Never,
            // Its own items make it what it is: a value makes a GET a POST.
            (None, Ok(own)) => {
                (self.make)(self.items(number, own.clone())).is_ok_and(|draft| draft.repeat != Repeat::Never)
            }
            // It cannot be read, so it was not sent.
            (None, Err(_)) => true,
        }
    }

    /// The items of a row: those of the command line, its own, and its idempotency key.
    pub(super) fn items(&self, number: u64, own: Vec<Item>) -> Vec<Item> {
        let mut items = self.shared.clone();
        items.extend(own);
        if let Some(Repeat::WithKey(name)) = self.operation.as_ref().map(|operation| &operation.repeat) {
            let given = |item: &Item| match item {
                Item::Field(own, _) | Item::Value(own, _) => own.eq_ignore_ascii_case(name.as_str()),
                _ => false,
            };
            if !items.iter().any(given) {
                items.push(Item::Field(name.as_str().to_owned(), Text::Here(self.key(number, &items))));
            }
        }
        items
    }

    /// The idempotency key of a row: the same for the same row of the same batch, whenever it is sent.
    fn key(&self, number: u64, items: &[Item]) -> String {
        let (to, items) = (self.goes_to(), format!("{items:?}"));
        supplied::derived(&[to.as_bytes(), &number.to_be_bytes(), items.as_bytes()])
    }

    /// Sends a row.
    pub(super) async fn send(&self, number: u64, items: Result<Vec<Item>, String>) -> Ending {
        let draft = items.map_err(Failure::usage).and_then(|own| (self.make)(self.items(number, own)));
        let sent = match draft.and_then(|draft| self.fits(&draft).map(|()| draft)) {
            Ok(draft) => {
                let mut redaction = draft.redaction();
                let got = self.exchange(&draft, &mut redaction).await;
                got.map(|got| self.answered(number, &draft, &redaction, &got))
            }
            Err(failure) => Err(failure),
        };
        sent.unwrap_or_else(|failure| refused(number, &failure))
    }

    /// Sends the request of a row or of a pack, which becomes a call of the history.
    pub(super) async fn exchange(&self, draft: &Draft, redaction: &mut Redaction) -> Result<Got, Failure> {
        let mut delivery = Delivery::new(&self.plain, redaction, Keep::Hold, &draft.path);
        delivery.largest = LARGEST;
        // A million rows may have a million sessions: each is hidden in its own.
        delivery.sessions = Some(Redaction::default());
        if self.responses != CheckMode::Off {
            delivery.check = draft.named.as_ref().map(AnswerCheck::new);
        }
        let mut cookies = Cookies::default();
        let manner = Manner {
            patience: Some(self.patience),
            follow: self.follow.clone(),
            cookies: &mut cookies,
            progress: false,
            told: Some(self.terminal),
        };
        let begun = history::now();
        let came = trip::over(&self.providers, draft, manner, &mut delivery).await;
        let check = delivery.check.take().filter(|_| !delivery.dropped);
        let found = check.map(|check| check.end().0).unwrap_or_default();
        let body = delivery.held.take().unwrap_or_default();
        let sessions = delivery.sessions.take().unwrap_or_default();
        drop(delivery);
        redaction.join(sessions);
        if let Some(history) = &self.history {
            let ended = history::Ended {
                came: came.as_ref().map_err(history::broken),
                body: Some(&body[..body.len().min(history::KEPT)]),
                request_breaks: &[],
                response_breaks: &found,
            };
            history.add(draft, redaction, &ended, begun).await;
        }
        let came = came.map_err(|broke| {
            let mut failure = broke.failure();
            failure.message = redaction.clean(&failure.message).into_owned();
            failure
        })?;
        let blocked = !found.is_empty() && self.responses == CheckMode::Block;
        let conditional = outcome::is_conditional(&draft.fields);
        let exit = ending::of(came.head.status, conditional, self.expected.as_ref(), blocked);
        Ok(Got { came, found, body, exit })
    }

    /// Puts what `--jq` gives for a body into a result.
    pub(super) fn through(&self, line: &mut Value, body: &[u8]) {
        let Some(program) = &self.jq else { return };
        line["body"] = match jq::run(program, body) {
            Ok(given) => programs(&given),
            Err(failure) => {
                line["error"] = failure.message.into();
                Value::Null
            }
        };
    }

    fn answered(&self, number: u64, draft: &Draft, redaction: &Redaction, got: &Got) -> Ending {
        let status = got.came.head.status;
        let mut line = json!({
            "row": number,
            "outcome": ending::word(got.exit),
            "status": status.as_u16(),
            "body": redaction.body_shown(&got.body),
        });
        if got.exit == Exit::Ok {
            self.through(&mut line, &got.body);
        }
        if !got.found.is_empty() {
            line["breaks"] = envelope::lines(&got.found, draft).into();
        }
        let cause = match got.exit {
            Exit::Ok => None,
            Exit::ResponseBreaks => Some("the answer breaks its contract".to_owned()),
            _ => Some(status.to_string()),
        };
        Ending { hint: hint(&got.came), ..Ending::new(number, &line, cause, redaction) }
    }
}

/// What came of a request.
pub(super) struct Got {
    pub(super) came: Came,
    /// What of the answer breaks the contract.
    pub(super) found: Vec<Violation>,
    /// Its body, unpacked.
    pub(super) body: Vec<u8>,
    /// How a call with this answer ends.
    pub(super) exit: Exit,
}

impl Ending {
    /// With a result without secrets: as a whole, also what a program made of the answer.
    pub(super) fn new(number: u64, line: &Value, cause: Option<String>, redaction: &Redaction) -> Self {
        let line = redaction.clean(&line.to_string()).into_owned();
        Self { number, line, cause, hint: None }
    }
}

/// What the answer says of its limit.
pub(super) fn hint(came: &Came) -> Option<Hint> {
    let said = call::allowance(came.head.status, &came.head.fields, SystemTime::now())?;
    Some(Hint { left: said.remaining, window: said.reset })
}

/// A row that got no answer.
pub(super) fn refused(number: u64, failure: &Failure) -> Ending {
    let word = ending::word(failure.exit);
    let line = json!({"row": number, "outcome": word, "error": failure.message}).to_string();
    // The first line names the cause; what follows is about this row.
    let cause = match failure.exit {
        Exit::Usage => "the row does not fit the operation".to_owned(),
        Exit::RequestBreaks => "the request breaks its contract, and was not sent".to_owned(),
        _ => failure.message.lines().next().unwrap_or_default().to_owned(),
    };
    Ending { number, line, cause: Some(cause), hint: None }
}

/// What a program gave: one value as it is, several as a list.
fn programs(given: &[jq::Given]) -> Value {
    let mut values: Vec<Value> =
        given.iter().map(|one| serde_json::from_str(&one.json()).unwrap_or(Value::Null)).collect();
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}
