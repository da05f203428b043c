//! What an answer itself says of its next page, without any contract.
//!
//! `Link` (RFC 8288), OData (JSON Format 4.01 §4.5.5, `@odata.nextLink`), HAL (`_links.next`), JSON:API 1.1 (*Pagination*,
//! `links.next`), and a next page's address in the body. A cursor alone says not where it goes, and is no rule here.

use super::words;
use super::{Paging, Rule, Trail, link};
use http::HeaderMap;
use serde_json::Value;

/// The rule that an answer declares; none where it names no next page.
pub fn answered(fields: &HeaderMap, body: &Value) -> Option<Paging> {
    let items = words::list(body);
    let found = |rule, why: &str| Some(Paging { rule, items: items.clone(), why: why.to_owned(), at: None });
    if link::next(fields).is_some() {
        return found(Rule::Link, "the answer has `Link: …; rel=\"next\"` (RFC 8288)");
    }
    let members = body.as_object()?;
    let leads = |trail: &Trail| trail.find(body).and_then(words::address).is_some_and(is_reference);
    for name in ["@odata.nextLink", "odata.nextLink", "@nextLink"] {
        let trail = Trail::of(&[name]);
        if leads(&trail) {
            return found(Rule::Url(trail), &format!("the answer has `{name}` (OData)"));
        }
    }
    let hal = Trail::of(&["_links", "next"]);
    if leads(&hal) {
        return found(Rule::Url(hal), "the answer has `_links.next` (HAL)");
    }
    let api = Trail::of(&["links", "next"]);
    if leads(&api) {
        let data = members.get("data").is_some_and(Value::is_array);
        let why = if data { "the answer has `links.next` (JSON:API)" } else { "the answer has `links.next`" };
        return found(Rule::Url(api), why);
    }
    let (trail, _) = words::look(body, words::NEXT_URLS)
        .filter(|(_, value)| words::address(value).is_some_and(is_reference))?;
    let why = format!("the answer's `{trail}` is an address");
    items.as_ref()?;
    found(Rule::Url(trail), &why)
}

/// Whether a text can only be a reference, and no cursor.
fn is_reference(text: &str) -> bool {
    ["http://", "https://", "/", "?"].iter().any(|begin| text.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::answered;
    use http::HeaderMap;
    use http::header::LINK;
    use serde_json::json;

    #[test]
    fn answers_of_every_kind_name_their_next_page() {
        for (link, body, expected) in [
            (
                Some("</2>; rel=next"),
                json!([1]),
                Some(("", "the answer has `Link: …; rel=\"next\"` (RFC 8288)")),
            ),
            (
                None,
                json!({"value": [], "@odata.nextLink": "http://a.example/2"}),
                Some(("value", "the answer has `@odata.nextLink` (OData)")),
            ),
            (
                None,
                json!({"_embedded": {"orders": []}, "_links": {"next": {"href": "/2"}}}),
                Some(("_embedded.orders", "the answer has `_links.next` (HAL)")),
            ),
            (
                None,
                json!({"data": [], "included": [], "links": {"next": "/2"}}),
                Some(("data", "the answer has `links.next` (JSON:API)")),
            ),
            (
                None,
                json!({"count": 9, "next": "https://a.example/?page=2", "results": []}),
                Some(("results", "the answer's `next` is an address")),
            ),
            (
                None,
                json!({"data": [], "paging": {"next": "https://a.example/2"}}),
                Some(("data", "the answer's `paging.next` is an address")),
            ),
            (None, json!({"data": [], "links": {"next": null}}), None),
            (None, json!({"data": [], "next": "c2Vjb25k"}), None),
            (None, json!({"next": "/chapter/2", "text": "once"}), None),
            (None, json!([1, 2]), None),
        ] {
            let mut fields = HeaderMap::new();
            if let Some(link) = link {
                fields.insert(LINK, link.parse().unwrap());
            }
            let found = answered(&fields, &body).map(|found| (found.items.unwrap().to_string(), found.why));
            let expected = expected.map(|(items, why)| (items.to_owned(), why.to_owned()));
            assert_eq!(found, expected, "{body}");
        }
    }
}
