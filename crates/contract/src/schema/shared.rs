//! What one check on one thread remembers of the shared schemas it asks.
//!
//! The engine's errors cannot carry violations of a schema that was compiled apart, only a text: the
//! text is a number, and the violations wait here under it until the check is told.

use crate::Violation;
use std::cell::RefCell;

/// Most violations that wait; past it a broken reference is told without them.
const MOST_KEPT: usize = 20_000;

#[derive(Default)]
struct Memory {
    /// Questions being asked, by the addresses of schema and value.
    open: Vec<(usize, usize)>,
    kept: Vec<Vec<Violation>>,
    count: usize,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::default());
}

/// Begins to ask; `false` if that is being asked already.
pub(super) fn begin(question: (usize, usize)) -> bool {
    MEMORY.with_borrow_mut(|memory| {
        let new = !memory.open.contains(&question);
        if new {
            memory.open.push(question);
        }
        new
    })
}

/// Ends what was begun last.
pub(super) fn end() {
    MEMORY.with_borrow_mut(|memory| {
        memory.open.pop();
    });
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
