//! Whether every value that one schema takes is taken by another: a proof by structure, or what stands in its way.
//!
//! What stands in the way is *unknown* until a value is found that shows it; then it is *breaking*. Recursive
//! schemas are proven by induction on the depth of values: a question that comes back below a member or an item
//! may be taken as answered. The work is bounded; past the bound nothing is proven.

use super::flat::Flat;
use super::kinds;
use super::node::{Book, Node};
use super::same::Same;
use super::{Finding, Verdict, sample, word};
use crate::schema::Side;
use crate::{Contract, Pointer, Shape};
use serde_json::Value;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// Questions that one pair of schemas may cost.
const MOST_STEPS: usize = 20_000;

/// Questions inside each other.
const DEEPEST: usize = 100;

/// What is told of one pair; what breaks is kept first.
const MOST_TOLD: usize = 200;

/// Something that stands in the way of a proof.
#[derive(Clone, Debug)]
pub(super) struct Obstacle {
    pub(super) verdict: Verdict,
    pub(super) rule: &'static str,
    pub(super) what: String,
    pub(super) proof: Option<String>,
    /// In the schema whose values must all be taken.
    pub(super) sub: Pointer,
    /// In the schema that must take them.
    pub(super) sup: Pointer,
}

pub(super) type Obstacles = Vec<Rc<Obstacle>>;

/// A question: the places of all schemas of both sides, what was taken out of them, whether it is a mere try,
/// and whether only the answer itself matters.
type Question = (Vec<(Pointer, u8)>, Vec<(Pointer, u8)>, bool, bool);

/// Judges whether the values of one contract's schemas are taken by those of another.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "which of two contracts, which way, on which wire, and how sure: they have nothing to do with each other"
)]
pub(super) struct Judge {
    pub(super) sub: Book,
    pub(super) sup: Book,
    same: Same,
    /// Whether the old contract's values must be taken by the new one.
    pub(super) sub_is_old: bool,
    /// Looked at the way that matters; the other way only tells what was added.
    pub(super) forward: bool,
    /// Values are text on the wire: `5` is a string there as well.
    pub(super) text: bool,
    /// One alternative is tried: members that stand beside the alternatives are not missed in it.
    pub(super) trying: bool,
    /// Only whether anything stands in the way is asked: the first thing that does is enough, and nobody shows it.
    pub(super) brief: bool,
    known: HashMap<Question, Obstacles>,
    hanging: Vec<Question>,
    open: HashMap<Question, usize>,
    circles: usize,
    level: usize,
    steps: usize,
}

impl Judge {
    pub(super) fn new(old: &Contract, new: &Contract, side: Side, forward: bool, text: bool) -> Self {
        let sub_is_old = (side == Side::Request) == forward;
        let (sub, sup) = if sub_is_old { (old, new) } else { (new, old) };
        Self {
            sub: Book::new(sub, side),
            sup: Book::new(sup, side),
            same: Same::default(),
            sub_is_old,
            forward,
            text,
            trying: false,
            brief: false,
            known: HashMap::new(),
            hanging: Vec::new(),
            open: HashMap::new(),
            circles: 0,
            level: 0,
            steps: 0,
        }
    }

    /// What stands in the way, for two shapes of the old and the new contract.
    pub(super) fn shapes(&mut self, old: &Shape, new: &Shape) -> Obstacles {
        let (sub, sup) = if self.sub_is_old { (old, new) } else { (new, old) };
        let (sub, sup) = (self.sub.node(sub), self.sup.node(sup));
        self.steps = 0;
        self.conjunctions(&[sub], &[sup])
    }

    /// One level deeper in the value: below a member or an item.
    pub(super) fn deeper(&mut self, sub: &[Node], sup: &[Node]) -> Obstacles {
        self.level += 1;
        let trying = std::mem::replace(&mut self.trying, false);
        let found = self.conjunctions(sub, sup);
        self.trying = trying;
        self.level -= 1;
        found
    }

    fn conjunctions(&mut self, sub: &[Node], sup: &[Node]) -> Obstacles {
        if let ([sub], [sup]) = (sub, sup)
            && self.same.are(&mut self.sub, sub, &mut self.sup, sup)
        {
            return Vec::new();
        }
        let (sub, sup) = (Flat::new(&mut self.sub, sub), Flat::new(&mut self.sup, sup));
        self.flats(&sub, &sup)
    }

    /// A question about one part of the values, or one alternative for them.
    pub(super) fn tried(&mut self, sub: &Flat, sup: &Flat) -> Obstacles {
        let trying = std::mem::replace(&mut self.trying, true);
        let found = self.flats(sub, sup);
        self.trying = trying;
        found
    }

    /// Whether nothing stands in the way of this alternative; nothing is shown or told.
    pub(super) fn is_home(&mut self, sub: &Flat, sup: &Flat) -> bool {
        let brief = std::mem::replace(&mut self.brief, true);
        let found = self.tried(sub, sup);
        self.brief = brief;
        found.is_empty()
    }

    /// Answers a question once; see the module for questions that come back.
    pub(super) fn flats(&mut self, sub: &Flat, sup: &Flat) -> Obstacles {
        let question = (places(sub), places(sup), self.trying, self.brief);
        if let Some(known) = self.known.get(&question) {
            return known.clone();
        }
        if let Some(level) = self.open.get(&question) {
            if self.level > *level {
                self.circles += 1;
                return Vec::new();
            }
            return vec![unknown(sub, sup, "recursion", "refers to itself without end")];
        }
        self.steps += 1;
        if self.steps > MOST_STEPS || self.open.len() >= DEEPEST || sub.cut || sup.cut {
            return vec![unknown(sub, sup, "size", "is too large or too deep to be compared")];
        }
        self.open.insert(question.clone(), self.level);
        let (circles, hanging) = (self.circles, self.hanging.len());
        let mut found = self.judged(sub, sup);
        self.open.remove(&question);
        found.sort_by_key(|one| one.verdict);
        let mut told = std::collections::HashSet::new();
        found.retain(|one| told.insert((one.rule, one.sub.clone(), one.sup.clone())));
        found.truncate(MOST_TOLD);
        if !found.is_empty() {
            // What was answered on the word of this question is open again.
            for question in self.hanging.drain(hanging..) {
                self.known.remove(&question);
            }
        }
        if self.open.is_empty() {
            self.hanging.clear();
        } else if self.circles > circles {
            self.hanging.push(question.clone());
        }
        self.known.insert(question, found.clone());
        found
    }

    fn judged(&mut self, sub: &Flat, sup: &Flat) -> Obstacles {
        if sub.kinds() == 0 {
            return Vec::new();
        }
        let found = self.direct(sub, sup);
        if found.is_empty() {
            return found;
        }
        // Alternatives of what is to be taken are looked at one by one.
        let Some((index, union)) = sub.union() else {
            return if sup.union().is_some() { self.by_kind(sub, sup, found) } else { found };
        };
        // What is missed among declared members was missed in all of it, not in each alternative.
        let mut all: Obstacles = found.into_iter().filter(|one| one.rule == "member").collect();
        for branch in sub.parts[index].list(union) {
            let mut part = Flat { parts: sub.parts.clone(), unchecked: sub.unchecked.clone(), cut: sub.cut };
            part.parts[index] = part.parts[index].without(union);
            let more = Flat::new(&mut self.sub, &[branch]);
            part.cut |= more.cut;
            part.unchecked.extend(more.unchecked);
            for one in more.parts {
                if part.parts.iter().all(|known| known.at != one.at) {
                    part.parts.push(one);
                }
            }
            all.extend(self.tried(&part, sup));
            if self.brief && !all.is_empty() {
                break;
            }
        }
        all
    }

    /// Several kinds of value may each have a home of their own among alternatives.
    fn by_kind(&mut self, sub: &Flat, sup: &Flat, found: Obstacles) -> Obstacles {
        let all = [kinds::NULL, kinds::BOOLEAN, kinds::NUMBER, kinds::STRING, kinds::ARRAY, kinds::OBJECT];
        let kinds = sub.kinds();
        let left: Vec<kinds::Set> = all.into_iter().map(|one| one & kinds).filter(|one| *one != 0).collect();
        if left.len() < 2 {
            return found;
        }
        let mut all: Obstacles = found.into_iter().filter(|one| one.rule == "member").collect();
        for kind in left {
            let word = kinds::words(kind);
            let only = Arc::new(serde_json::json!({ "type": word }));
            let at = place(sub).at("type").at(&word);
            let node = Node { at, written: Arc::clone(&only), lowered: only };
            let mut parts = sub.parts.clone();
            parts.push(node);
            let part = Flat { parts, unchecked: sub.unchecked.clone(), cut: sub.cut };
            all.extend(self.tried(&part, sup));
        }
        all
    }

    fn direct(&mut self, sub: &Flat, sup: &Flat) -> Obstacles {
        let mut own = Vec::new();
        let mut below = Vec::new();
        if sub.choices().is_some() && sup.unchecked.is_empty() {
            own = self.choices(sub, sup);
        } else {
            word::check(self, sub, sup, &mut own, &mut below);
        }
        self.prove(sub, sup, &mut own);
        own.into_iter().map(Rc::new).chain(below).collect()
    }

    /// Few values are looked at one by one: this is exact.
    fn choices(&mut self, sub: &Flat, sup: &Flat) -> Vec<Obstacle> {
        let mut lost = Vec::new();
        for value in sub.choices().unwrap_or_default() {
            if self.sub.takes(&sub.parts, &value, false) && !self.sup.takes(&sup.parts, &value, self.text) {
                lost.push(value);
            }
        }
        let Some(first) = lost.first() else { return Vec::new() };
        let shown: Vec<String> = lost.iter().take(8).map(|value| format!("`{value}`")).collect();
        let more = if lost.len() > 8 { format!(" and {} more", lost.len() - 8) } else { String::new() };
        let told = format!("{}{more}", shown.join(", "));
        let what = if self.sub_is_old {
            format!("{told} was a value, and is none")
        } else {
            format!("{told} was no value, and is one")
        };
        let (sub_at, rule) = choices_at(sub);
        let (sup_at, _) = choices_at(sup);
        let mut found = obstacle(rule, &what, sub_at, sup_at);
        found.verdict = Verdict::Breaking;
        found.proof = Some(shortened(first));
        vec![found]
    }

    /// Looks for values that show what stands in the way.
    fn prove(&mut self, sub: &Flat, sup: &Flat, own: &mut [Obstacle]) {
        let open = |one: &Obstacle| one.verdict == Verdict::Unknown && one.rule != "member";
        let vague = |word: &str| {
            !["format", "xml", "contentEncoding", "contentMediaType", "readOnly", "writeOnly"].contains(&word)
        };
        // The other way only tells what was added; what cannot be read may take fewer values than the check does.
        if !self.forward
            || self.brief
            || !own.iter().any(open)
            || sub.unchecked.iter().any(|(word, ..)| vague(word))
        {
            return;
        }
        for value in sample::values(&mut self.sub, sub, sup) {
            if !self.sub.takes(&sub.parts, &value, false) {
                continue;
            }
            let refused = self.sup.refused(&sup.parts, &value, self.text);
            for one in own.iter_mut().filter(|one| open(one) && !refused.is_empty()) {
                // What `then` and `else` refuse, `if` stands for.
                let place = one.sup.as_str();
                let place = if one.rule == "if" { place.trim_end_matches("if") } else { place };
                let rules = |rule: &Pointer| rule.as_str().starts_with(place);
                let named = refused
                    .iter()
                    .any(|violation| violation.at.as_str().is_empty() && violation.code == one.rule)
                    || refused.iter().any(|violation| !one.sup.as_str().is_empty() && rules(&violation.rule));
                // As text, another kind of value is what its other words make of it.
                if named || (self.text && one.rule == "type") {
                    one.verdict = Verdict::Breaking;
                    one.proof = Some(shortened(&value));
                }
            }
            if !own.iter().any(open) {
                return;
            }
        }
    }

    /// The findings of these obstacles, with the verdict that `forward` gives them.
    pub(super) fn finding(&self, one: &Obstacle) -> Finding {
        let (old, new) = if self.sub_is_old { (&one.sub, &one.sup) } else { (&one.sup, &one.sub) };
        let verdict = if self.forward { one.verdict } else { Verdict::Additive };
        let proof = one.proof.clone().filter(|_| self.forward);
        Finding {
            verdict,
            what: one.what.clone(),
            rule: one.rule,
            proof,
            old: Some(old.clone()),
            new: Some(new.clone()),
        }
    }
}

/// An obstacle that nothing has shown yet. Places: the word where it stands, else the schema.
pub(super) fn obstacle(rule: &'static str, what: &str, sub: Pointer, sup: Pointer) -> Obstacle {
    Obstacle { verdict: Verdict::Unknown, rule, what: what.to_owned(), proof: None, sub, sup }
}

fn unknown(sub: &Flat, sup: &Flat, rule: &'static str, what: &str) -> Rc<Obstacle> {
    Rc::new(obstacle(rule, what, place(sub), place(sup)))
}

/// Where a flat schema stands.
pub(super) fn place(flat: &Flat) -> Pointer {
    flat.parts.first().map(|part| part.at.clone()).unwrap_or_default()
}

fn choices_at(flat: &Flat) -> (Pointer, &'static str) {
    for word in ["enum", "const", "type"] {
        if let Some((part, _)) = flat.word(word).next() {
            return (part.at.at(word), if word == "type" { "type" } else { "enum" });
        }
    }
    (place(flat), "enum")
}

fn places(flat: &Flat) -> Vec<(Pointer, u8)> {
    let marks = |part: &Node| {
        let gone = |word: &str| part.written.get(word).is_some() && part.lowered.get(word).is_none();
        u8::from(gone("oneOf")) | u8::from(gone("anyOf")) << 1
    };
    flat.parts.iter().map(|part| (part.at.clone(), marks(part))).collect()
}

/// A value as text; a long one is not told.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 200 { text } else { text.chars().take(197).chain("...".chars()).collect() }
}
