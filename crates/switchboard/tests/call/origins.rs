//! A redirect to another origin (RFC 6454 §4): what is secret stays behind, and that is said, once, with the way to send it.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;

/// Leads to `to`.
async fn leading(to: String) -> Provider {
    Provider::answering(move |_| {
        Response::builder().status(302).header("location", &to).body(Bytes::new()).unwrap()
    })
    .start()
    .await
}

#[tokio::test]
async fn what_stays_behind_is_said_with_the_way_to_send_it() {
    let stranger = Provider::answering(|_| Response::new(Bytes::from_static(b"there"))).start().await;
    let provider = leading(format!("{}/there", stranger.url())).await;
    let place = Place::new().with("rows.csv", "x\n1\n2\n");
    let url = provider.url();
    let secret =
        ["-u", "me:hush-hush", "-b", "taste=vanilla", "-H", "X-Api-Key: hush-hush", "-H", "X-Plain: 1"];
    let call = |more: &[&str]| place.run(&[&["call", &url, "-L"], &secret[..], more].concat());
    let said = format!(
        "the redirect leads to another origin, `{}`: `authorization`, `cookie` and `x-api-key` stay behind; \
         to send them there too: `--location-trusted`\n",
        stranger.url()
    );
    let ended = call(&[]);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, "there", said.as_str()));
    let seen = stranger.requests();
    let seen = seen.last().unwrap();
    for name in ["authorization", "cookie", "x-api-key"] {
        assert_eq!(seen.field(name), None, "{name}");
    }
    assert_eq!(seen.field("x-plain"), Some("1"));

    let rows = call(&["--each", "rows.csv"]);
    assert_eq!(rows.err.matches("another origin").count(), 1, "once: {rows:?}");
    let trusted = call(&["--location-trusted"]);
    assert_eq!((trusted.code, trusted.err.as_str()), (0, ""), "it was sent along");
    let requests = stranger.requests();
    assert_eq!(requests.last().unwrap().field("x-api-key"), Some("hush-hush"));
    let nothing = place.run(&["call", &url, "-L", "-H", "X-Plain: 1"]);
    assert_eq!((nothing.code, nothing.err.as_str()), (0, ""), "nothing was left");
    let curl = place.run(&[&["curl", "-sS", "-L", &url], &secret[..]].concat());
    assert_eq!((curl.code, curl.err.as_str()), (0, ""), "curl says nothing");
}

#[tokio::test]
async fn the_credential_of_a_board_stays_with_its_provider() {
    let stranger = Provider::answering(|_| Response::new(Bytes::from_static(b"there"))).start().await;
    let provider = leading(format!("{}/there", stranger.url())).await;
    let board = format!(
        "[apis.shop]\ncontract = \"shop.yaml\"\n[apis.shop.upstream]\nurls = \"{}\"\n\
         credential = {{ header = \"X-Key\", value = \"file:key\" }}\n",
        provider.url()
    );
    let contract = "openapi: 3.0.0\ninfo: {title: Shop, version: 1.0.0}\npaths:\n  /orders:\n    get:\n      \
                    operationId: list\n      responses: {default: {description: all}}\n";
    let place =
        Place::new().with("switchboard.toml", board).with("shop.yaml", contract).with("key", "hush-hush-1\n");
    let ended = place.run(&["call", "shop.list", "-L"]);
    assert_eq!((ended.code, ended.out.as_str()), (0, "there"), "{ended:?}");
    assert!(ended.err.contains("the credential of the provider stays behind"), "{ended:?}");
    assert_eq!(provider.requests()[0].field("x-key"), Some("hush-hush-1"));
    assert_eq!(stranger.requests()[0].field("x-key"), None);
}
