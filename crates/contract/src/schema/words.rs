//! Saying a broken rule in plain words, without the text of the value that broke it.

use super::compile::MOST;
use super::encoded::{self, ENCODED};
use super::identity;
use super::lower::{INTEGER_FORMAT, SHARED};
use super::shared;
use crate::{Got, Pointer, Violation, decimal};
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

/// Longest choice that is told, in characters; and how many of them.
const LONGEST_CHOICE: usize = 40;
const MOST_CHOICES: usize = 20;

/// Longest number that is told, in characters.
const LONGEST_NUMBER: usize = 40;

/// Adds the violation that the engine's error means.
pub(super) fn tell(error: &ValidationError<'_>, found: &mut Vec<Violation>) {
    if found.len() >= MOST {
        return;
    }
    let value: &Value = error.instance();
    let at = pointer(error.instance_path().as_str());
    let named = error.absolute_keyword_location().and_then(|uri| identity::place(uri.as_str()));
    let rule = named.unwrap_or_else(|| pointer(error.schema_path().as_str()));
    let kind = || kind_of(value);
    let (code, expected, got) = match error.kind() {
        ValidationErrorKind::Type { kind: expected } => ("type", types(expected), kind()),
        ValidationErrorKind::Maximum { limit } => ("maximum", limit.to_string(), kind()),
        ValidationErrorKind::Minimum { limit } => ("minimum", limit.to_string(), kind()),
        ValidationErrorKind::ExclusiveMaximum { limit } => {
            ("exclusiveMaximum", exclusive(value, limit, "less"), number_or_word(value, limit))
        }
        ValidationErrorKind::ExclusiveMinimum { limit } => {
            ("exclusiveMinimum", exclusive(value, limit, "more"), number_or_word(value, limit))
        }
        ValidationErrorKind::MultipleOf { multiple_of } => {
            ("multipleOf", format!("a multiple of {multiple_of}"), kind())
        }
        ValidationErrorKind::MaxLength { limit } => {
            ("maxLength", format!("at most {}", count(*limit, "character")), length(value))
        }
        ValidationErrorKind::MinLength { limit } => {
            ("minLength", format!("at least {}", count(*limit, "character")), length(value))
        }
        ValidationErrorKind::MaxItems { limit } => {
            ("maxItems", format!("at most {}", count(*limit, "item")), length(value))
        }
        ValidationErrorKind::MinItems { limit } => {
            ("minItems", format!("at least {}", count(*limit, "item")), length(value))
        }
        ValidationErrorKind::AdditionalItems { limit } => {
            ("additionalItems", format!("at most {}", count(*limit as u64, "item")), length(value))
        }
        ValidationErrorKind::MaxProperties { limit } => {
            ("maxProperties", format!("at most {}", count(*limit, "field")), length(value))
        }
        ValidationErrorKind::MinProperties { limit } => {
            ("minProperties", format!("at least {}", count(*limit, "field")), length(value))
        }
        ValidationErrorKind::UniqueItems => ("uniqueItems", "items that differ".to_owned(), length(value)),
        ValidationErrorKind::Pattern { pattern } => {
            ("pattern", format!("text that matches `{}`", cut(pattern, 200)), length(value))
        }
        ValidationErrorKind::BacktrackLimitExceeded { .. }
        | ValidationErrorKind::RegexEngineFailure { .. } => {
            ("pattern", "text on which its pattern can be decided in bounded time".to_owned(), length(value))
        }
        ValidationErrorKind::Format { format } if encoded::FORMATS.contains(&format.as_ref()) => {
            ("format", encoded::EXPECTED.to_owned(), kind())
        }
        ValidationErrorKind::Format { format } => ("format", format!("a {format}"), kind()),
        ValidationErrorKind::Custom { keyword, message } if keyword == SHARED => {
            let below = shared::kept(message);
            if !below.is_empty() {
                for violation in below.into_iter().take(MOST - found.len()) {
                    found.push(Violation { at: at.join(&violation.at), ..violation });
                }
                return;
            }
            ("schema", "a value that the schema allows".to_owned(), kind())
        }
        ValidationErrorKind::Custom { keyword, message } if keyword == INTEGER_FORMAT => {
            ("format", message.clone(), kind())
        }
        ValidationErrorKind::Custom { keyword, message } if keyword == ENCODED => {
            ("contentEncoding", message.clone(), kind())
        }
        ValidationErrorKind::Enum { options } => ("enum", one_of(options), kind()),
        ValidationErrorKind::Constant { expected_value } => ("const", choice(expected_value), kind()),
        ValidationErrorKind::Required { property } => {
            ("required", format!("the field `{}`", property.as_str().unwrap_or_default()), Got::Missing)
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            return unknown("additionalProperties", unexpected, value, &at, &rule, found);
        }
        ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            return unknown("unevaluatedProperties", unexpected, value, &at, &rule, found);
        }
        ValidationErrorKind::UnevaluatedItems { .. } => {
            ("unevaluatedItems", "no further items".to_owned(), length(value))
        }
        ValidationErrorKind::PropertyNames { .. } => {
            ("propertyNames", "fields with names that its rule allows".to_owned(), kind())
        }
        ValidationErrorKind::Contains => {
            ("contains", "an item that its rule asks for".to_owned(), length(value))
        }
        ValidationErrorKind::FalseSchema => ("false", "nothing".to_owned(), kind()),
        ValidationErrorKind::Not { .. } => ("not", "something else".to_owned(), kind()),
        ValidationErrorKind::AnyOf { context } => {
            if meant(context, &at, found) {
                return;
            }
            ("anyOf", format!("one of {} alternatives", context.len()), kind())
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            if meant(context, &at, found) {
                return;
            }
            ("oneOf", format!("one of {} alternatives", context.len()), kind())
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => {
            ("oneOf", "exactly one of its alternatives".to_owned(), Got::Kind("something that fits several"))
        }
        _ => ("schema", "a value that the schema allows".to_owned(), kind()),
    };
    // The keywords that stand for them are ours; the author wrote others.
    let rule = [(INTEGER_FORMAT, "format"), (ENCODED, "contentEncoding")]
        .into_iter()
        .find_map(|(own, written)| Some((rule.as_str().strip_suffix(own)?, written)))
        .map(|(above, written)| pointer(above.trim_end_matches('/')).at(written))
        .unwrap_or(rule);
    found.push(Violation { at, rule, ..Violation::new(code, expected, got) });
}

/// Where all alternatives but one are of another kind, that one was meant: its violations say more.
fn meant(ways: &[Vec<ValidationError<'static>>], at: &Pointer, found: &mut Vec<Violation>) -> bool {
    let other = |violation: &Violation| {
        let below = violation.at.as_str().strip_prefix(at.as_str()).unwrap_or_default();
        match violation.code {
            "type" => below.is_empty(),
            // A member with one allowed value tells alternatives apart.
            "const" | "enum" => below.matches('/').count() <= 1,
            _ => false,
        }
    };
    let mut meant: Option<Vec<Violation>> = None;
    for errors in ways {
        let mut way = Vec::new();
        for error in errors {
            tell(error, &mut way);
        }
        if way.is_empty() || way.iter().any(other) {
            continue;
        }
        if meant.replace(way).is_some() {
            return false;
        }
    }
    match meant {
        Some(way) => {
            found.extend(way.into_iter().take(MOST - found.len()));
            true
        }
        None => false,
    }
}

fn unknown(
    code: &'static str,
    names: &[String],
    value: &Value,
    at: &Pointer,
    rule: &Pointer,
    found: &mut Vec<Violation>,
) {
    for name in names.iter().take(MOST.saturating_sub(found.len())) {
        let there = value.get(name);
        let at = if name.len() <= 100 { at.at(name) } else { at.clone() };
        let got = there.map_or(Got::Kind("one"), kind_of);
        found.push(Violation {
            at,
            rule: rule.clone(),
            ..Violation::new(code, "no field of this name", got)
        });
    }
}

/// A number at its exclusive limit is neither more nor less than it.
fn exclusive(value: &Value, limit: &Value, word: &str) -> String {
    if decimal::same(value, limit) { format!("{word} than {limit}") } else { limit.to_string() }
}

fn number_or_word(value: &Value, limit: &Value) -> Got {
    if decimal::same(value, limit) { Got::Word(limit.to_string()) } else { kind_of(value) }
}

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap_or_default()
}

fn count(count: u64, unit: &str) -> String {
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// What a value is, without its text.
pub(crate) fn kind_of(value: &Value) -> Got {
    match value {
        Value::Null => Got::Kind("null"),
        Value::Bool(_) => Got::Kind("a boolean"),
        Value::Number(number) => Got::Number(cut(number.as_str(), LONGEST_NUMBER)),
        Value::String(_) => Got::Kind("a string"),
        Value::Array(_) => Got::Kind("a list"),
        Value::Object(_) => Got::Kind("an object"),
    }
}

fn length(value: &Value) -> Got {
    match value {
        Value::String(text) => Got::Length(text.chars().count(), "characters"),
        Value::Array(items) => Got::Length(items.len(), "items"),
        Value::Object(members) => Got::Length(members.len(), "fields"),
        other => kind_of(other),
    }
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => word(*kind).to_owned(),
        TypeKind::Multiple(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
    }
}

fn word(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "a list",
        JsonType::Object => "an object",
    }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut words: Vec<String> = options.iter().take(MOST_CHOICES).map(choice).collect();
    if options.len() > MOST_CHOICES {
        words.push(format!("… ({} in all)", options.len()));
    }
    if words.len() == 1 { words.remove(0) } else { format!("one of {}", words.join(", ")) }
}

fn choice(value: &Value) -> String {
    cut(&value.to_string(), LONGEST_CHOICE)
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most).collect();
    short.push('…');
    short
}
