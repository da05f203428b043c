//! Reading a document's text: JSON if it is JSON, else YAML 1.2; one tree either way.
//!
//! Sources: RFC 8259, YAML 1.2.2. Bounds: size, depth and, for YAML, everything aliases could blow
//! up. A member that stands twice is a warning and the last one counts, as most readers do.

mod json;
mod tree;
mod yaml;

use crate::{DocumentError, Pointer, Span, Syntax, Warning};
use serde_json::Value;
use std::sync::Arc;

/// Largest document that is read, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// Deepest nesting of JSON that is read: the bound of `serde_json`.
const MAX_JSON_DEPTH: usize = 127;

/// Deepest nesting of YAML that is read. Published documents stay under 40, and its reader takes
/// far more stack a level than that of JSON: a thread's 2 MiB must be enough also in a debug build.
const MAX_YAML_DEPTH: usize = 64;

/// What a text was parsed to.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) text: Arc<str>,
    pub(crate) syntax: Syntax,
    pub(crate) tree: Value,
    pub(crate) warnings: Vec<Warning>,
}

/// Why a text could not be parsed.
#[derive(Debug)]
enum Fault {
    Syntax { why: String, at: Span },
    TooLarge { why: String, at: Span },
}

impl Fault {
    fn named(self, name: &str) -> DocumentError {
        let name = name.to_owned();
        match self {
            Self::Syntax { why, at } => DocumentError::Syntax { name, why, at },
            Self::TooLarge { why, at } => DocumentError::TooLarge { name, why, at },
        }
    }
}

/// Parses a document.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Parsed, DocumentError> {
    if bytes.len() > MAX_BYTES {
        let why = format!("{} bytes, at most {MAX_BYTES} are read", bytes.len());
        return Err(Fault::TooLarge { why, at: Span { start: MAX_BYTES, end: MAX_BYTES } }.named(name));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = start + error.error_len().unwrap_or(1);
        Fault::Syntax { why: "it is not UTF-8".to_owned(), at: Span { start, end } }.named(name)
    })?;
    let looks_like_json = text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let mut notes = tree::Notes::default();
    let mut syntax = Syntax::Json;
    let tree = if looks_like_json {
        json::parse(text, &mut notes, true).or_else(|fault| {
            // Published documents exist that look like JSON and are only valid as YAML (a trailing
            // comma, a comment); the JSON reader's words are the better ones if both refuse.
            if matches!(fault, Fault::TooLarge { .. }) {
                return Err(fault);
            }
            notes = tree::Notes::default();
            syntax = Syntax::Yaml;
            yaml::parse(text, &mut notes).map_err(|_| fault)
        })
    } else {
        syntax = Syntax::Yaml;
        yaml::parse(text, &mut notes)
    }
    .map_err(|fault| fault.named(name))?;
    let warnings = notes.into_pointers().into_iter().map(duplicate).collect();
    Ok(Parsed { text: text.into(), syntax, tree, warnings })
}

/// Why a message is no JSON.
#[derive(Debug)]
pub(crate) struct NoJson {
    pub(crate) why: String,
    pub(crate) byte: usize,
    pub(crate) too_deep: bool,
}

/// Parses the JSON of a message: the value, and the members that stand twice.
///
/// A byte order mark is refused (RFC 8259 §8.1: it must not be sent).
pub(crate) fn message(text: &str) -> Result<(Value, Vec<Pointer>), NoJson> {
    if text.starts_with('\u{feff}') {
        return Err(NoJson {
            why: "a byte order mark stands before it".to_owned(),
            byte: 0,
            too_deep: false,
        });
    }
    let mut notes = tree::Notes::default();
    match json::parse(text, &mut notes, false) {
        Ok(value) => Ok((value, notes.into_pointers())),
        Err(Fault::Syntax { why, at }) => Err(NoJson { why, byte: at.start, too_deep: false }),
        Err(Fault::TooLarge { why, at }) => Err(NoJson { why, byte: at.start, too_deep: true }),
    }
}

fn duplicate(at: Pointer) -> Warning {
    let name = at.tokens().last().unwrap_or_default();
    Warning { code: "duplicate-member", text: format!("`{name}` stands here twice: the last one counts"), at }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::{DocumentError, Syntax};
    use serde_json::json;

    fn check(text: &str, syntax: Syntax, expected: &serde_json::Value) {
        let parsed = parse("a", text.as_bytes()).unwrap();
        assert_eq!((parsed.syntax, &parsed.tree), (syntax, expected), "{text}");
    }

    #[test]
    fn json_is_read_as_json_and_the_rest_as_yaml() {
        check(r#"{"a": [1, 2.5, "x", null, true]}"#, Syntax::Json, &json!({"a": [1, 2.5, "x", null, true]}));
        check("\u{feff}{\"a\": 1}", Syntax::Json, &json!({"a": 1}));
        check("{\"a\": 1, # why\n}", Syntax::Yaml, &json!({"a": 1}));
        check("200: ok\n1.10: b\nyes: no\n", Syntax::Yaml, &json!({"200": "ok", "1.10": "b", "yes": "no"}));
        check(
            "b: 1:30\nc: 2020-01-01\nd: .inf\n",
            Syntax::Yaml,
            &json!({"b": "1:30", "c": "2020-01-01", "d": ".inf"}),
        );
        check(
            "a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}\n",
            Syntax::Yaml,
            &json!({"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
        );
    }

    #[test]
    fn a_member_that_stands_twice_is_a_warning_and_the_last_counts() {
        for text in [r#"{"a": {"b/c": 1, "b/c": 2}}"#, "a:\n  b/c: 1\n  b/c: 2\n"] {
            let parsed = parse("a", text.as_bytes()).unwrap();
            assert_eq!(parsed.tree, json!({"a": {"b/c": 2}}));
            assert_eq!(parsed.warnings.len(), 1, "{text}");
            assert_eq!(parsed.warnings[0].at.as_str(), "/a/b~1c");
        }
    }

    #[test]
    fn a_fault_has_its_place() {
        for (text, byte) in
            [("{\"a\": 1,\n \"b\" 2}", 14), ("a: 1\nb: [1,\nc: 2\n\t", 12), ("\u{feff}{\"a\" 1}", 8)]
        {
            let error = parse("a", text.as_bytes()).unwrap_err();
            let at = error.at();
            assert!(matches!(error, DocumentError::Syntax { .. }), "{error}");
            assert!(at.start.abs_diff(byte) <= 6, "{text:?}: {at:?}");
        }
        let error = parse("a", b"a: \xff").unwrap_err();
        assert_eq!(error.at().start, 3);
    }

    #[test]
    fn what_grows_without_end_is_refused() {
        let deep = "[".repeat(100_000);
        assert!(matches!(parse("a", deep.as_bytes()), Err(DocumentError::TooLarge { .. })));
        let deep = "- ".repeat(100_000);
        assert!(parse("a", deep.as_bytes()).is_err());
        let level = |level: usize| {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level} [{items}]")
        };
        let levels: Vec<String> = (1..12).map(level).collect();
        let bomb = format!("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}\n", levels.join("\n"));
        assert!(matches!(parse("a", bomb.as_bytes()), Err(DocumentError::TooLarge { .. })));
    }
}
