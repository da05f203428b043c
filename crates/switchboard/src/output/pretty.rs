//! JSON laid out for reading, without reading it into values: numbers, duplicates and order stay as they came.

/// Lays a JSON text out over lines, two spaces a level; `coloured` adds ANSI colours. The text must be valid JSON.
pub(crate) fn laid_out(text: &str, coloured: bool) -> String {
    let mut layout = Layout { out: String::with_capacity(text.len() * 2), level: 0, coloured };
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '[' | '}' | ']' | ',' | ':' => 1,
            letter if letter.is_ascii_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            _ => rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length.max(first.len_utf8()));
        layout.token(first, token, after.trim_start());
        rest = after;
        if matches!(first, '{' | '[') && rest.trim_start().starts_with(['}', ']']) {
            // An empty one stays on its line.
            rest = rest.trim_start();
            layout.out.push_str(&rest[..1]);
            layout.level = layout.level.saturating_sub(1);
            rest = &rest[1..];
        }
    }
    layout.out
}

struct Layout {
    out: String,
    level: usize,
    coloured: bool,
}

impl Layout {
    fn token(&mut self, first: char, token: &str, after: &str) {
        match first {
            '{' | '[' => {
                self.out.push_str(token);
                self.level += 1;
                if !after.starts_with(['}', ']']) {
                    self.line();
                }
            }
            '}' | ']' => {
                self.level = self.level.saturating_sub(1);
                self.line();
                self.out.push_str(token);
            }
            ',' => {
                self.out.push(',');
                self.line();
            }
            ':' => self.out.push_str(": "),
            '"' if after.starts_with(':') => self.paint("1;34", token),
            '"' => self.paint("32", token),
            't' | 'f' => self.paint("33", token),
            'n' => self.paint("2", token),
            _ => self.paint("36", token),
        }
    }

    fn line(&mut self) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n("  ", self.level.min(64)));
    }

    fn paint(&mut self, colour: &str, token: &str) {
        if self.coloured {
            self.out.extend(["\x1b[", colour, "m", token, "\x1b[0m"]);
        } else {
            self.out.push_str(token);
        }
    }
}

/// Bytes of the string that `text` begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn a_document_is_laid_out_and_nothing_of_it_changes() {
        let text = r#"{"a":[1.10,{"b":"x\"}{,:"},[], {} ,null],"a":12345678901234567890123,"ä":true}"#;
        let expected = "{\n  \"a\": [\n    1.10,\n    {\n      \"b\": \"x\\\"}{,:\"\n    },\n    [],\n    {},\n    null\n  ],\n  \"a\": 12345678901234567890123,\n  \"ä\": true\n}";
        assert_eq!(laid_out(text, false), expected);
        assert_eq!(laid_out(expected, false), expected);
        assert_eq!(laid_out(" 7 ", false), "7");
    }

    #[test]
    fn colours_are_added_only_where_asked_for() {
        assert_eq!(laid_out(r#"{"a":1}"#, true), "{\n  \x1b[1;34m\"a\"\x1b[0m: \x1b[36m1\x1b[0m\n}");
    }

    #[test]
    fn what_is_no_json_is_no_panic() {
        for text in ["{", "]]]", "\"abc", "{]", "ä", "[ ", "\\"] {
            let _ = laid_out(text, true);
        }
    }
}
