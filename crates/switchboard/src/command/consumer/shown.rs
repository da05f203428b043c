//! One consumer whole: what it holds, its keys with their ends, and which terms it has accepted.

use super::listed::{self, Listed};
use crate::command::{columns, key, time_of};
use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use crate::output::listing::{Layout, Listing};
use crate::terminal::Terminal;
use board::Board;
use exchange::{KeyId, KeyRow, PlanName};
use ledger::{KeyInfo, Ledger};
use serde_json::{Value, json};

/// A consumer with what it has.
pub(super) struct Shown<'b> {
    consumer: Listed,
    keys: Vec<KeyInfo>,
    /// Those that the board's file gives it, as digests.
    in_file: Vec<&'b KeyRow>,
    terms: Vec<Terms>,
}

/// Terms of a plan: those that it has accepted, and those that a plan it holds has.
struct Terms {
    plan: PlanName,
    /// Which version was accepted, by whom and when.
    accepted: Option<(String, String, u64)>,
    /// `accepted`, `changed`, `missing`; `None`: the board does not load.
    state: Option<&'static str>,
}

impl<'b> Shown<'b> {
    /// What there is of it.
    pub(super) async fn read(
        consumer: Listed,
        board: Option<&'b Board>,
        ledger: &Ledger,
    ) -> Result<Self, Failure> {
        let name = &consumer.info.name;
        let keys = ledger.list_keys(Some(name)).await.map_err(|error| stored(&error))?;
        let in_file = board.into_iter().flat_map(|board| &board.consumers.keys);
        let in_file = in_file.filter(|key| key.consumer == *name).collect();
        let accepted = ledger.terms_accepted().await.map_err(|error| stored(&error))?;
        let now = |plan: &PlanName| {
            let plan = board?.plans.iter().find(|known| known.name == *plan)?;
            Some(&*plan.terms.as_ref()?.version)
        };
        let mut terms: Vec<Terms> = accepted
            .into_iter()
            .filter(|one| one.consumer == *name)
            .map(|one| {
                // A plan that has none any more asks for nothing.
                let same = now(&one.plan).is_none_or(|version| version == one.version);
                let state = board.map(|_| if same { "accepted" } else { "changed" });
                Terms { plan: one.plan, accepted: Some((one.version, one.who, one.at_ms)), state }
            })
            .collect();
        for plan in &consumer.info.plans {
            if now(plan).is_some() && !terms.iter().any(|known| known.plan == *plan) {
                terms.push(Terms { plan: plan.clone(), accepted: None, state: Some("missing") });
            }
        }
        Ok(Self { consumer, keys, in_file, terms })
    }

    /// Prints it.
    pub(super) fn print(&self, listing: Listing, terminal: Terminal) -> Result<(), Failure> {
        match listing.format {
            // One consumer is one document.
            Layout::Json => terminal.line(self.as_json().to_string()),
            _ => listing.print(vec![self.as_json()], || self.text(), terminal)?,
        }
        Ok(())
    }

    fn as_json(&self) -> Value {
        let mut object = listed::as_json(&self.consumer);
        let in_file = self.in_file.iter().map(|key| {
            json!({
                "id": KeyId::of(&key.digest).0,
                "in_file": true,
                "only": key.scope.only,
                "apis": key.scope.apis,
                "expires_ms": key.expires_ms,
            })
        });
        object["key_list"] = self.keys.iter().map(key::as_json).chain(in_file).collect();
        object["terms"] = self.terms.iter().map(Terms::as_json).collect();
        object
    }

    fn text(&self) -> String {
        let consumer = listed::table(std::slice::from_ref(&self.consumer));
        let keys: String = key::table(&self.keys).lines().flat_map(|line| ["  ", line, "\n"]).collect();
        let in_file = self.in_file.iter().map(|key| {
            let end = match key.expires_ms {
                None => String::new(),
                Some(end) if end <= now_ms() => "ended".to_owned(),
                Some(end) => format!("ends {}", time_of(end)),
            };
            vec![
                format!("  {}", KeyId::of(&key.digest)),
                "in the file".to_owned(),
                end,
                key.scope.to_string(),
            ]
        });
        consumer + &keys + &columns(in_file) + &columns(self.terms.iter().map(Terms::words))
    }
}

impl Terms {
    fn as_json(&self) -> Value {
        let accepted = self.accepted.as_ref();
        json!({
            "plan": self.plan.as_str(),
            "state": self.state,
            "version": accepted.map(|(version, ..)| version),
            "who": accepted.map(|(_, who, _)| who),
            "at_ms": accepted.map(|(.., at)| at),
        })
    }

    fn words(&self) -> Vec<String> {
        let accepted = self
            .accepted
            .as_ref()
            .map(|(version, who, at)| format!("accepted {} by {who}: {version}", time_of(*at)));
        let rest = match self.state {
            Some("changed") => "they have changed since: the plan opens nothing",
            Some("missing") => "not accepted: the plan opens nothing",
            _ => "",
        };
        vec![format!("  terms of {}", self.plan), accepted.unwrap_or_default(), rest.to_owned()]
    }
}
