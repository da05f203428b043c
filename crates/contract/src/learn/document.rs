//! The draft as a document: operations with their names, parameters, bodies, answers (OpenAPI 3.1.1 §4.8).

use super::form::{Forms, Part};
use super::path::{Piece, Template};
use super::text::Texts;
use super::value::Values;
use super::{Group, Heard, Said};
use crate::openapi::shown_parts;
use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The methods that a path item has, in its order.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The rank of a method that a path item does not have.
pub(super) const NO_METHOD: u8 = 8;

/// Calls with a parameter in all of them, before it is said that it must be there.
pub(super) const ENOUGH: usize = 2;

/// The place of a method among those that a path item has.
pub(super) fn rank(method: &Method) -> u8 {
    let at = METHODS.iter().position(|one| one.eq_ignore_ascii_case(method.as_str()));
    at.and_then(|at| u8::try_from(at).ok()).unwrap_or(NO_METHOD)
}

pub(super) fn write(title: &str, servers: &[String], groups: &[Group<'_>]) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    let mut ids = BTreeSet::new();
    let mut schemes = BTreeSet::new();
    for group in groups {
        let mut id = id(group);
        let mut number = 1;
        while !ids.insert(id.clone()) {
            number += 1;
            id = format!("{}{number}", self::id(group));
        }
        let operation = operation(&id, group, &mut schemes);
        let item = paths.entry(group.template.to_string()).or_insert_with(|| json!({}));
        item[METHODS.get(usize::from(rank(&group.method))).copied().unwrap_or("get")] = operation;
    }
    let mut document = json!({ "openapi": "3.1.1", "info": { "title": title, "version": "0-draft" } });
    if !servers.is_empty() {
        document["servers"] = servers.iter().map(|url| json!({ "url": url })).collect();
    }
    document["paths"] = Value::Object(paths);
    if !schemes.is_empty() {
        let all = schemes.iter().map(|scheme| (scheme.name(), scheme.write())).collect();
        document["components"] = json!({ "securitySchemes": Value::Object(all) });
    }
    document
}

/// The id of an operation as `document` has it.
pub(super) fn id_in(document: &Value, group: &Group<'_>) -> Option<String> {
    let method = METHODS.get(usize::from(rank(&group.method)))?;
    let operation = document.get("paths")?.get(group.template.to_string())?.get(method)?;
    operation.get("operationId")?.as_str().map(str::to_owned)
}

fn operation(id: &str, group: &Group<'_>, schemes: &mut BTreeSet<Scheme>) -> Value {
    let mut out = json!({ "operationId": id });
    let mut parameters = path_parameters(group);
    // What was not taken says nothing of what is.
    let taken: Vec<&&Heard> = group.calls.iter().filter(|call| call.status < 400).collect();
    let queries = taken.iter().map(|call| pairs(call.query.as_deref().unwrap_or_default()).collect());
    parameters.extend(pair_parameters("query", queries));
    let cookies = taken.iter().map(|call| {
        let plain = |(name, _): &(String, String)| !is_login(name) && !name.starts_with('_');
        cookies(call).filter(plain).collect()
    });
    parameters.extend(pair_parameters("cookie", cookies));
    if !parameters.is_empty() {
        out["parameters"] = parameters.into();
    }
    let bodies = bodies(taken.iter().map(|call| &call.body));
    if !bodies.is_empty() && group.method != Method::GET && group.method != Method::HEAD {
        let always = taken.len() >= ENOUGH && taken.iter().all(|call| call.body.media.is_some());
        out["requestBody"] = json!({ "required": always, "content": Value::Object(bodies) });
    }
    out["responses"] = answers(group);
    let shown: Vec<BTreeSet<Scheme>> = taken.iter().map(|call| Scheme::shown(call)).collect();
    let all: BTreeSet<BTreeSet<Scheme>> = shown.into_iter().collect();
    if all.iter().any(|shown| !shown.is_empty()) {
        let one = |shown: &BTreeSet<Scheme>| shown.iter().map(|scheme| (scheme.name(), json!([]))).collect();
        out["security"] = all.iter().map(|shown| Value::Object(one(shown))).collect();
        schemes.extend(all.into_iter().flatten());
    }
    out
}

fn path_parameters(group: &Group<'_>) -> Vec<Value> {
    let mut all: BTreeMap<String, Texts> = BTreeMap::new();
    for call in &group.calls {
        for (name, value) in group.template.values(&call.path) {
            all.entry(name.to_owned()).or_default().add(&value);
        }
    }
    let order = group.template.0.iter().filter_map(|piece| match piece {
        Piece::Value(name) => Some(name),
        Piece::Word(_) => None,
    });
    order
        .filter_map(|name| {
            let mut schema = all.get(name)?.parameter(name);
            // A choice in a path would be a list of ids.
            if let Some(map) = schema.as_object_mut() {
                map.shift_remove("enum");
            }
            Some(json!({ "name": name, "in": "path", "required": true, "schema": schema }))
        })
        .collect()
}

/// Parameters that are pairs of names and texts, by those of each call.
fn pair_parameters(place: &str, calls: impl Iterator<Item = Vec<(String, String)>>) -> Vec<Value> {
    #[derive(Default)]
    struct Known {
        texts: Texts,
        calls: usize,
        repeated: bool,
    }
    let mut all: BTreeMap<String, Known> = BTreeMap::new();
    let mut seen = 0;
    for pairs in calls {
        seen += 1;
        let mut own: BTreeMap<String, usize> = BTreeMap::new();
        for (name, value) in pairs {
            all.entry(name.clone()).or_default().texts.add(&value);
            *own.entry(name).or_default() += 1;
        }
        for (name, count) in own {
            let known = all.entry(name).or_default();
            known.calls += 1;
            known.repeated |= count > 1;
        }
    }
    let write = |(name, known): (String, Known)| {
        let one = known.texts.parameter(&name);
        let schema = if known.repeated { json!({ "type": "array", "items": one }) } else { one };
        let mut out = json!({ "name": name, "in": place });
        if seen >= ENOUGH && known.calls == seen {
            out["required"] = json!(true);
        }
        out["schema"] = schema;
        out
    };
    all.into_iter().map(write).collect()
}

/// The cookies of a call (RFC 6265 §4.2.1), where they were kept.
fn cookies(call: &Heard) -> impl Iterator<Item = (String, String)> + '_ {
    let fields = call.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie"));
    fields.flat_map(|(_, text)| text.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    })
}

/// Whether a cookie of this name says who is calling: its value is nobody's business.
fn is_login(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let words = ["session", "sess", "auth", "token", "jwt", "login", "connect.sid"];
    words.iter().any(|word| name.contains(word)) || ["sid", "key"].contains(&name.as_str())
}

/// Names and values (WHATWG URL §5.1).
fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let text = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (text(name), text(value))
    })
}

/// `content` of bodies that were seen: a schema where they are JSON or a form.
fn bodies<'s>(all: impl Iterator<Item = &'s Said>) -> Map<String, Value> {
    let mut found: BTreeMap<&str, (Values, Forms)> = BTreeMap::new();
    for said in all {
        let Some(media) = said.media.as_deref() else { continue };
        let (values, forms) = found.entry(media).or_default();
        let Some(bytes) = &said.bytes else { continue };
        if is_json(media) {
            if let Ok(value) = serde_json::from_slice(bytes) {
                values.add(&value);
            }
        } else if media == "application/x-www-form-urlencoded" {
            let text = String::from_utf8_lossy(bytes);
            forms.add(pairs(&text).map(|(name, value)| (name, Part::Text(value))));
        } else if media == "multipart/form-data"
            && let Some((_, parts)) = shown_parts(bytes)
        {
            forms.add(parts.into_iter().map(Part::shown));
        }
    }
    let media = |(values, forms): (Values, Forms)| {
        if forms.is_empty() { json!({ "schema": values.schema("") }) } else { forms.media() }
    };
    found.into_iter().map(|(name, seen)| (name.to_owned(), media(seen))).collect()
}

/// RFC 6839 §3.1.
pub(super) fn is_json(media: &str) -> bool {
    media == "application/json" || media.ends_with("+json")
}

fn answers(group: &Group<'_>) -> Value {
    let mut all: BTreeMap<u16, Vec<&Said>> = BTreeMap::new();
    for call in &group.calls {
        all.entry(call.status).or_default().push(&call.answer);
    }
    let write = |(status, said): (u16, Vec<&Said>)| {
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let mut out = json!({ "description": reason.unwrap_or("Answered so") });
        let content = bodies(said.into_iter());
        if !content.is_empty() {
            out["content"] = Value::Object(content);
        }
        (status.to_string(), out)
    };
    Value::Object(all.into_iter().map(write).collect())
}

/// How a caller showed who it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scheme {
    Http(&'static str),
    Key(String),
    Cookie(String),
}

impl Scheme {
    fn shown(call: &Heard) -> BTreeSet<Self> {
        let keys = ["x-api-key", "api-key", "apikey", "x-auth-token", "x-access-token"];
        let scheme = |(name, value): &(String, String)| {
            let name = name.to_ascii_lowercase();
            if name == "authorization" {
                let basic = value.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("basic "));
                return Some(Self::Http(if basic { "basic" } else { "bearer" }));
            }
            keys.contains(&name.as_str()).then_some(Self::Key(name))
        };
        let logins = cookies(call).map(|(name, _)| name).filter(|name| is_login(name)).map(Self::Cookie);
        call.fields.iter().filter_map(scheme).chain(logins).collect()
    }

    fn name(&self) -> String {
        match self {
            Self::Http(scheme) => (*scheme).to_owned(),
            Self::Key(field) => camel(field),
            Self::Cookie(name) => camel(&name.to_ascii_lowercase()),
        }
    }

    fn write(&self) -> Value {
        match self {
            Self::Http(scheme) => json!({ "type": "http", "scheme": scheme }),
            Self::Key(field) => json!({ "type": "apiKey", "in": "header", "name": field }),
            Self::Cookie(name) => json!({ "type": "apiKey", "in": "cookie", "name": name }),
        }
    }
}

/// `listOrders`, `getOrder`, `createOrderLine`: the verb by method, the words of the path.
fn id(group: &Group<'_>) -> String {
    let Template(pieces) = &group.template;
    let single = matches!(pieces.last(), Some(Piece::Value(_)));
    let many = pieces.iter().rev().find_map(|piece| match piece {
        Piece::Word(word) => Some(singular(word) != *word),
        Piece::Value(_) => None,
    });
    let verb = match (group.method.as_str(), single) {
        ("GET", false) if many == Some(true) => "list",
        ("POST", _) if many == Some(true) => "create",
        ("PUT", _) => "replace",
        ("PATCH", _) => "update",
        ("DELETE", _) => "delete",
        (other, _) => &other.to_ascii_lowercase(),
    };
    let version = |word: &str| {
        word.strip_prefix('v').is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()))
    };
    let mut id = verb.to_owned();
    for (index, piece) in pieces.iter().enumerate() {
        let Piece::Word(word) = piece else { continue };
        if version(word) || word == "api" {
            continue;
        }
        let word = camel(&percent_decode_str(word).decode_utf8_lossy());
        let one = matches!(pieces.get(index + 1), Some(Piece::Value(_)))
            || verb == "create" && index + 1 == pieces.len();
        let word = if one { singular(&word) } else { word };
        let mut letters = word.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

/// `orderLines` of `order-lines`: letters and digits only.
pub(super) fn camel(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let first = letters.next().unwrap_or_default();
        out.push(if out.is_empty() { first.to_ascii_lowercase() } else { first.to_ascii_uppercase() });
        out.push_str(letters.as_str());
    }
    out
}

/// One of many, as English has it mostly.
pub(super) fn singular(word: &str) -> String {
    let ends = |ending: &str| word.len() > ending.len() + 1 && word.ends_with(ending);
    let cut = |count: usize, more: &str| format!("{}{more}", &word[..word.len() - count]);
    if ends("ies") {
        cut(3, "y")
    } else if ["sses", "shes", "ches", "xes"].into_iter().any(ends) {
        cut(2, "")
    } else if ends("s") && !["ss", "us", "is"].into_iter().any(ends) {
        cut(1, "")
    } else {
        word.to_owned()
    }
}
