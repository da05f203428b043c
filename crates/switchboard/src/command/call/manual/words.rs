//! The words of a manual page: what a value may be, which credential a scheme is, text in lines of the terminal's width.

use contract::{Kind, SchemeKind, Shape, StatusRange};
use serde_json::Value;
use std::fmt::Write as _;

/// Choices that are listed.
const CHOICES: usize = 12;
/// Members that are listed.
const MEMBERS: usize = 8;

/// The columns of a page: the terminal's, between 60 and 100; 80 where there is none.
pub(super) fn width() -> usize {
    crate::terminal::width().map_or(80, |columns| usize::from(columns).clamp(60, 100))
}

/// A kind in a word.
pub(super) fn kind(shape: &Shape) -> &'static str {
    match shape.kind() {
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Number => "number",
        Kind::String => "text",
        Kind::Array => "list",
        Kind::Object => "object",
        Kind::Any => "any",
    }
}

/// Kind, choices, bounds and default of a value.
pub(super) fn what(shape: &Shape) -> String {
    let mut words = kind(shape).to_owned();
    match shape.kind() {
        Kind::Array if !shape.items().is_anything() => {
            let items = shape.items();
            let _ = write!(words, " of {}{}", kind(&items), choices(&items));
        }
        Kind::Object => words.push_str(&members(shape)),
        _ => {}
    }
    words += &choices(shape);
    words += &bounds(&shape.limits());
    if let Some(default) = shape.default() {
        let _ = write!(words, " = {}", plain(&default));
    }
    words
}

fn choices(shape: &Shape) -> String {
    let choices = shape.choices();
    if choices.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = choices.iter().take(CHOICES).map(plain).collect();
    let more =
        if choices.len() > CHOICES { format!(", … {} in all", choices.len()) } else { String::new() };
    format!(" ({}{more})", shown.join(", "))
}

fn members(shape: &Shape) -> String {
    let members = shape.members();
    if members.is_empty() {
        return String::new();
    }
    let shown: Vec<&str> = members.iter().take(MEMBERS).map(|member| member.name.as_str()).collect();
    format!(" {{{}{}}}", shown.join(", "), if members.len() > MEMBERS { ", …" } else { "" })
}

/// Bounds in words: ` date-time`, `, 1 to 100`, `, at most 20 characters`.
fn bounds(limits: &[(&str, Value)]) -> String {
    let of = |name: &str| limits.iter().find(|(word, _)| *word == name).map(|(_, value)| value);
    let mut words = String::new();
    if let Some(format) = of("format").and_then(Value::as_str) {
        let _ = write!(words, " {format}");
    }
    // Draft 4 says with `true` that a bound itself is left out, later ones give the bound.
    let least = of("minimum").or(of("exclusiveMinimum").filter(|bound| bound.is_number()));
    let most = of("maximum").or(of("exclusiveMaximum").filter(|bound| bound.is_number()));
    let mut range = |least: Option<&Value>, most: Option<&Value>, unit: &str| {
        let _ = match (least, most) {
            (Some(least), Some(most)) if least == most => write!(words, ", {least}{unit}"),
            (Some(least), Some(most)) => write!(words, ", {least} to {most}{unit}"),
            (Some(least), None) => write!(words, ", at least {least}{unit}"),
            (None, Some(most)) => write!(words, ", at most {most}{unit}"),
            (None, None) => Ok(()),
        };
    };
    range(least, most, "");
    range(of("minLength").filter(|least| **least != 0), of("maxLength"), " characters");
    range(of("minItems").filter(|least| **least != 0), of("maxItems"), " items");
    if let Some(pattern) = of("pattern").and_then(Value::as_str).filter(|pattern| pattern.len() <= 60) {
        let _ = write!(words, ", matches {pattern}");
    }
    words
}

/// A value without the quotes of a text.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a scheme wants.
pub(super) fn scheme(kind: &SchemeKind) -> String {
    match kind {
        SchemeKind::ApiKey { place, name } => format!("a key in {place} `{name}`"),
        SchemeKind::Basic => "name and password".to_owned(),
        SchemeKind::Bearer => "a bearer token".to_owned(),
        SchemeKind::Http(scheme) => format!("`Authorization: {scheme}`"),
        SchemeKind::OAuth2(_) => "a token by OAuth 2".to_owned(),
        SchemeKind::OpenIdConnect(_) => "a token by OpenID Connect".to_owned(),
        SchemeKind::MutualTls => "a client certificate".to_owned(),
    }
}

/// Which statuses, in a word.
pub(super) fn status(range: StatusRange) -> String {
    match range {
        StatusRange::Exact(status) => status.to_string(),
        StatusRange::Class(class) => format!("{class}XX"),
        StatusRange::Default => "any other".to_owned(),
    }
}

/// The first line of a text.
pub(super) fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

/// Text in lines of the page's width, indented; empty: nothing.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    hanging(text, indent, indent)
}

/// As [`wrapped`], the first line of each paragraph indented by its own. Control characters of a contract never reach a
/// terminal; of its Markdown and HTML the words stay.
pub(super) fn hanging(text: &str, first: usize, rest: usize) -> String {
    let width = width();
    let mut page = String::new();
    for paragraph in unmarked(text).lines() {
        let item = paragraph.trim_start().starts_with(['-', '*']);
        let mut line = String::new();
        let mut indent = first;
        for word in paragraph.split_whitespace() {
            let word: String = word.chars().filter(|letter| !letter.is_control()).collect();
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width - indent {
                let _ = writeln!(page, "{:indent$}{line}", "");
                line.clear();
                indent = if item { rest + 2 } else { rest };
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += &word;
        }
        if !line.is_empty() {
            let _ = writeln!(page, "{:indent$}{line}", "");
        }
    }
    page
}

/// Markdown and HTML as plain text: `[words](address)` is `words <address>`, emphasis and tags are gone.
fn unmarked(text: &str) -> String {
    let text =
        text.replace("**", "").replace("[!NOTE]", "Note:").replace("<br>", "\n").replace("<br/>", "\n");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['[', '<']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let link = from.strip_prefix('[').and_then(|inside| {
            let (words, after) = inside.split_once("](")?;
            let (address, after) = after.split_once(')')?;
            (!words.contains(['[', ']', '\n']) && !address.contains(['(', ' ', '\n']))
                .then_some((words, address, after))
        });
        let tag = from.strip_prefix('<').and_then(|inside| {
            let (name, after) = inside.split_once('>')?;
            let name = name.trim_matches('/').split(' ').next().unwrap_or_default();
            let known = [
                "p", "b", "i", "em", "strong", "code", "pre", "ul", "li", "ol", "a", "h1", "h2", "h3",
                "span", "div",
            ];
            known.contains(&name.to_ascii_lowercase().as_str()).then_some((name, after))
        });
        match (link, tag) {
            (Some((words, address, after)), _) => {
                out.push_str(words);
                if address.contains("://") {
                    let _ = write!(out, " <{address}>");
                }
                rest = after;
            }
            (None, Some((name, after))) => {
                if matches!(name, "p" | "li" | "h1" | "h2" | "h3") {
                    out.push_str(if name == "li" { "\n- " } else { "\n" });
                }
                rest = after;
            }
            (None, None) => {
                out.push_str(&from[..1]);
                rest = &from[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{bounds, unmarked, wrapped};
    use serde_json::json;

    #[test]
    fn a_long_text_is_wrapped_and_an_escape_is_no_escape() {
        let page = wrapped(&"word ".repeat(60), 4);
        assert!(
            page.lines().count() > 2
                && page.lines().all(|line| line.len() <= 100 && line.starts_with("    w"))
        );
        assert_eq!(wrapped("a\u{1b}[31mb", 0), "a[31mb\n");
    }

    #[test]
    fn markdown_and_html_become_text() {
        for (text, expected) in [
            ("see **[the page](https://a.example/x)** now", "see the page <https://a.example/x> now"),
            ("see [below](#below)", "see below"),
            ("<p>One</p><p>two <b>b</b> a<b</p>", "\nOne\n\ntwo b a<b\n"),
            ("a [list] of <things> [x](", "a [list] of <things> [x]("),
        ] {
            assert_eq!(unmarked(text), expected);
        }
    }

    #[test]
    fn bounds_are_said_in_words() {
        for (limits, expected) in [
            (vec![("minimum", json!(1)), ("maximum", json!(100))], ", 1 to 100"),
            (vec![("format", json!("date-time"))], " date-time"),
            (vec![("minLength", json!(0)), ("maxLength", json!(20))], ", at most 20 characters"),
            (vec![("minItems", json!(2)), ("maxItems", json!(2))], ", 2 items"),
            (vec![("exclusiveMinimum", json!(true)), ("minimum", json!(0))], ", at least 0"),
        ] {
            assert_eq!(bounds(&limits), expected);
        }
    }
}
