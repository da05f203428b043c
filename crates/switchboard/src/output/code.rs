//! A request as code: a line of shell that runs curl here, other languages in their files. Run it, and the same request is sent.

pub(crate) mod go;
pub(crate) mod har;
pub(crate) mod httpie;
pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod recipe;
pub(crate) mod rust;

use std::borrow::Cow;

/// One argument: written as it is, or within double quotes so that the shell fills variables in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Text that must arrive as it is.
    Plain(String),
    /// Text before and after a reference such as `$WEATHER_KEY`.
    Filled(String, String, String),
}

impl Word {
    /// Text that must arrive as it is.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::Plain(text.into())
    }

    fn quoted(&self) -> Cow<'_, str> {
        match self {
            Self::Plain(text) => shell_words::quote(text),
            Self::Filled(before, reference, after) => {
                format!("\"{}{reference}{}\"", within_quotes(before), within_quotes(after)).into()
            }
        }
    }
}

/// `curl` with these options, each on a line of its own.
pub(crate) fn curl(url: &Word, options: &[(&str, Option<Word>)]) -> String {
    let mut line = format!("curl {}", url.quoted());
    for (flag, value) in options {
        line.push_str(" \\\n  ");
        line.push_str(flag);
        if let Some(value) = value {
            line.push(' ');
            line.push_str(&value.quoted());
        }
    }
    line
}

/// What would end a double-quoted text or be filled in by the shell (POSIX.1-2017, Shell, §2.2.3).
fn within_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Word, curl};

    #[test]
    fn a_line_can_be_pasted() {
        let line = curl(
            &Word::plain("http://a.example/?q=it's&x"),
            &[
                ("-X", Some(Word::plain("PUT"))),
                ("-H", Some(Word::Filled("X-Key: ".into(), "$KEY".into(), "\"$`".into()))),
                ("-i", None),
            ],
        );
        assert_eq!(
            line,
            "curl 'http://a.example/?q=it'\\''s&x' \\\n  -X PUT \\\n  -H \"X-Key: $KEY\\\"\\$\\`\" \\\n  -i"
        );
    }
}
