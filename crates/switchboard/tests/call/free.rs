//! Requests without a contract, against a provider that answers what it was sent.

use crate::harness::Place;
use demo::Provider;
use serde_json::{Value, json};

fn field<'a>(echo: &'a Value, name: &str) -> Option<&'a str> {
    let fields = echo["fields"].as_array().unwrap();
    fields.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}

#[tokio::test]
async fn items_make_the_request_that_httpie_makes() {
    let provider = Provider::echo().start().await;
    let place = Place::new().with("note.txt", "from a file\n").with("body.json", "{\"whole\": true}");
    let url = format!("{}/x?p=1", provider.url());
    for (items, method, target, body) in [
        (vec![], "GET", "/x?p=1", Value::Null),
        (vec!["q==a b&c"], "GET", "/x?p=1&q=a%20b%26c", Value::Null),
        (vec!["a=1", "b:=2", "c[d][]=x"], "POST", "/x?p=1", json!({"a": "1", "b": 2, "c": {"d": ["x"]}})),
        (vec!["a=@note.txt"], "POST", "/x?p=1", json!({"a": "from a file\n"})),
        (vec!["@body.json"], "POST", "/x?p=1", json!({"whole": true})),
        (vec!["-X", "PUT", "a:=null"], "PUT", "/x?p=1", json!({"a": null})),
        (vec!["-d", "a=1", "-d", "b=2", "-G"], "GET", "/x?p=1&a=1&b=2", Value::Null),
    ] {
        let words: Vec<&str> = ["call", &url].into_iter().chain(items.iter().copied()).collect();
        let echo = place.run(&words).json();
        assert_eq!(
            (echo["method"].as_str(), echo["target"].as_str()),
            (Some(method), Some(target)),
            "{items:?}"
        );
        let text = echo["body"].as_str().unwrap_or_default();
        let sent: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(text).unwrap() };
        assert_eq!(sent, body, "{items:?}");
        if !body.is_null() {
            assert_eq!(field(&echo, "content-type"), Some("application/json"), "{items:?}");
        }
    }
}

#[tokio::test]
async fn header_items_set_empty_and_remove() {
    let provider = Provider::echo().start().await;
    let echo = Place::new()
        .run(&["call", &provider.url(), "X-One:1", "X-Empty;", "User-Agent:", "-H", "X-Two: 2"])
        .json();
    assert_eq!(field(&echo, "x-one"), Some("1"));
    assert_eq!(field(&echo, "x-two"), Some("2"));
    assert_eq!(field(&echo, "x-empty"), Some(""));
    assert_eq!(field(&echo, "user-agent"), None);
    let echo = Place::new().run(&["call", &provider.url()]).json();
    assert!(field(&echo, "user-agent").unwrap().starts_with("switchboard/"));
    assert_eq!(field(&echo, "accept"), Some("*/*"));
}

#[tokio::test]
async fn standard_input_is_read_only_when_asked_for() {
    let provider = Provider::echo().start().await;
    let place = Place::new();
    let echo = place.run_with(&["call", &provider.url()], "ignored").json();
    assert_eq!((echo["method"].as_str(), echo["length"].as_u64()), (Some("GET"), Some(0)));
    let echo = place.run_with(&["call", &provider.url(), "@-"], "{\"a\":1}").json();
    assert_eq!((echo["method"].as_str(), echo["body"].as_str()), (Some("POST"), Some("{\"a\":1}")));
    let echo = place.run_with(&["call", &provider.url(), "-d", "@-"], "x=1\n").json();
    assert_eq!(echo["body"].as_str(), Some("x=1"));
}

#[tokio::test]
async fn the_first_word_says_what_is_called() {
    let provider = Provider::echo().start().await;
    let port = provider.address().port();
    let place = Place::new();
    for (words, method, target) in [
        (vec![format!("127.0.0.1:{port}/a")], "GET", "/a"),
        (vec![format!("http://127.0.0.1:{port}")], "GET", "/"),
        (vec!["DELETE".to_owned(), format!("127.0.0.1:{port}/a/../b")], "DELETE", "/b"),
        (vec!["PURGE".to_owned(), format!("http://127.0.0.1:{port}/")], "PURGE", "/"),
    ] {
        let words: Vec<&str> = std::iter::once("call").chain(words.iter().map(String::as_str)).collect();
        let echo = place.run(&words).json();
        assert_eq!(
            (echo["method"].as_str(), echo["target"].as_str()),
            (Some(method), Some(target)),
            "{words:?}"
        );
    }
}

#[tokio::test]
async fn a_form_streams_its_files() {
    let provider = Provider::echo().start().await;
    let place = Place::new().with("a.txt", "A".repeat(200_000));
    let url = provider.url();
    for words in [vec!["-F", "n=1", "-F", "f=@a.txt"], vec!["n=1", "f@a.txt"]] {
        let words: Vec<&str> = ["call", &url].into_iter().chain(words).collect();
        let echo = place.run(&words).json();
        let length: usize = field(&echo, "content-length").unwrap().parse().unwrap();
        assert_eq!(echo["length"].as_u64(), Some(length as u64));
        assert!(length > 200_000);
        let body = echo["body"].as_str().unwrap();
        assert!(
            body.contains("name=\"f\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nAAA"),
            "{}",
            &body[..300]
        );
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_usage_error() {
    let place = Place::new();
    for (words, said) in [
        (vec!["call"], "nothing to call"),
        (vec!["call", "wether"], "is no URL, no file, and no API"),
        (vec!["call", "GET"], "what is to be called"),
        (vec!["call", "/x"], "a path alone needs a board with a listener"),
        (vec!["call", ":1", "nothing"], "is no item"),
        (vec!["call", ":1", "a:=x"], "is no JSON"),
        (vec!["call", ":1", "a=1", "-d", "x"], "no items can be added"),
        (vec!["call", ":1", "-d", "x", "-F", "a=1"], "only one of"),
        (vec!["call", ":1", "-d", "@nowhere"], "`nowhere` cannot be read: no such file"),
        (vec!["call", ":1", "--sample"], "`--sample` needs an operation"),
        (vec!["call", ":1", "--expect", "99"], "is no status"),
        (vec!["call", ":1", "--jq", ".["], "jq program cannot be understood"),
        (vec!["call", ":1", "-u", "me"], "has no password"),
        (vec!["call", ":1", "-H", "a b: c"], "is no name of a header field"),
        (vec!["call", "ftp://a.example/"], "is not spoken here"),
    ] {
        place.run(&words).ended(2, &[said]);
    }
}

#[tokio::test]
async fn a_path_alone_goes_to_the_boards_first_listener() {
    let provider = Provider::echo().start().await;
    let board = format!(
        "[listen.edge]\nbind = \"{}\"\n[apis.any.upstream]\nurls = [\"http://127.0.0.1:9\"]\n",
        provider.address()
    );
    let place = Place::new().with("switchboard.toml", board);
    assert_eq!(place.run(&["call", "/a?b=c"]).json()["target"], "/a?b=c");
    assert_eq!(place.run(&["call", "PUT", "/a"]).json()["method"], "PUT");
}
