//! Where a bracket, a brace or a quote of a file that is no TOML opens and is not closed.
//!
//! A parser notices that much later, often tables away. A person looks for the place where it opens. Strings, comments and
//! headers are read as TOML reads them (TOML 1.0); what else may be wrong is the parser's to say.

/// What is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unclosed {
    /// Where it opens, in bytes.
    pub(crate) at: usize,
    /// As it is written: `[`.
    pub(crate) opens: &'static str,
    /// What closes it.
    pub(crate) closes: &'static str,
}

/// The first one. `None`: all that opens is closed.
pub(crate) fn find(text: &str) -> Option<Unclosed> {
    let mut open: Vec<Unclosed> = Vec::new();
    let mut at = 0;
    let mut begins = true;
    while let Some(letter) = text.as_bytes().get(at) {
        let rest = text.get(at..).unwrap_or_default();
        if begins && !matches!(letter, b' ' | b'\t' | b'\r' | b'\n') {
            begins = false;
            match open.last() {
                // No list and no inline table has a line like this in it.
                Some(last) if is_header(rest) || last.opens == "[" && is_pair(rest) => return Some(*last),
                None if rest.starts_with('[') => {
                    let line = rest.lines().next().unwrap_or_default();
                    let Some(end) = end_of_header(line) else { return Some(bracket(at)) };
                    at += end;
                    continue;
                }
                _ => {}
            }
        }
        match letter {
            b'\n' => begins = true,
            b'#' => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            b'"' | b'\'' => match end_of_string(rest) {
                Ok(end) => {
                    at += end;
                    continue;
                }
                Err(quotes) => return Some(Unclosed { at, opens: quotes, closes: quotes }),
            },
            b'[' => open.push(bracket(at)),
            b'{' => open.push(Unclosed { at, opens: "{", closes: "}" }),
            b']' | b'}' => match open.pop() {
                Some(last) if last.closes.as_bytes() != [*letter] => return Some(last),
                _ => {}
            },
            _ => {}
        }
        at += 1;
    }
    open.pop()
}

const fn bracket(at: usize) -> Unclosed {
    Unclosed { at, opens: "[", closes: "]" }
}

/// Where a string ends that the text begins with; else its quotes.
fn end_of_string(text: &str) -> Result<usize, &'static str> {
    let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| text.starts_with(quotes));
    let quotes = quotes.unwrap_or("\"");
    let (escapes, lines) = (quotes.starts_with('"'), quotes.len() == 3);
    let mut at = quotes.len();
    while let Some(letter) = text.as_bytes().get(at) {
        match letter {
            b'\\' if escapes => at += 1,
            b'\n' if !lines => break,
            _ if text.as_bytes()[at..].starts_with(quotes.as_bytes()) => {
                // Quotes may stand before those that close.
                let more = text.as_bytes()[at..].iter().take_while(|next| *next == letter).count();
                return Ok(at + if lines { more } else { 1 });
            }
            _ => {}
        }
        at += 1;
    }
    Err(quotes)
}

/// Where a header ends that the line begins with.
fn end_of_header(line: &str) -> Option<usize> {
    let mut at = 1;
    while let Some(letter) = line.as_bytes().get(at) {
        match letter {
            b']' => return Some(at + 1),
            b'#' => return None,
            b'"' | b'\'' => at += end_of_string(line.get(at..)?).ok()?,
            _ => at += 1,
        }
    }
    None
}

/// `[plans.free]`: in a list a word stands in quotes.
fn is_header(rest: &str) -> bool {
    let name = rest.trim_start_matches('[');
    let word = word(name);
    let is_value = matches!(word, "true" | "false" | "inf" | "nan");
    name.len() < rest.len() && word.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_value
}

/// `auth = "key"`.
fn is_pair(rest: &str) -> bool {
    let word = word(rest);
    !word.is_empty() && rest[word.len()..].trim_start_matches([' ', '\t']).starts_with('=')
}

/// The bare keys (TOML, *Keys*) that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|letter: char| !(letter.is_ascii_alphanumeric() || "_-.".contains(letter)));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::find;
    use proptest::prelude::*;

    #[test]
    fn what_is_closed_is_not_found() {
        for text in [
            "a = [\n  \"[\", ']', # [\n  [\"x\"],\n  [true],\n]\n[b]\nc = { d = [1] }\n[[e]]\nf = \"\"\"\n[ \"x\" \\\"\"\"\"\n",
            "[a.\"b]c\".d]\nx = '''\n[y\n'''\n",
            "a = [[1], [2]]\r\n[b]\r\n",
        ] {
            assert_eq!(find(text), None, "{text}");
        }
    }

    #[test]
    fn the_one_that_opens_last_is_found() {
        for (text, at, opens) in [
            ("a = [1, [2, 3]\n[b]\n", 4, "["),
            ("a = [1, [2, 3\n]\n[b]\n", 4, "["),
            ("a = [{ b = 1 ]\n", 5, "{"),
            ("a = [\nb = 1\n", 4, "["),
            ("a = {\nb = 1\n[c]\n", 4, "{"),
            ("[a # ]\n", 0, "["),
            ("a = \"x\\\"\n", 4, "\""),
            ("a = '''x''\n[b]", 4, "'''"),
        ] {
            let found = find(text).map(|found| (found.at, found.opens));
            assert_eq!(found, Some((at, opens)), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_it_comes_to_an_end(text in "[\\[\\]{}\"'#=\\\\\n a.é]{0,80}") {
            if let Some(found) = find(&text) {
                prop_assert!(text[found.at..].starts_with(found.opens));
            }
        }
    }
}
