//! Each page as a call of its own: looked at, kept in the history.

use super::super::super::check::{AnswerCheck, CheckMode};
use super::super::super::deliver::Delivery;
use super::super::super::draft::Draft;
use super::super::super::trip::Came;
use super::super::super::{envelope, history, outcome};
use super::Walk;
use contract::Violation;
use exchange::{Outcome, Reason};
use std::time::Instant;

impl Walk<'_> {
    /// A page came, and is a call of the history; gives what of it breaks the contract, and what was not looked at.
    pub(super) async fn came(
        &self,
        current: &Draft,
        came: &Came,
        (delivery, body): (&mut Delivery<'_>, &[u8]),
        begun: Option<(u64, Instant)>,
    ) -> (Vec<Violation>, Option<&'static str>) {
        let looked = delivery.check.take().map(AnswerCheck::end).unwrap_or_default();
        let kept = &body[..body.len().min(history::KEPT)];
        self.kept(current, Ok(came), (Some(kept), &looked.0), begun).await;
        looked
    }

    /// What of the page breaks the contract is said; gives whether that ends the walk.
    pub(super) fn is_held_back(&self, (found, unchecked): &(Vec<Violation>, Option<&'static str>)) -> bool {
        for line in envelope::lines(found, self.draft) {
            self.terminal.say(format!("page {} breaks its contract: {line}", self.pages));
        }
        if let Some(words) = unchecked {
            self.terminal.say(words);
        }
        if found.is_empty() || self.asked.responses != CheckMode::Block {
            return false;
        }
        self.terminal.say("the page was held back; to see it: `--check report`");
        true
    }

    /// Keeps a page in the history: the first with the words of the command, which make all of them again.
    pub(super) async fn kept(
        &self,
        current: &Draft,
        came: Result<&Came, (Outcome, Option<Reason>)>,
        (body, response_breaks): (Option<&[u8]>, &[Violation]),
        begun: Option<(u64, Instant)>,
    ) {
        let request_breaks = if begun.is_none() { &*self.asked.request_breaks } else { &[] };
        let ended = history::Ended { came, body, request_breaks, response_breaks };
        match (begun, self.many) {
            (None, _) => outcome::remember(current, self.wanted, self.terminal, self.asked, &ended),
            (Some(begun), Some(many)) => many.add(current, &self.asked.redaction, &ended, begun).await,
            (Some(_), None) => {}
        }
    }
}
