//! Bodies that curl makes of files and texts, before a contract that blocks: forms in parts, XML, and what a
//! path's key tells apart.

use crate::harness::{self, Started};
use demo::Provider;
use std::path::Path;
use std::process::Command;

const CONTRACT: &str = r#"
openapi: 3.1.0
info: { title: Uploads, version: "1" }
paths:
  /photos:
    post:
      operationId: addPhoto
      requestBody:
        required: true
        content:
          multipart/form-data:
            encoding: { photo: { contentType: "image/png, image/jpeg" }, meta: { contentType: application/json } }
            schema:
              type: object
              required: [photo, stars]
              additionalProperties: false
              properties:
                photo: { type: string, format: binary, maxLength: 64 }
                stars: { type: integer, minimum: 1, maximum: 5 }
                tags: { type: array, maxItems: 2, items: { type: string } }
                meta: { type: object, required: [by], properties: { by: { type: string } } }
      responses: { "200": { description: ok } }
  /orders:
    post:
      operationId: addOrder
      requestBody:
        required: true
        content:
          application/xml:
            schema:
              type: object
              xml: { name: order }
              required: [item, quantity]
              additionalProperties: false
              properties:
                id: { type: integer, xml: { attribute: true } }
                item: { type: string }
                quantity: { type: integer, minimum: 1 }
                notes: { type: array, xml: { wrapped: true }, items: { type: string, xml: { name: note } } }
      responses: { "200": { description: ok } }
  /rest?method=photos.list:
    get:
      operationId: listPhotos
      parameters: [{ name: page, in: query, schema: { type: integer } }]
      responses: { "200": { description: ok } }
  /rest?method=people.list:
    get:
      operationId: listPeople
      responses: { "200": { description: ok } }
"#;

fn start(url: &str) -> Started {
    let board = format!(
        "[listen.edge]\nbind = '127.0.0.1:0'\n[apis.uploads]\ncontract = 'uploads.yaml'\ncheck = 'block'\n\
         [apis.uploads.upstream]\nurls = ['{url}']\nretries = 0\n[apis.uploads.offer.all]\nat = '/'\nplans = ['open']\n\
         [plans.open]\nauth = 'none'\n"
    );
    harness::start(&board, &[("uploads.yaml", CONTRACT.as_bytes())])
}

/// Status and body of what curl gets; `None` where there is no curl.
fn curl(folder: &Path, args: &[&str]) -> Option<(u16, String)> {
    let output =
        Command::new("curl").current_dir(folder).args(["-sS", "-w", "\n%{http_code}"]).args(args).output();
    let output = output.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n')?;
    Some((status.parse().unwrap_or(0), body.to_owned()))
}

#[expect(clippy::print_stderr, reason = "says what is left out")]
fn skipped() {
    eprintln!("skipped: curl is not installed");
}

/// The places and codes that a problem names: `/stars maximum`.
fn named(problem: &str) -> Vec<String> {
    let problem: serde_json::Value = serde_json::from_str(problem).expect("a problem");
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    errors
        .iter()
        .map(|one| {
            format!(
                "{} {}",
                one["pointer"].as_str().unwrap_or_default(),
                one["detail"].as_str().unwrap_or_default()
            )
        })
        .collect()
}

#[test]
fn an_upload_is_checked_part_by_part_before_anything_of_it_is_sent_on() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    let url = format!("http://{}/photos", gateway.address());
    let folder = tempfile::tempdir().expect("a folder");
    let png = [&b"\x89PNG\r\n\x1a\n\xff\x00"[..], b"pixels"].concat();
    std::fs::write(folder.path().join("a.png"), &png).expect("written");
    std::fs::write(folder.path().join("large.png"), [&png[..], &[b'x'; 64]].concat()).expect("written");
    std::fs::write(folder.path().join("meta.json"), "{\"by\":\"Globex\"}").expect("written");
    let good = [
        "-F",
        "photo=@a.png",
        "-F",
        "stars=5",
        "-F",
        "tags=red",
        "-F",
        "tags=blue",
        "-F",
        "meta=@meta.json;type=application/json",
    ];
    let Some((status, body)) = curl(folder.path(), &[&good[..], &[&url]].concat()) else {
        return skipped();
    };
    assert_eq!(status, 200, "{body}");
    assert_eq!(provider.calls(), 1);
    let seen = provider.requests().remove(0);
    assert!(seen.body.windows(png.len()).any(|bytes| bytes == png), "the file arrives byte for byte");
    for (args, place, word) in [
        (&["-F", "photo=@a.png", "-F", "stars=6"][..], "/stars", "5"),
        (&["-F", "photo=@a.png", "-F", "stars=many"], "/stars", "integer"),
        (&["-F", "stars=5"], "", "photo"),
        (&["-F", "photo=@a.png;type=image/gif", "-F", "stars=5"], "/photo", "image"),
        (&["-F", "photo=@large.png", "-F", "stars=5"], "/photo", "64"),
        (&["-F", "photo=@a.png", "-F", "stars=5", "-F", "x=1"], "/x", "no field"),
        (
            &["-F", "photo=@a.png", "-F", "stars=5", "-F", "tags=a", "-F", "tags=b", "-F", "tags=c"],
            "/tags",
            "2",
        ),
        (&["-F", "photo=@a.png", "-F", "stars=5", "-F", "meta={};type=application/json"], "/meta", "by"),
        (&["-F", "photo=@a.png", "-F", "stars=5", "-F", "meta={\"by;type=application/json"], "/meta", "JSON"),
    ] {
        let (status, body) = curl(folder.path(), &[args, &[&url]].concat()).expect("curl is here");
        assert_eq!(status, 400, "{args:?} {body}");
        let named = named(&body);
        assert!(named.iter().any(|one| one.starts_with(place) && one.contains(word)), "{args:?} {named:?}");
    }
    let (status, body) = curl(folder.path(), &["-d", "stars=5", &url]).expect("curl is here");
    assert_eq!(status, 415, "{body}");
    assert_eq!(provider.calls(), 1, "nothing that breaks the contract was sent on");
}

#[test]
fn xml_is_checked_by_its_schema_before_it_is_sent_on() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    let url = format!("http://{}/orders", gateway.address());
    let folder = tempfile::tempdir().expect("a folder");
    let send = |body: &str| {
        curl(folder.path(), &["-H", "Content-Type: application/xml", "--data-binary", body, &url])
    };
    let good = "<?xml version=\"1.0\"?>\n<order id=\"7\"><item>tea &amp; milk</item><quantity>2</quantity><notes><note>a</note><note>b</note></notes></order>";
    let Some((status, body)) = send(good) else { return skipped() };
    assert_eq!(status, 200, "{body}");
    assert_eq!(provider.requests()[0].body, good.as_bytes(), "byte for byte");
    for (body, place, word) in [
        ("<order><item>tea</item><quantity>0</quantity></order>", "/quantity", "1"),
        ("<order><item>tea</item><quantity>two</quantity></order>", "/quantity", "integer"),
        ("<order id=\"x\"><item>tea</item><quantity>1</quantity></order>", "/id", "integer"),
        ("<order><item>tea</item></order>", "", "quantity"),
        ("<order><item>tea</item><quantity>1</quantity><extra/></order>", "/extra", "no field"),
        ("<basket/>", "", "root element"),
        ("<order><item>tea</order>", "", ""),
        (
            "<!DOCTYPE order [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><order><item>&e;</item><quantity>1</quantity></order>",
            "",
            "",
        ),
    ] {
        let (status, answer) = send(body).expect("curl is here");
        assert_eq!(status, 400, "{body} {answer}");
        let named = named(&answer);
        assert!(
            named.iter().any(|one| one.trim().starts_with(place) && one.contains(word)),
            "{body} {named:?}"
        );
        assert!(!answer.contains("root:"), "{answer}");
    }
    assert_eq!(provider.calls(), 1, "nothing that breaks the contract was sent on");
}

#[test]
fn operations_with_one_path_are_told_apart_by_the_query_of_their_keys() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = start(&provider.url());
    for (query, status) in [
        ("method=photos.list&page=2", 200),
        ("method=photos.list&page=two", 400),
        ("method=people.list", 200),
        ("method=other", 404),
    ] {
        let reply = gateway.get(&format!("/rest?{query}"));
        assert_eq!(reply.status, status, "{query} {}", reply.text());
    }
    let records = gateway.kept.closed(4);
    let operations: Vec<_> =
        records.iter().map(|record| record.operation.as_deref().unwrap_or_default()).collect();
    assert_eq!(operations, ["listPhotos", "listPhotos", "listPeople", ""]);
    let sent: Vec<_> = provider.requests().iter().map(|seen| seen.target.clone()).collect();
    assert_eq!(sent, ["/rest?method=photos.list&page=2", "/rest?method=people.list"]);
}
