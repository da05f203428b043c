//! Learning from forms, from bodies in parts, and from cookies; and that every call keeps what was learnt.
#![expect(clippy::expect_used, reason = "a contract that does not load fails the test")]

use bytes::Bytes;
use contract::{Contract, Heard, In, Said, learn};
use http::Method;
use serde_json::{Value, json};

fn call(path: &str, cookie: &str, media: &str, body: &[u8]) -> Heard {
    Heard {
        method: Method::POST,
        path: path.to_owned(),
        query: None,
        fields: if cookie.is_empty() { Vec::new() } else { vec![("Cookie".to_owned(), cookie.to_owned())] },
        body: Said { media: Some(media.to_owned()), bytes: Some(Bytes::copy_from_slice(body)) },
        status: 200,
        answer: Said::default(),
    }
}

/// A body in parts: name, what the head says besides, content.
fn parts(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, more, content) in parts {
        body.extend(
            format!("--xYz_1\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n").bytes(),
        );
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--xYz_1--\r\n");
    body
}

fn learnt(calls: &[Heard]) -> Value {
    let learnt = learn("Learnt", &[], calls);
    assert_eq!(learnt.taken_back, Vec::<String>::new(), "{:#}", learnt.document);
    let contract = Contract::read("learnt", learnt.document.to_string().as_bytes()).expect("it loads");
    assert!(contract.warnings.is_empty(), "{:?}", contract.warnings);
    let backwards: Vec<Heard> = calls.iter().rev().cloned().collect();
    assert_eq!(learn("Learnt", &[], &backwards).document, learnt.document, "the order says nothing");
    learnt.document["paths"]["/a"]["post"].clone()
}

#[test]
fn the_members_of_a_form_are_typed_as_parameters_are() {
    let form = |text: &str| call("/a", "", "application/x-www-form-urlencoded", text.as_bytes());
    let found =
        learnt(&[form("count=2&name=two+words&tag=a&tag=b&4021=x"), form("count=17&tag=c&note=7x&ok=true")]);
    let expected = json!({"schema": {"type": "object", "required": ["count", "tag"], "properties": {
        "count": {"type": "integer"},
        "name": {"type": "string"},
        "note": {"type": "string"},
        "ok": {"type": "boolean"},
        "tag": {"type": "array", "items": {"type": "string"}},
    }}});
    assert_eq!(found["requestBody"]["content"]["application/x-www-form-urlencoded"], expected);
}

#[test]
fn the_parts_of_a_body_are_texts_documents_and_files() {
    let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff";
    let image = |name: &str| format!("; filename=\"{name}\"\r\nContent-Type: image/png");
    let about = "\r\nContent-Type: application/json";
    let first = parts(&[
        ("count", "", b"2"),
        ("about", about, br#"{"title": "A", "pages": 3}"#),
        ("photo", &image("a.png"), png),
        ("more", &image("b.png"), png),
        ("more", "; filename=\"c.pdf\"\r\nContent-Type: application/pdf", b"%PDF"),
    ]);
    let second = parts(&[
        ("count", "", b"17"),
        ("about", about, br#"{"title": "B"}"#),
        ("photo", &image("d.png"), png),
        ("text", "\r\nContent-Type: text/plain; charset=utf-8", "größer".as_bytes()),
    ]);
    let media = "multipart/form-data";
    let found = learnt(&[call("/a", "", media, &first), call("/a", "", media, &second)]);
    let file = json!({"type": "string", "format": "binary"});
    let expected = json!({
        "schema": {"type": "object", "required": ["about", "count", "photo"], "properties": {
            "about": {"type": "object", "required": ["title"], "properties": {
                "pages": {"type": "integer"}, "title": {"type": "string"},
            }},
            "count": {"type": "integer"},
            "more": {"type": "array", "items": file},
            "photo": file,
            "text": {"type": "string"},
        }},
        "encoding": {
            "about": {"contentType": "application/json"},
            "more": {"contentType": "application/pdf, image/png"},
            "photo": {"contentType": "image/png"},
        },
    });
    assert_eq!(found["requestBody"]["content"][media], expected);
}

#[test]
fn cookies_are_parameters_and_those_of_a_login_a_scheme() {
    let json = |cookie: &str| call("/a", cookie, "application/json", b"{}");
    let calls = [
        json("theme=dark; visits=3; PHPSESSID=8f14e45fceea167a5a36dedd4bea2543; _ga=GA1.2.3"),
        json("theme=light; visits=14; PHPSESSID=c9f0f895fb98ab9159f51fd0297e236d; lang=de"),
    ];
    let found = learnt(&calls);
    let parameter = |name: &str, kind: &str| json!({"name": name, "in": "cookie", "schema": {"type": kind}});
    let required = |name: &str, kind: &str| json!({"name": name, "in": "cookie", "required": true, "schema": {"type": kind}});
    assert_eq!(
        found["parameters"],
        json!([parameter("lang", "string"), required("theme", "string"), required("visits", "integer")])
    );
    assert_eq!(found["security"], json!([{"phpsessid": []}]));
    let document = learn("Learnt", &[], &calls).document;
    let scheme = json!({"type": "apiKey", "in": "cookie", "name": "PHPSESSID"});
    assert_eq!(document["components"]["securitySchemes"], json!({"phpsessid": scheme}));
    assert!(!document.to_string().contains("8f14e45"), "no value of a caller is written down");
    // What the ledger keeps of them, nothing, says nothing.
    assert_eq!(learnt(&[json("***")]).get("parameters"), None);
    let contract = Contract::read("learnt", document.to_string().as_bytes()).expect("it loads");
    assert_eq!(contract.operations[0].parameters.iter().filter(|one| one.place == In::Cookie).count(), 3);
}

#[test]
fn what_cannot_be_cut_says_that_a_body_came_and_no_more() {
    let media = "multipart/form-data";
    for body in
        [&b"no parts"[..], b"--\r\n\r\n", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"]
    {
        let found = learn("Learnt", &[], &[call("/a", "", media, body)]);
        let content = &found.document["paths"]["/a"]["post"]["requestBody"]["content"][media];
        assert!(content.get("schema").is_none_or(|schema| *schema == json!({})), "{content}");
    }
}
