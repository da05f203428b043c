//! The console from a seeded ledger, over real sockets, without a browser.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "tests; free functions are not covered by clippy.toml"
)]

#[path = "harness/seed.rs"]
mod seed;
#[path = "harness/visitor.rs"]
mod visitor;

use console::{ConsoleOptions, Running, SignIn};
use exchange::CallIds;
use flate2::read::GzDecoder;
use ledger::Ledger;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use visitor::{Answer, tags};

/// 2026-11-21 06:00:00 UTC.
const NOW_MS: u64 = 1_795_240_800_000;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(NOW_MS)
}

struct Site {
    running: Running,
    ledger: Ledger,
    sign_in: SignIn,
    calls: Option<seed::Seeded>,
    cookie: String,
    _folder: TempDir,
}

impl Site {
    async fn start(filled: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ledger = seed::ledger(folder.path()).await;
        let calls = if filled { Some(seed::fill(&ledger, NOW_MS).await) } else { None };
        let sign_in = SignIn::new([7; 32]);
        let running = console::serve(ConsoleOptions {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            ledger: ledger.clone(),
            board: watch::channel(seed::board()).1,
            sign_in: sign_in.clone(),
            hosts: vec!["console.acme.example".to_owned()],
            clock: now,
        })
        .await
        .unwrap();
        let mut site = Self { running, ledger, sign_in, calls, cookie: String::new(), _folder: folder };
        let answer = site.get(&site.link([1; 32])).await;
        site.cookie = format!("Cookie: {}", answer.field("set-cookie").split(';').next().unwrap());
        site
    }

    fn link(&self, entropy: [u8; 32]) -> String {
        self.sign_in.issue(entropy, now()).at("")
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(path, &[]).await
    }

    async fn ask(&self, path: &str, fields: &[&str]) -> Answer {
        let mut fields = fields.to_vec();
        if !self.cookie.is_empty() {
            fields.push(&self.cookie);
        }
        visitor::get(self.running.address(), path, &fields).await
    }

    /// One page for each kind there is.
    fn pages(&self) -> Vec<String> {
        let calls = self.calls.unwrap();
        let mut pages: Vec<String> = [
            "/calls",
            "/calls?api=orders&status=4xx",
            "/calls?status=nonsense&colour=red",
            "/calls?who=nobody-like-this",
            "/calls?operation=orders.getOrder&took=%3E1s",
            "/calls/c_0000000000000",
            "/calls/nonsense",
            "/nowhere",
        ]
        .map(str::to_owned)
        .into();
        for id in [
            calls.fine,
            calls.limited,
            calls.broken,
            calls.wrong,
            calls.silent,
            calls.declined,
            calls.hostile,
        ] {
            pages.push(format!("/calls/{id}"));
        }
        pages
    }
}

#[tokio::test]
async fn every_page_is_well_made() {
    let site = Site::start(true).await;
    for path in site.pages() {
        let answer = site.get(&path).await;
        let tags = tags(answer.text());
        let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{path}");
        assert_eq!(count("style"), 0, "{path}: an inline style sheet");
        let mut ids = HashSet::new();
        let labels: HashSet<_> =
            tags.iter().filter_map(|tag| (tag.name == "label").then(|| tag.attribute("for"))?).collect();
        for tag in &tags {
            if let Some(id) = tag.attribute("id") {
                assert!(ids.insert(id), "{path}: `{id}` twice");
            }
            assert!(
                !tag.attributes.iter().any(|(name, _)| name == "style" || name.starts_with("on")),
                "{path}: {tag:?}"
            );
            match tag.name.as_str() {
                "script" => {
                    assert!(
                        tag.attribute("src").is_some() && tag.then.is_empty(),
                        "{path}: an inline script"
                    );
                }
                "input" | "select" if tag.attribute("type") != Some("hidden") => {
                    assert!(labels.contains(tag.attribute("id").unwrap()), "{path}: no label for {tag:?}");
                }
                "img" => assert!(tag.attribute("alt").is_some(), "{path}"),
                "html" => assert_eq!(tag.attribute("lang"), Some("en"), "{path}"),
                _ => {}
            }
        }
        for tag in &tags {
            for name in ["aria-labelledby", "aria-describedby"] {
                assert!(
                    tag.attribute(name).is_none_or(|id| ids.contains(id)),
                    "{path}: {tag:?} names nothing"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_link_leads_to_a_page() {
    let site = Site::start(true).await;
    let mut seen = BTreeSet::new();
    let mut waiting: VecDeque<String> = site.pages().into();
    while let Some(path) = waiting.pop_front() {
        if !seen.insert(path.clone()) || seen.len() > 300 {
            continue;
        }
        let answer = site.get(&path).await;
        let known_wrong = ["nonsense", "nowhere", "c_0000000000000"].iter().any(|word| path.contains(word));
        assert!(answer.status == 200 || known_wrong, "{path}: {}", answer.status);
        if !answer.field("content-type").starts_with("text/html") {
            continue;
        }
        for tag in tags(answer.text()) {
            for url in ["href", "src"].iter().filter_map(|name| tag.attribute(name)) {
                assert!(url.starts_with('/') || url.starts_with('#'), "{path} leads away to {url}");
                // A space or an angle bracket in an address is the browser's to escape.
                let url = url.replace(' ', "%20").replace('"', "%22").replace('<', "%3C").replace('>', "%3E");
                waiting.push_back(url.split('#').next().unwrap().to_owned());
            }
        }
        waiting.retain(|path| !path.is_empty());
    }
    assert!(seen.len() > 60, "the list's calls were followed: {}", seen.len());
}

#[tokio::test]
async fn every_answer_carries_the_policy() {
    let site = Site::start(true).await;
    let style = tags(site.get("/calls").await.text())
        .iter()
        .find_map(|tag| {
            (tag.attribute("rel") == Some("stylesheet")).then(|| tag.attribute("href").unwrap().to_owned())
        })
        .unwrap();
    for (path, caching) in [
        ("/calls", "no-store"),
        ("/nowhere", "no-store"),
        ("/", "no-store"),
        (&*style, "public, max-age=31536000, immutable"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(
            answer.field("content-security-policy"),
            "default-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; form-action 'self'"
        );
        assert_eq!(answer.field("x-content-type-options"), "nosniff");
        assert_eq!(answer.field("referrer-policy"), "no-referrer");
        assert_eq!(answer.field("cache-control"), caching, "{path}");
    }
    assert_eq!(site.get("/").await.field("location"), "/calls");
    assert_eq!(site.get("/assets/console-0000000000.css").await.status, 404);
}

#[tokio::test]
async fn pages_are_within_their_budgets() {
    let site = Site::start(true).await;
    for path in site.pages() {
        let answer = site.ask(&path, &["Accept-Encoding: gzip"]).await;
        assert!(answer.body.len() <= 40_000, "{path}: {} bytes packed", answer.body.len());
    }
    let first = site.ask("/calls", &["Accept-Encoding: gzip"]).await;
    let mut page = String::new();
    GzDecoder::new(&*first.body).read_to_string(&mut page).unwrap();
    let assets: BTreeSet<String> = tags(&page)
        .iter()
        .flat_map(|tag| ["href", "src"].map(|name| tag.attribute(name).map(str::to_owned)))
        .flatten()
        .filter(|url| url.starts_with("/assets/"))
        .collect();
    let mut whole = first.body.len();
    for url in &assets {
        whole += site.ask(url, &["Accept-Encoding: gzip"]).await.body.len();
    }
    assert!(assets.len() <= 4, "with the page and its events at most 6 requests: {assets:?}");
    assert!(whole <= 60_000, "first view: {whole} bytes");
}

#[tokio::test]
async fn only_who_has_a_link_gets_in_and_only_once() {
    let mut site = Site::start(true).await;
    let session = std::mem::take(&mut site.cookie);
    for path in ["/", "/calls", "/calls/live", "/nowhere"] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(answer.text().contains("switchboard console link"));
    }
    let call = format!("/calls/{}", site.calls.unwrap().broken);
    assert!(!site.get(&call).await.text().contains("orders"), "nothing of a call is told");

    let link = site.link([2; 32]);
    assert_eq!(
        site.ask(&link, &["Sec-Purpose: prefetch"]).await.status,
        204,
        "a look ahead does not use it up"
    );
    let answer = site.get(&link).await;
    assert_eq!((answer.status, answer.field("location")), (303, "/calls"));
    let cookie = answer.field("set-cookie").to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200"), "{cookie}");
    let again = site.get(&link).await;
    assert_eq!((again.status, again.field("set-cookie")), (410, ""));
    let own = format!("Cookie: other=1; {}", cookie.split(';').next().unwrap());
    assert_eq!(site.ask("/calls", &[&own]).await.status, 200);
    assert_eq!(site.ask(&link, &[&own]).await.status, 303, "who is in is not sent away");
    assert_eq!(site.ask("/calls", &[&format!("{session}x")]).await.status, 403);
}

#[tokio::test]
async fn a_link_from_another_site_opens_a_page_that_keeps_its_cookie() {
    let site = Site::start(false).await;
    let from = ["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    let answer = site.ask(&site.link([3; 32]), &from).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("You are signed in") && !answer.field("set-cookie").is_empty());
}

#[tokio::test]
async fn another_name_or_another_site_gets_nothing() {
    let site = Site::start(true).await;
    for (field, status) in [
        ("Host: evil.example", 421),
        ("Host: 127.0.0.1.evil.example", 421),
        ("Host: console.acme.example", 200),
        ("Host: localhost:1234", 200),
        ("Sec-Fetch-Site: cross-site", 403),
        ("Sec-Fetch-Site: same-site", 403),
        ("Sec-Fetch-Site: same-origin", 200),
    ] {
        assert_eq!(site.ask("/calls", &[field]).await.status, status, "{field}");
    }
}

#[tokio::test]
async fn no_text_of_a_call_becomes_markup() {
    let site = Site::start(true).await;
    let hostile = site.calls.unwrap().hostile;
    let encoded = "%3C/pre%3E%3Cscript%3Ealert(1)%3C/script%3E%22'";
    for path in [
        format!("/calls/{hostile}"),
        "/calls".to_owned(),
        format!("/calls?who={encoded}&api={encoded}&path={encoded}"),
        format!("/calls?status={encoded}"),
        format!("/calls?{encoded}=1"),
        format!("/calls/{encoded}"),
        format!("/in/{encoded}"),
    ] {
        let answer = site.get(&path).await;
        let page = answer.text();
        assert!(
            !page.contains("<script>") && !page.contains("<img src=x") && !page.contains("<B>"),
            "{path}"
        );
        assert!(!page.contains("\"' onmouseover"), "{path}");
        assert!(tags(page).iter().all(|tag| tag.attribute("onmouseover").is_none()), "{path}");
    }
    assert!(
        site.get(&format!("/calls/{hostile}")).await.text().contains("&lt;script&gt;"),
        "it is shown as text"
    );
}

#[tokio::test]
async fn the_list_is_filtered_by_its_address() {
    let site = Site::start(true).await;
    let calls = site.calls.unwrap();
    for (query, expected) in [
        ("status=429", vec![calls.limited]),
        ("outcome=declined", vec![calls.declined]),
        ("outcome=failed&api=orders", vec![calls.silent, calls.hostile]),
        ("contract=breaks&api=orders", vec![calls.broken, calls.wrong, calls.hostile]),
        ("reason=provider-silent", vec![calls.silent]),
        ("took=%3E2s", vec![calls.silent]),
        ("method=post", vec![calls.wrong]),
        ("path=/orders/v1/orders/4021", vec![calls.broken]),
        ("operation=orders.createOrder&who=initech", vec![calls.wrong]),
        ("who=hooli", vec![]),
    ] {
        let answer = site.get(&format!("/calls?{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        let found: BTreeSet<String> = rows(&answer);
        let expected: BTreeSet<String> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{query}");
    }
}

fn rows(answer: &Answer) -> BTreeSet<String> {
    tags(answer.text())
        .iter()
        .filter_map(|tag| (tag.name == "tr").then(|| tag.attribute("id").map(str::to_owned))?)
        .collect()
}

#[tokio::test]
async fn older_pages_hold_the_rest_and_nothing_twice() {
    let site = Site::start(true).await;
    let mut path = "/calls?api=orders".to_owned();
    let mut all = BTreeSet::new();
    let mut pages = 0;
    loop {
        let answer = site.get(&path).await;
        let found = rows(&answer);
        assert!(found.len() <= 50);
        assert!(all.is_disjoint(&found), "{path}");
        all.extend(found);
        pages += 1;
        let next = tags(answer.text()).iter().find_map(|tag| {
            (tag.attribute("rel") == Some("next")).then(|| tag.attribute("href").unwrap().to_owned())
        });
        match next {
            Some(next) if pages < 9 => path = next,
            _ => break,
        }
    }
    // A third of the ordinary calls are the weather's; eight others have names.
    assert_eq!(all.len() as u64, seed::ORDINARY - seed::ORDINARY / 3 + 8);
}

#[tokio::test]
async fn a_form_without_script_ends_at_the_short_address() {
    let site = Site::start(true).await;
    let answer = site.get("/calls?api=orders&outcome=&status=&who=&took=%3E1s&contract=&since=").await;
    assert_eq!((answer.status, answer.field("location")), (303, "/calls?api=orders&took=%3E1s"));
}

#[tokio::test]
async fn a_filter_that_cannot_be_read_is_said_and_finds_nothing() {
    let site = Site::start(true).await;
    for (query, words) in [
        ("status=9xx", "a status `404` or a class `4xx`"),
        ("took=300", "a time with its unit"),
        ("colour=red", "is no filter; there are api,"),
    ] {
        let answer = site.get(&format!("/calls?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.text().contains(words), "{query}");
        assert!(rows(&answer).is_empty(), "{query}");
    }
}

#[tokio::test]
async fn a_call_tells_who_decided_what_and_where_it_is_written() {
    let site = Site::start(true).await;
    let calls = site.calls.unwrap();
    for (id, words) in [
        (
            calls.limited,
            &[
                "Allowance used up. Switchboard answered; the provider was not asked.",
                "switchboard.toml:67",
                "Said no: over-limit",
                "20 of 20 used",
                "retry-after",
            ][..],
        ),
        (
            calls.broken,
            &[
                "1 point breaks the contract",
                "contracts/orders.yaml:419",
                "expected an integer, got a string",
                "/total",
                "87 %",
            ],
        ),
        (
            calls.wrong,
            &[
                "2 points break the contract",
                "items[0].sku",
                "curl http://127.0.0.1:8080/orders/v1/orders",
                "switchboard call POST",
                "YOUR-SECRET",
            ],
        ),
        (
            calls.silent,
            &["The provider did not answer in time. The fault is the provider&#39;s.", "3.0 s in all"],
        ),
        (calls.fine, &["Not kept", "details = &quot;all&quot;"]),
        (calls.declined, &["said no with 404"]),
    ] {
        let answer = site.get(&format!("/calls/{id}")).await;
        assert_eq!(answer.status, 200);
        for words in words {
            assert!(
                answer.text().replace('\'', "&#39;").contains(words),
                "{id}: `{words}` is not on the page"
            );
        }
        assert!(answer.text().contains(&id.to_string()));
    }
    let unknown = site.get("/calls/c_0000000000000").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.text().contains("dropped by age"));
    assert_eq!(site.get("/calls/c_1").await.status, 404);
}

#[tokio::test]
async fn the_wrong_field_is_marked_in_the_body() {
    let site = Site::start(true).await;
    let answer = site.get(&format!("/calls/{}", site.calls.unwrap().broken)).await;
    let marked: Vec<_> =
        tags(answer.text()).into_iter().filter(|tag| tag.name == "mark").map(|tag| tag.then).collect();
    assert_eq!(marked, ["  &quot;total&quot;: &quot;64.00&quot;,"]);
}

#[tokio::test]
async fn an_empty_ledger_says_what_to_type() {
    let site = Site::start(false).await;
    let answer = site.get("/calls").await;
    assert!(answer.text().contains("curl http://127.0.0.1:8080/weather"), "{}", answer.text());
}

#[tokio::test]
async fn a_call_appears_in_the_live_view_that_wants_it() {
    let site = Site::start(true).await;
    let newest = site.calls.unwrap().fine;
    let mut stream = TcpStream::connect(site.running.address()).await.unwrap();
    let head = format!(
        "GET /calls/live?api=orders&after={newest} HTTP/1.1\r\nHost: localhost\r\n{}\r\n\r\n",
        site.cookie
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let recorder = site.ledger.recorder();
    let mut ids = CallIds::new(3);
    let mut told = String::new();
    let mut number = 0;
    // Calls are made until one is told: whether the reader was there before the first is not the question.
    while !told.contains("event: calls") || !told.contains("/orders/v1/orders") {
        number += 1;
        assert!(number < 400, "nothing was told: {told}");
        recorder.row(seed::ordinary(ids.next(NOW_MS + number), number));
        let mut bytes = [0; 16_384];
        if let Ok(read) = tokio::time::timeout(Duration::from_millis(50), stream.read(&mut bytes)).await {
            told.push_str(&String::from_utf8_lossy(&bytes[..read.unwrap()]));
        }
    }
    assert!(told.contains("text/event-stream"));
    assert!(!told.contains("/weather/"), "the filter holds in the live view: {told}");
    site.running.stop().await;
}
