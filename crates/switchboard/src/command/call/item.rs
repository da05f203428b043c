//! Items: `name=value`, `name:=json`, `name==value`, `Name:value`, `name@file`, `@body.json`.
//!
//! HTTPie's grammar: the leftmost separator wins, the longest where several begin at one place; a
//! backslash takes a separator's meaning away. A name that the contract knows exactly wins over both.

use crate::exit::Failure;

/// One item of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// `name=text`: the contract decides where it goes; without one, a JSON string of the body.
    Value(String, Text),
    /// `name:=json`: the same, with the JSON as it is.
    Json(String, Text),
    /// `name==text`: into the query.
    Query(String, Text),
    /// `Name:text`: a header field.
    Field(String, Text),
    /// `Name;`: a header field without a value.
    EmptyField(String),
    /// `Name:`: no such header field.
    NoField(String),
    /// `name@file`: a file part, with its media type if it was given.
    File(String, String, Option<String>),
    /// `@file`, `@-`: the whole body.
    Body(String),
}

/// A text that stands there, or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// As it stands.
    Here(String),
    /// In this file; `-` is standard input.
    In(String),
}

/// Separators, longest first: the first that fits at a place is the longest.
const SEPARATORS: [&str; 10] = [":=@", "==@", ":=", "==", "=@", ":@", "=", "@", ":", ";"];

impl Item {
    /// Reads one item. `known` are the names of the contract, if there is one.
    pub(crate) fn read(token: &str, known: &[&str]) -> Result<Self, Failure> {
        let (name, separator, value) = split(token, known).ok_or_else(|| {
            Failure::usage(format!("`{token}` is no item")).help(
                "write `name=value`, `name:=json`, `name==query`, `Name:header`, `name@file` or `@body.json`",
            )
        })?;
        if name.is_empty() && separator != "@" {
            return Err(Failure::usage(format!("`{token}` has no name before `{separator}`")));
        }
        let here = |value: &str| Text::Here(value.to_owned());
        let file = |value: &str| Text::In(value.to_owned());
        Ok(match separator {
            "=" => Self::Value(name, here(&value)),
            "=@" => Self::Value(name, file(&value)),
            ":=" => Self::Json(name, here(&value)),
            ":=@" => Self::Json(name, file(&value)),
            "==" => Self::Query(name, here(&value)),
            "==@" => Self::Query(name, file(&value)),
            ":@" => Self::Field(name, file(&value)),
            ":" if value.is_empty() => Self::NoField(name),
            ":" => Self::Field(name, here(&value)),
            ";" => Self::EmptyField(name),
            _ if value.is_empty() => {
                return Err(Failure::usage(format!("`{token}` names no file after `@`")));
            }
            _ if name.is_empty() => Self::Body(value),
            _ => match value.split_once(";type=") {
                Some((path, media)) => Self::File(name, path.to_owned(), Some(media.to_owned())),
                None => Self::File(name, value, None),
            },
        })
    }

    /// Whether it makes a body.
    pub(crate) fn is_body(&self) -> bool {
        matches!(self, Self::Value(..) | Self::Json(..) | Self::File(..) | Self::Body(_))
    }
}

fn split(token: &str, known: &[&str]) -> Option<(String, &'static str, String)> {
    let exact = known
        .iter()
        .filter_map(|name| Some((*name, separator_at(token.strip_prefix(*name)?)?)))
        .filter(|(name, _)| !name.is_empty())
        .max_by_key(|(name, _)| name.len());
    if let Some((name, separator)) = exact {
        return Some((name.to_owned(), separator, token[name.len() + separator.len()..].to_owned()));
    }
    let mut name = String::new();
    let mut rest = token;
    while let Some(letter) = rest.chars().next() {
        if let Some(separator) = separator_at(rest) {
            return Some((name, separator, unescaped(&rest[separator.len()..])));
        }
        let (letters, length) = letter_of(rest, letter);
        name.push_str(letters);
        rest = &rest[length..];
    }
    None
}

/// A value without the backslashes before separators.
fn unescaped(mut rest: &str) -> String {
    let mut value = String::with_capacity(rest.len());
    while let Some(letter) = rest.chars().next() {
        let (letters, length) = letter_of(rest, letter);
        value.push_str(letters);
        rest = &rest[length..];
    }
    value
}

/// The letter at the start of `rest`, and its length there; after a backslash a separator is a letter, and any other pair
/// stays as it is: a nested name reads its brackets itself.
fn letter_of(rest: &str, letter: char) -> (&str, usize) {
    let length = letter.len_utf8();
    let escaped = rest[length..].chars().next().filter(|_| letter == '\\');
    match escaped {
        Some(escaped) if ":;=@".contains(escaped) => (&rest[length..=length], length + 1),
        Some(escaped) => (&rest[..length + escaped.len_utf8()], length + escaped.len_utf8()),
        None => (&rest[..length], length),
    }
}

fn separator_at(rest: &str) -> Option<&'static str> {
    let found = SEPARATORS.into_iter().find(|separator| rest.starts_with(separator))?;
    // `;` means something only at the end: `a;b=c` is a name with a semicolon.
    (found != ";" || rest == ";").then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Item, Text};

    fn here(text: &str) -> Text {
        Text::Here(text.to_owned())
    }

    #[test]
    fn items_are_read_as_httpie_reads_them() {
        let file = |text: &str| Text::In(text.to_owned());
        for (token, expected) in [
            ("a=1", Item::Value("a".into(), here("1"))),
            ("a=", Item::Value("a".into(), here(""))),
            ("a:=1", Item::Json("a".into(), here("1"))),
            ("a==1", Item::Query("a".into(), here("1"))),
            ("a=b=c", Item::Value("a".into(), here("b=c"))),
            ("url=http://x:1/?a==b", Item::Value("url".into(), here("http://x:1/?a==b"))),
            ("X-Thing:a=b", Item::Field("X-Thing".into(), here("a=b"))),
            ("X-Thing:", Item::NoField("X-Thing".into())),
            ("X-Thing;", Item::EmptyField("X-Thing".into())),
            ("a;b=c", Item::Value("a;b".into(), here("c"))),
            ("a=@f.txt", Item::Value("a".into(), file("f.txt"))),
            ("a:=@f.json", Item::Json("a".into(), file("f.json"))),
            ("a==@f", Item::Query("a".into(), file("f"))),
            ("a:@f", Item::Field("a".into(), file("f"))),
            ("a@f.png", Item::File("a".into(), "f.png".into(), None)),
            ("a@f.png;type=image/png", Item::File("a".into(), "f.png".into(), Some("image/png".into()))),
            ("@-", Item::Body("-".into())),
            ("@b.json", Item::Body("b.json".into())),
            (r"a\=b=c", Item::Value("a=b".into(), here("c"))),
            (r"a\:b:c", Item::Field("a:b".into(), here("c"))),
            (r"a\nb=c", Item::Value(r"a\nb".into(), here("c"))),
            (r"a\\b=c", Item::Value(r"a\\b".into(), here("c"))),
            (r"a=b\=c\d\", Item::Value("a".into(), here(r"b=c\d\"))),
            ("a[b][]=x", Item::Value("a[b][]".into(), here("x"))),
            ("ä=ö", Item::Value("ä".into(), here("ö"))),
        ] {
            assert_eq!(Item::read(token, &[]).unwrap(), expected, "{token}");
        }
    }

    #[test]
    fn what_is_no_item_is_said() {
        for token in ["", "abc", "=1", ":x", "a@", "@", "a;b"] {
            assert!(Item::read(token, &[]).is_err(), "{token}");
        }
    }

    #[test]
    fn a_name_of_the_contract_wins_over_a_separator_in_it() {
        let known = ["filter[a:b]", "filter", "X"];
        assert_eq!(
            Item::read("filter[a:b]=1", &known).unwrap(),
            Item::Value("filter[a:b]".into(), here("1"))
        );
        assert_eq!(Item::read("filter=1", &known).unwrap(), Item::Value("filter".into(), here("1")));
    }
}
