//! Learning: a draft contract from calls that were seen, an OpenAPI 3.1 document that every one of them keeps.
//!
//! What is said is what the calls show: a member is required if it was always there in two objects or more, a
//! text has a format if all of them have it, a choice is closed only if few words came again and again. No value
//! of a caller becomes an example. The document does not depend on the order of the calls, and whatever of it a
//! call should break is taken out again. Deliberately absent: fields other than cookies and those that carry credentials.

mod document;
mod form;
mod kept;
mod path;
mod text;
mod value;

use bytes::Bytes;
use http::Method;
use std::collections::BTreeMap;

/// A call that is learnt from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Method.
    pub method: Method,
    /// Path as it went to the provider, percent-encoded, without query.
    pub path: String,
    /// Query without `?`, as sent.
    pub query: Option<String>,
    /// Names and values of the request's fields; secrets may be replaced, names are what matters.
    pub fields: Vec<(String, String)>,
    /// The request's body.
    pub body: Said,
    /// Status of the answer.
    pub status: u16,
    /// The answer's body.
    pub answer: Said,
}

/// A body: its media type, and its bytes where all of them were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Content-Type without parameters, in lower case; none: there was no body.
    pub media: Option<String>,
    /// All of it; none where it was not kept, or not as it was.
    pub bytes: Option<Bytes>,
}

/// What was learnt.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The document.
    pub document: serde_json::Value,
    /// Calls that it describes.
    pub calls: usize,
    /// Calls that say nothing of the API: unknown paths and methods, no answer.
    pub left_out: usize,
    /// What was taken out again because a call did not keep it, as pointers.
    pub taken_back: Vec<String>,
}

/// More calls than this are not looked at.
const MOST_CALLS: usize = 20_000;

/// An operation: a template and its calls.
#[derive(Debug)]
struct Group<'c> {
    method: Method,
    template: path::Template,
    calls: Vec<&'c Heard>,
}

/// Drafts a contract from calls; `servers` are written as they are.
pub fn learn(title: &str, servers: &[String], calls: &[Heard]) -> Learnt {
    let useful: Vec<&Heard> = calls.iter().take(MOST_CALLS).filter(|call| says_something(call)).collect();
    let templates = path::templates(&useful);
    let mut groups: BTreeMap<(String, u8), Group<'_>> = BTreeMap::new();
    for (call, template) in useful.iter().zip(templates) {
        let key = (template.to_string(), document::rank(&call.method));
        let new = || Group { method: call.method.clone(), template, calls: Vec::new() };
        groups.entry(key).or_insert_with(new).calls.push(call);
    }
    let groups: Vec<Group<'_>> = groups.into_values().collect();
    let mut document = document::write(title, servers, &groups);
    let taken_back = kept::mend(&mut document, &groups);
    Learnt { document, calls: useful.len(), left_out: calls.len() - useful.len(), taken_back }
}

/// A path that nobody knows and a method that nobody takes tell nothing of what there is (RFC 9110 §15.5.5,
/// §15.5.6, §15.6.2); a redirect tells where to ask.
fn says_something(call: &Heard) -> bool {
    let known = document::rank(&call.method) < document::NO_METHOD;
    known
        && call.path.starts_with('/')
        && !matches!(call.status, 0..=199 | 404 | 405 | 501 | 300..=399 | 600..)
}
