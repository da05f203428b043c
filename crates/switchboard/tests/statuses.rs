//! Each status of the first lesson, provoked, with its exact answer. Our own 500 is provoked in the gateway's tests.

mod harness;

use harness::{Answer, Running, curl, program};

struct Demo {
    url: String,
    key: String,
    running: Running,
}

impl Demo {
    fn start() -> Option<Self> {
        program("curl")?;
        let mut running = Running::demo();
        let url = running.word_after("Gateway");
        let key = running.word_after("  Key  ");
        Some(Self { url, key, running })
    }

    /// Calls orders with the key.
    fn orders(&self, args: &[&str], path: &str) -> Answer {
        let key = format!("X-Api-Key: {}", self.key);
        let url = format!("{}/orders/v1{path}", self.url);
        curl(&[&["-H", &key, &url], args].concat())
    }
}

const ORDER: &str = r#"{"customer":"globex","currency":"EUR","items":[{"sku":"TEA-1042","quantity":2}]}"#;

#[test]
fn the_good_ones_200_and_201() {
    let Some(demo) = Demo::start() else { return };
    assert_eq!(demo.orders(&[], "/orders/4021").status, 200);
    let made = demo.orders(&["-H", "Content-Type: application/json", "-d", ORDER], "/orders");
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.field("location").is_some());
    assert!(made.field("ratelimit").is_some() && made.field("ratelimit-policy").is_some());
    assert_eq!(made.field("x-ratelimit-limit"), Some("60"));
}

#[test]
fn a_broken_request_is_400_and_names_the_field_and_the_rule() {
    let Some(demo) = Demo::start() else { return };
    let answer = curl(&[&format!("{}/weather/v1/forecast?latitude=97.2&longitude=4.9", demo.url)]);
    assert_eq!((answer.status, answer.slug().as_str()), (400, "request-breaks-contract"));
    let problem = answer.json();
    assert_eq!(problem["title"], "The request does not match the contract");
    assert_eq!(problem["detail"], "query parameter latitude: 97.2 is more than 90");
    assert_eq!(problem["errors"][0]["in"], "query");
    assert_eq!(problem["errors"][0]["name"], "latitude");
    let rule = problem["errors"][0]["rule"].as_str().unwrap();
    assert!(rule.ends_with("/maximum"), "{rule}");
    assert_eq!(problem["operation"], "weather.forecast");
    assert_eq!(problem["call"].as_str(), answer.field("x-request-id"));
    let page = curl(&[problem["type"].as_str().unwrap()]);
    assert_eq!(page.status, 200, "the problem's type is a page");
}

#[test]
fn without_a_key_401_with_a_wrong_one_401_and_without_the_plan_403() {
    let Some(demo) = Demo::start() else { return };
    let url = format!("{}/orders/v1/orders", demo.url);
    let missing = curl(&[&url]);
    assert_eq!((missing.status, missing.slug().as_str()), (401, "key-missing"));
    assert!(missing.field("www-authenticate").is_some());
    let wrong = curl(&["-H", "Authorization: Bearer sbk_nonsense", &url]);
    assert_eq!((wrong.status, wrong.slug().as_str()), (401, "key-unknown"));
    let inside = format!("{}/internal/orders/orders", demo.url);
    let closed = curl(&["-H", &format!("X-Api-Key: {}", demo.key), &inside]);
    assert_eq!((closed.status, closed.slug().as_str()), (403, "plan-missing"));
    let bearer = curl(&["-H", &format!("Authorization: Bearer {}", demo.key), &url]);
    assert_eq!(bearer.status, 200, "the same key as bearer");
}

#[test]
fn unknown_addresses_404_other_methods_405_with_allow() {
    let Some(demo) = Demo::start() else { return };
    let nowhere = curl(&[&format!("{}/nothing/here", demo.url)]);
    assert_eq!((nowhere.status, nowhere.slug().as_str()), (404, "no-offer"));
    let no_path = curl(&[&format!("{}/weather/v2/forecast", demo.url)]);
    assert_eq!((no_path.status, no_path.slug().as_str()), (404, "no-operation"));
    let method = curl(&["-X", "DELETE", &format!("{}/weather/v1/forecast", demo.url)]);
    assert_eq!((method.status, method.slug().as_str()), (405, "method-not-allowed"));
    assert!(method.field("allow").unwrap().contains("GET"));
    let unknown = demo.orders(&[], "/orders/4999999");
    assert_eq!(unknown.status, 404, "the provider's own 404 passes");
    assert!(!unknown.body.contains("no-operation"));
}

#[test]
fn too_large_413_and_another_media_type_415() {
    let Some(demo) = Demo::start() else { return };
    let large = format!("{{\"note\":\"{}\"}}", "x".repeat(70 * 1024));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large.json");
    std::fs::write(&file, large).unwrap();
    let at = format!("@{}", file.display());
    let answer = demo.orders(&["-H", "Content-Type: application/json", "--data-binary", &at], "/orders");
    assert_eq!((answer.status, answer.slug().as_str()), (413, "too-large"));
    let answer = demo.orders(&["-H", "Content-Type: text/csv", "-d", "a,b"], "/orders");
    assert_eq!((answer.status, answer.slug().as_str()), (415, "media-type-unsupported"));
    assert!(answer.field("accept").unwrap_or_default().contains("application/json"));
}

#[test]
fn over_the_limit_429_with_a_time() {
    let Some(demo) = Demo::start() else { return };
    // One curl for all of them: a minute is longer than it takes, also on a machine that is busy.
    let last = format!("{}/orders/v1/orders/4021", demo.url);
    let answer = demo.orders(&["-o", "/dev/null", &last], "/orders/1[100-219]");
    assert_eq!((answer.status, answer.slug().as_str()), (429, "over-limit"));
    let wait: u32 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.field("x-ratelimit-remaining"), Some("0"));
    assert!(answer.field("ratelimit").unwrap().contains(";r=0;t="), "{:?}", answer.field("ratelimit"));
}

#[test]
fn the_providers_500_passes_its_hang_up_is_502_and_its_silence_504() {
    let Some(demo) = Demo::start() else { return };
    let failed = demo.orders(&[], "/orders/5000");
    assert_eq!(failed.status, 500);
    assert!(!failed.body.contains("well-known/problems"), "the provider's own answer: {}", failed.body);
    let broken = demo.orders(&[], "/orders/5020");
    assert_eq!((broken.status, broken.slug().as_str()), (502, "provider-broken"));
    let silent = demo.orders(&[], "/orders/5040");
    assert_eq!((silent.status, silent.slug().as_str()), (504, "provider-silent"));
    assert!(!silent.body.contains("127.0.0.1:90"), "nothing internal: {}", silent.body);
    let id = silent.field("x-request-id").unwrap().to_owned();
    let explained = demo.running.command(&["explain", &id]);
    assert!(harness::stdout(&explained).contains("orders.getOrder"), "{explained:?}");
}
