//! `switchboard log diff A B`: two calls side by side: status, fields, bodies by their JSON structure, times.

use super::ledgers::Ledgers;
use super::{call_id, line};
use crate::arguments::Global;
use crate::exit::{Exit, Failure};
use exchange::{CallRecord, Detail, Message};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// More differences than this are counted only.
const MOST: usize = 200;
/// How much of a value is shown.
const SHOWN: usize = 80;
/// Fields that differ in every answer: named, not shown.
const VOLATILE: &[&str] =
    &["date", "age", "x-request-id", "content-length", "set-cookie", "etag", "last-modified"];

/// Arguments of `log diff`.
#[derive(Debug, clap::Args)]
pub(super) struct Compare {
    /// The one call, `c_…`
    a: String,
    /// The other
    b: String,
    /// Print JSON
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

/// One difference.
#[derive(Debug, PartialEq, Eq)]
struct Difference {
    /// `request` or `response`.
    message: &'static str,
    /// `line`, `field NAME`, or a JSON pointer into the body (RFC 6901).
    place: String,
    a: Option<String>,
    b: Option<String>,
}

impl Compare {
    /// Runs it.
    pub(super) async fn run(&self, ledgers: &Ledgers, global: &Global) -> Result<Exit, Failure> {
        let a = ledgers.find(call_id(&self.a)?).await?;
        let b = ledgers.find(call_id(&self.b)?).await?;
        let (mut found, mut notes) = (Vec::new(), Vec::new());
        match (&a.1, &b.1) {
            (Some(one), Some(other)) => {
                for (name, one, other) in
                    [("request", &one.request, &other.request), ("response", &one.response, &other.response)]
                {
                    messages(name, one.as_ref(), other.as_ref(), &mut found, &mut notes);
                }
            }
            _ => notes
                .push("heads and bodies of both were not kept: see `details` under `[record]`".to_owned()),
        }
        let terminal = global.terminal();
        if self.format == "json" {
            terminal.line(as_json(&a, &b, &found, &notes).to_string());
        } else {
            terminal.data(text(&a, &b, &found, &notes, terminal.colour_out));
        }
        Ok(Exit::Ok)
    }
}

/// What differs between two messages.
fn messages(
    name: &'static str,
    a: Option<&Message>,
    b: Option<&Message>,
    found: &mut Vec<Difference>,
    notes: &mut Vec<String>,
) {
    let (Some(a), Some(b)) = (a, b) else {
        if a.is_some() != b.is_some() {
            notes.push(format!("only one of them has a {name}"));
        }
        return;
    };
    let mut add = |place: String, a: Option<String>, b: Option<String>| {
        if a != b {
            found.push(Difference { message: name, place, a, b });
        }
    };
    add("line".to_owned(), Some(a.line.clone()), Some(b.line.clone()));
    let all = |message: &Message, name: &str| {
        let of: Vec<&str> = message
            .fields
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect();
        (!of.is_empty()).then(|| of.join(", "))
    };
    let mut names: Vec<&String> = a.fields.iter().chain(&b.fields).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let mut volatile = Vec::new();
    for field in names {
        let (one, other) = (all(a, field), all(b, field));
        if one != other && one.is_some() && other.is_some() && VOLATILE.contains(&field.as_str()) {
            volatile.push(field.as_str());
        } else {
            add(format!("field {field}"), one, other);
        }
    }
    if !volatile.is_empty() {
        notes.push(format!("of the {name} also differ: {}", volatile.join(", ")));
    }
    match (serde_json::from_str::<Value>(&a.body), serde_json::from_str::<Value>(&b.body)) {
        (Ok(one), Ok(other)) => values(String::new(), &one, &other, &mut add),
        _ if a.body != b.body => {
            let differs = a.body.lines().zip(b.body.lines()).position(|(one, other)| one != other);
            let nth = differs.unwrap_or_else(|| a.body.lines().count().min(b.body.lines().count()));
            let of = |body: &str| body.lines().nth(nth).map(str::to_owned);
            add(format!("body, line {}", nth + 1), of(&a.body), of(&b.body));
        }
        _ if a.size != b.size => {
            add("length of the body".to_owned(), Some(a.size.to_string()), Some(b.size.to_string()));
        }
        _ => {}
    }
    if a.cut || b.cut {
        notes.push(format!("of the {name}'s body only the beginning was kept, or none of it"));
    }
}

/// What differs between two values, by pointer: members by name, elements of lists after what is alike at both ends.
fn values(at: String, a: &Value, b: &Value, add: &mut impl FnMut(String, Option<String>, Option<String>)) {
    if a == b {
        return;
    }
    match (a, b) {
        (Value::Object(one), Value::Object(other)) => {
            for (name, value) in one {
                let at = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                match other.get(name) {
                    Some(theirs) => values(at, value, theirs, add),
                    None => add(at, Some(value.to_string()), None),
                }
            }
            for (name, value) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                add(
                    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")),
                    None,
                    Some(value.to_string()),
                );
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            let before = one.iter().zip(other).take_while(|(one, other)| one == other).count();
            let rest = one.len().min(other.len()) - before;
            let after = one
                .iter()
                .rev()
                .zip(other.iter().rev())
                .take(rest)
                .take_while(|(one, other)| one == other)
                .count();
            let (one_end, other_end) = (one.len() - after, other.len() - after);
            for nth in before..one_end.max(other_end) {
                let (mine, theirs) =
                    (one.get(nth).filter(|_| nth < one_end), other.get(nth).filter(|_| nth < other_end));
                match (mine, theirs) {
                    (Some(mine), Some(theirs)) => values(format!("{at}/{nth}"), mine, theirs, add),
                    (mine, theirs) => {
                        add(format!("{at}/{nth}"), mine.map(Value::to_string), theirs.map(Value::to_string));
                    }
                }
            }
        }
        (a, b) => add(at, Some(a.to_string()), Some(b.to_string())),
    }
}

type Call = (CallRecord, Option<Detail>);

fn text(a: &Call, b: &Call, found: &[Difference], notes: &[String], colour: bool) -> String {
    let (red, green, off) = if colour { ("\x1b[31m", "\x1b[32m", "\x1b[0m") } else { ("", "", "") };
    let mut out = format!("- {}+ {}", line::text(&a.0, colour), line::text(&b.0, colour));
    let mut rows = vec![vec!["  took".to_owned(), line::took(a.0.took_us), line::took(b.0.took_us)]];
    for (part, one, other) in times(a, b) {
        rows.push(vec![format!("  {part}"), line::took(one), line::took(other)]);
    }
    out.push('\n');
    out.push_str(&crate::output::aligned(rows));
    let mut last = "";
    for difference in found.iter().take(MOST) {
        if last != difference.message {
            last = difference.message;
            let _ = writeln!(out, "\n  {last}");
        }
        let place = if difference.place.is_empty() { "the whole body" } else { &difference.place };
        let _ = writeln!(out, "  {place}");
        for (sign, on, value) in [('-', red, &difference.a), ('+', green, &difference.b)] {
            if let Some(value) = value {
                let _ = writeln!(out, "    {on}{sign} {}{off}", cut(value));
            }
        }
    }
    if found.len() > MOST {
        let _ = writeln!(out, "  … and {} more", found.len() - MOST);
    }
    if found.is_empty() && notes.is_empty() {
        out.push_str("\n  nothing else differs\n");
    }
    for note in notes {
        let _ = writeln!(out, "  {note}");
    }
    out
}

/// Where the time of both went.
fn times(a: &Call, b: &Call) -> Vec<(String, u64, u64)> {
    let of = |call: &Call, part: &str| {
        let timing = call.1.iter().flat_map(|detail| &detail.timing).find(|timing| timing.part == part);
        timing.map_or(0, |timing| timing.took_us)
    };
    let mut parts: Vec<&str> = Vec::new();
    for timing in [a, b].into_iter().filter_map(|call| call.1.as_ref()).flat_map(|detail| &detail.timing) {
        if !parts.contains(&timing.part.as_str()) {
            parts.push(&timing.part);
        }
    }
    parts.into_iter().map(|part| (part.to_owned(), of(a, part), of(b, part))).collect()
}

fn cut(value: &str) -> String {
    let shown: String = value.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    if value.chars().count() > SHOWN { format!("{shown}…") } else { shown }
}

fn as_json(a: &Call, b: &Call, found: &[Difference], notes: &[String]) -> Value {
    let difference =
        |one: &Difference| json!({ "message": one.message, "place": one.place, "a": one.a, "b": one.b });
    json!({
        "a": line::as_json(&a.0),
        "b": line::as_json(&b.0),
        "timing": times(a, b).iter().map(|(part, a, b)| json!({ "part": part, "a_us": a, "b_us": b })).collect::<Vec<_>>(),
        "differences": found.iter().map(difference).collect::<Vec<_>>(),
        "notes": notes,
    })
}

#[cfg(test)]
mod tests {
    use super::values;
    use serde_json::json;

    #[test]
    fn values_are_compared_by_their_structure() {
        for (a, b, expected) in [
            (json!({"a": 1}), json!({"a": 1}), vec![]),
            (json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), vec!["/a/b 1 2"]),
            (json!({"x/y": 1}), json!({"z~": 2}), vec!["/x~1y 1 -", "/z~0 - 2"]),
            (json!([1, 2, 3]), json!([0, 1, 2, 3]), vec!["/0 - 0"]),
            (json!([1, 2, 3]), json!([1, 3]), vec!["/1 2 -"]),
            (json!([{"a": 1}, 2]), json!([{"a": 2}, 2]), vec!["/0/a 1 2"]),
            (json!(1), json!([1]), vec![" 1 [1]"]),
        ] {
            let mut found = Vec::new();
            values(String::new(), &a, &b, &mut |at, a, b| {
                let of = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
                found.push(format!("{at} {} {}", of(a), of(b)));
            });
            assert_eq!(found, expected, "{a} {b}");
        }
    }
}
