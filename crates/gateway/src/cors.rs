//! Which pages may call, by the Fetch standard's CORS protocol.
//!
//! A preflight is answered before anybody is identified or limited, from the contract's path and the
//! offer. An origin is compared byte for byte and answered alone, with `Vary: Origin` also when it is
//! absent. `*` never goes with credentials. A provider's own CORS fields are removed.

use crate::seen::Seen;
use crate::under_way::Exchange;
use crate::wire::{Answer, Content, Head};
use crate::world::World;
use board::{Api, Found, KeyPlace, Offer, Undeclared};
use contract::In;
use exchange::{Reason, Refusal};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a page may read of every answer.
const EXPOSED: [&str; 13] = [
    "Content-Encoding",
    "Deprecation",
    "ETag",
    "Link",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Sunset",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
];
/// How long a browser may remember a preflight, in seconds.
const REMEMBER: &str = "600";
/// Names a page may ask for at once.
const MOST_ASKED: usize = 64;

/// An offer's CORS, made once.
#[derive(Debug)]
pub(crate) struct Prepared {
    offer: Arc<Offer>,
    expose: HeaderValue,
    cookies: bool,
}

impl Prepared {
    pub(crate) fn new(offer: &Arc<Offer>, api: &Api) -> Self {
        let mut names: BTreeSet<String> = EXPOSED.iter().map(|name| (*name).to_owned()).collect();
        let declared = api.contract.iter().flat_map(|contract| &contract.operations);
        for field in declared.flat_map(|operation| &operation.outputs).flat_map(|output| &output.fields) {
            if field.name.parse::<HeaderName>().is_ok()
                && !names.iter().any(|known| known.eq_ignore_ascii_case(&field.name))
            {
                names.insert(field.name.clone());
            }
        }
        let list = names.into_iter().collect::<Vec<_>>().join(", ");
        let expose = HeaderValue::from_str(&list).unwrap_or(HeaderValue::from_static("X-Request-Id"));
        let cookies = offer.key_places.iter().any(|place| matches!(place, KeyPlace::Cookie(_)));
        Self { offer: Arc::clone(offer), expose, cookies }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.offer.cors.is_on()
    }

    /// Writes who may read the answer; gives whether the page may.
    fn origin(&self, head: &Head, fields: &mut HeaderMap) -> bool {
        let cors = &self.offer.cors;
        let origin = head.fields.get(header::ORIGIN);
        if !cors.any {
            vary(fields, "Origin");
        }
        let Some(origin) = origin.filter(|origin| origin.to_str().is_ok_and(|origin| cors.allows(origin)))
        else {
            return false;
        };
        if cors.any {
            fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            fields.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            if self.cookies {
                fields.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            }
        }
        true
    }
}

/// Fetch standard: OPTIONS with `Origin` and `Access-Control-Request-Method`; any other OPTIONS is a call.
pub(crate) fn is_preflight(head: &Head) -> bool {
    head.method == Method::OPTIONS
        && head.fields.contains_key(header::ORIGIN)
        && head.fields.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Writes the CORS fields of an answer, ours or a provider's.
pub(crate) fn answer(prepared: &Prepared, head: &Head, fields: &mut HeaderMap) {
    if !prepared.is_on() || fields.contains_key(header::ACCESS_CONTROL_ALLOW_METHODS) {
        return;
    }
    if prepared.origin(head, fields) {
        fields.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, prepared.expose.clone());
    }
}

/// Answers a preflight.
pub(crate) fn preflight(call: &Exchange, offer: usize) -> Result<Answer, Refusal> {
    let prepared = &call.world.offer(offer).cors;
    let mut fields = HeaderMap::new();
    if !prepared.origin(&call.head, &mut fields) {
        return Err(Reason::NotOffered.because("pages of this origin may not call here"));
    }
    let (methods, names) = decide(&call.world, &call.head, &call.facts.seen)?;
    fields.insert(header::ACCESS_CONTROL_ALLOW_METHODS, value(&methods));
    if !names.is_empty() {
        fields.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, value(&names));
    }
    fields.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBER));
    vary(&mut fields, "Access-Control-Request-Method");
    vary(&mut fields, "Access-Control-Request-Headers");
    Ok(Answer { status: StatusCode::NO_CONTENT, fields, content: Content::Empty })
}

/// Methods and field names that a page may use at this path; a path that is not there is no yes.
fn decide(world: &World, head: &Head, seen: &Seen) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let (Some(served), Ok(path), Some(router)) =
        (world.offer_of(seen), &head.path, world.board.routers.get(seen.listener))
    else {
        return Err(Reason::Internal.because("no offer was found before"));
    };
    let wanted = head.fields.get(header::ACCESS_CONTROL_REQUEST_METHOD).and_then(|value| value.to_str().ok());
    let Some(wanted) = wanted.and_then(|text| Method::from_bytes(text.trim().as_bytes()).ok()) else {
        return Err(Reason::Malformed.because("`Access-Control-Request-Method` is no method"));
    };
    // A method that nobody declares makes the router name those of the path.
    let asked = Method::from_bytes(b"X-NO-SUCH-METHOD").unwrap_or(Method::CONNECT);
    let declared = match router.find(&head.host, &asked, path) {
        Found::OtherMethods { methods, .. } => methods,
        _ if served.api.contract.is_some() && served.api.undeclared == Undeclared::Refuse => {
            let words = format!("the API has no path `{}`", seen.below(path.as_str()));
            return Err(Reason::NoOperation.because(words));
        }
        _ => Vec::new(),
    };
    let requested = requested(head);
    if declared.is_empty() {
        // Open: whatever the page asks for, by name, because `*` would not cover `Authorization`.
        return Ok((vec![wanted.as_str().to_owned()], requested));
    }
    let (mut methods, mut names) = (Vec::new(), BTreeSet::new());
    for method in declared {
        // A query or a field that tells operations of one path apart is not known yet: any of them may be meant.
        for index in router.find_all(&head.host, &method, path) {
            let open = served.offer.opens.get(index).copied().unwrap_or(false);
            let Some(operation) = served.operation(index).filter(|_| open) else { continue };
            if methods.last().is_none_or(|last| last != method.as_str()) {
                methods.push(method.as_str().to_owned());
            }
            let fields = operation.parameters.iter().filter(|parameter| parameter.place == In::Header);
            names.extend(fields.map(|parameter| parameter.name.to_ascii_lowercase()));
            if !operation.input.is_empty() {
                names.insert("content-type".to_owned());
            }
        }
    }
    for place in &served.offer.key_places {
        match place {
            KeyPlace::Bearer => names.insert("authorization".to_owned()),
            KeyPlace::Header(name) => names.insert(name.as_str().to_owned()),
            KeyPlace::Query(_) | KeyPlace::Cookie(_) => false,
        };
    }
    names.extend(["if-match", "if-none-match", "idempotency-key", "traceparent"].map(str::to_owned));
    Ok((methods, names.into_iter().collect()))
}

/// The field names a page asks for, as far as they are names.
fn requested(head: &Head) -> Vec<String> {
    head.fields
        .get_all(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .take(MOST_ASKED)
        .map(|name| name.as_str().to_owned())
        .collect()
}

fn value(names: &[String]) -> HeaderValue {
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}

/// Adds a name to `Vary`, once.
fn vary(fields: &mut HeaderMap, name: &'static str) {
    let there = fields
        .get_all(header::VARY)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().eq_ignore_ascii_case(name) || known.trim() == "*");
    if !there {
        fields.append(header::VARY, HeaderValue::from_static(name));
    }
}

/// What CORS says of a page's preflight, for `explain`.
pub(crate) fn words(world: &World, head: &Head, seen: &Seen) -> Result<String, Refusal> {
    let (methods, names) = decide(world, head, seen)?;
    Ok(format!("methods {}; fields {}", methods.join(", "), names.join(", ")))
}
