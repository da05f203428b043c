//! A contract's path templates as a trie by segments: which operation a path and a method mean.
//!
//! Segment by segment from the left, a literal beats a segment with literal parts (the one with more of them
//! first), that beats a whole parameter, and that a parameter for the rest of the path. Of the templates that
//! match, the best one that has the method is meant; if none has it, the methods of all of them are the answer.
//! A template without the method never hides another one that has it. Every node is visited at most once for a
//! path, so the work is bounded by the contract, not by the path.

mod fold;
mod skeleton;
#[cfg(test)]
mod tests;

use contract::{Operation, PathTemplate, Piece, Segment};
use fold::Fast;
use http::{HeaderMap, Method};
pub(crate) use skeleton::{ambiguous, skeletons};
use skeleton::{firsts, skeleton, skeleton_of_rest};
use std::collections::HashMap;
use std::sync::Arc;

/// A template with more segments is left out, with a warning: the walk is as deep as the deepest one.
pub(crate) const DEEPEST: usize = 256;

/// Path templates of one contract.
#[derive(Clone, Debug)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
    /// Operations that no path tells apart, by the first of them: those whose key fixes most come first.
    alike: HashMap<usize, Vec<(usize, Arc<Operation>)>, Fast>,
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

/// Operations by method, as indexes into the contract's.
type Ends = Vec<(Method, usize)>;

/// Looks at operations that match; gives the one that is meant.
type Take<'t> = dyn FnMut(&[(Method, usize)]) -> Option<usize> + 't;

#[derive(Clone, Debug, Default)]
struct Node {
    literals: HashMap<Box<str>, usize, Fast>,
    /// Segments with literal parts, most of them first.
    mixed: Vec<(Mixed, usize)>,
    parameter: Option<usize>,
    /// Operations of templates that end here.
    ends: Ends,
    /// Templates with a parameter that takes several segments from here on; the longest tails first.
    rest: Vec<Rest>,
}

/// What follows a parameter that takes several segments: `:cancel`, `/brands/{id}`.
#[derive(Clone, Debug)]
struct Rest {
    suffix: String,
    /// Matched from the end of the path.
    tail: Vec<Segment>,
    skeleton: String,
    ends: Ends,
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
        let mut trie =
            Self::of(operations.iter().map(|operation| (operation.method(), operation.template())));
        let mut alike: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, first) in firsts(operations, skeletons).into_iter().enumerate() {
            alike.entry(first).or_default().push(index);
        }
        for (first, all) in alike {
            if all.iter().all(|index| operations[*index].fixed.is_empty()) {
                continue;
            }
            let mut all: Vec<_> =
                all.into_iter().map(|index| (index, Arc::clone(&operations[index]))).collect();
            all.sort_by_key(|(index, operation)| (std::cmp::Reverse(operation.fixed.len()), *index));
            trie.alike.insert(first, all);
        }
        trie
    }

    /// Which of the operations that this path means the rest of a request means: all that the key fixes is
    /// there. `None`: the path is right, and none of them is meant.
    pub(crate) fn told_apart(&self, first: usize, query: Option<&str>, fields: &HeaderMap) -> Option<usize> {
        match self.alike.get(&first) {
            None => Some(first),
            Some(all) => {
                all.iter().find(|(_, operation)| operation.has_fixed(query, fields)).map(|(index, _)| *index)
            }
        }
    }

    /// All operations of this method and path that only the rest of a request tells apart, `first` among them.
    pub(crate) fn alike(&self, first: usize) -> Vec<usize> {
        match self.alike.get(&first) {
            None => vec![first],
            Some(all) => all.iter().map(|(index, _)| *index).collect(),
        }
    }

    fn of<'a>(templates: impl Iterator<Item = (&'a Method, &'a PathTemplate)>) -> Self {
        let mut trie = Self { nodes: vec![Node::default()], alike: HashMap::default() };
        for (index, (method, template)) in templates.enumerate() {
            trie.add(index, method, template);
        }
        for node in &mut trie.nodes {
            node.mixed.sort_by(|(one, _), (other, _)| {
                other.literal.cmp(&one.literal).then_with(|| one.skeleton.cmp(&other.skeleton))
            });
            node.rest.sort_by(|one, other| {
                let key = |rest: &Rest| (rest.tail.len(), rest.literals());
                key(other).cmp(&key(one)).then_with(|| one.skeleton.cmp(&other.skeleton))
            });
        }
        trie
    }

    fn add(&mut self, index: usize, method: &Method, template: &PathTemplate) {
        if template.segments().len() > DEEPEST {
            return;
        }
        let mut at = 0;
        let mut segments = template.segments().iter();
        while let Some(segment) = segments.next() {
            if let Some((_, suffix)) = segment.rest() {
                let tail = segments.as_slice();
                let rests = &mut self.nodes[at].rest;
                let skeleton = skeleton_of_rest(suffix, tail);
                match rests.iter_mut().find(|rest| rest.skeleton == skeleton) {
                    Some(rest) => put(&mut rest.ends, method, index),
                    None => rests.push(Rest {
                        suffix: suffix.to_owned(),
                        tail: tail.to_vec(),
                        skeleton,
                        ends: vec![(method.clone(), index)],
                    }),
                }
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
            let known =
                node.mixed.iter().find(|(mixed, _)| mixed.skeleton == skeleton).map(|(_, known)| *known);
            known.unwrap_or_else(|| {
                let literal = literal(segment).len();
                node.mixed.push((Mixed { segment: segment.clone(), skeleton, literal }, next));
                next
            })
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
    fn walk(&self, at: usize, path: Option<&str>, take: &mut Take<'_>) -> Option<usize> {
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
        node.rest.iter().filter(|rest| rest.fits(path)).find_map(|rest| take(&rest.ends))
    }
}

impl Rest {
    /// How much of it is literal, in bytes.
    fn literals(&self) -> usize {
        self.suffix.len() + self.tail.iter().map(|segment| literal(segment).len()).sum::<usize>()
    }

    /// Whether the rest of a path matches, as [`PathTemplate::capture`] does.
    fn fits(&self, path: &str) -> bool {
        let mut left = path;
        for segment in self.tail.iter().rev() {
            let Some((before, last)) = left.rsplit_once('/') else {
                return false;
            };
            if !fits(&segment.0, last) {
                return false;
            }
            left = before;
        }
        let at_the_end = self.tail.is_empty() && self.suffix.is_empty();
        left.strip_suffix(self.suffix.as_str()).is_some_and(|value| at_the_end || !value.is_empty())
    }
}

fn of_method(ends: &[(Method, usize)], method: &Method) -> Option<usize> {
    ends.iter().find(|(own, _)| own == method).map(|(_, operation)| *operation)
}

fn put(ends: &mut Ends, method: &Method, index: usize) {
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

pub(crate) fn literal(segment: &Segment) -> String {
    segment
        .0
        .iter()
        .filter_map(|piece| if let Piece::Literal(text) = piece { Some(text.as_str()) } else { None })
        .collect()
}
