//! Extensions by which a contract says how an operation's list comes in pages.
//!
//! `x-speakeasy-pagination` (`type`, `inputs`, `outputs` with JSON paths) and `x-ms-pageable` (`nextLinkName`, `itemName`).
//! One that cannot be understood costs itself, with a warning.

use super::{Paging, Rule, Slot, Trail};
use crate::openapi::outline::warn;
use crate::{In, Pointer, Warning};
use serde_json::{Map, Value};

/// What an Operation Object says by an extension.
pub(crate) fn of(
    operation: &Map<String, Value>,
    at: &Pointer,
    warnings: &mut Vec<Warning>,
) -> Option<Paging> {
    let mut failed = |name: &str, why: &str| {
        warnings.push(warn("paging-extension", &format!("`{name}` {why}: it is left out"), at.at(name)));
    };
    let speakeasy = "x-speakeasy-pagination";
    if let Some(Value::Object(said)) = operation.get(speakeasy) {
        match speaks(said) {
            Ok((rule, items)) => {
                let why = format!("`{speakeasy}`");
                return Some(Paging { rule, items, why, at: Some(at.at(speakeasy)) });
            }
            Err(why) => failed(speakeasy, why),
        }
    }
    let microsoft = "x-ms-pageable";
    let said = operation.get(microsoft)?.as_object()?;
    // `nextLinkName: null`: a list that comes whole.
    let next = said.get("nextLinkName").and_then(Value::as_str).filter(|name| !name.is_empty())?;
    let item = said.get("itemName").and_then(Value::as_str).unwrap_or("value");
    Some(Paging {
        rule: Rule::Url(Trail::of(&[next])),
        items: Some(Trail::of(&[item])),
        why: format!("`{microsoft}`: `{next}` is the next page's address"),
        at: Some(at.at(microsoft)),
    })
}

fn speaks(said: &Map<String, Value>) -> Result<(Rule, Option<Trail>), &'static str> {
    let output = |name: &str| {
        let path = said.get("outputs").and_then(|outputs| outputs.get(name)).and_then(Value::as_str);
        path.map(|path| Trail::read(path).ok_or("has a JSON path that cannot be followed")).transpose()
    };
    let input = |kind: &str| {
        let inputs = said.get("inputs").and_then(Value::as_array).into_iter().flatten();
        let input =
            inputs.into_iter().find(|input| input.get("type").and_then(Value::as_str) == Some(kind))?;
        let name = input.get("name")?.as_str()?.to_owned();
        let body = input.get("in").and_then(Value::as_str) == Some("requestBody");
        Some(Slot { place: if body { In::Body } else { In::Query }, name })
    };
    let items = output("results")?;
    let rule = match said.get("type").and_then(Value::as_str) {
        Some("url") => Rule::Url(output("nextUrl")?.ok_or("has no `nextUrl`")?),
        Some("cursor") => Rule::Cursor {
            into: input("cursor").ok_or("names no input that is a `cursor`")?,
            from: output("nextCursor")?.ok_or("has no `nextCursor`")?,
        },
        Some("offsetLimit") => match (input("page"), input("offset")) {
            (Some(into), _) => Rule::Page { into, first: 1 },
            (None, Some(into)) => Rule::Offset { into, first: 0 },
            (None, None) => return Err("names no input that is a `page` or an `offset`"),
        },
        _ => return Err("has no `type` that is known"),
    };
    Ok((rule, items))
}
