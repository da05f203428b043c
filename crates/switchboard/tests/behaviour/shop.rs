//! A provider of lists in every kind of pages, and its contract: seven things, two on a page.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Things there are.
pub(crate) const ALL: usize = 7;
/// Things on a page.
const SIZE: usize = 2;

/// An answer in JSON.
pub(crate) fn answer(status: u16, fields: &[(&str, &str)], body: &Value) -> Response<Bytes> {
    let mut made = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in fields {
        made = made.header(*name, *value);
    }
    made.body(Bytes::from(body.to_string())).unwrap()
}

fn query(request: &Request<Bytes>) -> HashMap<String, String> {
    let pairs = request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Things from `from` on; the last digits would be lost in a float.
fn things(from: usize) -> Vec<Value> {
    (from..ALL.min(from + SIZE))
        .map(|id| json!({"id": 90_071_992_547_409_930_u64 + id as u64, "name": format!("thing {id}")}))
        .collect()
}

/// Starts it. `away` is where `/away` leads.
pub(crate) async fn provider(away: &str) -> Provider {
    let away = away.to_owned();
    Provider::answering(move |request| one(request, &away)).start().await
}

fn one(request: &Request<Bytes>, away: &str) -> Response<Bytes> {
    let query = query(request);
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let path = request.uri().path();
    let at = number("at").unwrap_or(0);
    let next = at + SIZE;
    let more = next < ALL;
    let address = format!("{path}?at={next}");
    let link =
        |target: &str| answer(200, &[("link", &format!("<{target}>; rel=\"next\""))], &json!(things(at)));
    match path {
        "/link" if more => link(&format!("?at={next}")),

        "/url" => {
            answer(200, &[], &json!({"count": ALL, "results": things(at), "next": more.then_some(address)}))
        }
        "/odata" if more => answer(200, &[], &json!({"value": things(at), "@odata.nextLink": address})),
        "/odata" => answer(200, &[], &json!({"value": things(at)})),
        "/hal" => {
            let links = if more { json!({"next": {"href": address}}) } else { json!({}) };
            answer(200, &[], &json!({"_links": links, "_embedded": {"things": things(at)}}))
        }
        "/jsonapi" => {
            let next = more.then_some(address);
            answer(200, &[], &json!({"data": things(at), "included": [], "links": {"next": next}}))
        }
        "/cursor" => {
            let at: usize =
                query.get("cursor").map_or(0, |text| text.trim_start_matches("c%3D").parse().unwrap());
            let next = (at + SIZE < ALL).then(|| format!("c={}", at + SIZE));
            answer(200, &[], &json!({"items": things(at), "meta": {"next_cursor": next}}))
        }
        "/pages" => answer(200, &[], &json!(things((number("page").unwrap_or(1) - 1) * SIZE))),
        "/offset" => answer(200, &[], &json!({"total": ALL, "rows": things(number("offset").unwrap_or(0))})),
        "/search" => {
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let after =
                body["after"].as_u64().map_or(0, |id| usize::try_from(id - 90_071_992_547_409_929).unwrap());
            answer(200, &[], &json!({"hits": {"rows": things(after)}}))
        }
        // What goes wrong.
        "/circle" => link(if at == 4 { "/circle?at=2" } else { &address }),
        "/away" => link(&format!("{away}/link?at=2&token=hush-hush")),
        "/ignored" => answer(200, &[], &json!(things(0))),
        "/gaps" if at == 2 => answer(200, &[("link", "</gaps?at=4>; rel=next")], &json!([])),
        "/gaps" if more => link(&address),
        "/link" | "/gaps" => answer(200, &[], &json!(things(at))),
        "/endless" => answer(200, &[("link", &format!("</endless?at={next}>; rel=next"))], &json!([at])),
        "/lost" => answer(200, &[], &json!({"items": things(at), "has_more": true})),
        "/down" if at == 4 => answer(500, &[], &json!({"error": "down"})),
        "/full" if at == 4 => answer(429, &[("retry-after", "0")], &json!({"error": "full"})),
        "/text" if at == 4 => Response::new(Bytes::from_static(b"<p>Sorry</p>")),
        "/down" | "/full" | "/text" => link(&address),
        "/missing" => match number("page").unwrap_or(1) {
            page @ 1..=4 => answer(200, &[], &json!(things((page - 1) * SIZE))),
            _ => answer(404, &[], &json!({"error": "no such page"})),
        },
        _ => answer(200, &[], &json!({"name": "one thing"})),
    }
}

/// A folder with the contract of a provider at this address.
pub(crate) fn place(url: &str) -> Place {
    let whole = |name: &str| format!("{{name: {name}, in: query, schema: {{type: integer}}}}");
    let list =
        "{type: array, items: {type: object, properties: {id: {type: integer}, name: {type: string}}}}";
    let operation = |path: &str, parameters: &str, schema: &str| {
        format!(
            "  /{path}:\n    get:\n      operationId: {path}\n      parameters: [{parameters}]\n      responses:\n        \
             '200': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}\n"
        )
    };
    let cursor = "{name: cursor, in: query, schema: {type: string}}";
    let page = format!("{}, {}", whole("page"), whole("per_page"));
    let offset = format!("{}, {}", whole("offset"), whole("limit"));
    let contract = [
        format!("openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\nservers: [{{url: '{url}'}}]\npaths:\n"),
        operation("cursor", cursor, &format!("{{properties: {{items: {list}, meta: {{properties: {{next_cursor: {{type: [string, 'null']}}}}}}}}}}")),
        operation("pages", &page, list),
        operation("ignored", &page, list),
        operation("missing", &page, list),
        operation("offset", &offset, &format!("{{properties: {{rows: {list}, total: {{type: integer}}}}}}")),
        operation("thing", "", "{type: object}"),
        "  /search:\n    post:\n      operationId: search\n      x-speakeasy-pagination:\n        type: cursor\n        \
         inputs: [{name: after, in: requestBody, type: cursor}]\n        \
         outputs: {nextCursor: '$.hits.rows[-1].id', results: $.hits.rows}\n      \
         requestBody: {content: {application/json: {schema: {type: object, properties: {after: {type: integer}}}}}}\n      \
         responses: {'200': {description: ok}}\n"
            .to_owned(),
    ]
    .concat();
    Place::new().with("shop.yaml", contract)
}
