//! Parsing a document's YAML (YAML 1.2.2, core schema; merge keys of 1.1, since documents use them).
//!
//! The budgets follow from the size of the file: a text of n bytes cannot hold more than n nodes, and
//! what its aliases repeat may be as much again, not more.

use super::{Fault, MAX_YAML_DEPTH, tree};
use crate::Span;
use crate::decimal::is_carried;
use serde::de::DeserializeSeed;
use serde_json::{Number, Value};
use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location};
use std::collections::{HashMap, VecDeque};

/// Digits that a float always holds.
const DIGITS: usize = 15;

/// What the aliases of even a small file may repeat, in events.
const REPLAYED: usize = 20_000;

/// Parses `text`.
pub(super) fn parse(text: &str, notes: &mut tree::Notes) -> Result<Value, Fault> {
    notes.rounded = rounded(text);
    let size = text.len() + 64;
    let replayed = REPLAYED + size / 8;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 2 * size + replayed,
            max_aliases: size,
            max_anchors: size,
            max_recorded_anchor_events: size,
            max_recorded_anchor_bytes: size,
            max_depth: MAX_YAML_DEPTH,
            max_documents: 1,
            max_nodes: size + replayed,
            max_total_scalar_bytes: 2 * size,
            max_merge_keys: size / 4,
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        merge_keys: MergeKeyPolicy::Merge,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: replayed,
            max_replay_stack_depth: 64,
        },
        strict_booleans: true,
        ignore_binary_tag_for_string: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        emit_comments: false,
        with_snippet: false,
    };
    serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
        tree::Tree { notes, stays: true, json: false }.deserialize(reader)
    })
    .map_err(|error| fault(text, error.without_snippet()))
}

/// The numbers of more digits than a float has, which the reader would round: by what it gives instead.
///
/// What an alias repeats comes out of its order: then only those are kept of which there is one of a kind.
fn rounded(text: &str) -> HashMap<u64, VecDeque<String>> {
    let mut found: HashMap<u64, VecDeque<String>> = HashMap::new();
    if !text.as_bytes().split(|byte| !(byte.is_ascii_digit() || *byte == b'.')).any(|run| run.len() > DIGITS)
    {
        return found;
    }
    let mut aliased = false;
    // Of each open collection: whether it is a mapping, and whether a key comes next.
    let mut open: Vec<(bool, bool)> = Vec::new();
    for event in Parser::new_from_str(text) {
        // The reader itself says what is wrong.
        let Ok((event, _)) = event else { break };
        match &event {
            Event::SequenceEnd | Event::MappingEnd => drop(open.pop()),
            Event::Scalar(..) | Event::Alias(_) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                let key = open.last().is_some_and(|(_, key)| *key);
                if let Some((true, key)) = open.last_mut() {
                    *key = !*key;
                }
                match event {
                    Event::MappingStart(..) => open.push((true, true)),
                    Event::SequenceStart(..) => open.push((false, false)),
                    Event::Scalar(word, ScalarStyle::Plain, ..) if !key && word.len() > DIGITS => {
                        let number = serde_json::from_str::<Number>(&word).ok();
                        if let Some(number) = number.filter(|number| is_carried(number.as_str()))
                            && number.as_i64().is_none()
                            && number.as_u64().is_none()
                            && let Some(float) = number.as_f64()
                        {
                            found.entry(float.to_bits()).or_default().push_back(number.as_str().to_owned());
                        }
                    }
                    event => aliased |= matches!(event, Event::Alias(_)),
                }
            }
            _ => {}
        }
    }
    if aliased {
        found.retain(|_, texts| texts.iter().all(|text| *text == texts[0]));
        for texts in found.values_mut() {
            texts.truncate(1);
        }
    }
    found
}

fn fault(text: &str, error: &Error) -> Fault {
    let start = error.location().map_or(0, |at| byte_of(text, at));
    let at = Span { start, end: start };
    let words = error.to_string();
    let line = words.lines().next().unwrap_or_default();
    let why = match innermost(error) {
        Error::RecursiveReferencesRequireWeakTypes { .. } => {
            "an alias stands inside its own anchor".to_owned()
        }
        // The place is told with the error.
        _ => line.rsplit_once(" at line ").map_or(line, |(why, _)| why).to_owned(),
    };
    if too_large(error) { Fault::TooLarge { why, at } } else { Fault::Syntax { why, at } }
}

fn too_large(error: &Error) -> bool {
    matches!(
        innermost(error),
        Error::Budget { .. }
            | Error::AliasReplayCounterOverflow { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. }
    )
}

fn innermost(error: &Error) -> &Error {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => innermost(error),
        error => error,
    }
}

/// The byte a location means; its line and column count from 1, the column in characters.
fn byte_of(text: &str, at: Location) -> usize {
    let line = usize::try_from(at.line()).unwrap_or(usize::MAX);
    let start = super::json::byte_at(text, line, 1);
    let column = usize::try_from(at.column()).unwrap_or(usize::MAX).saturating_sub(1);
    let rest = text[start..].split('\n').next().unwrap_or_default();
    start + rest.char_indices().nth(column).map_or(rest.len(), |(byte, _)| byte)
}
