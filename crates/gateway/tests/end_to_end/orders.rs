//! The board that most tests use: an API with a contract, keys, plans and limits before an echo.

use crate::harness::{self, Started};
use gateway::Settings;

pub(crate) const CONTRACT: &str = r#"
openapi: 3.1.0
info: { title: Orders, version: "1" }
security: [{ key: [] }, { bearer: [] }]
components:
  securitySchemes:
    key: { type: apiKey, in: header, name: X-Api-Key }
    bearer: { type: http, scheme: bearer }
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }
        - { name: open, in: query, schema: { type: boolean } }
      responses:
        "200": { description: ok, content: { application/json: { schema: { type: object } } } }
    post:
      operationId: createOrder
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [item, quantity]
              properties:
                item: { type: string }
                quantity: { type: integer, minimum: 1 }
      responses:
        "201": { description: made }
        "200": { description: echoed, content: { application/json: { schema: { type: object, properties: { method: { type: string } } } } } }
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
      responses:
        "200": { description: ok, content: { application/json: { schema: { type: object, required: [method], properties: { method: { type: string } } } } } }
    delete:
      operationId: deleteOrder
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
      responses:
        "204": { description: gone }
"#;

/// The board; `{…}` are what tests vary.
pub(crate) fn text(url: &str, api: &str, offer: &str, plan: &str) -> String {
    let consumers = ["globex", "initech", "hooli"];
    let plans = [r#"["free"]"#, r#"["staff"]"#, r#"["free"]"#];
    let known: String =
        consumers.iter().zip(plans).map(|(name, plans)| harness::consumer(name, plans)).collect();
    format!(
        r#"
[listen.edge]
bind = "127.0.0.1:0"
trust = ["127.0.0.1/32"]
[apis.orders]
contract = "orders.yaml"
{api}
[apis.orders.upstream]
urls = ["{url}"]
timeout = "5s"
retries = 0
[apis.orders.offer.public]
at = "/shop"
plans = ["free"]
except = ["deleteOrder"]
max-body = "64KiB"
{offer}
[plans.free]
auth = "key"
{plan}
[plans.staff]
auth = "key"
[record]
details = "all"
{known}
"#
    )
}

pub(crate) fn start(url: &str) -> Started {
    start_as(url, "check = { requests = \"block\", responses = \"report\" }", "", "")
}

pub(crate) fn start_as(url: &str, api: &str, offer: &str, plan: &str) -> Started {
    harness::start(&text(url, api, offer, plan), &[("orders.yaml", CONTRACT.as_bytes())])
}

pub(crate) fn start_with(url: &str, settings: Settings) -> Started {
    let board = text(url, "check = { requests = \"block\", responses = \"report\" }", "", "");
    harness::start_with(&board, &[("orders.yaml", CONTRACT.as_bytes())], settings)
}

pub(crate) const KEY: &str = "X-Api-Key: key-of-globex\r\n";
