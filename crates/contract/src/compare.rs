//! Comparing two versions of a contract: what breaks those who use the old one, what does not, what nobody can tell.
//!
//! A request is safe if the new contract takes all that the old one took; an answer, if the old one takes all
//! that the new one may send. Of schemas, *additive* is said only with a proof by structure, *breaking* only with
//! a value that one takes and the other refuses; everything else is *unknown*. A proof takes two things for
//! granted: a member that an object neither declares nor speaks of (`additionalProperties` is not there) is not
//! sent, and words of JSON Schema that only describe do not matter.
//! Deliberately absent: links, callbacks, webhooks, examples, texts.

mod answer;
mod flat;
mod judge;
mod kinds;
mod node;
mod operation;
mod request;
mod same;
mod sample;
mod security;
mod word;

use crate::{Contract, Pointer};
use std::fmt;

/// What a change does to those who use the old contract. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Something that worked does not: shown by a value or by what is gone.
    Breaking,
    /// Neither shown to break nor proven not to.
    Unknown,
    /// Proven to leave everything that worked as it was.
    Additive,
    /// Changes nothing in a message.
    Neutral,
}

impl Verdict {
    /// The word for people and machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Unknown => "unknown",
            Self::Additive => "additive",
            Self::Neutral => "neutral",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.word())
    }
}

/// A place in one of the two documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spot {
    /// Pointer into the document.
    pub at: Pointer,
    /// Line, from 1; 0 where the pointer leads nowhere.
    pub line: u32,
}

/// One difference between two contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it does.
    pub verdict: Verdict,
    /// Ids of the operations it is about; a schema that many use is told once. Empty: the contract as a whole.
    pub operations: Vec<String>,
    /// What changed, in plain words, with where in the message: `request body: member \`a\`: …`.
    pub what: String,
    /// Stable slug of the kind of change, for example `operation-removed`; for schemas the keyword.
    pub rule: &'static str,
    /// A value, as JSON, that worked and does not any more; only for schemas that break.
    pub proof: Option<String>,
    /// Where in the old contract.
    pub old: Option<Spot>,
    /// Where in the new contract.
    pub new: Option<Spot>,
}

/// A change without its lines, for one operation.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    verdict: Verdict,
    what: String,
    rule: &'static str,
    proof: Option<String>,
    old: Option<Pointer>,
    new: Option<Pointer>,
}

impl Finding {
    fn new(verdict: Verdict, rule: &'static str, what: impl Into<String>) -> Self {
        Self { verdict, what: what.into(), rule, proof: None, old: None, new: None }
    }

    fn old(mut self, at: &Pointer) -> Self {
        self.old = Some(at.clone());
        self
    }

    fn new_at(mut self, at: &Pointer) -> Self {
        self.new = Some(at.clone());
        self
    }
}

/// Every difference that matters to a message, the worst first, then in the order of the contracts.
pub fn compare(old: &Contract, new: &Contract) -> Vec<Change> {
    let found = operation::all(old, new);
    let mut changes: Vec<(Change, Option<Pointer>, Option<Pointer>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for (id, finding) in found {
        let key = (finding.rule, finding.what.clone(), finding.old.clone(), finding.new.clone());
        let index = *known.entry(key).or_insert_with(|| {
            let change = Change {
                verdict: finding.verdict,
                operations: Vec::new(),
                what: finding.what.clone(),
                rule: finding.rule,
                proof: finding.proof.clone(),
                old: None,
                new: None,
            };
            changes.push((change, finding.old.clone(), finding.new.clone()));
            changes.len() - 1
        });
        let (change, ..) = &mut changes[index];
        if finding.verdict < change.verdict {
            (change.verdict, change.proof) = (finding.verdict, finding.proof);
        }
        if let Some(id) = id
            && change.operations.last() != Some(&id)
        {
            change.operations.push(id);
        }
    }
    let olds = spots(old, changes.iter().map(|(_, old, _)| old.as_ref()));
    let news = spots(new, changes.iter().map(|(_, _, new)| new.as_ref()));
    let located = changes.into_iter().zip(olds).zip(news);
    let mut changes: Vec<Change> =
        located.map(|(((change, ..), old), new)| Change { old, new, ..change }).collect();
    changes.sort_by_key(|change| change.verdict);
    changes
}

/// Pointers with their lines, all of one document in one scan.
fn spots<'p>(contract: &Contract, wanted: impl Iterator<Item = Option<&'p Pointer>>) -> Vec<Option<Spot>> {
    let wanted: Vec<Option<&Pointer>> = wanted.collect();
    let pointers: Vec<Pointer> = wanted.iter().flatten().map(|at| (*at).clone()).collect();
    let mut lines = contract.lines(&pointers).into_iter();
    wanted
        .into_iter()
        .map(|at| at.map(|at| Spot { at: at.clone(), line: lines.next().unwrap_or_default() }))
        .collect()
}
