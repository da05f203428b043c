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
        #[cfg(test)]
        tests::ASKED.set(tests::ASKED.get() + 1);
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

#[cfg(test)]
mod tests {
    use crate::{Contract, Shape};
    use serde_json::{Value, json};
    use std::cell::Cell;

    thread_local! {
        /// Questions that were asked on this thread.
        pub(super) static ASKED: Cell<usize> = const { Cell::new(0) };
    }

    fn shape(node: &Value) -> Shape {
        let document = json!({"openapi": "3.1.0", "components": {"schemas": {"Node": node}}, "paths": {"/a": {"post": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}},
        }}}});
        let contract = Contract::read("nodes", document.to_string().as_bytes()).unwrap();
        contract.operations[0].input[0].shape.clone()
    }

    /// Questions that one check asks, and what it finds.
    fn asked(shape: &Shape, value: &Value) -> (usize, usize) {
        ASKED.set(0);
        let found = shape.check(value).len();
        (ASKED.get(), found)
    }

    /// A schema, what wraps a value once more, and what is inmost.
    type Row<'r> = (Value, &'r dyn Fn(Value) -> Value, Value);

    fn nested(depth: usize, wrap: impl Fn(Value) -> Value, inmost: Value) -> Value {
        (0..depth).fold(inmost, |value, _| wrap(value))
    }

    #[test]
    fn what_looks_for_unevaluated_members_asks_no_more_than_the_value_is_long() {
        let again = json!({"$ref": "#/components/schemas/Node"});
        let in_member = |value: Value| json!({ "x": value });
        let in_item = |value: Value| json!([value]);
        let rows: [Row<'_>; 4] = [
            (
                json!({"unevaluatedProperties": false, "oneOf": [
                    {"required": ["x"], "properties": {"x": again}},
                    {"anyOf": [{"required": ["y"], "properties": {"y": {"type": "integer"}}}, {"type": "null"}]},
                ]}),
                &in_member,
                json!({"y": 1}),
            ),
            (
                json!({"unevaluatedProperties": again, "anyOf": [
                    {"required": ["q"], "properties": {"q": again}}, {"properties": {"z": {"type": "integer"}}},
                ]}),
                &in_member,
                json!({"z": 1}),
            ),
            (
                json!({"unevaluatedItems": again, "anyOf": [{"contains": again}, {"prefixItems": [again, again]}]}),
                &in_item,
                json!([]),
            ),
            (
                json!({"unevaluatedItems": again, "allOf": [{"if": {"prefixItems": [again]}, "then": {"contains": again}}]}),
                &in_item,
                json!(7),
            ),
        ];
        for (node, wrap, inmost) in rows {
            let shape = shape(&node);
            let (few, found) = asked(&shape, &nested(30, wrap, inmost.clone()));
            assert_eq!(found, 0, "{node}");
            let (many, found) = asked(&shape, &nested(120, wrap, inmost));
            assert_eq!(found, 0, "{node}");
            assert!(few > 29 && many < 20 * few, "{node}: {few} questions, then {many}");
        }
    }

    #[test]
    fn what_cannot_be_decided_in_so_many_questions_is_too_complex() {
        let again = json!({"$ref": "#/components/schemas/Node"});
        let shape = shape(&json!({"unevaluatedProperties": false, "oneOf": [
            {"type": "object", "required": ["x"], "properties": {"x": again}},
            {"type": "object", "properties": {"x": again, "z": {"type": "integer"}}},
            {"anyOf": [{"type": "object", "properties": {"x": again}}, {"type": "null"}]},
        ]}));
        for depth in [3, 12, 30, 100] {
            let (questions, found) = asked(&shape, &nested(depth, |value| json!({ "x": value }), json!(1)));
            assert!(found > 0 && questions < 100_000, "{depth}: {questions} questions, {found} found");
        }
    }
}
