//! A JSON body in lines, each with the places that a finding points at.
//!
//! Only white space is changed: numbers and strings keep their spelling. What is no JSON (cut, or another
//! language) gives `None` and is shown as it is. Source: RFC 8259 §2; RFC 6901 for the places.

use serde::de::IgnoredAny;

/// One line, and which of the places stand on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// Indexes into the places asked for.
    pub(crate) marks: Vec<usize>,
}

/// The lines of `body`. A place that is not there is marked at the nearest one around it that is.
pub(crate) fn lines(body: &str, places: &[&str]) -> Option<Vec<Line>> {
    // From here on the text is known to be JSON, at most 128 deep.
    serde_json::from_str::<IgnoredAny>(body).ok()?;
    let mut printer = Printer {
        done: Vec::new(),
        line: String::new(),
        open: Vec::new(),
        at: String::new(),
        starts: Vec::new(),
    };
    printer.print(body);
    let Printer { done, starts, .. } = printer;
    let mut lines: Vec<Line> = done.into_iter().map(|text| Line { text, marks: Vec::new() }).collect();
    for (index, place) in places.iter().enumerate() {
        let nearest = starts
            .iter()
            .filter(|(at, _)| {
                *place == at || place.strip_prefix(at.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
            .max_by_key(|(at, _)| at.len());
        if let Some(line) = nearest.and_then(|(_, line)| lines.get_mut(*line)) {
            line.marks.push(index);
        }
    }
    Some(lines)
}

struct Printer {
    done: Vec<String>,
    line: String,
    /// What is open: the element that comes next (an array), or none (an object), and the pointer's length outside.
    open: Vec<(Option<usize>, usize)>,
    at: String,
    /// Where each value begins: pointer and line.
    starts: Vec<(String, usize)>,
}

impl Printer {
    fn print(&mut self, body: &str) {
        let mut rest = body.trim_start();
        // An object's string is a name unless a colon came before it.
        let mut after_colon = false;
        while let Some(first) = rest.chars().next() {
            let token = match first {
                '"' => string(rest),
                '{' | '}' | '[' | ']' | ',' | ':' => &rest[..1],
                _ => &rest[..rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len())],
            };
            rest = rest[token.len()..].trim_start();
            let in_object = self.open.last().is_some_and(|(next, _)| next.is_none());
            match first {
                ':' => {
                    self.line.push_str(": ");
                    after_colon = true;
                    continue;
                }
                ',' => {
                    self.line.push(',');
                    self.newline();
                    self.step();
                }
                '{' | '[' => {
                    self.value(token);
                    if rest.starts_with(['}', ']']) {
                        self.line.push_str(&rest[..1]);
                        rest = rest[1..].trim_start();
                    } else {
                        self.open.push(((first == '[').then_some(0), self.at.len()));
                        self.newline();
                        if first == '[' {
                            self.at.push_str("/0");
                        }
                    }
                }
                '}' | ']' => {
                    if let Some((_, outside)) = self.open.pop() {
                        self.at.truncate(outside);
                    }
                    self.newline();
                    self.line.push_str(token);
                }
                '"' if in_object && !after_colon => {
                    let name: String = serde_json::from_str(token).unwrap_or_default();
                    self.at.push('/');
                    self.at.push_str(&name.replace('~', "~0").replace('/', "~1"));
                    self.line.push_str(token);
                }
                _ => self.value(token),
            }
            after_colon = false;
        }
        self.done.push(std::mem::take(&mut self.line));
    }

    fn value(&mut self, token: &str) {
        self.starts.push((self.at.clone(), self.done.len()));
        self.line.push_str(token);
    }

    /// After a comma: the next element, or the next name.
    fn step(&mut self) {
        if let Some((next, outside)) = self.open.last_mut() {
            self.at.truncate(*outside);
            if let Some(next) = next {
                *next += 1;
                let next = next.to_string();
                self.at.push('/');
                self.at.push_str(&next);
            }
        }
    }

    fn newline(&mut self) {
        self.done.push(std::mem::replace(&mut self.line, "  ".repeat(self.open.len())));
    }
}

/// The string at the beginning of `text`, with its quotes.
fn string(text: &str) -> &str {
    let mut escaped = false;
    for (place, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return &text[..=place],
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::lines;

    fn shown(body: &str, places: &[&str]) -> Option<String> {
        let mut text = String::new();
        for line in lines(body, places)? {
            text.push_str(&line.text);
            for mark in &line.marks {
                text.extend([" <", &mark.to_string(), ">"]);
            }
            text.push('\n');
        }
        Some(text)
    }

    #[test]
    fn a_body_is_indented_and_marked() {
        let body =
            r#" {"items":[{"id":1,"total":"12.50"},{"id":2}],"a/b":{},"n":1.0e5,"t":"x:\",}","e":[]} "#;
        let expected = "\
{
  \"items\": [
    {
      \"id\": 1,
      \"total\": \"12.50\" <0>
    },
    { <2>
      \"id\": 2
    }
  ],
  \"a/b\": {}, <1>
  \"n\": 1.0e5,
  \"t\": \"x:\\\",}\",
  \"e\": []
}
";
        let places = ["/items/0/total", "/a~1b", "/items/1/total"];
        assert_eq!(shown(body, &places).as_deref(), Some(expected));
    }

    #[test]
    fn every_json_text_keeps_its_tokens() {
        for body in
            ["1", "\"a\"", "null", "[]", "{}", "[[1,[2,{\"a\":[]}]],3]", "{\"\":{\"\":1}}", "\"ä\\u00e9\""]
        {
            let shown = shown(body, &[]).unwrap();
            let bare: String = shown.chars().filter(|letter| !letter.is_whitespace()).collect();
            assert_eq!(bare, body);
        }
    }

    #[test]
    fn what_is_no_json_is_left_alone() {
        for body in ["", "{\"a\":", "<a/>", "a=b", &"[".repeat(10_000)] {
            assert_eq!(lines(body, &[""]), None);
        }
    }
}
