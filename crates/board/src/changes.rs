//! What changes for whom between two boards, in words: what opens comes first, then what closes or breaks.
//!
//! *Opens* is whatever lets somebody do what they could not do before: reach an operation, call more, be checked less,
//! have more of a call kept. In doubt a change opens: it is never called something else. Resolved boards are compared, so that
//! two ways of writing one thing are no change; what no rule here looks at is told from the files' own tables.
//! Values of secrets are neither looked at nor told.

mod account;
mod api;
mod contract;
mod falls;
mod keeping;
mod limit;
mod listener;
mod offer;
mod operations;
mod plan;
mod rest;
mod upstream;
mod whom;
mod words;
mod written;

pub use whom::Whom;

use crate::{Api, Board, Offer};
use exchange::{ConsumerName, ConsumerRow, Origin};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use written::Written;

/// What a change does. What opens comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// Somebody can do what they could not do before, or may.
    Opens,
    /// Somebody cannot do any more what they could, or what they send or get is another.
    Closes,
    /// Nobody can tell.
    Unclear,
    /// Nothing that those who call would see, or nothing that they would mind.
    Other,
}

impl Effect {
    /// All, in their order.
    pub const ALL: [Self; 4] = [Self::Opens, Self::Closes, Self::Unclear, Self::Other];

    /// The word for people and machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Closes => "closes",
            Self::Unclear => "unclear",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// Which of the two boards a place is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The one that is there now: what is told of stands there only.
    Old,
    /// The one that is to take its place.
    New,
}

/// One difference between two boards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it does.
    pub effect: Effect,
    /// Stable slug of the kind of change, for example `operation-opened`.
    pub rule: &'static str,
    /// What changed, in plain words, with both values.
    pub what: String,
    /// Whom it concerns.
    pub whom: Whom,
    /// Ids of the offers it is about; empty: it is about no offer.
    pub offers: Vec<Arc<str>>,
    /// Ids of the operations it is about; empty: all that the offers open, or none.
    pub operations: Vec<String>,
    /// The listener it is about.
    pub listener: Option<Arc<str>>,
    /// The consumer of the board's file it is about.
    pub consumer: Option<ConsumerName>,
    /// A value, as JSON, that worked and does not any more; of contracts only.
    pub proof: Option<String>,
    /// Where it is written, and on which side.
    pub at: Option<(Side, Origin)>,
}

impl Change {
    fn new(effect: Effect, rule: &'static str, what: impl Into<String>) -> Self {
        Self {
            effect,
            rule,
            what: what.into(),
            whom: Whom::default(),
            offers: Vec::new(),
            operations: Vec::new(),
            listener: None,
            consumer: None,
            proof: None,
            at: None,
        }
    }

    fn whom(self, whom: Whom) -> Self {
        Self { whom, ..self }
    }

    fn offers(self, offers: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self { offers: offers.into_iter().collect(), ..self }
    }

    fn at(self, at: Option<(Side, Origin)>) -> Self {
        Self { at, ..self }
    }
}

/// The two boards, and what their files say where.
struct Pair<'b> {
    old: &'b Board,
    new: &'b Board,
    /// For each listener of the new board the one of the old board that it goes on.
    listeners: Vec<Option<usize>>,
    /// Offers by their ids, with their APIs.
    old_offers: Offers<'b>,
    new_offers: Offers<'b>,
    was: Written,
    is: Written,
}

type Offers<'b> = HashMap<&'b str, (&'b Api, &'b Arc<Offer>)>;

fn by_id(board: &Board) -> Offers<'_> {
    offer::all(&board.apis).map(|(api, offer)| (&*offer.id, (api, offer))).collect()
}

impl Pair<'_> {
    /// Where a key is written: in the new board, else in the old one, else in the nearest table of the new.
    fn place(&self, path: &[&str]) -> Option<(Side, Origin)> {
        let exact = |written: &Written, side| Some((side, written.exact(path)?));
        exact(&self.is, Side::New)
            .or_else(|| exact(&self.was, Side::Old))
            .or_else(|| Some((Side::New, self.is.near(path)?)))
            .or_else(|| Some((Side::Old, self.was.near(path)?)))
    }
}

/// Everything that is different in `new`, what opens first; in each group in the order of the boards.
///
/// `others` are consumers that neither file names (the ledger's): they are counted among those concerned.
pub fn changes(old: &Board, new: &Board, others: &[ConsumerRow]) -> Vec<Change> {
    let listeners = listener::paired(&old.listeners, &new.listeners);
    let (old_offers, new_offers) = (by_id(old), by_id(new));
    let pair =
        Pair { old, new, listeners, old_offers, new_offers, was: Written::of(old), is: Written::of(new) };
    let mut found = Vec::new();
    listener::compare(&pair, &mut found);
    offer::compare(&pair, &mut found);
    falls::compare(&pair, &mut found);
    plan::compare(&pair, &mut found);
    account::compare(&pair, &mut found);
    api::compare(&pair, &mut found);
    contract::compare(&pair, &mut found);
    upstream::compare(&pair, &mut found);
    keeping::compare(&pair, &mut found);
    rest::compare(&pair, &mut found);
    let mut people = whom::People::of(&pair, others);
    for change in &mut found {
        people.count(change);
    }
    found.sort_by_key(|change| change.effect);
    found.dedup();
    found
}
