//! The pointers that are looked for, as a tree of their tokens, and the spans found so far.

use crate::{Pointer, Span};
use std::collections::HashMap;

/// Pointers as a tree; node 0 is the whole document.
#[derive(Debug)]
pub(super) struct Wanted {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    below: HashMap<String, usize>,
    asked: Vec<usize>,
    found: Option<Span>,
}

impl Wanted {
    pub(super) fn new(pointers: &[Pointer]) -> Self {
        let mut nodes = vec![Node::default()];
        for (index, pointer) in pointers.iter().enumerate() {
            let mut at = 0;
            for token in pointer.tokens() {
                let next = nodes.len();
                at = *nodes[at].below.entry(token).or_insert(next);
                if at == next {
                    nodes.push(Node::default());
                }
            }
            nodes[at].asked.push(index);
        }
        Self { nodes }
    }

    /// The node below `node` that `token` leads to.
    pub(super) fn below(&self, node: usize, token: &str) -> Option<usize> {
        self.nodes[node].below.get(token).copied()
    }

    /// Whether nothing is looked for below `node`.
    pub(super) fn is_leaf(&self, node: usize) -> bool {
        self.nodes[node].below.is_empty()
    }

    /// Says where `node` stands. The last one counts, as with members that stand twice.
    pub(super) fn found(&mut self, node: usize, span: Span) {
        self.nodes[node].found = Some(span);
    }

    /// Gives `span` to all below `node` that were not found: they come from somewhere else by an alias.
    pub(super) fn found_below(&mut self, node: usize, span: Span) {
        let mut open: Vec<usize> = self.nodes[node].below.values().copied().collect();
        while let Some(at) = open.pop() {
            self.nodes[at].found.get_or_insert(span);
            open.extend(self.nodes[at].below.values().copied());
        }
    }

    pub(super) fn into_spans(self, count: usize) -> Vec<Option<Span>> {
        let mut spans = vec![None; count];
        for node in self.nodes {
            for index in node.asked {
                spans[index] = node.found;
            }
        }
        spans
    }
}
