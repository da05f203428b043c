//! Refusals as problem details, and the pages their `type` leads to.
//!
//! Source: RFC 9457 §3.1, §3.2, §4; appendix B for XML. Nothing internal goes in: no host of a provider,
//! no file of the board, no value of the caller.

use crate::rate_fields::whole;
use crate::under_way::{Bound, Facts};
use crate::wire::{Answer, Content, Head};
use crate::world::World;
use bytes::Bytes;
use exchange::{Reason, Refusal};
use http::header::{self, HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Where the pages lie.
pub(crate) const PAGES: &str = "/.well-known/problems/";
const JSON: &str = "application/problem+json";
/// As many violations are told at once.
const MOST_ERRORS: usize = 100;

/// The answer that says no.
pub(crate) fn answer(world: &World, head: &Head, facts: &Facts, refusal: &Refusal) -> Answer {
    let mut fields = HeaderMap::with_capacity(12);
    for (name, value) in &refusal.fields {
        fields.append(name.clone(), value.clone());
    }
    if let Some(wait) = refusal.retry_after {
        // RFC 9110 §10.2.3: whole seconds; RFC 6585 §4: never stored.
        fields.insert(header::RETRY_AFTER, whole(wait).max(1).into());
    }
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let document = Document::new(world, facts, refusal);
    let (media, text) = if wants_xml(head) {
        ("application/problem+xml", xml(&document).into())
    } else {
        (JSON, document.json())
    };
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    Answer { status: refusal.reason.status(), fields, content: Content::Held(text) }
}

/// What the answer says, in its order. Written as it is: no tree is built of it.
#[derive(Serialize)]
struct Document<'d> {
    r#type: String,
    title: &'d str,
    status: u16,
    detail: &'d str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Entry<'d>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
    call: String,
}

/// A violation among the errors.
#[derive(Serialize)]
struct Entry<'d> {
    r#in: &'d str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'d str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'d str>,
    rule: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte: Option<usize>,
}

impl<'d> Document<'d> {
    fn new(world: &World, facts: &Facts, refusal: &'d Refusal) -> Self {
        let reason = refusal.reason;
        let operation = match (world.offer_of(&facts.seen), facts.seen.bound) {
            (Some(served), Bound::One(index)) => served
                .operation(index)
                .map(|operation| [served.api.name.as_str(), ".", operation.id.as_str()].concat()),
            _ => None,
        };
        Self {
            r#type: [world.url(facts.seen.listener), PAGES, reason.slug()].concat(),
            title: reason.title(),
            status: reason.status().as_u16(),
            detail: &refusal.detail,
            errors: refusal.violations.iter().take(MOST_ERRORS).map(Entry::new).collect(),
            operation,
            call: facts.id.to_string(),
        }
    }

    fn json(&self) -> Bytes {
        let mut text = Vec::with_capacity(512);
        match serde_json::to_writer(&mut text, self) {
            Ok(()) => text.into(),
            // Texts and numbers into memory: it cannot fail.
            Err(_) => Bytes::new(),
        }
    }
}

impl<'d> Entry<'d> {
    fn new(violation: &'d contract::Violation) -> Self {
        let at = violation.at.as_str();
        Self {
            r#in: violation.place.word(),
            name: &violation.name,
            detail: violation.detail(),
            pointer: (violation.place == contract::In::Body || !at.is_empty()).then_some(at),
            rule: violation.rule.as_str(),
            byte: violation.byte,
        }
    }
}

/// Whether a caller takes XML and nothing that JSON could be.
fn wants_xml(head: &Head) -> bool {
    let mut xml = false;
    for value in head.fields.get_all(header::ACCEPT) {
        for range in value.to_str().unwrap_or_default().split(',') {
            let media = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if media.ends_with("json") || media == "*/*" || media == "application/*" {
                return false;
            }
            xml |= media.ends_with("/xml") || media.ends_with("+xml");
        }
    }
    xml
}

/// RFC 9457 appendix B: members as elements, arrays of `i`.
fn xml(document: &Document<'_>) -> String {
    let mut out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<problem xmlns=\"urn:ietf:rfc:7807\">".to_owned();
    if let Ok(Value::Object(document)) = serde_json::to_value(document) {
        members(&mut out, &document);
    }
    out.push_str("</problem>\n");
    out
}

fn members(out: &mut String, document: &Map<String, Value>) {
    for (name, value) in document {
        let _ = write!(out, "<{name}>");
        element(out, value);
        let _ = write!(out, "</{name}>");
    }
}

fn element(out: &mut String, value: &Value) {
    match value {
        Value::Object(inner) => members(out, inner),
        Value::Array(items) => {
            for item in items {
                out.push_str("<i>");
                element(out, item);
                out.push_str("</i>");
            }
        }
        Value::String(text) => out.push_str(&escaped(text)),
        other => out.push_str(&other.to_string()),
    }
}

/// Text for XML and HTML; control characters that XML 1.0 §2.2 forbids are left out.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(letter),
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// The page of a reason: what it means, what to do.
pub(crate) fn page(reason: Reason, html: bool) -> Answer {
    let (status, slug, title) = reason.row();
    let (means, remedy) = explained(reason);
    let mut fields = HeaderMap::new();
    let text = if html {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{slug}</title>\
             <h1>{title}</h1><p><code>{slug}</code>, status {}</p><p>{}</p><p>{}</p></html>\n",
            status.as_u16(),
            escaped(means),
            escaped(remedy)
        )
    } else {
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let page =
            json!({"slug": slug, "title": title, "status": status.as_u16(), "means": means, "do": remedy});
        format!("{page}\n")
    };
    Answer { status: http::StatusCode::OK, fields, content: Content::Held(text.into()) }
}

/// What a reason means and what to do about it, for callers.
pub fn explained(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Malformed => (
            "What came in is not a valid HTTP/1.1 request: a field is missing, doubled or cannot be read.",
            "Look at `detail`; send exactly one `Host`, and let an HTTP library write the request.",
        ),
        Reason::PathRejected => (
            "The path holds something that two servers could read differently, for example an encoded slash or a `..` above the root.",
            "Percent-encode each segment once, without `/`, `\\`, `;`, `?`, `#` or control characters in it.",
        ),
        Reason::NoOffer => (
            "No API is offered at this address.",
            "`GET /` lists the addresses. Mind the host name and the first part of the path.",
        ),
        Reason::NoOperation => (
            "The API is here, but its contract has no such path.",
            "Compare the path with the API's reference, also its version and a slash at the end.",
        ),
        Reason::MethodNotAllowed => {
            ("The path is there, but not with this method.", "Use a method that `Allow` lists.")
        }
        Reason::TooLarge => (
            "The body, or the head, is larger than is accepted here.",
            "Send less at once, in pages or parts.",
        ),
        Reason::CallerTooSlow => (
            "The request did not arrive in time.",
            "Send it again over a better connection; do not open a request before its body is ready.",
        ),
        Reason::ExpectationUnknown => (
            "`Expect` asks for something that is not known.",
            "Send `Expect: 100-continue` or leave the field out.",
        ),
        Reason::CodingUnknown => (
            "The transfer coding is not one that is understood.",
            "Use `Transfer-Encoding: chunked` alone; compress with `Content-Encoding` instead.",
        ),
        Reason::KeyMissing => (
            "This API needs a key, and none was sent.",
            "Send it where `detail` says. Ask the API's owner for one.",
        ),
        Reason::KeyUnknown => (
            "The key is not known: it was mistyped, revoked, or is for another place.",
            "Compare it with what you were given; make a new one if it was revoked.",
        ),
        Reason::KeyExpired => (
            "The key was good until the moment that `detail` names, and has ended.",
            "Ask whoever gave you the key for its successor.",
        ),
        Reason::TooManyGuesses => (
            "Too many wrong keys or unknown addresses came from your network address.",
            "Wait for `Retry-After` seconds, then send a right key.",
        ),
        Reason::Suspended => ("The account that holds this key is suspended.", "Ask the API's owner."),
        Reason::PlanMissing => {
            ("The account has no plan that opens this API.", "Ask the API's owner for a plan.")
        }
        Reason::TermsNotAccepted => (
            "The account holds the plan, and has not accepted its terms as they are now.",
            "Read the terms at the address in `detail`, then tell the API's owner that you accept them.",
        ),
        Reason::OutsideScope => (
            "The key is narrowed to other operations or APIs than this one.",
            "Use another key of the account, or ask the API's owner for one that is for this, too.",
        ),
        Reason::NotOffered => (
            "The API can do this, but it is not opened at this address, or not for this page.",
            "Ask the API's owner, or use another operation.",
        ),
        Reason::UpgradeNotOffered => (
            "The connection was asked to become another protocol, which is not opened here.",
            "Use plain HTTP here, or ask the API's owner to open it.",
        ),
        Reason::OverLimit => (
            "The plan's limit is used up for now.",
            "Wait for `Retry-After` seconds. `RateLimit` on every answer says what is left.",
        ),
        Reason::RequestBreaksContract => (
            "The request does not match the API's contract.",
            "Each entry of `errors` says where, what was expected, and which rule of the contract says so.",
        ),
        Reason::MediaTypeUnsupported => (
            "The body's media type is not one that this operation takes.",
            "Set `Content-Type` to one that `Accept` in this answer lists.",
        ),
        Reason::ResponseBreaksContract => (
            "The provider's answer does not match its contract and was held back.",
            "Nothing on your side: tell the API's owner the call's id.",
        ),
        Reason::ProviderUnreachable => (
            "The server behind this API cannot be reached.",
            "Try again later; tell the API's owner the call's id if it lasts.",
        ),
        Reason::ProviderBroken => (
            "The server behind this API broke off or did not answer in HTTP.",
            "Try again if the call is safe to repeat; tell the API's owner the call's id.",
        ),
        Reason::ProviderUntrusted => (
            "The server behind this API shows a certificate that is not trusted.",
            "Nothing on your side: tell the API's owner.",
        ),
        Reason::CredentialRefused => (
            "The server behind this API refused the gateway's own credential.",
            "Nothing on your side: your key is right. Tell the API's owner.",
        ),
        Reason::ProviderSilent => (
            "The server behind this API did not answer in time.",
            "Whether the call took effect is not known: look before you repeat it.",
        ),
        Reason::ProviderBusy => (
            "The server behind this API may not be called faster, and the queue is long.",
            "Wait for `Retry-After` seconds.",
        ),
        Reason::Overloaded => ("The gateway has more to do than it can.", "Try again in a moment."),
        Reason::Stopping => ("The gateway is stopping.", "Try again: another one takes over."),
        Reason::Loop => (
            "The request came back to the gateway that had passed it on.",
            "Nothing on your side: an upstream's address leads back to the gateway.",
        ),
        _ => ("Something went wrong inside the gateway.", "Tell the API's owner the call's id."),
    }
}
