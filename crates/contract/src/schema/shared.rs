//! What one check on one thread remembers of the shared schemas it asks, and how often it may ask.
//!
//! Every way round in a document leads through a shared schema, so that a bound on questions bounds the
//! work: without it, alternatives that refer to themselves (`oneOf` in `oneOf`) cost their number to the power
//! of the value's depth. Answers about lists and objects are remembered, which makes honest ones cheap.
//!
//! The engine's errors cannot carry violations of a schema that was compiled apart, only a text: the
//! text is a number, and the violations wait here under it until the check is told.

use crate::Violation;
use std::cell::RefCell;
use std::collections::HashMap;

/// Most violations that wait; past it a broken reference is told without them.
const MOST_KEPT: usize = 20_000;

/// Questions that any value may cost.
pub(super) const FEW_STEPS: usize = 10_000;

/// Answers are remembered from this many questions on: most checks never get there.
const REMEMBERED_FROM: usize = 500;

/// Questions inside each other: a value is at most 127 deep, and a thread's stack must be enough.
const DEEPEST: usize = 600;

#[derive(Default)]
struct Memory {
    /// Questions being asked, by the addresses of schema and value.
    open: Vec<(usize, usize)>,
    kept: Vec<Vec<Violation>>,
    count: usize,
    steps: usize,
    most_steps: usize,
    /// A question was not answered any more: what was found is no verdict.
    cut: bool,
    /// Questions that were answered by "being asked already".
    circles: usize,
    answers: HashMap<(usize, usize), bool>,
}

/// How a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// To be answered, then ended with the number that is given here.
    New(usize),
    /// Being asked about this very value already.
    Open,
    /// Not to be asked any more: the check has cost enough.
    TooMuch,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// Begins to ask.
pub(super) fn begin(question: (usize, usize)) -> Standing {
    MEMORY.with_borrow_mut(|memory| {
        if memory.open.contains(&question) {
            memory.circles += 1;
            return Standing::Open;
        }
        memory.steps += 1;
        if memory.cut || memory.steps > memory.most_steps || memory.open.len() >= DEEPEST {
            memory.cut = true;
            return Standing::TooMuch;
        }
        memory.open.push(question);
        Standing::New(memory.circles)
    })
}

/// Ends what was begun last.
pub(super) fn end() {
    MEMORY.with_borrow_mut(|memory| {
        memory.open.pop();
    });
}

/// The answer to a question that was asked before.
pub(super) fn answered(question: (usize, usize)) -> Option<bool> {
    MEMORY.with_borrow(|memory| memory.answers.get(&question).copied())
}

/// Remembers an answer, unless it hangs on a question that is still open (`circles` has grown since
/// [`Standing::New`]) or on one that was not answered.
pub(super) fn remember(question: (usize, usize), circles: usize, answer: bool) {
    MEMORY.with_borrow_mut(|memory| {
        if memory.steps >= REMEMBERED_FROM && memory.circles == circles && !memory.cut {
            memory.answers.insert(question, answer);
        }
    });
}

/// Begins a part of a check that may ask this often; answers stay.
pub(super) fn allow(most_steps: usize) {
    MEMORY.with_borrow_mut(|memory| {
        (memory.steps, memory.most_steps, memory.cut) = (0, most_steps, false);
    });
}

/// Whether a question was not answered any more.
pub(super) fn is_cut() -> bool {
    MEMORY.with_borrow(|memory| memory.cut)
}

/// Keeps violations; gives the text under which they wait.
pub(super) fn keep(found: Vec<Violation>) -> String {
    MEMORY.with_borrow_mut(|memory| {
        memory.count += found.len();
        memory.kept.push(if memory.count > MOST_KEPT { Vec::new() } else { found });
        (memory.kept.len() - 1).to_string()
    })
}

/// The violations that wait under `text`.
pub(super) fn kept(text: &str) -> Vec<Violation> {
    let index = text.parse::<usize>().unwrap_or(usize::MAX);
    MEMORY.with_borrow(|memory| memory.kept.get(index).cloned().unwrap_or_default())
}

/// Begins or ends a check: nothing of another is remembered.
pub(super) fn forget() {
    MEMORY.with_borrow_mut(|memory| *memory = Memory::default());
}
