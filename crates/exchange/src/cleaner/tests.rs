//! What is hidden, and what is kept, in lines, fields and bodies.

use super::Cleaner;
use crate::Redactor;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;

/// Hides `colour` too.
pub(super) fn cleaner() -> Cleaner<'static> {
    Cleaner::new(Cow::Owned(Redactor::default()), vec!["colour".to_owned()])
}

fn body(media: &str, body: &str) -> String {
    let mut fields = HeaderMap::new();
    fields.insert("content-type", HeaderValue::from_str(media).unwrap());
    cleaner().message("", &fields, body.as_bytes(), (body.len() as u64, 1 << 20)).body
}

#[test]
fn a_query_is_cleaned_pair_by_pair() {
    assert_eq!(cleaner().pairs("a=1&api_key=K&b", "&"), "a=1&api_key=***&b");
    assert_eq!(cleaner().pairs("api%5fk%65y=%4B&a=%20", "&"), "api%5fk%65y=***&a=%20");
    assert_eq!(
        cleaner().pairs("user[password]=K&user%5Bcolour%5D=x&a[]=1", "&"),
        "user[password]=***&user%5Bcolour%5D=***&a[]=1"
    );
}

#[test]
fn the_line_of_a_request_and_an_address_alone_end_as_they_did() {
    for (line, expected) in [
        ("GET /a?token=hush&b=1 HTTP/1.1", "GET /a?token=***&b=1 HTTP/1.1"),
        ("https://me:hush@x.example/a?token=hush", "https://me:***@x.example/a?token=***"),
        ("/a?b=1", "/a?b=1"),
        ("/a?", "/a?"),
        ("/a", "/a"),
    ] {
        assert_eq!(cleaner().line(line), expected);
    }
}

#[test]
fn a_body_of_any_media_type_is_kept_without_what_its_names_say_is_secret() {
    for (media, text, expected) in [
        ("application/json", r#"{"password":"hush-hush","a":1}"#, r#"{"password": "***","a":1}"#),
        (
            "application/json",
            r#"{"url":"http://x.example/?token=hush"}"#,
            r#"{"url":"http://x.example/?token=***"}"#,
        ),
        ("application/problem+json", r#"{"detail":"token: none"}"#, r#"{"detail":"token: none"}"#),
        ("application/x-www-form-urlencoded", "a=1&colour=red", "a=1&colour=***"),
        ("text/plain", "Authorization: Bearer hush\nHost: x", "Authorization: ***\nHost: x"),
        ("text/plain", "password=hush&a=1", "password=***&a=1"),
        (
            "application/xml",
            "<a><x:password type=\"t\">hush</x:password><b colour=\"red\"/></a>",
            "<a><x:password type=\"t\">***</x:password><b colour=\"***\"/></a>",
        ),
        ("text/xml", "<password><![CDATA[hush]]>", "<password>***"),
        ("text/html", "<a href='/x?token=hush'>", "<a href='/x?token=***'>"),
        ("text/plain", "see https://me:hush@x.example/", "see https://me:***@x.example/"),
        ("text/event-stream", "data: {\"colour\":\"red\"}\n\n", "data: {\"colour\": \"***\"}\n\n"),
    ] {
        assert_eq!(body(media, text), expected, "{media}");
    }
}

#[test]
fn a_part_of_a_form_is_hidden_by_its_name_and_cleaned_by_its_own_type() {
    let text = "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush\r\n--b\r\n\
        Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"colour\":\"red\"}\r\n\
        --b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nhello\r\n--b--\r\n";
    let clean = body("multipart/form-data; boundary=b", text);
    assert!(!clean.contains("hush") && !clean.contains("red") && clean.contains("hello"), "{clean}");
    let cut = body("multipart/form-data; boundary=\"b\"", &text[..text.find("hush").unwrap() + 3]);
    assert!(!cut.contains("hus"), "{cut}");
}

#[test]
fn a_field_is_kept_without_the_secrets_in_its_addresses_and_parameters() {
    let mut fields = HeaderMap::new();
    for (name, value) in [
        ("location", "https://me:hush@x.example/back?token=hush&a=1#access_token=hush"),
        ("link", "<https://x.example/?api_key=hush>; rel=next"),
        ("x-access-token", "hush"),
        ("colour", "hush"),
        ("via", "1.1 x"),
    ] {
        fields.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let shown = cleaner().message("", &fields, b"", (0, 0)).fields;
    assert!(!format!("{shown:?}").contains("hush"), "{shown:?}");
    assert!(
        shown
            .iter()
            .any(|(_, value)| value == "https://me:***@x.example/back?token=***&a=1#access_token=***")
    );
    assert!(shown.iter().any(|(_, value)| value == "1.1 x"));
}

#[test]
fn what_was_hidden_by_its_name_is_hidden_where_it_is_said_back() {
    let cleaner = cleaner();
    let mut fields = HeaderMap::new();
    // `me:open-sesame`
    fields.insert("authorization", HeaderValue::from_static("Basic bWU6b3Blbi1zZXNhbWU="));
    fields.insert("cookie", HeaderValue::from_static("a=mumble-mumble; b=1"));
    let body = br#"{"password":"hush \"hush\""}"#;
    cleaner.message("GET /?token=quiet%20one HTTP/1.1", &fields, body, (body.len() as u64, 1 << 20));
    cleaner.line("GET /?token=quiet%20one HTTP/1.1");
    let cleaner = cleaner.and_what_was_found();
    let told = "hush \"hush\", quiet one, quiet+one, open-sesame, bWU6b3Blbi1zZXNhbWU=, mumble-mumble, 1";
    assert_eq!(cleaner.text(told), "***, ***, ***, ***, ***, ***, 1");
}
