//! What a contract says of an operation's pages: an extension, else parameters and answer that fit each other.
//!
//! A parameter alone is no rule: `page` beside an answer that is one thing is somebody's data. Only operations that are
//! safe (RFC 9110 §9.2.1) have pages without an extension that says so.

use super::words::{self, plain};
use super::{Paging, Rule, Slot, Trail};
use crate::{Body, Codec, In, Kind, Operation, Output, Parameter, Pointer, Shape, StatusRange};
use http::Method;

/// The rule that the contract declares; none where it declares none.
pub fn declared(operation: &Operation) -> Option<Paging> {
    if let Some(paging) = &operation.paging {
        return Some(paging.clone());
    }
    if *operation.method() != Method::GET {
        return None;
    }
    let output = success(operation)?;
    let shape = &json(output)?.shape;
    let items = list(shape);
    let found = |rule, why: String, at: &Pointer| {
        Some(Paging { rule, items: items.clone(), why, at: Some(at.clone()) })
    };
    if let Some(parameter) = parameter(operation, words::CURSORS)
        && let Some((from, _)) = field(shape, words::NEXT_CURSORS, is_scalar)
        && items.is_some()
    {
        let why = format!("the answer's `{from}` goes into the parameter `{}`", parameter.name);
        return found(Rule::Cursor { into: slot(parameter), from }, why, &parameter.at);
    }
    if let Some(link) = output.fields.iter().find(|field| field.name.eq_ignore_ascii_case("link"))
        && (items.is_some() || shape.is_anything())
    {
        return found(Rule::Link, "the answer declares `Link` (RFC 8288)".to_owned(), &link.at);
    }
    items.as_ref()?;
    if let Some((from, next)) = field(shape, words::NEXT_URLS, is_address) {
        let why = format!("the answer's `{from}` is the next page's address");
        return found(Rule::Url(from), why, next.at());
    }
    let size = parameter(operation, words::SIZES);
    let beside = size.map_or_else(String::new, |size| format!(" and `{}`", size.name));
    let counted = |parameter: &Parameter| {
        matches!(parameter.shape.kind(), Kind::Integer | Kind::Number)
            // A count without a size is one too rarely to go by it; with an answer that counts pages it is.
            && (size.is_some() || field(shape, COUNTS, |_| true).is_some())
    };
    if let Some(parameter) = parameter(operation, words::OFFSETS).filter(|one| counted(one)) {
        let why = format!("parameters `{}`{beside}, and the answer is a list", parameter.name);
        let first = first(parameter, u64::from(plain(&parameter.name) == "startindex"));
        return found(Rule::Offset { into: slot(parameter), first }, why, &parameter.at);
    }
    if let Some(parameter) = parameter(operation, words::PAGES).filter(|one| counted(one)) {
        let why = format!("parameters `{}`{beside}, and the answer is a list", parameter.name);
        let first = first(parameter, u64::from(plain(&parameter.name) != "pageindex"));
        return found(Rule::Page { into: slot(parameter), first }, why, &parameter.at);
    }
    None
}

/// Fields by which an answer counts its pages.
const COUNTS: &[&str] =
    &["totalpages", "pagecount", "totalcount", "totalitems", "totalelements", "hasmore", "hasnext"];

/// The answer to a call that worked.
fn success(operation: &Operation) -> Option<&Output> {
    let rank = |output: &Output| match output.status {
        StatusRange::Exact(200) => Some(0),
        StatusRange::Exact(201..300) => Some(2),
        StatusRange::Class(2) => Some(1),
        StatusRange::Default => Some(3),
        _ => None,
    };
    operation.outputs.iter().filter(|output| rank(output).is_some()).min_by_key(|output| rank(output))
}

fn json(output: &Output) -> Option<&Body> {
    output.bodies.iter().find(|body| body.codec == Codec::Json)
}

/// The query parameter of one of these names, the likeliest name first.
fn parameter<'o>(operation: &'o Operation, names: &[&str]) -> Option<&'o Parameter> {
    let of = |name: &str| {
        operation.parameters.iter().find(|one| one.place == In::Query && inner(&plain(&one.name)) == name)
    };
    names.iter().find_map(|name| of(name))
}

/// `page[number]` and `page[size]` of JSON:API, as if they were written without the bracket.
fn inner(name: &str) -> &str {
    match name {
        "pagecursor" | "pageafter" => "cursor",
        "pageoffset" => "offset",
        "pagelimit" => "limit",
        other => other,
    }
}

fn slot(parameter: &Parameter) -> Slot {
    Slot { place: In::Query, name: parameter.name.clone() }
}

/// What a counting parameter is for the first page: its default, else the least it may be.
fn first(parameter: &Parameter, otherwise: u64) -> u64 {
    let least = || parameter.shape.word("minimum").and_then(serde_json::Value::as_u64);
    parameter.shape.default().and_then(|value| value.as_u64()).or_else(least).unwrap_or(otherwise)
}

fn is_scalar(shape: &Shape) -> bool {
    shape.is_anything() || shape.allows(Kind::String) || shape.allows(Kind::Integer)
}

fn is_address(shape: &Shape) -> bool {
    let format = shape.word("format").and_then(serde_json::Value::as_str);
    let uri = format.is_some_and(|format| ["uri", "url", "uri-reference"].contains(&format));
    let example = shape.example().and_then(|value| value.as_str().map(str::to_owned));
    let name = shape.at().tokens().last().map(|name| plain(&name)).unwrap_or_default();
    let named = ["link", "url", "uri", "href"].iter().any(|end| name.ends_with(end));
    shape.allows(Kind::String)
        && (uri || named || example.is_some_and(|text| text.starts_with("http") || text.starts_with('/')))
}

/// A member of the answer of one of these names, also where it speaks of its pages.
fn field(shape: &Shape, names: &[&str], fits: impl Fn(&Shape) -> bool + Copy) -> Option<(Trail, Shape)> {
    names.iter().find_map(|name| below(shape, &Trail::root(), name, fits, 2))
}

fn below(
    shape: &Shape,
    trail: &Trail,
    name: &str,
    fits: impl Fn(&Shape) -> bool + Copy,
    depth: u8,
) -> Option<(Trail, Shape)> {
    let members = shape.members();
    let own = members.iter().find(|member| plain(&member.name) == name && fits(&member.shape));
    if let Some(own) = own {
        return Some((trail.then(&own.name), own.shape.clone()));
    }
    let about = members.iter().filter(|member| depth > 0 && words::is_about(&member.name));
    about
        .into_iter()
        .find_map(|member| below(&member.shape, &trail.then(&member.name), name, fits, depth - 1))
}

/// Where the list stands in the answer.
fn list(shape: &Shape) -> Option<Trail> {
    if shape.kind() == Kind::Array {
        return Some(Trail::root());
    }
    let lists = |shape: &Shape| {
        let members = shape.members().iter();
        let names: Vec<&str> = members
            .filter(|member| member.shape.kind() == Kind::Array)
            .map(|member| member.name.as_str())
            .collect();
        words::the_list(&names).map(str::to_owned)
    };
    if let Some(name) = lists(shape) {
        return Some(Trail::of(&[&name]));
    }
    let wrappers = ["embedded", "data", "result", "response", "results"];
    shape
        .members()
        .iter()
        .filter(|member| wrappers.contains(&plain(&member.name).as_str()))
        .find_map(|member| Some(Trail::of(&[&member.name]).then(&lists(&member.shape)?)))
}
