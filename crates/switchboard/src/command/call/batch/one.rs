//! One row of a batch: its request made, checked, sent, its answer checked, and its line of the results.

use super::super::check::{AnswerCheck, CheckMode};
use super::super::cookie::Cookies;
use super::super::draft::Draft;
use super::super::ending::{self, Expected};
use super::super::item::{Item, Text};
use super::super::redact::Redaction;
use super::super::redirect::Follow;
use super::super::trip::{self, Came, Head, Manner, Receive, Stop};
use super::super::{envelope, outcome, supplied};
use super::Make;
use super::pack::Packing;
use super::tally::Hint;
use crate::exit::{Exit, Failure};
use crate::output::jq;
use board::Upstream;
use call::{Patience, Providers};
use contract::{Operation, Repeat, Violation};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
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
        let mut hasher = Sha256::new();
        hasher.update(self.goes_to());
        hasher.update(number.to_be_bytes());
        hasher.update(format!("{items:?}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize()[..16]);
        supplied::uuid(bytes, 8)
    }

    /// Sends a row.
    pub(super) async fn send(&self, number: u64, items: Result<Vec<Item>, String>) -> Ending {
        let draft = items.map_err(Failure::usage).and_then(|own| (self.make)(self.items(number, own)));
        let draft = match draft {
            Ok(draft) => draft,
            Err(failure) => return refused(number, &failure),
        };
        if let Err(failure) = self.fits(&draft) {
            return refused(number, &failure);
        }
        let redaction = draft.redaction();
        let mut receiver = Receiver::new(&draft, self.responses);
        let mut cookies = Cookies::default();
        let manner = self.manner(&mut cookies);
        match trip::over(&self.providers, &draft, manner, &mut receiver).await {
            Ok(came) => self.answered(number, &draft, &redaction, &came, receiver),
            Err(broke) => {
                let mut failure = broke.failure();
                failure.message = redaction.clean(&failure.message).into_owned();
                refused(number, &failure)
            }
        }
    }

    /// How a row is sent.
    pub(super) fn manner<'c>(&self, cookies: &'c mut Cookies) -> Manner<'c> {
        Manner { patience: Some(self.patience), follow: self.follow.clone(), cookies, progress: false }
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

    fn answered(
        &self,
        number: u64,
        draft: &Draft,
        redaction: &Redaction,
        came: &Came,
        receiver: Receiver<'_>,
    ) -> Ending {
        let (found, body) = receiver.end();
        let blocked = !found.is_empty() && self.responses == CheckMode::Block;
        let status = came.head.status;
        let exit =
            ending::of(status, outcome::is_conditional(&draft.fields), self.expected.as_ref(), blocked);
        let mut line = json!({
            "row": number,
            "outcome": ending::word(exit),
            "status": status.as_u16(),
            "body": value(&body, redaction),
        });
        if exit == Exit::Ok {
            self.through(&mut line, &body);
        }
        if !found.is_empty() {
            line["breaks"] = envelope::lines(&found, draft).into();
        }
        let cause = match exit {
            Exit::Ok => None,
            Exit::ResponseBreaks => Some("the answer breaks its contract".to_owned()),
            _ => Some(status.to_string()),
        };
        // As a whole: also what a program made of the answer.
        let line = redaction.clean(&line.to_string()).into_owned();
        Ending { number, line, cause, hint: hint(came) }
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

/// A body in a result: JSON as JSON, text as text, bytes as null; without secrets.
pub(super) fn value(body: &[u8], redaction: &Redaction) -> Value {
    let Ok(text) = std::str::from_utf8(body) else { return Value::Null };
    let clean = redaction.clean(text);
    serde_json::from_str(&clean).unwrap_or_else(|_| if clean.is_empty() { Value::Null } else { clean.into() })
}

/// What a program gave: one value as it is, several as a list.
fn programs(given: &[jq::Given]) -> Value {
    let mut values: Vec<Value> =
        given.iter().map(|one| serde_json::from_str(&one.json()).unwrap_or(Value::Null)).collect();
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

/// Holds the answer of a row, or of a pack.
pub(super) struct Receiver<'a> {
    check: Option<AnswerCheck<'a>>,
    body: Vec<u8>,
}

impl<'a> Receiver<'a> {
    /// Nothing came yet.
    pub(super) fn new(draft: &'a Draft, responses: CheckMode) -> Self {
        let named = draft.named.as_ref().filter(|_| responses != CheckMode::Off);
        Self { check: named.map(AnswerCheck::new), body: Vec::new() }
    }

    /// What breaks the contract, and the body.
    pub(super) fn end(self) -> (Vec<Violation>, Vec<u8>) {
        (self.check.map(|check| check.end().0).unwrap_or_default(), self.body)
    }
}

impl Receive for Receiver<'_> {
    fn passed(&mut self, _: &Head, _: u32) -> Result<(), Stop> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        Ok(())
    }

    fn head(&mut self, head: &Head, _: u32) -> Result<(), Stop> {
        if let Some(check) = &mut self.check {
            check.head(head.status, &head.fields);
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(check) = &mut self.check {
            check.piece(bytes);
        }
        if self.body.len() + bytes.len() > LARGEST {
            return Err(Stop::Failed(Failure::run("the answer is larger than 16 MiB")));
        }
        self.body.extend_from_slice(bytes);
        Ok(())
    }
}
