//! A contract's path templates as a trie by segments: which operation a path and a method mean.
//!
//! Segment by segment from the left, a literal beats a segment with literal parts (the one with more of them
//! first), that beats a whole parameter, and that a parameter for the rest of the path. Of the templates that
//! match, the best one that has the method is meant; if none has it, the methods of all of them are the answer.
//! A template without the method never hides another one that has it. Every node is visited at most once for a
//! path, so the work is bounded by the contract, not by the path.

use contract::{Operation, PathTemplate, Piece, Segment};
use http::Method;
use std::collections::HashMap;
use std::sync::Arc;

/// Path templates of one contract.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

/// What a path and a method mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    /// The operation with this index.
    Operation(usize),
    /// The path takes these methods.
    OtherMethods(Vec<Method>),
    /// No template matches.
    Nothing,
}

#[derive(Clone, Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize, Fast>,
    /// Segments with literal parts, most of them first.
    mixed: Vec<(Mixed, usize)>,
    parameter: Option<usize>,
    /// Operations of templates that end here.
    ends: Vec<(Method, usize)>,
    /// Operations of templates whose last parameter takes the rest from here on.
    rest: Vec<(Method, usize)>,
}

/// A segment with parameters and literal parts: `{from}-{to}.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mixed {
    segment: Segment,
    /// Without the parameters' names: equal skeletons match the same texts.
    skeleton: String,
    literal: usize,
}

impl Trie {
    /// Builds it; of two operations with the same method and indistinguishable templates the first stays.
    pub(crate) fn new(operations: &[Arc<Operation>]) -> Self {
        Self::of(operations.iter().map(|operation| (operation.method(), operation.template())))
    }

    fn of<'a>(templates: impl Iterator<Item = (&'a Method, &'a PathTemplate)>) -> Self {
        let mut trie = Self { nodes: vec![Node::default()] };
        for (index, (method, template)) in templates.enumerate() {
            trie.add(index, method, template);
        }
        for node in &mut trie.nodes {
            node.mixed.sort_by(|(one, _), (other, _)| {
                other.literal.cmp(&one.literal).then_with(|| one.skeleton.cmp(&other.skeleton))
            });
        }
        trie
    }

    fn add(&mut self, index: usize, method: &Method, template: &PathTemplate) {
        let mut at = 0;
        for segment in template.segments() {
            if let [Piece::Rest(_)] = segment.0.as_slice() {
                put(&mut self.nodes[at].rest, method, index);
                return;
            }
            at = self.below(at, segment);
        }
        put(&mut self.nodes[at].ends, method, index);
    }

    /// The node below `at` for `segment`; made when it is not there.
    fn below(&mut self, at: usize, segment: &Segment) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        let found = if segment.is_literal() {
            *node.literals.entry(literal(segment).into_boxed_str()).or_insert(next)
        } else if let [Piece::Parameter(_)] = segment.0.as_slice() {
            *node.parameter.get_or_insert(next)
        } else {
            let skeleton = skeleton(segment);
            match node.mixed.iter().find(|(mixed, _)| mixed.skeleton == skeleton) {
                Some((_, known)) => *known,
                None => {
                    let literal = literal(segment).len();
                    node.mixed.push((Mixed { segment: segment.clone(), skeleton, literal }, next));
                    next
                }
            }
        };
        if found == next {
            self.nodes.push(Node::default());
        }
        found
    }

    /// What `method` at `path` means; `path` begins with a slash.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Hit {
        let Some(rest) = path.strip_prefix('/') else {
            return Hit::Nothing;
        };
        let declared = self.walk(0, Some(rest), &mut |ends| of_method(ends, method));
        // RFC 9110 §9.3.2: HEAD is GET without the content.
        let meant = declared.or_else(|| {
            (method == Method::HEAD)
                .then(|| self.walk(0, Some(rest), &mut |ends| of_method(ends, &Method::GET)))
                .flatten()
        });
        if let Some(operation) = meant {
            return Hit::Operation(operation);
        }
        let mut methods: Vec<Method> = Vec::new();
        self.walk(0, Some(rest), &mut |ends| {
            for (method, _) in ends {
                if !methods.contains(method) {
                    methods.push(method.clone());
                }
            }
            None
        });
        if methods.is_empty() { Hit::Nothing } else { Hit::OtherMethods(methods) }
    }

    /// Hands the operations of every matching template to `take`, best first, until it is content.
    fn walk(
        &self,
        at: usize,
        path: Option<&str>,
        take: &mut dyn FnMut(&[(Method, usize)]) -> Option<usize>,
    ) -> Option<usize> {
        let node = self.nodes.get(at)?;
        let Some(path) = path else {
            return take(&node.ends);
        };
        let (segment, after) = match memchr::memchr(b'/', path.as_bytes()) {
            Some(slash) => (&path[..slash], Some(&path[slash + 1..])),
            None => (path, None),
        };
        if let Some(next) = node.literals.get(segment)
            && let Some(found) = self.walk(*next, after, take)
        {
            return Some(found);
        }
        for (mixed, next) in &node.mixed {
            if fits(&mixed.segment.0, segment)
                && let Some(found) = self.walk(*next, after, take)
            {
                return Some(found);
            }
        }
        if let Some(next) = node.parameter
            && !segment.is_empty()
            && let Some(found) = self.walk(next, after, take)
        {
            return Some(found);
        }
        take(&node.rest)
    }
}

fn of_method(ends: &[(Method, usize)], method: &Method) -> Option<usize> {
    ends.iter().find(|(own, _)| own == method).map(|(_, operation)| *operation)
}

fn put(ends: &mut Vec<(Method, usize)>, method: &Method, index: usize) {
    if of_method(ends, method).is_none() {
        ends.push((method.clone(), index));
    }
}

/// Whether a segment matches, as [`contract::Segment::capture`] does, without keeping the values.
fn fits(pieces: &[Piece], text: &str) -> bool {
    let mut rest = text;
    let mut open = false;
    let mut left = pieces.iter().peekable();
    while let Some(piece) = left.next() {
        let Piece::Literal(literal) = piece else {
            open = true;
            continue;
        };
        let after = if !open {
            rest.strip_prefix(literal.as_str())
        } else if left.peek().is_none() {
            // The last literal is a suffix; a parameter takes at least one character.
            return rest.strip_suffix(literal.as_str()).is_some_and(|value| !value.is_empty());
        } else {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            rest.get(first..)
                .filter(|_| first > 0)
                .and_then(|later| later.find(literal.as_str()).map(|at| &later[at + literal.len()..]))
        };
        let Some(after) = after else {
            return false;
        };
        rest = after;
        open = false;
    }
    open != rest.is_empty()
}

fn literal(segment: &Segment) -> String {
    segment
        .0
        .iter()
        .filter_map(|piece| if let Piece::Literal(text) = piece { Some(text.as_str()) } else { None })
        .collect()
}

/// The segment without names; `{}` cannot stand in a literal.
fn skeleton(segment: &Segment) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Parameter(_) | Piece::Rest(_) => "{}".to_owned(),
    };
    segment.0.iter().map(text).collect()
}

/// Pairs of operations with one method that no path can tell apart; the first of a pair wins.
pub(crate) fn ambiguous(operations: &[Arc<Operation>]) -> Vec<(usize, usize)> {
    let mut seen = HashMap::new();
    let mut pairs = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let mut key = operation.method().to_string();
        for segment in operation.template().segments() {
            key.push('/');
            if let [Piece::Rest(_)] = segment.0.as_slice() {
                key.push_str("{+}");
                break;
            }
            key.push_str(&skeleton(segment));
        }
        match seen.entry(key) {
            std::collections::hash_map::Entry::Occupied(first) => pairs.push((*first.get(), index)),
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(index);
            }
        }
    }
    pairs
}

/// A fast hash for segments: the keys are a contract's, nobody outside chooses them.
type Fast = std::hash::BuildHasherDefault<Folded>;

/// FNV-1a over eight bytes at a time.
#[derive(Clone, Debug, Default)]
struct Folded(u64);

impl std::hash::Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ (self.0 >> 32)
    }
}
