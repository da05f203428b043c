//! Parsing a document's YAML (YAML 1.2.2, core schema; merge keys of 1.1, since documents use them).
//!
//! The budgets follow from the size of the file: a text of n bytes cannot hold more than n nodes, and
//! what its aliases repeat may be as much again, not more.

use super::{Fault, MAX_YAML_DEPTH, tree};
use crate::Span;
use serde::de::DeserializeSeed;
use serde_json::Value;
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Location};

/// What the aliases of even a small file may repeat, in events.
const REPLAYED: usize = 20_000;

/// Parses `text`.
pub(super) fn parse(text: &str, twice: &mut tree::Twice) -> Result<Value, Fault> {
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
        tree::Tree { twice, stays: true }.deserialize(reader)
    })
    .map_err(|error| fault(text, error.without_snippet()))
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
