//! XML bodies: JSON is written by the `xml` objects of its schema, read back, and checked as a value.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use contract::{Contract, Head, In, Need, Operation, Payload, Value, Values, check_head, decode, encode};
use http::{HeaderMap, HeaderValue, header};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::sync::{Arc, LazyLock};

static PET: LazyLock<Arc<Operation>> = LazyLock::new(|| {
    let document = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {
        "requestBody": {"content": {"application/xml": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "responses": {"default": {"description": ""}},
    }}}, "components": {"schemas": {
        "Pet": {"type": "object", "required": ["id"], "xml": {"name": "pet"}, "properties": {
            "id": {"type": "integer", "maximum": 9, "xml": {"attribute": true}},
            "name": {"type": ["string", "null"], "xml": {"namespace": "http://acme.example/n", "prefix": "n", "name": "call"}},
            "photos": {"type": "array", "xml": {"wrapped": true, "name": "album"}, "items": {"type": "string", "xml": {"name": "photo"}}},
            "tags": {"type": "array", "items": {"$ref": "#/components/schemas/Tag"}},
            "note": {"type": "object", "properties": {
                "lang": {"type": "string", "xml": {"nodeType": "attribute"}},
                "text": {"type": "string", "xml": {"nodeType": "text"}},
            }},
        }},
        "Tag": {"type": "object", "xml": {"name": "tag"}, "properties": {"n": {"type": "integer"}}},
    }}});
    let contract = Contract::read("small.json", document.to_string().as_bytes()).expect("it is a contract");
    Arc::clone(&contract.operations[0])
});

fn written(value: &Json) -> Result<(String, Json), String> {
    let mut values = Values::default();
    values.push(In::Body, "", Value::Json(value.clone()));
    let request = encode(&PET, &values).map_err(|found| found[0].code.to_owned())?;
    assert_eq!(request.fields["content-type"], "application/xml");
    let Payload::Bytes(bytes) = request.payload else { panic!("no bytes") };
    let head = Head { method: PET.method(), path: "/a", query: None, fields: &request.fields };
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let read = decode(&PET, &head, Some(&bytes)).unwrap_or_else(|found| panic!("{text}: {found:?}"));
    let Some(Value::Json(json)) = read.get(In::Body, "") else { panic!("nothing in {text}") };
    Ok((text, json.clone()))
}

fn said(body: &str) -> Vec<String> {
    let mut fields = HeaderMap::new();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=UTF-8"));
    fields.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let head = Head { method: PET.method(), path: "/a", query: None, fields: &fields };
    let (mut found, need) = check_head(&PET, &head);
    let Need::Whole(check) = need else { panic!("the body is to be checked") };
    found.extend(check.whole(body.as_bytes()).found);
    found.iter().map(|one| format!("{} {}", one.code, one.place())).collect()
}

#[test]
fn a_value_is_written_as_its_schema_says() {
    let value = json!({
        "id": 7, "name": "a<b", "photos": ["x", "y"], "tags": [{"n": 1}, {"n": 2}],
        "note": {"lang": "\"de\"\n", "text": "so & so\r"},
    });
    let (text, read) = written(&value).unwrap();
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><pet id=\"7\">\
        <n:call xmlns:n=\"http://acme.example/n\">a&lt;b</n:call>\
        <album><photo>x</photo><photo>y</photo></album><tag><n>1</n></tag><tag><n>2</n></tag>\
        <note lang=\"&quot;de&quot;&#10;\">so &amp; so&#13;</note></pet>";
    assert_eq!(text, expected);
    assert_eq!(read, value);
    let (text, read) = written(&json!({"id": 1, "name": null})).unwrap();
    assert!(text.contains("xsi:nil=\"true\"/>"), "{text}");
    assert_eq!(read, json!({"id": 1, "name": null}));
    assert_eq!(written(&json!({"id": 1, "a b": 1})), Err("name".to_owned()));
    assert_eq!(written(&json!({"id": 1, "name": "\u{1}"})), Err("value".to_owned()));
}

#[test]
fn a_body_in_xml_is_checked_as_its_value() {
    for (body, expected) in [
        ("<pet id='7'><call>x</call></pet>", &[][..]),
        ("<?xml version='1.0'?>\n<!-- c -->\n<p:pet xmlns:p='x' id='7'/>\n", &[]),
        ("<pet id='7'><call><![CDATA[<x>]]>&#x41;&amp;</call></pet>", &[]),
        ("<pet id='10'/>", &["maximum body /id"]),
        ("<pet id='x'/>", &["type body /id"]),
        ("<pet/>", &["required body"]),
        ("<pet id='1'><tag><n>1</n></tag><tag><n>x</n></tag></pet>", &["type body /tags/1/n"]),
        ("<pet id='1'><call>a</call><call>b</call></pet>", &["duplicate-name body /name"]),
        ("<pet id='1'><album><foto/></album></pet>", &["element body /photos"]),
        ("<pet id='1' id='2'/>", &["syntax body"]),
        ("<cat id='1'/>", &["root body"]),
        ("<pet id='1'>", &["syntax body"]),
        ("<pet id='1'></pet><pet id='1'/>", &["syntax body"]),
        ("<pet id='1'/>text", &["syntax body"]),
        ("<!DOCTYPE pet [<!ENTITY a 'b'>]><pet id='1'/>", &["document-type body"]),
        ("<pet id='1'><call>&a;</call></pet>", &["entity body"]),
        ("<pet id='&a;'/>", &["syntax body"]),
        ("<pet id='1'><?php x ?></pet>", &["syntax body"]),
        (" ", &["syntax body"]),
    ] {
        assert_eq!(said(body), expected, "{body}");
    }
    let deep = "<pet>".repeat(65);
    assert_eq!(said(&deep), ["depth body"]);
    let wide = format!("<pet id='1'>{}</pet>", "<x/>".repeat(100_001));
    assert_eq!(said(&wide), ["size body"]);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        id in 0..9_i64, name in proptest::option::of("[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\u{fffe}\\u{ffff}]{0,8}"),
        photos in prop::collection::vec("[ \t\r\na-z<>&\"'\\]]{0,6}", 0..4), tags in prop::collection::vec(any::<i64>(), 1..4),
        lang in "[ \t\r\na-z<>&\"']{0,6}", text in "[ \t\r\na-z<>&\"'\\]]{0,6}",
    ) {
        let tags: Vec<Json> = tags.into_iter().map(|n| json!({"n": n})).collect();
        let value = json!({"id": id, "name": name, "photos": photos, "tags": tags, "note": {"lang": lang, "text": text}});
        let (text, read) = written(&value).unwrap();
        prop_assert_eq!(read, value);
        prop_assert_eq!(said(&text), Vec::<String>::new());
    }

    #[test]
    fn a_body_of_any_text_is_read_or_refused(body in "(<|>|/|pet|call| |id=|'|\"|&|;|#|x|!|\\[|CDATA|\\]|\\?|-){1,40}") {
        said(&body);
    }
}
