//! `--sample` as `contract sample` makes it: the contract's examples first, then what its schemas allow; files are read once.

use crate::harness::Place;
use demo::Provider;
use std::fmt::Write as _;

const CONTRACT: &str = "openapi: 3.1.0
info: {title: Shop, version: '1'}
paths:
  /orders/{shop}:
    post:
      operationId: make
      parameters:
        - {name: shop, in: path, required: true, schema: {type: string}, example: corner}
        - {name: note, in: query, schema: {type: string}, example: by example}
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [name, count], properties: {name: {type: string}, count: {type: integer}}}
            example: {name: lamp, count: 42}
      responses: {'200': {description: made}}
";

#[tokio::test]
async fn a_sample_takes_the_examples_of_the_contract_first() {
    let provider = Provider::echo().start().await;
    let url = provider.url();
    let place = Place::new().with("shop.yaml", CONTRACT).with("rows.csv", "count\n7\n8\n");
    let by_contract = place.run(&["contract", "sample", "shop.yaml", "make"]).ok();
    assert!(
        by_contract.contains("/orders/corner?note=by%20example") && by_contract.contains("lamp"),
        "{by_contract}"
    );
    let call = |more: &[&str]| {
        place.run(&[&["call", "shop.yaml", "make", "--server", &url, "--sample"], more].concat()).ok();
        let last = provider.requests().last().unwrap().clone();
        (last.target, String::from_utf8(last.body.to_vec()).unwrap())
    };
    let target = "/orders/corner?note=by%20example".to_owned();
    assert_eq!(call(&[]), (target.clone(), "{\"name\":\"lamp\",\"count\":42}".to_owned()));
    assert_eq!(
        call(&["count=1"]),
        (target.clone(), "{\"name\":\"lamp\",\"count\":1}".to_owned()),
        "what is given stays"
    );
    assert_eq!(
        call(&["--each", "rows.csv", "--jobs", "1"]),
        (target, "{\"name\":\"lamp\",\"count\":8}".to_owned())
    );
    let words = ["call", "shop.yaml", "make", "--server", &url, "--sample", "--edit"];
    place.end_with(env!("CARGO_BIN_EXE_switchboard"), &words, "", &[("EDITOR", "true")]).ok();
    let last = provider.requests().last().unwrap().clone();
    assert!(String::from_utf8(last.body.to_vec()).unwrap().contains("42"), "the editor begins with it too");
}

#[tokio::test]
async fn what_all_rows_share_is_read_once() {
    let provider = Provider::echo().start().await;
    let rows = (0..50).fold("shop\n".to_owned(), |mut rows, nth| {
        writeln!(rows, "s{nth}").unwrap();
        rows
    });
    let place = Place::new().with("shop.yaml", CONTRACT).with("rows.csv", rows);
    // Standard input is there once: who reads it for each row has it for the first one only.
    let body = "{\"name\":\"lamp\",\"count\":1}";
    let words = ["call", "shop.yaml", "make", "--server", &provider.url(), "--each", "rows.csv", "-d", "@-"];
    place.run_with(&words, body).ok();
    let requests = provider.requests();
    assert_eq!(requests.len(), 50);
    assert!(requests.iter().all(|one| one.body == body.as_bytes()), "{:?}", requests[1]);
}
