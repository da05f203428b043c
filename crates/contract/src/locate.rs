//! Finding where pointers stand in a document's text, many of them in one scan.
//!
//! Nothing is kept of positions while a document is loaded: they are wanted for a few places out of
//! millions, and the text is still there.

mod json;
mod wanted;
mod yaml;

use crate::{Pointer, Span, Syntax};
use wanted::Wanted;

/// Where each pointer stands: the member's key if it has one, else the value. One scan.
pub(crate) fn spans(text: &str, syntax: Syntax, pointers: &[Pointer]) -> Vec<Option<Span>> {
    let mut wanted = Wanted::new(pointers);
    match syntax {
        Syntax::Json => json::scan(text, &mut wanted),
        Syntax::Yaml => yaml::scan(text, &mut wanted),
    }
    wanted.into_spans(pointers.len())
}

/// Where one pointer stands; the beginning, where it leads nowhere or means the whole, which is no place to point at.
pub(crate) fn span(text: &str, syntax: Syntax, pointer: &Pointer) -> Span {
    let found = spans(text, syntax, std::slice::from_ref(pointer)).pop().flatten();
    found.filter(|_| !pointer.as_str().is_empty()).unwrap_or_default()
}

/// The line (from 1) of each pointer; 0 where it leads nowhere.
pub(crate) fn lines(text: &str, syntax: Syntax, pointers: &[Pointer]) -> Vec<u32> {
    let mut found: Vec<(usize, usize)> = spans(text, syntax, pointers)
        .into_iter()
        .enumerate()
        .filter_map(|(index, span)| Some((span?.start, index)))
        .collect();
    found.sort_unstable();
    let mut lines = vec![0; pointers.len()];
    let (mut line, mut upto) = (1_u32, 0);
    for (start, index) in found {
        let start = start.min(text.len());
        let passed = memchr::memchr_iter(b'\n', &text.as_bytes()[upto..start]).count();
        line = line.saturating_add(u32::try_from(passed).unwrap_or(u32::MAX));
        upto = start;
        lines[index] = line;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{lines, spans};
    use crate::{Pointer, Syntax};

    fn check(text: &str, syntax: Syntax, pointer: &str, expected: Option<&str>, line: u32) {
        let pointers = [Pointer::parse(pointer).unwrap()];
        let found = spans(text, syntax, &pointers)[0].map(|span| &text[span.start..span.end]);
        assert_eq!(found, expected, "{pointer} in {text}");
        assert_eq!(lines(text, syntax, &pointers), [line], "{pointer} in {text}");
    }

    #[test]
    fn a_pointer_in_json_is_found_by_its_key() {
        let text = "{\n \"a\": {\"x\\u002fy\": [1,\n {\"z\": \"}\\\"\"}]},\n \"b\": 2}";
        check(text, Syntax::Json, "/a", Some("\"a\""), 2);
        check(text, Syntax::Json, "/a/x~1y", Some("\"x\\u002fy\""), 2);
        check(text, Syntax::Json, "/a/x~1y/1", Some("{\"z\": \"}\\\"\"}"), 3);
        check(text, Syntax::Json, "/a/x~1y/1/z", Some("\"z\""), 3);
        check(text, Syntax::Json, "/b", Some("\"b\""), 4);
        check(text, Syntax::Json, "/c", None, 0);
    }

    #[test]
    fn a_pointer_in_yaml_is_found_by_its_key() {
        let text = "a:\n  é: x\n  \"200\":\n    - 1\n    - z: 3\nb: &t {q: 1}\nc: *t\nd:\n  <<: *t\n";
        check(text, Syntax::Yaml, "/a/é", Some("é"), 2);
        check(text, Syntax::Yaml, "/a/200", Some("\"200\""), 3);
        check(text, Syntax::Yaml, "/a/200/1/z", Some("z"), 5);
        check(text, Syntax::Yaml, "/a/200/0", Some("1"), 4);
        check(text, Syntax::Yaml, "/b/q", Some("q"), 6);
        check(text, Syntax::Yaml, "/c/q", Some("c"), 7);
        check(text, Syntax::Yaml, "/d/q", Some("<<"), 9);
        check(text, Syntax::Yaml, "/x", None, 0);
    }
}
