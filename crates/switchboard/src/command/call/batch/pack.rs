//! Rows that go together: packed into the API's own batch operation, its answer unpacked to rows again.
//!
//! Each row is made and checked by its own operation first, so that one that does not fit costs itself only. A pack is always
//! the same rows (by row number, not by what came in time): a run that goes on sends the pack that was under way again as it
//! was, with the key it had. Rows whose parameters differ are not of one pack.

use super::super::check;
use super::super::draft::Draft;
use super::super::item::{Item, Text};
use super::super::redact::Redaction;
use super::super::{check::CheckMode, ending, envelope, supplied};
use super::one::{self, Ending, Got, Sender};
use crate::exit::{Exit, Failure};
use board::BatchOperation;
use contract::Repeat;
use contract::paging::{self, Trail};
use serde_json::{Value, json};

/// Makes the request of a pack from its parameters and its body.
pub(in super::super) type MakePack<'m> = dyn Fn(Vec<Item>, String) -> Result<Draft, Failure> + 'm;

/// How rows are packed.
pub(in super::super) struct Packing<'m> {
    pub(in super::super) operation: BatchOperation,
    /// Makes the request of a pack.
    pub(in super::super) make: Box<MakePack<'m>>,
}

/// A row and its items, or why it has none.
pub(super) type Raw = (u64, Result<Vec<Item>, String>);

/// Rows with the same parameters.
struct Pack {
    parameters: Vec<Item>,
    rows: Vec<(u64, Value)>,
}

impl Packing<'_> {
    /// Which pack a row is of.
    pub(super) fn pack(&self, row: u64) -> u64 {
        row.saturating_sub(1) / u64::from(self.operation.most)
    }

    /// The items of a row that are parameters of the batch operation.
    fn parameters(&self, items: &[Item]) -> Vec<Item> {
        let known = |name: &str| self.operation.by.parameters.iter().any(|one| one.name == name);
        let is_one = |item: &&Item| match item {
            Item::Value(name, _) | Item::Json(name, _) | Item::Query(name, _) => known(name),
            _ => false,
        };
        items.iter().filter(is_one).cloned().collect()
    }

    /// The body that carries the rows.
    fn body(&self, rows: &[(u64, Value)]) -> String {
        let list = Value::Array(rows.iter().map(|(_, body)| body.clone()).collect());
        match &self.operation.items {
            Some(name) => json!({ name: list }).to_string(),
            None => list.to_string(),
        }
    }

    /// The results in an answer.
    fn results(&self, body: &[u8]) -> Option<Vec<Value>> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let told = self.operation.results.as_ref().map(|name| Trail::of(&[name]));
        let list = told.or_else(|| paging::list(&body))?;
        list.find(&body)?.as_array().cloned()
    }
}

impl Sender<'_> {
    /// Sends rows together; every row has its ending.
    pub(super) async fn send_together(&self, packing: &Packing<'_>, rows: Vec<Raw>) -> Vec<Ending> {
        let mut endings = Vec::new();
        let mut packs: Vec<(String, Pack)> = Vec::new();
        for (number, own) in rows {
            let items = own.map(|own| self.items(number, own));
            let made =
                items.map_err(Failure::usage).and_then(|items| Ok((self.checked(items.clone())?, items)));
            let (body, items) = match made {
                Ok(made) => made,
                Err(failure) => {
                    endings.push(one::refused(number, &failure));
                    continue;
                }
            };
            let parameters = packing.parameters(&items);
            let same = format!("{parameters:?}");
            match packs.iter_mut().find(|(known, _)| *known == same) {
                Some((_, pack)) => pack.rows.push((number, body)),
                None => packs.push((same, Pack { parameters, rows: vec![(number, body)] })),
            }
        }
        for (_, pack) in packs {
            let sent = self.send_pack(packing, &pack).await;
            endings.extend(sent.unwrap_or_else(|failure| {
                pack.rows.iter().map(|(number, _)| one::refused(*number, &failure)).collect()
            }));
        }
        endings
    }

    /// The body of a row, checked by its own operation.
    fn checked(&self, items: Vec<Item>) -> Result<Value, Failure> {
        let draft = (self.make)(items)?;
        self.fits(&draft)?;
        let body = draft.payload.held().and_then(|body| serde_json::from_slice(body).ok());
        body.ok_or_else(|| Failure::usage("the row makes no JSON body that could go with others"))
    }

    /// Whether a request keeps its contract, where that is looked at.
    pub(super) fn fits(&self, draft: &Draft) -> Result<(), Failure> {
        let found = if self.requests == CheckMode::Block { check::request(draft) } else { Vec::new() };
        if found.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(envelope::lines(&found, draft).join("; ")).exit(Exit::RequestBreaks))
    }

    async fn send_pack(&self, packing: &Packing<'_>, pack: &Pack) -> Result<Vec<Ending>, Failure> {
        let body = packing.body(&pack.rows);
        let mut items = pack.parameters.clone();
        if let Repeat::WithKey(name) = &packing.operation.by.repeat {
            items.push(Item::Field(name.as_str().to_owned(), Text::Here(self.pack_key(&body, &pack.rows))));
        }
        let draft = (packing.make)(items, body)?;
        self.fits(&draft)?;
        let mut redaction = draft.redaction();
        let got = self.exchange(&draft, &mut redaction).await?;
        Ok(self.unpacked(packing, pack, &redaction, &got))
    }

    /// The key of a pack: the same for the same rows of the same batch.
    fn pack_key(&self, body: &str, rows: &[(u64, Value)]) -> String {
        let (to, numbers) = (self.goes_to(), rows.iter().flat_map(|(number, _)| number.to_be_bytes()));
        supplied::derived(&[to.as_bytes(), &numbers.collect::<Vec<u8>>(), body.as_bytes()])
    }

    fn unpacked(&self, packing: &Packing<'_>, pack: &Pack, redaction: &Redaction, got: &Got) -> Vec<Ending> {
        let status = got.came.head.status;
        let results = if got.exit == Exit::Ok { packing.results(&got.body) } else { None };
        let results = results.filter(|results| results.len() == pack.rows.len());
        let hint = one::hint(&got.came);
        let rows = pack.rows.iter().enumerate();
        let endings = rows.map(|(nth, (number, _))| {
            if let Some(result) = results.as_ref().and_then(|results| results.get(nth)) {
                return self.row(*number, status.as_u16(), result, redaction);
            }
            let cause = match got.exit {
                Exit::Ok => "the answer of the batch has not one result for each row".to_owned(),
                Exit::ResponseBreaks => "the answer breaks its contract".to_owned(),
                _ => status.to_string(),
            };
            let line = json!({
                "row": number,
                "outcome": if got.exit == Exit::Ok { "unclear" } else { ending::word(got.exit) },
                "status": status.as_u16(),
                "error": cause,
                "body": redaction.body_shown(&got.body),
            });
            Ending::new(*number, &line, Some(cause), redaction)
        });
        endings.map(|ending| Ending { hint, ..ending }).collect()
    }

    /// The ending of a row by its own result.
    fn row(&self, number: u64, of_all: u16, result: &Value, redaction: &Redaction) -> Ending {
        let status = ["status", "statusCode", "status_code", "code"]
            .iter()
            .find_map(|name| result.get(name)?.as_u64().filter(|status| (100..600).contains(status)));
        let error = ["error", "errors"].iter().filter_map(|name| result.get(name)).any(|error| match error {
            Value::Null | Value::Bool(false) => false,
            Value::Array(list) => !list.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        });
        let cause = match status {
            Some(status @ 400..) => Some(format!("{status}, in the answer of the batch")),
            _ if error => Some("an error, in the answer of the batch".to_owned()),
            _ => None,
        };
        let word = match (status, &cause) {
            (Some(500..), _) => "failed",
            (_, Some(_)) => "declined",
            _ => "ok",
        };
        let text = result.to_string();
        let mut line = json!({
            "row": number,
            "outcome": word,
            "status": status.unwrap_or_else(|| of_all.into()),
            "body": redaction.body_shown(text.as_bytes()),
        });
        if cause.is_none() {
            self.through(&mut line, text.as_bytes());
        }
        Ending::new(number, &line, cause, redaction)
    }
}
