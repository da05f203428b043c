//! How a list comes in pages: which rule leads from one answer to the next request, and what says so.
//!
//! A rule is found in the contract ([`declared`]) or in an answer ([`answered`]); [`Paging::next`] then decides, page by
//! page, and always with a reason. Nothing is sent here, and an end is never guessed from a short page: servers cut what
//! they find too large.

mod answered;
mod declared;
mod extension;
mod link;
mod trail;
mod words;

use crate::{In, Pointer};
pub use answered::answered;
pub use declared::declared;
pub(crate) use extension::of as extension;
use http::HeaderMap;
use serde_json::Value;
pub(crate) use trail::Step;
pub use trail::Trail;

/// How the pages of one list follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What leads on.
    pub rule: Rule,
    /// Where the items stand in an answer; none: its only list, whatever it is called.
    pub items: Option<Trail>,
    /// What says so, in plain words.
    pub why: String,
    /// Where the contract says so; none: an answer did.
    pub at: Option<Pointer>,
}

/// What leads from one page to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `Link: <…>; rel="next"` (RFC 8288 §3.3).
    Link,
    /// A field of the answer is the next page's address.
    Url(Trail),
    /// A field of the answer goes into a parameter of the next request.
    Cursor {
        /// The parameter.
        into: Slot,
        /// The field.
        from: Trail,
    },
    /// A parameter counts pages.
    Page {
        /// The parameter.
        into: Slot,
        /// The number of the first page.
        first: u64,
    },
    /// A parameter counts the items that came before.
    Offset {
        /// The parameter.
        into: Slot,
        /// What it is for the first page.
        first: u64,
    },
}

/// A parameter that leads on: of the query, or a member of a JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// [`In::Query`] or [`In::Body`].
    pub place: In,
    /// Its name.
    pub name: String,
}

/// One answer, and what was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Fields of the answer.
    pub fields: &'a HeaderMap,
    /// Its body.
    pub body: &'a Value,
    /// What the parameter of the rule was in the request; none: it was not there.
    pub asked: Option<&'a str>,
    /// Items of this page.
    pub items: u64,
    /// Items of all pages so far, this one included.
    pub seen: u64,
}

/// What comes after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it was the last.
    End,
    /// The page at this reference (RFC 3986 §4.1), relative to the last one's.
    To(String),
    /// The same request with this value in this parameter.
    With(Slot, String),
    /// There is more, and no way to it; why.
    Lost(String),
}

impl Paging {
    /// What comes after this answer.
    pub fn next(&self, turn: &Turn<'_>) -> Next {
        match &self.rule {
            Rule::Link => link::next(turn.fields).map_or_else(|| end(turn, "`Link` names none"), Next::To),
            Rule::Url(field) => match field.find(turn.body).and_then(words::address) {
                Some(address) => Next::To(address.to_owned()),
                None => end(turn, &format!("`{field}` is empty")),
            },
            Rule::Cursor { into, from } => {
                if words::more(turn.body) == Some(false) {
                    return Next::End;
                }
                match from.find(turn.body).and_then(words::cursor) {
                    Some(cursor) => Next::With(into.clone(), cursor),
                    None => end(turn, &format!("`{from}` is empty")),
                }
            }
            Rule::Page { into, first } => {
                let number = turn.asked.and_then(|asked| asked.parse().ok());
                let number = number.or_else(|| words::number_of_page(turn.body)).unwrap_or(*first);
                let last = words::pages(turn.body).map(|pages| (pages + first).saturating_sub(1));
                if last.is_some_and(|last| number >= last) || counted_out(turn) {
                    return Next::End;
                }
                Next::With(into.clone(), number.saturating_add(1).to_string())
            }
            Rule::Offset { into, first } => {
                let offset = turn.asked.and_then(|asked| asked.parse().ok()).unwrap_or(*first);
                if counted_out(turn) {
                    return Next::End;
                }
                Next::With(into.clone(), offset.saturating_add(turn.items).to_string())
            }
        }
    }

    /// Whether the rule counts by itself, so that an empty page is the end and a missing page no failure.
    pub const fn counts(&self) -> bool {
        matches!(self.rule, Rule::Page { .. } | Rule::Offset { .. })
    }

    /// The parameter that the rule changes, if it does.
    pub const fn slot(&self) -> Option<&Slot> {
        match &self.rule {
            Rule::Cursor { into, .. } | Rule::Page { into, .. } | Rule::Offset { into, .. } => Some(into),
            Rule::Link | Rule::Url(_) => None,
        }
    }
}

/// Where the list stands in an answer that nothing is known of: itself, its only one, or the likeliest.
pub fn list(body: &Value) -> Option<Trail> {
    words::list(body)
}

/// What an answer says of items that did not come, where no rule leads to them.
pub fn left_out(body: &Value, seen: u64) -> Option<String> {
    if words::more(body) == Some(true) {
        return Some("the answer says that there is more".to_owned());
    }
    let total = words::total(body).filter(|total| *total > seen)?;
    Some(format!("the answer counts {total} items, and {seen} came"))
}

/// The end, unless the answer itself says that there is more.
fn end(turn: &Turn<'_>, because: &str) -> Next {
    if words::more(turn.body) == Some(true) {
        return Next::Lost(format!("the answer says that there is more, but {because}"));
    }
    Next::End
}

/// Whether a rule that counts has come to its end: nothing came, or the answer says that this was all.
fn counted_out(turn: &Turn<'_>) -> bool {
    turn.items == 0
        || words::more(turn.body) == Some(false)
        || words::total(turn.body).is_some_and(|total| turn.seen >= total)
}

#[cfg(test)]
mod tests {
    use super::{Next, Paging, Rule, Slot, Trail, Turn};
    use crate::In;
    use http::HeaderMap;
    use serde_json::{Value, json};

    fn next(rule: Rule, body: &Value, asked: Option<&str>, items: u64, seen: u64) -> Next {
        let paging = Paging { rule, items: None, why: String::new(), at: None };
        let fields = HeaderMap::new();
        paging.next(&Turn { fields: &fields, body, asked, items, seen })
    }

    fn slot() -> Slot {
        Slot { place: In::Query, name: "x".to_owned() }
    }

    fn with(value: &str) -> Next {
        Next::With(slot(), value.to_owned())
    }

    #[test]
    fn a_cursor_goes_on_until_it_is_empty_or_the_answer_says_so() {
        let rule = || Rule::Cursor { into: slot(), from: Trail::of(&["meta", "next"]) };
        for (body, expected) in [
            (json!({"meta": {"next": "b"}}), with("b")),
            (json!({"meta": {"next": 7}}), with("7")),
            (json!({"meta": {"next": null}}), Next::End),
            (json!({"meta": {"next": ""}}), Next::End),
            (json!({}), Next::End),
            (json!({"has_more": false, "meta": {"next": "b"}}), Next::End),
            (
                json!({"has_more": true, "meta": {}}),
                Next::Lost("the answer says that there is more, but `meta.next` is empty".to_owned()),
            ),
        ] {
            assert_eq!(next(rule(), &body, None, 1, 1), expected, "{body}");
        }
    }

    #[test]
    fn pages_and_offsets_are_counted_until_nothing_comes() {
        let page = || Rule::Page { into: slot(), first: 1 };
        let zero = || Rule::Page { into: slot(), first: 0 };
        let offset = || Rule::Offset { into: slot(), first: 0 };
        for (rule, body, asked, items, seen, expected) in [
            (page(), json!([1]), None, 1, 1, with("2")),
            (page(), json!([1]), Some("7"), 1, 9, with("8")),
            (page(), json!([]), Some("8"), 0, 9, Next::End),
            (page(), json!({"total_pages": 3}), Some("3"), 5, 15, Next::End),
            (zero(), json!({"totalPages": 3}), Some("2"), 5, 15, Next::End),
            (zero(), json!({"totalPages": 3}), Some("1"), 5, 10, with("2")),
            (page(), json!({"meta": {"total": 15}}), Some("3"), 5, 15, Next::End),
            (page(), json!({"page": 4}), None, 5, 5, with("5")),
            (page(), json!({"last": true}), None, 5, 5, Next::End),
            (offset(), json!({}), None, 5, 5, with("5")),
            (offset(), json!({"total": 11}), Some("5"), 5, 10, with("10")),
            (offset(), json!({"total": 11}), Some("10"), 1, 11, Next::End),
            (offset(), json!({}), Some("11"), 0, 11, Next::End),
        ] {
            assert_eq!(next(rule, &body, asked, items, seen), expected, "{body} {asked:?}");
        }
    }
}
