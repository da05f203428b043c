//! Judging a JSON text while it comes in, by a plan and without a tree.
//!
//! What is held: the nodes that hold at each depth, the names of the members of open objects (a name that
//! stands twice is found exactly), the token that a chunk cuts.

use super::compile::MOST;
use super::plan::{Additional, Plan};
use super::tokens::{Broken, Sink, Tokens};
use super::words;
use crate::{Got, Pointer, Violation};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// Names of one object that are compared one by one; more are kept in a set.
const FEW_NAMES: usize = 16;

/// Marks a node of whose object the value is a member that is not allowed.
const UNKNOWN: usize = 1 << (usize::BITS - 1);

/// A check under way.
#[derive(Debug)]
pub(crate) struct Watch {
    tokens: Tokens,
    state: Judge,
}

/// What was found at the end.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The text can be read: what does not match.
    Read(Vec<Violation>),
    /// Names that stand twice.
    Twice(Vec<Pointer>),
    /// Not in UTF-8 from this byte.
    Encoding(usize),
    /// No JSON at this byte; whether there was nothing at all.
    Syntax(usize, bool),
    /// Nested too deep at this byte.
    Depth(usize),
}

impl Watch {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let state = Judge {
            plan,
            frames: Vec::new(),
            active: Vec::new(),
            seen: Vec::new(),
            start: 0,
            names: String::new(),
            ends: Vec::new(),
            found: Vec::new(),
            twice: Vec::new(),
        };
        Self { tokens: Tokens::new(), state }
    }

    /// Takes the next bytes; gives how many are held.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> usize {
        self.tokens.push(bytes, &mut self.state);
        self.tokens.held() + self.state.names.len()
    }

    /// Ends the check.
    pub(crate) fn end(mut self) -> Verdict {
        let empty = self.tokens.is_empty();
        match self.tokens.end(&mut self.state) {
            Some(Broken::Encoding(at)) => Verdict::Encoding(at),
            Some(Broken::Syntax(at)) => Verdict::Syntax(at, empty),
            Some(Broken::Depth(at)) => Verdict::Depth(at),
            None if !self.state.twice.is_empty() => Verdict::Twice(self.state.twice),
            None => Verdict::Read(self.state.found),
        }
    }
}

#[derive(Debug)]
struct Frame {
    object: bool,
    count: usize,
    /// Where its nodes begin, and end.
    start: usize,
    end: usize,
    /// Where its names begin, in `ends`.
    names: usize,
    many: Option<HashSet<Box<str>>>,
}

#[derive(Debug)]
struct Judge {
    plan: Arc<Plan>,
    frames: Vec<Frame>,
    /// Nodes of each open value, one after the other, the value at hand last.
    active: Vec<usize>,
    /// The required names that were seen, for each of them.
    seen: Vec<u64>,
    /// Where the nodes of the value at hand begin.
    start: usize,
    names: String,
    ends: Vec<usize>,
    found: Vec<Violation>,
    twice: Vec<Pointer>,
}

impl Judge {
    fn name(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.names[start..self.ends[index]]
    }

    fn path(&self, depth: usize) -> Pointer {
        let mut at = Pointer::root();
        for (index, frame) in self.frames[..depth].iter().enumerate() {
            let last = match self.frames.get(index + 1) {
                Some(next) => next.names,
                None => self.ends.len(),
            };
            at = if frame.object { at.at(self.name(last - 1)) } else { at.index(frame.count - 1) };
        }
        at
    }

    fn tell(&mut self, at: Pointer, rule: Pointer, code: &'static str, expected: String, got: Got) {
        if self.found.len() < MOST {
            self.found.push(Violation { at, rule, ..Violation::new(code, expected, got) });
        }
    }

    fn tell_all(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            if self.found.len() < MOST {
                let at = self.path(self.frames.len());
                self.found.push(Violation { at, ..violation });
            }
        }
    }

    /// A member that is not allowed, or a value where none is.
    fn refused(&mut self, id: usize, got: Got) {
        let depth = self.frames.len();
        if id & UNKNOWN != 0 {
            let rule = self.plan.nodes[id & !UNKNOWN].at.at("additionalProperties");
            let long = self.ends.last().is_some_and(|_| self.name(self.ends.len() - 1).len() > 100);
            let at = self.path(if long { depth - 1 } else { depth });
            return self.tell(at, rule, "additionalProperties", "no field of this name".to_owned(), got);
        }
        let rule = self.plan.nodes[id].at.clone();
        self.tell(self.path(depth), rule, "false", "nothing".to_owned(), got);
    }

    fn judge(&mut self, value: &Value) {
        for index in self.start..self.active.len() {
            let id = self.active[index];
            if id & UNKNOWN != 0 || self.plan.nodes[id].never {
                self.refused(id, words::kind_of(value));
                continue;
            }
            self.tell_all(self.plan.nodes[id].check(value));
        }
        self.leave();
    }

    /// The value at hand is over.
    fn leave(&mut self) {
        self.active.truncate(self.start);
        self.seen.truncate(self.start);
    }

    fn bound(&mut self, id: usize, word: &'static str, count: usize, bound: Option<u64>) {
        let Some(bound) = bound else { return };
        let count_of = u64::try_from(count).unwrap_or(u64::MAX);
        let least = word.starts_with("min");
        if (least && count_of >= bound) || (!least && count_of <= bound) {
            return;
        }
        let (unit, units) = if word.ends_with("Items") { ("item", "items") } else { ("field", "fields") };
        let least = if least { "at least" } else { "at most" };
        let expected = format!("{least} {bound} {}", if bound == 1 { unit } else { units });
        let rule = self.plan.nodes[id].at.at(word);
        self.tell(self.path(self.frames.len()), rule, word, expected, Got::Length(count, units));
    }
}

/// Adds the nodes that hold with `child` to those of the value at hand, which begin at `start`.
fn add(plan: &Plan, active: &mut Vec<usize>, start: usize, child: usize) {
    for node in &plan.nodes[child].with {
        if !active[start..].contains(node) {
            active.push(*node);
        }
    }
}

impl Sink for Judge {
    fn key(&mut self, name: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        let (first, start, end) = (frame.names, frame.start, frame.end);
        frame.count += 1;
        if frame.count == FEW_NAMES {
            frame.many = Some(HashSet::new());
        }
        let few = frame.many.is_none();
        let mut twice = few && (first..self.ends.len()).any(|index| self.name(index) == name);
        if !few {
            let before: Vec<Box<str>> = match self.frames.last() {
                Some(frame) if frame.count == FEW_NAMES => {
                    (first..self.ends.len()).map(|index| self.name(index).into()).collect()
                }
                _ => Vec::new(),
            };
            if let Some(many) = self.frames.last_mut().and_then(|frame| frame.many.as_mut()) {
                many.extend(before);
                twice = !many.insert(name.into());
            }
        }
        self.names.push_str(name);
        self.ends.push(self.names.len());
        if twice && self.twice.len() < MOST {
            self.twice.push(self.path(self.frames.len()));
        }
        self.start = end;
        let Self { plan, active, seen, .. } = self;
        for index in start..end {
            let id = active[index];
            let Some(node) = plan.nodes.get(id) else { continue };
            let key = node.key(name);
            if let Some(place) = key.and_then(|key| key.required) {
                seen[index] |= 1 << place;
            }
            match (key.and_then(|key| key.child), node.additional) {
                (Some(child), _) | (None, Additional::Node(child)) => add(plan, active, end, child),
                (None, Additional::Never) => active.push(id | UNKNOWN),
                (None, Additional::Free) => {}
            }
        }
    }

    fn value(&mut self) {
        let Self { plan, frames, active, .. } = self;
        let Some(frame) = frames.last_mut() else {
            self.start = 0;
            return add(plan, active, 0, 0);
        };
        if frame.object {
            return;
        }
        frame.count += 1;
        let (start, end) = (frame.start, frame.end);
        self.start = end;
        for index in start..end {
            if let Some(items) = plan.nodes.get(active[index]).and_then(|node| node.items) {
                add(plan, active, end, items);
            }
        }
    }

    fn open(&mut self, object: bool) {
        for index in self.start..self.active.len() {
            let id = self.active[index];
            if id & UNKNOWN != 0 || self.plan.nodes[id].never {
                self.refused(id, Got::Kind(if object { "an object" } else { "a list" }));
                continue;
            }
            let node = &self.plan.nodes[id];
            // Most are empty, and cost nothing to clone.
            self.tell_all(if object { node.on_object.clone() } else { node.on_list.clone() });
        }
        self.seen.resize(self.active.len(), 0);
        let (start, end) = (self.start, self.active.len());
        self.frames.push(Frame { object, count: 0, start, end, names: self.ends.len(), many: None });
        self.start = end;
    }

    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.ends.truncate(frame.names);
        self.names.truncate(self.ends.last().copied().unwrap_or(0));
        for index in frame.start..frame.end {
            let id = self.active[index];
            let Some(node) = self.plan.nodes.get(id) else { continue };
            let (bounds, required) = (node.bounds, node.required.len());
            let words = ["minItems", "maxItems", "minProperties", "maxProperties"];
            for (place, word) in words.into_iter().enumerate() {
                if (place >= 2) == frame.object {
                    self.bound(id, word, frame.count, bounds[place]);
                }
            }
            for place in 0..if frame.object { required } else { 0 } {
                if self.seen[index] & (1 << place) == 0 {
                    let node = &self.plan.nodes[id];
                    let (rule, name) = (node.at.at("required"), &node.required[place]);
                    let (at, expected) = (self.path(self.frames.len()), format!("the field `{name}`"));
                    self.tell(at, rule, "required", expected, Got::Missing);
                }
            }
        }
        self.start = frame.start;
        self.leave();
    }

    fn scalar(&mut self, value: Value) {
        self.judge(&value);
    }

    fn text(&mut self, text: &str) {
        let plan = &self.plan;
        let free = |id: &usize| plan.nodes.get(*id).is_some_and(|node| node.is_free() && !node.never);
        if self.active[self.start..].iter().all(free) {
            return self.leave();
        }
        self.judge(&Value::String(text.to_owned()));
    }
}
