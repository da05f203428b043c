//! Scanning YAML for pointers: the events of the parser, with a cursor in the pointers wanted.

use super::wanted::Wanted;
use crate::Span;
use serde_saphyr::granit_parser::{Event, Parser};

enum Frame {
    Mapping { node: Option<usize>, key: Option<Key>, merged: Option<Span> },
    Sequence { node: Option<usize>, next: usize },
}

/// A key whose value is still to come.
struct Key {
    below: Option<usize>,
    span: Span,
}

pub(super) fn scan(text: &str, wanted: &mut Wanted) {
    let mut frames: Vec<Frame> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { return };
        let span =
            span.byte_range().map_or_else(Span::default, |range| Span { start: range.start, end: range.end });
        match event {
            Event::Scalar(word, ..) => {
                if let Some(Frame::Mapping { node, key: key @ None, merged }) = frames.last_mut() {
                    if word == "<<" {
                        *merged = Some(span);
                    }
                    *key = Some(Key { below: node.and_then(|node| wanted.below(node, &word)), span });
                    if let Some(Key { below: Some(below), .. }) = key {
                        wanted.found(*below, span);
                    }
                } else {
                    value(&mut frames, wanted, span);
                }
            }
            Event::Alias(_) => {
                if let Some(Frame::Mapping { key: key @ None, .. }) = frames.last_mut() {
                    *key = Some(Key { below: None, span });
                } else if let Some((node, key)) = value(&mut frames, wanted, span) {
                    // What is below comes from the anchor; here the place of the alias is what a reader looks for.
                    wanted.found_below(node, key);
                }
            }
            Event::MappingStart(..) => {
                let node = enter(&mut frames, wanted, span);
                frames.push(Frame::Mapping { node, key: None, merged: None });
            }
            Event::SequenceStart(..) => {
                let node = enter(&mut frames, wanted, span);
                frames.push(Frame::Sequence { node, next: 0 });
            }
            Event::MappingEnd => {
                if let Some(Frame::Mapping { node: Some(node), merged: Some(merged), .. }) = frames.pop() {
                    wanted.found_below(node, merged);
                }
            }
            Event::SequenceEnd => {
                frames.pop();
            }
            Event::DocumentEnd => return,
            _ => {}
        }
    }
}

/// Begins a collection: as a value of what is open, as a key (which no pointer names), or as the document.
fn enter(frames: &mut [Frame], wanted: &mut Wanted, span: Span) -> Option<usize> {
    match frames.last_mut() {
        None => {
            wanted.found(0, span);
            Some(0)
        }
        Some(Frame::Mapping { key: key @ None, .. }) => {
            *key = Some(Key { below: None, span });
            None
        }
        Some(_) => value(frames, wanted, span).map(|(node, _)| node),
    }
}

/// Takes the value under the cursor: the node it is, if one is wanted, and the place that stands for it.
fn value(frames: &mut [Frame], wanted: &mut Wanted, span: Span) -> Option<(usize, Span)> {
    match frames.last_mut()? {
        Frame::Mapping { key, .. } => {
            let key = key.take()?;
            Some((key.below?, key.span))
        }
        Frame::Sequence { node, next } => {
            let below = node.and_then(|node| wanted.below(node, &next.to_string()));
            *next += 1;
            let below = below?;
            wanted.found(below, span);
            Some((below, span))
        }
    }
}
