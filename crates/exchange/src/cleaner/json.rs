//! JSON: members are hidden by name, in texts that were cut as well, and in JSON that stands inside a string (RFC 8259).

use super::{Cleaner, loose};
use std::borrow::Cow;

/// So deep is JSON looked for inside strings of JSON.
const DEEPEST: u8 = 3;

/// Hides values of members by name; works on a text that was cut, and on what is no JSON.
pub(super) fn members(cleaner: &Cleaner<'_>, text: &str, depth: u8) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        let (before, from) = rest.split_at(open);
        out.push_str(before);
        let end = string_end(from);
        let (string, after) = from.split_at(end);
        rest = after;
        let Some(value) = after.trim_start().strip_prefix(':') else {
            out.push_str(&within(cleaner, string, depth));
            continue;
        };
        out.push_str(string);
        if !cleaner.hides(&plain(string)) {
            continue;
        }
        let end = value_end(value);
        learn(cleaner, &value[..end]);
        out.push_str(": \"***\"");
        rest = &value[end..];
    }
    out.push_str(rest);
    out
}

/// A string that may hold JSON of its own, or arguments (`login(password: \"x\")`, as GraphQL has them).
fn within<'t>(cleaner: &Cleaner<'_>, string: &'t str, depth: u8) -> Cow<'t, str> {
    if depth == DEEPEST || !string.contains("\\\"") {
        return Cow::Borrowed(string);
    }
    let inner = plain(string);
    let clean = loose::loose(cleaner, &members(cleaner, &inner, depth + 1), false);
    if *clean == *inner { Cow::Borrowed(string) } else { serde_json::Value::String(clean).to_string().into() }
}

/// The strings of a hidden value, to be hidden elsewhere.
fn learn(cleaner: &Cleaner<'_>, value: &str) {
    let mut rest = value;
    while let Some(open) = rest.find('"') {
        let from = &rest[open..];
        let end = string_end(from);
        rest = &from[end..];
        if !rest.trim_start().starts_with(':') {
            cleaner.hide(&plain(&from[..end]));
        }
    }
}

/// What a string says; one that was cut, or is none, as it stands.
fn plain(string: &str) -> Cow<'_, str> {
    let bare = string.strip_prefix('"').unwrap_or(string);
    let bare = bare.strip_suffix('"').unwrap_or(bare);
    if !bare.contains('\\') {
        return Cow::Borrowed(bare);
    }
    serde_json::from_str::<String>(string).map_or(Cow::Borrowed(bare), Cow::Owned)
}

/// Where the JSON string at the start of `text` ends.
fn string_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where the JSON value at the start of `text` ends; a nested one as a whole.
fn value_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += string_end(&text[at..]);
                if depth == 0 {
                    return at.min(text.len());
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::members;
    use crate::cleaner::tests::cleaner;

    #[test]
    fn values_are_hidden_by_name_in_any_shape() {
        for (text, expected) in [
            (r#"{"password": "a\"b", "x": 1}"#, r#"{"password": "***", "x": 1}"#),
            (r#"{"client_secret":"s"}"#, r#"{"client_secret": "***"}"#),
            (r#"{"token":{"a":[1,"}"]},"x":"y"}"#, r#"{"token": "***","x":"y"}"#),
            (r#"{"accessToken":"s","APIKey":"s"}"#, r#"{"accessToken": "***","APIKey": "***"}"#),
            (r#"{"pin":1234}"#, r#"{"pin": "***"}"#),
            (r#"{"pass\u0077ord":"s"}"#, r#"{"pass\u0077ord": "***"}"#),
            (r#"{"shopping":1}"#, r#"{"shopping":1}"#),
            (r#"{"password":"cut of"#, r#"{"password": "***""#),
            (r#"{"p":"{\"pin\":\"s\"}"}"#, r#"{"p":"{\"pin\": \"***\"}"}"#),
            (r#"{"query":"login(password: \"s\")"}"#, r#"{"query":"login(password:***)"}"#),
            ("no json \" at all", "no json \" at all"),
            (r#"{"pass"#, r#"{"pass"#),
        ] {
            assert_eq!(members(&cleaner(), text, 0), expected);
        }
    }
}
