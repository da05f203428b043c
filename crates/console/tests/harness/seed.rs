//! A ledger with calls of every kind in it, and the board they came through: the demo's.

use board::{Board, Outside, OutsideError};
use exchange::{
    By, CallId, CallIds, CallRecord, ConsumerName, Decision, Detail, Fault, Finding, Message, Outcome,
    PlanName, Reason, Stage, Timing,
};
use ledger::{Ledger, LedgerOptions};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Ordinary calls beneath the ones that have a name.
pub(crate) const ORDINARY: u64 = 60;

/// Calls that tests ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeded {
    /// Succeeded, without details.
    pub(crate) fine: CallId,
    /// Refused: over its limit.
    pub(crate) limited: CallId,
    /// Its response breaks the contract.
    pub(crate) broken: CallId,
    /// Its request breaks the contract in two points.
    pub(crate) wrong: CallId,
    /// The provider was silent.
    pub(crate) silent: CallId,
    /// The provider's own 404.
    pub(crate) declined: CallId,
    /// Everything in it tries to be markup.
    pub(crate) hostile: CallId,
}

struct Demo;

impl Outside for Demo {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let text = match path.file_name().and_then(|name| name.to_str()) {
            Some("switchboard.toml") => demo::board::SWITCHBOARD_TOML,
            Some("weather.yaml") => demo::board::WEATHER_YAML,
            Some("orders.yaml") => demo::board::ORDERS_YAML,
            _ => return Err(OutsideError("no such file".to_owned())),
        };
        Ok(text.as_bytes().to_vec())
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn stored(&self, _: &str) -> Result<String, OutsideError> {
        Err(OutsideError("not stored".to_owned()))
    }
}

/// The demo's board.
pub(crate) fn board() -> Arc<Board> {
    Arc::new(
        board::load(Path::new("/board"), None, &Demo)
            .unwrap_or_else(|found| panic!("{}", found.render(false))),
    )
}

/// A ledger that keeps for ever, so that a fixed clock stays within it.
pub(crate) async fn ledger(folder: &Path) -> Ledger {
    let mut options = LedgerOptions::new(folder);
    options.keep = Duration::from_secs(1_000 * 366 * 24 * 3600);
    options.rows_per_second = 10_000;
    options.max_rows_per_second = 10_000;
    Ledger::open(options).await.unwrap()
}

/// A call that went well, as most do.
pub(crate) fn ordinary(id: CallId, number: u64) -> CallRecord {
    let weather = number.is_multiple_of(3);
    let consumer = ["globex", "initech", "umbrella", "acme-shop"][(number % 4) as usize];
    CallRecord {
        id,
        parent: None,
        via: "edge".into(),
        api: Some(if weather { "weather" } else { "orders" }.into()),
        offer: Some(if weather { "weather.open" } else { "orders.public" }.into()),
        operation: Some(
            if weather {
                "getForecast"
            } else if number.is_multiple_of(2) {
                "listOrders"
            } else {
                "getOrder"
            }
            .into(),
        ),
        consumer: (!weather).then(|| ConsumerName::new(consumer)),
        plan: Some(PlanName::new(if weather { "open" } else { "free" })),
        address: Some("127.0.0.1".parse().unwrap()),
        method: "GET".to_owned(),
        path: if weather {
            "/weather/v1/forecast".to_owned()
        } else if number.is_multiple_of(2) {
            "/orders/v1/orders".to_owned()
        } else {
            format!("/orders/v1/orders/{}", 4001 + number % 500)
        },
        status: 200,
        outcome: Outcome::Succeeded,
        reason: None,
        took_us: 2_100 + number * 317 % 14_000,
        provider_us: 1_500 + number * 211 % 9_000,
        bytes_in: 0,
        bytes_out: 640,
        breaks: 0,
        weight: 1,
        open: false,
    }
}

/// Writes them all; the newest began a second before `now_ms`.
pub(crate) async fn fill(ledger: &Ledger, now_ms: u64) -> Seeded {
    let recorder = ledger.recorder();
    let mut ids = CallIds::new(7);
    let start = now_ms - 1_000 - (ORDINARY + 10) * 1_700;
    for number in 0..ORDINARY {
        recorder.row(ordinary(ids.next(start + number * 1_700), number));
    }
    let mut at = start + ORDINARY * 1_700;
    let mut next = || {
        at += 1_700;
        ids.next(at)
    };
    let seeded = Seeded {
        hostile: next(),
        declined: next(),
        silent: next(),
        wrong: next(),
        broken: next(),
        limited: next(),
        fine: next(),
    };
    let keep = |call: CallRecord, detail: Option<Detail>| {
        let id = call.id;
        recorder.row(call);
        if let Some(detail) = detail {
            recorder.detail(id, detail);
        }
    };
    keep(ordinary(seeded.fine, 1), None);
    let (call, detail) = limited(seeded.limited);
    keep(call, Some(detail));
    let (call, detail) = broken(seeded.broken);
    keep(call, Some(detail));
    let (call, detail) = wrong(seeded.wrong);
    keep(call, Some(detail));
    let (call, detail) = silent(seeded.silent);
    keep(call, Some(detail));
    keep(
        CallRecord {
            status: 404,
            outcome: Outcome::Declined,
            path: "/orders/v1/orders/9999".to_owned(),
            ..ordinary(seeded.declined, 1)
        },
        None,
    );
    let (call, detail) = hostile(seeded.hostile);
    keep(call, Some(detail));
    keep(
        CallRecord {
            status: 0,
            outcome: Outcome::Aborted(By::Caller),
            took_us: 1_834_000,
            ..ordinary(next(), 2)
        },
        None,
    );
    ledger.flush().await.unwrap();
    seeded
}

fn yes(stage: Stage, subject: &str, words: &str, origin: &str) -> Decision {
    Decision {
        stage,
        subject: subject.to_owned(),
        words: words.to_owned(),
        origin: (!origin.is_empty()).then(|| origin.to_owned()),
        refused: None,
    }
}

fn path_here(operation: &str, line: u32, key: &str) -> Vec<Decision> {
    vec![
        yes(Stage::Listener, "edge", "127.0.0.1:8080", "switchboard.toml:4"),
        yes(
            Stage::Offer,
            "orders.public",
            "the longest address that fits: /orders/v1",
            "switchboard.toml:38",
        ),
        yes(Stage::Operation, operation, "", &format!("contracts/orders.yaml:{line}")),
        yes(Stage::Caller, key, "key sbk_k7t2m9qa in X-Api-Key, plan free", ""),
        yes(
            Stage::Permission,
            "free",
            "the offer takes free, partner, trial; all operations are open",
            "switchboard.toml:40",
        ),
    ]
}

fn part(part: &str, from_us: u64, took_us: u64) -> Timing {
    Timing { part: part.to_owned(), from_us, took_us }
}

fn message(line: &str, fields: &[(&str, &str)], body: &str) -> Message {
    Message {
        line: line.to_owned(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: body.to_owned(),
        size: body.len() as u64,
        cut: false,
    }
}

const ASKED: [(&str, &str); 4] = [
    ("host", "127.0.0.1:8080"),
    ("user-agent", "python-requests/2.32"),
    ("accept", "application/json"),
    ("x-api-key", "***"),
];

fn limited(id: CallId) -> (CallRecord, Detail) {
    let call = CallRecord {
        status: 429,
        outcome: Outcome::Refused,
        reason: Some(Reason::OverLimit),
        took_us: 210,
        provider_us: 0,
        consumer: Some(ConsumerName::new("acme-shop")),
        plan: Some(PlanName::new("trial")),
        ..ordinary(id, 2)
    };
    let mut decisions = path_here("orders.listOrders", 33, "acme-shop");
    decisions.push(Decision {
        refused: Some("over-limit".to_owned()),
        ..yes(Stage::Limit, "20/min", "20 of 20 used, one more in 2 s", "switchboard.toml:67")
    });
    let detail = Detail {
        decisions,
        timing: vec![part("checks", 0, 180), part("answer", 180, 30)],
        request: Some(message("GET /orders/v1/orders?limit=50 HTTP/1.1", &ASKED, "")),
        response: Some(message(
            "HTTP/1.1 429 Too Many Requests",
            &[
                ("content-type", "application/problem+json"),
                ("retry-after", "2"),
                ("ratelimit", "\"trial\";r=0;t=2"),
            ],
            r#"{"type":"http://127.0.0.1:8080/problems/over-limit","title":"Allowance used up","status":429,"detail":"20 calls a minute are allowed, and all are used"}"#,
        )),
        ..Detail::default()
    };
    (call, detail)
}

fn broken(id: CallId) -> (CallRecord, Detail) {
    let body = r#"{"id":4021,"status":"in_transit","customer":"Globex","currency":"EUR","items":[{"sku":"TEA-1042","quantity":2,"price":1250},{"sku":"POT-0007","quantity":1,"price":3900}],"total":"64.00","note":null,"createdAt":"2026-11-19T08:12:00Z","updatedAt":"2026-11-20T16:40:11Z"}"#;
    let call = CallRecord {
        breaks: 1,
        took_us: 24_310,
        provider_us: 21_040,
        bytes_out: body.len() as u64,
        path: "/orders/v1/orders/4021".to_owned(),
        ..ordinary(id, 5)
    };
    let mut decisions = path_here("orders.getOrder", 86, "globex");
    decisions.extend([
        yes(Stage::Limit, "60/min", "41 of 60 used", "switchboard.toml:55"),
        yes(Stage::Request, "matches the contract", "1 parameter, no body", "contracts/orders.yaml:86"),
        yes(
            Stage::Provider,
            "http://127.0.0.1:9002",
            "200 after 21 ms, over a connection that was open",
            "switchboard.toml:34",
        ),
        yes(
            Stage::Response,
            "breaks the contract in 1 point",
            "reported; the answer passed as it was",
            "switchboard.toml:31",
        ),
    ]);
    let request = message("GET /orders/v1/orders/4021 HTTP/1.1", &ASKED, "");
    let detail = Detail {
        command: Vec::new(),
        decisions,
        findings: vec![Finding {
            direction: "response".to_owned(),
            place: "body /total".to_owned(),
            at: "/total".to_owned(),
            rule: "/components/schemas/Order/properties/total/type".to_owned(),
            code: "type".to_owned(),
            detail: "expected an integer, got a string".to_owned(),
        }],
        timing: vec![
            part("checks", 0, 420),
            part("connect", 420, 0),
            part("provider", 420, 21_040),
            part("body", 21_460, 2_310),
            part("response check", 23_770, 540),
        ],
        sent: Some(message(
            "GET /orders/4021 HTTP/1.1",
            &[("host", "127.0.0.1:9002"), ("accept", "application/json"), ("x-request-id", &id.to_string())],
            "",
        )),
        request: Some(request),
        response: Some(message(
            "HTTP/1.1 200 OK",
            &[
                ("content-type", "application/json"),
                ("ratelimit", "\"free\";r=19;t=23"),
                ("x-request-id", &id.to_string()),
            ],
            body,
        )),
    };
    (call, detail)
}

fn wrong(id: CallId) -> (CallRecord, Detail) {
    let body = r#"{"customer":"Initech","currency":"DM","items":[{"sku":"tea","quantity":2}],"card":"***"}"#;
    let call = CallRecord {
        method: "POST".to_owned(),
        operation: Some("createOrder".into()),
        status: 400,
        outcome: Outcome::Refused,
        reason: Some(Reason::RequestBreaksContract),
        breaks: 2,
        took_us: 612,
        provider_us: 0,
        bytes_in: body.len() as u64,
        consumer: Some(ConsumerName::new("initech")),
        ..ordinary(id, 2)
    };
    let mut decisions = path_here("orders.createOrder", 55, "initech");
    decisions.extend([
        yes(Stage::Limit, "60/min", "3 of 60 used", "switchboard.toml:55"),
        Decision {
            refused: Some("request-breaks-contract".to_owned()),
            ..yes(
                Stage::Request,
                "breaks the contract in 2 points",
                "requests are checked under block",
                "switchboard.toml:31",
            )
        },
    ]);
    let finding = |at: &str, rule: &str, code: &str, detail: &str| Finding {
        direction: "request".to_owned(),
        place: format!("body {at}"),
        at: at.to_owned(),
        rule: rule.to_owned(),
        code: code.to_owned(),
        detail: detail.to_owned(),
    };
    let mut request = message("POST /orders/v1/orders HTTP/1.1", &ASKED, body);
    request.fields.push(("content-type".to_owned(), "application/json".to_owned()));
    let detail = Detail {
        command: Vec::new(),
        decisions,
        findings: vec![
            finding(
                "/currency",
                "/components/schemas/Currency/enum",
                "enum",
                r#"expected one of "EUR", "GBP", "USD", got a string"#,
            ),
            finding(
                "/items/0/sku",
                "/components/schemas/Sku/pattern",
                "pattern",
                "expected three capitals, a dash and four digits, got 3 characters",
            ),
        ],
        timing: vec![part("checks", 0, 570), part("answer", 570, 42)],
        request: Some(request),
        response: Some(message(
            "HTTP/1.1 400 Bad Request",
            &[("content-type", "application/problem+json")],
            r#"{"type":"http://127.0.0.1:8080/problems/request-breaks-contract","title":"The request does not match the contract","status":400,"errors":[{"in":"body","pointer":"/currency"},{"in":"body","pointer":"/items/0/sku"}]}"#,
        )),
        sent: None,
    };
    (call, detail)
}

fn silent(id: CallId) -> (CallRecord, Detail) {
    let call = CallRecord {
        status: 504,
        outcome: Outcome::Failed(Fault::Provider),
        reason: Some(Reason::ProviderSilent),
        took_us: 3_001_400,
        provider_us: 3_000_000,
        path: "/orders/v1/orders/5040".to_owned(),
        consumer: Some(ConsumerName::new("umbrella")),
        ..ordinary(id, 5)
    };
    let mut decisions = path_here("orders.getOrder", 86, "umbrella");
    decisions.push(Decision {
        refused: Some("provider-silent".to_owned()),
        ..yes(Stage::Provider, "http://127.0.0.1:9002", "no answer within 3 s", "switchboard.toml:35")
    });
    let detail = Detail {
        decisions,
        timing: vec![
            part("checks", 0, 600),
            part("connect", 600, 700),
            part("provider", 1_300, 3_000_000),
            part("answer", 3_001_300, 100),
        ],
        request: Some(message("GET /orders/v1/orders/5040 HTTP/1.1", &ASKED, "")),
        ..Detail::default()
    };
    (call, detail)
}

/// What every text of the hostile call holds.
pub(crate) const MARKUP: &str =
    r#"</pre><script>alert(1)</script><img src=x onerror=alert(1)>"' onmouseover='alert(1)"#;

fn hostile(id: CallId) -> (CallRecord, Detail) {
    let text = || MARKUP.to_owned();
    let call = CallRecord {
        path: format!("/{MARKUP}"),
        method: "<B>".to_owned(),
        status: 502,
        outcome: Outcome::Failed(Fault::Network),
        reason: Some(Reason::ProviderUnreachable),
        operation: Some(MARKUP.into()),
        offer: Some(MARKUP.into()),
        consumer: Some(ConsumerName::new(MARKUP)),
        breaks: 1,
        ..ordinary(id, 2)
    };
    let decision = Decision {
        stage: Stage::Offer,
        subject: text(),
        words: text(),
        origin: Some(text()),
        refused: Some(text()),
    };
    let said = Message { line: text(), fields: vec![(text(), text())], body: text(), size: 90, cut: true };
    let json = Message { body: format!("{{\"a\":{}}}", serde_json::Value::from(MARKUP)), ..said.clone() };
    let detail = Detail {
        command: Vec::new(),
        decisions: vec![decision],
        findings: vec![
            Finding {
                direction: "response".to_owned(),
                place: text(),
                at: "/a".to_owned(),
                rule: text(),
                code: text(),
                detail: text(),
            },
            Finding {
                direction: text(),
                place: text(),
                at: text(),
                rule: format!("/{MARKUP}"),
                code: text(),
                detail: text(),
            },
        ],
        timing: vec![Timing { part: text(), from_us: u64::MAX, took_us: u64::MAX }],
        request: Some(said.clone()),
        sent: Some(said),
        response: Some(json),
    };
    (call, detail)
}
