//! Multipart bodies: what is written is read, and what is wrong is said with its part.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use bytes::Bytes;
use contract::{
    Chunk, Contract, Head, In, Need, Operation, Payload, Source, Value, Values, check_head, decode, encode,
};
use http::{HeaderMap, HeaderValue, header};
use proptest::prelude::*;
use serde_json::json;
use std::sync::{Arc, LazyLock};

static UPLOAD: LazyLock<Arc<Operation>> = LazyLock::new(|| {
    let document = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
        "requestBody": {"required": true, "content": {"multipart/form-data": {
            "encoding": {
                "meta": {"contentType": "application/json"}, "photo": {"contentType": "image/png, image/jpeg"},
                "csv": {"headers": {"X-Rows": {"required": true, "schema": {"type": "integer", "maximum": 9, "default": 3}}}},
            },
            "schema": {"type": "object", "required": ["n"], "properties": {
                "n": {"type": "integer", "maximum": 3}, "tags": {"type": "array", "items": {"type": "string"}},
                "meta": {"type": "object", "properties": {"a": {"type": "integer"}}},
                "photo": {"type": "string", "format": "binary", "maxLength": 6},
                "csv": {"type": "string"},
            }},
        }}},
        "responses": {"default": {"description": ""}},
    }}}});
    let contract = Contract::read("small.json", document.to_string().as_bytes()).expect("it is a contract");
    Arc::clone(&contract.operations[0])
});

/// Codes and places of what is wrong with a body between boundaries `B`.
fn said(body: &[u8]) -> Vec<String> {
    said_of("multipart/form-data; boundary=B", body)
}

fn said_of(media: &str, body: &[u8]) -> Vec<String> {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_str(media).unwrap());
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let head = Head { method: UPLOAD.method(), path: "/a", query: None, fields: &fields };
    let (mut found, need) = check_head(&UPLOAD, &head);
    if let Need::Whole(check) = need {
        found.extend(check.whole(body).found);
    }
    found.iter().map(|one| format!("{} {}", one.code, one.place())).collect()
}

/// A body of these parts: what follows `name` in the head (further fields too), and the content.
fn of(parts: &[(&str, &str)]) -> Vec<u8> {
    let part = |(head, content): &(&str, &str)| {
        format!("--B\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n")
    };
    (parts.iter().map(part).collect::<String>() + "--B--\r\n").into_bytes()
}

#[test]
fn a_multipart_body_is_checked_part_by_part() {
    let n = ("n", "3");
    for (parts, expected) in [
        (&[n][..], &[][..]),
        (&[("\"n\"", "2"), ("tags", "a"), ("tags", "b")], &[]),
        (&[("n", "4")], &["maximum body /n"]),
        (&[("n", "x")], &["type body /n"]),
        (&[("tags", "a")], &["required body"]),
        (&[n, n], &["duplicate-name body /n"]),
        (&[n, ("meta", "{\"a\":1}")], &[]),
        (&[n, ("meta\r\nContent-Type: application/json", "{\"a\":\"x\"}")], &["type body /meta/a"]),
        (&[n, ("meta", "{\"a\":")], &["syntax body /meta"]),
        (&[n, ("meta\r\ncontent-type: text/plain", "{}")], &["part-media-type body /meta"]),
        (&[n, ("photo; filename=\"x.png\"\r\nContent-Type: image/png", "123456")], &[]),
        (
            &[n, ("photo; filename=\"x.png\"\r\nContent-Type: image/png", "1234567")],
            &["maxLength body /photo"],
        ),
        (
            &[n, ("photo; filename=\"x.gif\"\r\nContent-Type: image/gif", "1")],
            &["part-media-type body /photo"],
        ),
        (&[n, ("csv; filename=a\r\nContent-Type: text/csv\r\nX-Rows: 3", "a,b")], &[]),
        (&[n, ("csv\r\nX-Rows: 30", "a,b")], &["maximum body /csv"]),
        (&[n, ("csv", "a,b")], &["required body /csv"]),
        (&[n, ("csv\r\nX-Rows: 1\r\nContent-Transfer-Encoding: base64", "YQ==")], &["encoding body /csv"]),
    ] {
        assert_eq!(said(&of(parts)), expected, "{parts:?}");
    }
    assert_eq!(said(b"--B\r\n\r\n1\r\n--B--\r\n"), ["syntax body"]);
    assert_eq!(said(b"nothing of the kind"), ["syntax body"]);
    assert_eq!(said_of("multipart/form-data", b"x"), ["boundary header Content-Type"]);
    let long = format!("multipart/form-data; boundary={}", "b".repeat(71));
    assert_eq!(said_of(&long, b"x"), ["boundary header Content-Type"]);
    assert_eq!(said_of("multipart/form-data; boundary=\"B\"", &of(&[n])), Vec::<String>::new());
}

#[test]
fn parts_are_written_as_their_encoding_says() {
    let mut values = Values::default();
    let field = Value::Text("multipart/form-data; boundary=B".to_owned());
    values.push(In::Header, "Content-Type", field);
    values.push(In::Body, "", Value::Json(json!({"n": 1, "tags": ["a", "b"], "meta": {"a": 2}, "csv": "x"})));
    let source =
        Source { name: "photos/me \"2\".jpg".to_owned(), media: Some("image/jpeg".to_owned()), shown: None };
    values.push(In::Body, "photo", Value::Later(source.clone()));
    let request = encode(&UPLOAD, &values).unwrap();
    let Payload::Chunks(chunks) = request.payload else { panic!("{:?}", request.payload) };
    let [Chunk::Held(before), Chunk::Later(file), Chunk::Held(after)] = chunks.as_slice() else {
        panic!("{chunks:?}")
    };
    let part = |head: &str, content: &str| {
        format!("--B\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}")
    };
    let expected = [
        part("\"n\"", "1\r\n"),
        part("\"tags\"", "a\r\n"),
        part("\"tags\"", "b\r\n"),
        part("\"meta\"\r\nContent-Type: application/json", "{\"a\":2}\r\n"),
        part("\"csv\"\r\nX-Rows: 3", "x\r\n"),
        part("\"photo\"; filename=\"me %222%22.jpg\"\r\nContent-Type: image/jpeg", ""),
    ];
    assert_eq!(std::str::from_utf8(before).unwrap(), expected.concat());
    assert_eq!((file, after.as_ref()), (&source, &b"\r\n--B--\r\n"[..]));
    assert_eq!(request.fields["content-type"], "multipart/form-data; boundary=B");
    let whole = [before.as_ref(), b"\xff\xd8\xff", after].concat();
    assert_eq!(said(&whole), Vec::<String>::new());
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        n in -9..3_i64, tags in prop::collection::vec(".{0,8}", 0..4), name in "[^\\x00-\\x1f\\x7f%]{0,6}", a in any::<i64>(),
        photo in prop::collection::vec(any::<u8>(), 0..6), csv in "(\r\n|--B|-|--|[a-z]){0,6}",
    ) {
        let mut body = json!({"n": n, "meta": {"a": a}, "csv": csv});
        if !tags.is_empty() {
            body["tags"] = json!(tags);
        }
        let extra = format!("x{name}");
        body[&extra] = json!("extra");
        let mut photo = photo;
        photo.push(0xff);
        photo.truncate(6);
        let binary = std::str::from_utf8(&photo).is_err();
        let mut values = Values::default();
        values.push(In::Body, "", Value::Json(body.clone()));
        if binary {
            values.push(In::Body, "photo", Value::Bytes(Bytes::from(photo)));
        }
        let request = encode(&UPLOAD, &values).unwrap();
        let Payload::Bytes(bytes) = &request.payload else { panic!("{:?}", request.payload) };
        let head = Head { method: UPLOAD.method(), path: "/a", query: None, fields: &request.fields };
        let read = decode(&UPLOAD, &head, Some(bytes)).unwrap_or_else(|found| panic!("{found:?} in {bytes:?}"));
        prop_assert_eq!(read, values);
        let media = request.fields["content-type"].to_str().unwrap();
        prop_assert_eq!(said_of(media, bytes), Vec::<String>::new());
    }

    #[test]
    fn a_body_of_any_bytes_is_read_or_refused(
        body in "(--B|--|\r\n|\n|Content-Disposition: form-data; |name=|\"|n|;|\\\\|: |x){0,30}",
    ) {
        said(body.as_bytes());
    }
}

#[test]
fn a_form_in_parts_says_its_names() {
    let names: Vec<String> = UPLOAD.names().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["n", "tags", "meta", "photo", "csv"]);
}
