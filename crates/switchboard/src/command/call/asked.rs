//! What was asked for beside curl's flags, and how an answer is received for it: one rule for a single call, a call for a
//! consumer, a condition that is waited for and a page.

use super::check::{AnswerCheck, CheckMode};
use super::conditional::Keeper;
use super::deliver::{Delivery, Guard, Keep};
use super::draft::Draft;
use super::ending::Expected;
use super::history;
use super::redact::Redaction;
use super::wanted::Wanted;
use crate::output::Format;
use crate::terminal::Terminal;
use contract::Violation;
use std::cell::RefCell;

/// What was asked for beside curl's flags.
pub(crate) struct Asked<'a> {
    pub(crate) format: Option<Format>,
    pub(crate) jq: Option<&'a str>,
    pub(crate) responses: CheckMode,
    pub(crate) expected: Option<Expected>,
    pub(crate) request_breaks: Vec<Violation>,
    /// From where on a download goes on.
    pub(crate) from: u64,
    /// Where the call is kept.
    pub(crate) history: RefCell<Option<history::Begun>>,
    /// What of the call is secret.
    pub(crate) redaction: Redaction,
    /// Secrets are shown where the answer is laid out.
    pub(crate) show_secrets: bool,
    /// Where the answer's validator is kept.
    pub(crate) keeper: Option<Keeper>,
}

impl Asked<'_> {
    /// How an answer is received, looked into and shown.
    pub(crate) fn delivery<'s>(
        &'s self,
        wanted: &'s Wanted,
        draft: &'s Draft,
        keep: Keep,
        terminal: Terminal,
    ) -> Delivery<'s> {
        let mut delivery = Delivery::new(wanted, &self.redaction, keep, &draft.path);
        delivery.from = self.from;
        delivery.lay_out = self.keep(terminal) == Keep::LayOut;
        if terminal.interactive && self.format.is_none() && self.jq.is_none() {
            delivery.guard = Guard::Terminal;
        }
        if self.responses != CheckMode::Off {
            delivery.check = draft.named.as_ref().map(AnswerCheck::new);
        }
        // The beginning of the body goes there, if the call is kept.
        delivery.tap = self.history.borrow().is_some().then(Vec::new);
        delivery
    }

    /// Whether an answer that comes item by item is shown so: tables and verdicts need all of it.
    pub(crate) fn by_item(&self, keep: Keep) -> bool {
        keep != Keep::Pass
            && self.responses != CheckMode::Block
            && !matches!(self.format, Some(Format::Table | Format::Csv | Format::Envelope))
    }

    /// What is done with a body that nobody has to look into first.
    pub(crate) fn keep(&self, terminal: Terminal) -> Keep {
        match self.format {
            Some(Format::Raw) if self.jq.is_none() && self.responses != CheckMode::Block => Keep::Pass,
            None if self.jq.is_none() && self.responses != CheckMode::Block => {
                if terminal.interactive || terminal.colour_out { Keep::LayOut } else { Keep::Pass }
            }
            _ => Keep::Hold,
        }
    }
}
