//! Every page of a list as one stream of items, and the honest ends of it.

use crate::harness::Place;
use crate::shop::{self, ALL};
use serde_json::Value;

fn names(out: &str) -> Vec<String> {
    let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["name"].as_str().unwrap().to_owned();
    out.lines().map(name).collect()
}

fn all() -> Vec<String> {
    (0..ALL).map(|id| format!("thing {id}")).collect()
}

#[tokio::test]
async fn every_kind_of_pages_is_one_stream_of_items() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    for kind in ["link", "url", "odata", "hal", "jsonapi"] {
        let out = place.run(&["call", &format!("{}/{kind}", provider.url()), "--all"]).ok();
        assert_eq!(names(&out), all(), "{kind}");
    }
    for operation in ["cursor", "pages", "offset", "missing"] {
        let ended = place.run(&["call", "shop.yaml", operation]);
        assert_eq!((ended.err.as_str(), names(&ended.out)), ("", all()), "{operation}");
    }
    let out = place.run(&["call", "shop.yaml", "search", "after:=90071992547409929", "--all"]).ok();
    assert_eq!(names(&out), all(), "the cursor goes into the body");
    assert!(out.contains("90071992547409936"), "numbers are as they came: {out}");
}

#[tokio::test]
async fn a_dry_run_says_which_rule_and_what_says_so() {
    let place = shop::place("http://127.0.0.1:9");
    for (words, said) in [
        (
            &["shop.yaml", "cursor"][..],
            "pages: the answer's `meta.next_cursor` goes into the parameter `cursor`; items are in `items` (shop.yaml:",
        ),
        (
            &["shop.yaml", "pages"],
            "pages: parameters `page` and `per_page`, and the answer is a list (shop.yaml:",
        ),
        (
            &["shop.yaml", "search", "--all"],
            "pages: `x-speakeasy-pagination`; items are in `hits.rows` (shop.yaml:",
        ),
        (
            &["http://127.0.0.1:9/x", "--all"],
            "pages: the contract declares no rule, so the first answer decides",
        ),
    ] {
        let words = [&["call", "--dry-run"], words].concat();
        place.run(&words).ended(0, &[said]);
    }
    for words in
        [&["shop.yaml", "thing"][..], &["shop.yaml", "cursor", "cursor=x"], &["http://127.0.0.1:9/x"]]
    {
        let ended = place.run(&[&["call", "--dry-run"], words].concat());
        assert!(!ended.err.contains("pages:"), "{ended:?}");
    }
}

#[tokio::test]
async fn one_page_is_given_as_it_came_and_says_that_there_are_more() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    let ended = place.run(&["call", &format!("{}/link", provider.url())]).ended(0, &["every page: `--all`"]);
    assert!(ended.out.starts_with("[{"), "{ended:?}");
    let ended = place.run(&["call", "shop.yaml", "cursor", "cursor=c=4"]).ended(0, &[]);
    assert!(ended.out.starts_with("{\"items\""), "who names a page gets that page: {ended:?}");
    let raw = place.run(&["call", "shop.yaml", "cursor", "--format", "raw"]).ok();
    assert!(raw.starts_with("{\"items\""), "{raw}");
    place.run(&["call", "shop.yaml", "thing", "--all"]).ended(0, &["no list that could have pages"]);
    place.run(&["call", "shop.yaml", "cursor", "-i", "--all"]).ended(2, &["`--all` gives items, and `-i`"]);
    place.run(&["call", "POST", &provider.url(), "--all"]).ended(2, &["follows pages of GET"]);
}

#[tokio::test]
async fn a_limit_ends_it_and_asks_for_no_page_more() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    for (flags, items, calls) in [
        (&["--limit", "3"][..], 3, 2),
        (&["--limit", "4"], 4, 2),
        (&["--limit", "99"], 7, 4),
        (&["--pages", "2"], 4, 2),
        (&["--pages", "1"], 2, 1),
        (&["--pages", "3", "--limit", "1"], 1, 1),
    ] {
        let before = provider.calls();
        let out = place.run(&[&["call", "shop.yaml", "cursor"], flags].concat()).ok();
        assert_eq!((names(&out).len(), provider.calls() - before), (items, calls), "{flags:?}");
    }
    let endless = format!("{}/endless", provider.url());
    assert_eq!(place.run(&["call", &endless, "--limit", "50"]).ok().lines().count(), 50);
}

#[tokio::test]
async fn items_come_through_programs_and_in_every_format() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    let run = |flags: &[&str]| place.run(&[&["call", "shop.yaml", "cursor"], flags].concat()).ok();
    assert_eq!(run(&["--jq", ".name"]), all().join("\n") + "\n");
    assert_eq!(
        run(&["--jq", "select(.name > \"thing 4\") | {name} # last"]),
        "{\"name\":\"thing 5\"}\n{\"name\":\"thing 6\"}\n"
    );
    assert_eq!(names(&run(&["--format", "ndjson"])), all());
    let list: Vec<Value> = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    assert_eq!(list.len(), ALL);
    let csv = run(&["--format", "csv"]);
    assert_eq!((csv.lines().count(), csv.lines().next()), (ALL + 1, Some("id,name")), "one head: {csv}");
    let table = run(&["--format", "table"]);
    assert_eq!((table.lines().count(), table.matches("id ").count()), (ALL + 1, 1), "{table}");
    let nested = run(&["--format", "table", "--jq", ". + {parts: [{x: 1}, {x: 2}]}"]);
    assert_eq!(nested.lines().count(), ALL + 1, "a list inside an item is no list of rows: {nested}");
    assert_eq!(run(&["--format", "csv", "--jq", "{n: .name}"]).lines().next(), Some("n"));
    assert_eq!(run(&["--format", "yaml"]).matches("---").count(), ALL - 1);
    assert_eq!(run(&["-o", "out.ndjson"]), "");
    assert_eq!(names(&std::fs::read_to_string(place.path().join("out.ndjson")).unwrap()), all());
}

#[tokio::test]
async fn what_ends_too_early_is_a_failure_that_keeps_what_came_and_says_how_to_go_on() {
    let other = shop::provider("").await;
    let provider = shop::provider(&other.url()).await;
    let place = shop::place(&provider.url());
    let url = |path: &str| format!("{}/{path}", provider.url());
    for (words, code, items, said) in [
        (vec![url("circle")], 1, 6, &["a page that was there already", "6 items of 3 pages were given"][..]),
        (
            vec![url("lost")],
            1,
            2,
            &["the answer says that there is more", "2 items of 1 page were given", "--limit N"],
        ),
        (
            vec![url("down")],
            5,
            4,
            &["page 3 was answered with 500", "4 items of 2 pages", "/down?at=4' --all"],
        ),
        (vec![url("full")], 4, 4, &["page 3 was answered with 429", "to go on from there"]),
        (vec![url("text")], 1, 4, &["page 3 was answered with something that is no list"]),
        (vec!["shop.yaml".to_owned(), "ignored".to_owned()], 1, 2, &["the first page came once more"]),
    ] {
        let words: Vec<&str> =
            ["call", "--all"].into_iter().chain(words.iter().map(String::as_str)).collect();
        let ended = place.run(&words).ended(code, said);
        assert_eq!(names(&ended.out).len(), items, "{words:?}");
    }
    let out = place.run(&["call", &url("gaps"), "--all"]).ok();
    assert_eq!(names(&out).len(), 5, "a page without items is not the last");
}

#[tokio::test]
async fn credentials_never_follow_to_another_origin() {
    let other = shop::provider("").await;
    let provider = shop::provider(&other.url()).await;
    let place = Place::new();
    let url = format!("{}/away", provider.url());
    let ended = place.run(&["call", &url, "--all", "Authorization:Bearer hunter22"]).ended(
        1,
        &["the next page is at another origin", "no credential follows", "2 items of 1 page", "--all`"],
    );
    assert_eq!(other.calls(), 0, "nothing was asked there");
    assert!(!ended.err.contains("hunter22") && !ended.err.contains("hush-hush"), "{ended:?}");
}

#[tokio::test]
async fn a_page_that_breaks_the_contract_is_told_or_ends_it() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    let text = std::fs::read_to_string(place.path().join("shop.yaml")).unwrap();
    let strict = text.replace("name: {type: string}", "name: {type: string, pattern: '[0-3]$'}");
    let place = place.with("strict.yaml", strict);
    let ended = place.run(&["call", "strict.yaml", "cursor"]).ended(0, &["page 3 breaks its contract"]);
    assert_eq!(names(&ended.out).len(), ALL);
    let ended =
        place.run(&["call", "strict.yaml", "cursor", "--check", "block"]).ended(11, &["page 3 breaks"]);
    assert_eq!(names(&ended.out).len(), 4);
}

#[tokio::test]
async fn a_page_that_a_link_leads_to_is_asked_for_with_the_same_cookies() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    place.run(&["call", &format!("{}/link", provider.url()), "--all", "-b", "taste=vanilla"]).ok();
    let requests = provider.requests();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|one| one.field("cookie") == Some("taste=vanilla")), "{requests:?}");
}

#[tokio::test]
async fn each_page_is_a_call_of_the_history() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    place.run(&["call", &format!("{}/link", provider.url()), "--all"]).ok();
    let rows = place.run(&["log", "--format", "ndjson"]).ok();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 4, "one for each page: {rows:?}");
    let shown =
        rows.iter().map(|row| place.run(&["log", row["call"].as_str().unwrap(), "--format", "json"]).json());
    let mut lines: Vec<String> =
        shown.map(|one| one["detail"]["request"]["line"].as_str().unwrap().to_owned()).collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /link HTTP/1.1",
            "GET /link?at=2 HTTP/1.1",
            "GET /link?at=4 HTTP/1.1",
            "GET /link?at=6 HTTP/1.1"
        ]
        .map(|line| line.replace(" /", &format!(" {}/", provider.url())))
    );
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_laid_out_as_one_answer_is() {
    let provider = shop::provider("").await;
    let place = shop::place(&provider.url());
    let words = ["call", "shop.yaml", "thing", "--all", "--color", "always"];
    let shown = place.run(&words).ok();
    assert_eq!(shown, place.run(&["call", "shop.yaml", "thing", "--color", "always"]).ok());
    assert!(shown.contains("\n  \x1b[1;34m"), "{shown}");
}
