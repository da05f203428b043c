//! Patterns: those of ECMA-262 that documents hold, made fit for an engine with bounds.
//!
//! The engine takes linear time wherever a pattern allows it, and else has a limit on backtracking.
//! The engine knows Java's names of classes (`\p{Alnum}`), `\A` and `\z`, which published contracts
//! hold too; `/…/` and `/…/i` around a pattern are taken away here.

use serde_json::json;

/// How often backtracking may be tried for one text.
pub(super) const BACKTRACKS: usize = 100_000;

/// Largest compiled pattern, in bytes.
pub(super) const SIZE: usize = 4 << 20;

/// Longest pattern that is looked at, in bytes.
const LONGEST: usize = 8 << 10;

/// The pattern in a form that the engine takes; as it is, if that does.
pub(crate) fn usable(pattern: &str) -> Option<String> {
    if pattern.len() > LONGEST {
        return None;
    }
    // `/…/` would be taken, but as slashes that no text has.
    let bare = delimited(pattern);
    let written = bare.as_deref().unwrap_or(pattern);
    if compiles(written) {
        return Some(written.to_owned());
    }
    // Java's and Perl's word for the end, where a line break may follow.
    let perl = written.replace(r"\Z", "$");
    compiles(&perl).then_some(perl)
}

fn delimited(pattern: &str) -> Option<String> {
    let (body, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    // A path such as `/a/b` is no delimited pattern: flags are few and known, and the body is anchored.
    let known = flags.chars().all(|flag| "gimsu".contains(flag));
    if !known || !(body.starts_with('^') || body.ends_with('$')) {
        return None;
    }
    Some(if flags.contains('i') { format!("(?i){body}") } else { body.to_owned() })
}

fn compiles(pattern: &str) -> bool {
    super::compile::options().build(&json!({ "pattern": pattern })).is_ok()
}

#[cfg(test)]
mod tests {
    use super::usable;
    use serde_json::json;

    /// The kinds of pattern that published contracts hold, each with a text that matches and one that does not.
    #[test]
    fn every_kind_of_published_pattern_means_what_its_author_meant() {
        for (pattern, yes, no) in [
            ("^(?=.*[a-z])(?=.*[0-9]).{4,}$", "ab12", "abcd"),
            ("^(?!sys_)[a-z_]+$", "user", "sys_user"),
            ("^[a-z]+(?<!_id)$", "name", "a_id"),
            ("(?<=v)[0-9]+$", "v12", "x12"),
            (r"^\p{Alnum}+$", "aB3", "a-b"),
            (r"^[\p{Print}]+$", "a b!", "\u{7}"),
            (r"^\p{Graph}+$", "a!", "a b"),
            (r"^\p{IsLetter}+$", "Zoé", "a1"),
            (r"^\p{L}+$", "Zoé", "1"),
            ("/^[a-z]+$/i", "ABC", "1"),
            ("/^[a-z]+$/", "abc", "/abc/"),
            ("(?i)^yes$", "YES", "no"),
            (r"\A[a-z]+\z", "abc", "abc1"),
            (r"^[a-z]+\Z", "abc", "abc1"),
            (r"^(a|b)\1$", "aa", "ab"),
            (r"^[\u0041-\u005A]+$", "ABC", "abc"),
            (r"^[a-z\_\-]+$", "a_b-c", "a b"),
            (r"^\/v\d+$", "/v1", "/vx"),
            (r"^\w{1,255}$", "name", "a b"),
            (r"^[\s\S]{1,1000}$", "x", ""),
            ("^.{0,2048}$", "x", &"y".repeat(2049)),
            ("b+", "abc", "ac"),
        ] {
            let usable = usable(pattern).unwrap_or_else(|| panic!("`{pattern}` is not taken"));
            let schema = crate::schema::compile::options().build(&json!({ "pattern": usable })).unwrap();
            assert!(schema.is_valid(&json!(yes)), "{pattern} as {usable}: {yes}");
            assert!(!schema.is_valid(&json!(no)), "{pattern} as {usable}: {no}");
        }
    }

    #[test]
    fn patterns_of_published_contracts_are_made_fit() {
        for (pattern, expected) in [
            ("^[a-z]+$", Some("^[a-z]+$")),
            (r"^\d{3}\-\d$", Some(r"^\d{3}\-\d$")),
            ("^(?!a).*$", Some("^(?!a).*$")),
            ("/^[a-z]+$/i", Some("(?i)^[a-z]+$")),
            (r"^\p{Print}+\Z", Some(r"^\p{Print}+$")),
            ("/a/b", Some("/a/b")),
            ("(", None),
            ("^.{0,262144}$", None),
        ] {
            assert_eq!(usable(pattern).as_deref(), expected, "{pattern}");
        }
    }
}
