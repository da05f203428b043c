//! Learning a contract from calls: paths, types, what must be there; and that every call keeps what was learnt.
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::needless_pass_by_value,
    reason = "tests"
)]

use bytes::Bytes;
use contract::{
    Asked, Chunk, Contract, Head, Heard, Need, Payload, Said, Want, check_answer, check_head, encode, learn,
    sample_answer, sample_request,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use std::path::Path;

fn json_of(value: &Value) -> Said {
    Said { media: Some("application/json".into()), bytes: Some(Bytes::from(value.to_string())) }
}

fn call(method: &str, target: &str, body: Option<Value>, status: u16, answer: Value) -> Heard {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    Heard {
        method: method.parse().expect("a method"),
        path: path.to_owned(),
        query: query.map(str::to_owned),
        fields: Vec::new(),
        body: body.map(|body| json_of(&body)).unwrap_or_default(),
        status,
        answer: if answer.is_null() { Said::default() } else { json_of(&answer) },
    }
}

fn learnt(calls: &[Heard]) -> Value {
    let learnt = learn("Learnt", &["https://api.acme.example".to_owned()], calls);
    assert_eq!(learnt.taken_back, Vec::<String>::new(), "nothing had to be taken back");
    keeps(&learnt.document, calls);
    learnt.document
}

/// Every call passes the checks of the document, found by its path among all its operations.
fn keeps(document: &Value, calls: &[Heard]) {
    let contract = Contract::read("learnt", document.to_string().as_bytes()).expect("it loads");
    assert!(contract.warnings.is_empty(), "{:?}", contract.warnings);
    for call in calls.iter().filter(|call| call.status != 404) {
        let fields = |said: &Said| {
            let mut fields = HeaderMap::new();
            if let Some(media) = &said.media {
                fields.insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_str(&whole(media, said)).expect("a media type"),
                );
            }
            let length = said.bytes.as_ref().map_or(0, Bytes::len);
            fields.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            fields
        };
        let sent = fields(&call.body);
        let head =
            Head { method: &call.method, path: &call.path, query: call.query.as_deref(), fields: &sent };
        let body = call.body.bytes.clone().unwrap_or_default();
        let fits = contract.operations.iter().filter(|one| *one.method() == call.method).any(|operation| {
            let (mut found, need) = check_head(operation, &head);
            if let Need::Whole(check) | Need::Watch(check) = need {
                found.extend(check.whole(&body).found);
            }
            let request = call.status >= 400 || found.is_empty();
            let status = StatusCode::from_u16(call.status).expect("a status");
            let (mut found, need) = check_answer(operation, status, &fields(&call.answer));
            if let Need::Whole(check) | Need::Watch(check) = need {
                found.extend(check.whole(&call.answer.bytes.clone().unwrap_or_default()).found);
            }
            request && found.is_empty()
        });
        assert!(fits, "{call:?} fits nothing of {document:#}");
    }
}

/// The media type as it was sent: with the boundary that the body begins with.
fn whole(media: &str, said: &Said) -> String {
    let line = said.bytes.as_deref().and_then(|bytes| bytes.split(|byte| *byte == b'\r').next());
    let boundary = line.and_then(|line| std::str::from_utf8(line).ok()?.strip_prefix("--"));
    match boundary.filter(|_| media.starts_with("multipart/")) {
        Some(boundary) => format!("{media}; boundary={boundary}"),
        None => media.to_owned(),
    }
}

fn order(id: u32, state: &str, note: Option<&str>) -> Value {
    let mut order = json!({"id": id, "state": state, "total": 12.5, "placed": "2024-03-01T10:00:00Z", "lines": [{"sku": "ab", "count": 2}]});
    if let Some(note) = note {
        order["note"] = json!(note);
    }
    order
}

#[test]
fn paths_parameters_and_bodies_are_learnt() {
    let mut calls = vec![
        call("GET", "/v1/orders?limit=10&state=open", None, 200, json!([order(1, "open", None)])),
        call("GET", "/v1/orders?limit=20", None, 200, json!([order(2, "paid", Some("call first"))])),
        call("GET", "/v1/orders/4021", None, 200, order(4021, "open", None)),
        call("GET", "/v1/orders/77", None, 200, order(77, "paid", Some("x"))),
        call("GET", "/v1/orders/78/lines/2024-03-01", None, 200, json!([])),
        call("POST", "/v1/orders", Some(json!({"sku": "a", "count": 1})), 201, order(1, "open", None)),
        call(
            "POST",
            "/v1/orders",
            Some(json!({"sku": "b", "count": 2, "gift": true})),
            201,
            order(2, "open", None),
        ),
        call("POST", "/v1/orders", Some(json!({"sku": 7})), 422, json!({"error": "no such sku"})),
        call("DELETE", "/v1/orders/77", None, 204, Value::Null),
        call("GET", "/v1/nothing", None, 404, json!({"error": "not found"})),
    ];
    let document = learnt(&calls);
    let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(paths, ["/v1/orders", "/v1/orders/{orderId}", "/v1/orders/{orderId}/lines/{date}"]);
    let list = &document["paths"]["/v1/orders"]["get"];
    assert_eq!(list["operationId"], "listOrders");
    assert_eq!(
        list["parameters"],
        json!([
            {"name": "limit", "in": "query", "required": true, "schema": {"type": "integer"}},
            {"name": "state", "in": "query", "schema": {"type": "string"}},
        ])
    );
    let get = &document["paths"]["/v1/orders/{orderId}"]["get"];
    assert_eq!(get["operationId"], "getOrder");
    assert_eq!(
        get["parameters"][0],
        json!({"name": "orderId", "in": "path", "required": true, "schema": {"type": "integer"}})
    );
    let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["id", "lines", "placed", "state", "total"]));
    assert_eq!(schema["properties"]["placed"], json!({"type": "string", "format": "date-time"}));
    assert_eq!(schema["properties"]["total"], json!({"type": "number"}));
    let create = &document["paths"]["/v1/orders"]["post"];
    assert_eq!(create["operationId"], "createOrder");
    // What was refused says nothing of what is taken.
    let body = &create["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"]["sku"], json!({"type": "string"}));
    assert_eq!(body["required"], json!(["count", "sku"]));
    assert!(create["responses"]["422"].is_object());
    // No caller's value is in it, and the order of the calls does not matter.
    for value in ["4021", "no such sku", "call first", "12.5", "2024-03-01"] {
        assert!(!document.to_string().contains(value), "{value}");
    }
    calls.reverse();
    assert_eq!(learnt(&calls), document);
}

#[test]
fn values_in_paths_are_told_by_form_and_by_evidence() {
    let user =
        |name: &str| call("GET", &format!("/users/{name}"), None, 200, json!({"login": name, "age": 3}));
    let other = |name: &str| call("GET", &format!("/{name}"), None, 200, json!({name: 1, "more": 2}));
    let mut calls: Vec<Heard> = ["ann", "bob", "eve", "joe", "kim"].map(user).into();
    calls.extend(["orders", "carts", "payments", "refunds", "parcels"].map(other));
    calls.push(call("GET", "/users/me", None, 200, json!({"settings": {}, "plan": "free"})));
    calls.push(call("GET", "/files/9f86d081884c7d659a2feaa0c55ad015/raw", None, 200, json!({"a": 1})));
    calls.push(call("GET", "/1/boards/507f1f77bcf86cd799439011", None, 200, json!({"a": 1})));
    let document = learnt(&calls);
    let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    assert_eq!(
        paths,
        [
            "/1/boards/{boardId}",
            "/carts",
            "/files/{fileId}/raw",
            "/orders",
            "/parcels",
            "/payments",
            "/refunds",
            "/users/me",
            "/users/{userId}",
        ]
    );
}

#[test]
fn a_choice_is_closed_only_if_few_words_came_again_and_again() {
    let (states, owners) = (["open", "paid", "sent"], ["ann", "bob"]);
    let calls = |count: usize| -> Vec<Heard> {
        let one = |index: usize| {
            let answer = json!({"state": states[index % 3], "owner": owners[index % 2], "note": format!("n{index}"), "none": null});
            call("GET", &format!("/orders/{index}"), None, 200, answer)
        };
        (0..count).map(one).collect()
    };
    let members = |count: usize| {
        let document = learnt(&calls(count));
        document
            .pointer(
                "/paths/~1orders~1{orderId}/get/responses/200/content/application~1json/schema/properties",
            )
            .cloned()
    };
    let few = members(8).expect("members");
    assert_eq!(few["state"], json!({"type": "string"}));
    let many = members(30).expect("members");
    assert_eq!(many["state"], json!({"type": "string", "enum": ["open", "paid", "sent"]}));
    assert_eq!(many["owner"], json!({"type": "string"}), "what people are called is no choice");
    assert_eq!(many["note"], json!({"type": "string"}));
    assert_eq!(many["none"], json!({}), "that it was always null says nothing");
}

#[test]
fn names_that_are_values_credentials_and_forms_are_learnt_as_such() {
    let mut one = call("GET", "/stock", None, 200, json!({"4021": {"left": 3}, "4022": {"left": 4}}));
    one.fields.push(("Authorization".into(), "Bearer ***".into()));
    let form = Said {
        media: Some("application/x-www-form-urlencoded".into()),
        bytes: Some(Bytes::from_static(b"to=%2B1&text=a+b&tag=x&tag=y")),
    };
    let two = Heard { body: form, ..call("POST", "/messages", None, 200, Value::Null) };
    let document = learnt(&[one, two]);
    let stock = document.pointer("/paths/~1stock/get").expect("it");
    let schema = stock.pointer("/responses/200/content/application~1json/schema").expect("it");
    assert_eq!(schema["additionalProperties"]["properties"]["left"], json!({"type": "integer"}));
    assert!(!document.to_string().contains("4021"));
    assert_eq!(stock["security"], json!([{"bearer": []}]));
    let form = document.pointer("/paths/~1messages/post/requestBody/content").expect("it");
    let members = &form["application/x-www-form-urlencoded"]["schema"]["properties"];
    assert_eq!(members["tag"], json!({"type": "array", "items": {"type": "string"}}));
}

/// Calls that a published contract allows, as if they had been seen.
fn heard(contract: &Contract) -> Vec<Heard> {
    let mut calls = Vec::new();
    for (index, operation) in contract.operations.iter().enumerate() {
        for seed in 0..4 {
            let Some(values) = sample_request(operation, seed, Want::Plain) else { continue };
            let Ok(request) = encode(operation, &values) else { continue };
            let Ok(answer) = sample_answer(operation, &Asked { seed, ..Asked::default() }) else { continue };
            let plain = |media: Option<&str>| {
                media.map(|one| one.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            };
            let media = request.fields.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let body = match &request.payload {
                Payload::Empty | Payload::Later(_) => Said::default(),
                Payload::Bytes(bytes) => Said { media: plain(media), bytes: Some(bytes.clone()) },
                Payload::Chunks(chunks) => {
                    assert!(
                        chunks.iter().all(|chunk| matches!(chunk, Chunk::Held(_))),
                        "samples have no files"
                    );
                    Said { media: plain(media), bytes: None }
                }
            };
            let _ = index;
            calls.push(Heard {
                method: request.method,
                path: request.path,
                query: request.query,
                fields: Vec::new(),
                body,
                status: answer.status.as_u16(),
                answer: Said { media: plain(answer.media.as_deref()), bytes: Some(answer.body) },
            });
        }
    }
    calls
}

#[test]
fn what_is_learnt_from_calls_of_published_contracts_is_kept_by_each_of_them() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(corpus) = own.ancestors().map(|one| one.join("shared/corpus/openapi")).find(|one| one.is_dir())
    else {
        eprintln!("skipped: there is no ../shared/corpus beside the project");
        return;
    };
    for file in [
        "petstore-3.0.yaml",
        "museum.yaml",
        "openfga.json",
        "docker-engine.yaml",
        "intellifi.nl.yaml",
        "figma.yaml",
    ] {
        let Ok(bytes) = std::fs::read(corpus.join(file)) else { continue };
        let contract = Contract::read(file, &bytes).expect("a contract");
        let calls = heard(&contract);
        let learnt = learn(file, &[], &calls);
        eprintln!(
            "{file}: {} calls, {} taken back: {:?}",
            learnt.calls,
            learnt.taken_back.len(),
            learnt.taken_back
        );
        let used: Vec<Heard> = calls.into_iter().filter(|call| call.status < 300).collect();
        keeps_own(&learnt.document, &used);
    }
}

/// As [`keeps`], without a word about warnings: a published contract has stranger names than we would give.
fn keeps_own(document: &Value, calls: &[Heard]) {
    let contract = Contract::read("learnt", document.to_string().as_bytes()).expect("it loads");
    for call in calls {
        let mut fields = HeaderMap::new();
        if let Some(media) = &call.body.media {
            fields.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_str(&whole(media, &call.body)).expect("a media type"),
            );
            fields.insert(
                header::CONTENT_LENGTH,
                HeaderValue::from(call.body.bytes.as_ref().map_or(1, Bytes::len)),
            );
        }
        let head =
            Head { method: &call.method, path: &call.path, query: call.query.as_deref(), fields: &fields };
        let mut near = Vec::new();
        let fits = contract.operations.iter().filter(|one| *one.method() == call.method).any(|operation| {
            let (mut found, need) = check_head(operation, &head);
            if let (Need::Whole(check) | Need::Watch(check), Some(bytes)) = (need, &call.body.bytes) {
                found.extend(check.whole(bytes).found);
            }
            near.extend(found.first().map(ToString::to_string));
            found.is_empty()
        });
        assert!(fits || call.method == Method::HEAD, "{} {}: {near:?}", call.method, call.path);
    }
}
