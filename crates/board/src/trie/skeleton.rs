//! Templates without the names of their parameters: which operations nothing can tell apart.

use contract::{Operation, Piece, Segment};
use std::collections::HashMap;
use std::sync::Arc;

/// The segment without names; `{}` cannot stand in a literal.
pub(super) fn skeleton(segment: &Segment) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Parameter(_) | Piece::Rest(_) => "{}".to_owned(),
    };
    segment.0.iter().map(text).collect()
}

pub(super) fn skeleton_of_rest(suffix: &str, tail: &[Segment]) -> String {
    tail.iter().fold(format!("{{+}}{suffix}"), |text, segment| text + "/" + &skeleton(segment))
}

/// Pairs of operations with one method that nothing can tell apart; the first of a pair wins.
pub(crate) fn ambiguous(operations: &[Arc<Operation>]) -> Vec<(usize, usize)> {
    let key = |operation: &Operation| format!("{} {:?}", skeletons(operation), operation.fixed);
    let firsts = firsts(operations, key).into_iter().enumerate();
    firsts.filter(|(index, first)| index != first).map(|(index, first)| (first, index)).collect()
}

/// For each operation the first one with the same key.
pub(super) fn firsts(operations: &[Arc<Operation>], key: impl Fn(&Operation) -> String) -> Vec<usize> {
    let mut seen = HashMap::new();
    operations.iter().enumerate().map(|(index, one)| *seen.entry(key(one)).or_insert(index)).collect()
}

/// Method and path without the names of parameters.
pub(crate) fn skeletons(operation: &Operation) -> String {
    let mut key = operation.method().to_string();
    let mut segments = operation.template().segments().iter();
    while let Some(segment) = segments.next() {
        key.push('/');
        if let Some((_, suffix)) = segment.rest() {
            key.push_str(&skeleton_of_rest(suffix, segments.as_slice()));
            break;
        }
        key.push_str(&skeleton(segment));
    }
    key
}
