//! Every ending of a call leaves exactly one record.

use crate::harness::{self, Started};
use crate::orders::{self, KEY};
use demo::Provider;
use exchange::{By, Outcome, Reason};
use gateway::Settings;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn open(url: &str, more: &str, settings: Settings) -> Started {
    open_on(1, url, more, settings)
}

/// On so many threads.
pub(crate) fn open_on(threads: u16, url: &str, more: &str, settings: Settings) -> Started {
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\nhead-timeout = \"300ms\"\nidle-timeout = \"600ms\"\n[apis.things]\n[apis.things.upstream]\n\
         urls = [\"{url}\"]\nretries = 0\n[apis.things.offer.all]\nat = \"/\"\nplans = [\"open\"]\n{more}\n[plans.open]\nauth = \"none\"\n"
    );
    harness::start_on(threads, &text, &[], settings)
}

#[test]
fn a_provider_that_breaks_off_inside_its_body_is_named() {
    let provider = Provider::closing_mid_body().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let reply = gateway.get("/");
    assert_eq!((reply.status, reply.whole), (200, false));
    let call = gateway.kept.closed(1).remove(0);
    assert_eq!((call.outcome, call.status, call.bytes_out), (Outcome::Aborted(By::Provider), 200, 10));
}

#[test]
fn a_caller_who_goes_away_inside_a_body_is_named() {
    let provider = Provider::endless().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(line.head().status, 200);
    assert_eq!(line.take(100_000).len(), 100_000);
    drop(line);
    assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Aborted(By::Caller));
}

#[test]
fn a_caller_who_goes_away_before_the_answer_is_named() {
    let provider = Provider::silent().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while provider.calls() == 0 {
        std::thread::yield_now();
    }
    drop(line);
    let call = gateway.kept.closed(1).remove(0);
    assert_eq!((call.outcome, call.status), (Outcome::Aborted(By::Caller), 0));
}

#[test]
fn a_caller_who_stalls_inside_a_body_gets_a_408() {
    let provider = Provider::sink().try_start().unwrap();
    let settings = Settings { body_stall: Duration::from_millis(100), ..Settings::default() };
    let gateway = open(&provider.url(), "", settings.clone());
    let mut line = gateway.connect();
    line.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    let reply = line.reply(false);
    assert_eq!((reply.status, reply.slug().as_str()), (408, "caller-too-slow"));
    let gateway = orders::start_with(&provider.url(), settings);
    let mut line = gateway.connect();
    line.write(format!("POST /shop/orders HTTP/1.1\r\nHost: a\r\n{KEY}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{").as_bytes());
    let reply = line.reply(false);
    assert_eq!((reply.status, reply.slug().as_str()), (408, "caller-too-slow"), "also when it is held");
    gateway.kept.closed(1);
}

#[test]
fn a_caller_who_dribbles_a_head_is_cut_off() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"GET / HT");
    assert!(line.is_closed());
    let call = gateway.kept.closed(1).remove(0);
    assert_eq!((call.reason, call.outcome), (Some(Reason::CallerTooSlow), Outcome::Aborted(By::Us)));
    let mut idle = gateway.connect();
    assert!(idle.is_closed(), "an idle connection is closed, without a record");
    let mut used = gateway.connect();
    used.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(used.reply(false).status, 200);
    assert!(used.is_closed());
    gateway.kept.closed(2);
}

#[test]
fn bytes_that_are_no_request_leave_one_unreadable_record() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let shapes: [&[u8]; 9] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    ];
    for (index, shape) in shapes.iter().enumerate() {
        let mut line = gateway.connect();
        line.write(shape);
        assert_eq!(line.reply(false).status, 400, "{}", String::from_utf8_lossy(shape));
        let call = gateway.kept.closed(index + 1).remove(index);
        assert_eq!(
            (call.reason, call.method.as_str()),
            (Some(Reason::Malformed), ""),
            "{}",
            String::from_utf8_lossy(shape)
        );
    }
    assert_eq!(provider.calls(), 0);
}

#[test]
fn two_lengths_are_never_forwarded_as_two_readings() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    // hyper hides the double framing and reads chunks; what matters is that the provider cannot read it differently.
    let reply = line.reply(false);
    assert_eq!(reply.status, 200);
    let fields = reply.json()["fields"].to_string();
    assert!(!fields.contains("content-length"), "{fields}");
    let odd = gateway.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    assert_eq!((odd.status, odd.slug().as_str()), (501, "coding-unknown"));
}

#[test]
fn heads_are_bounded() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(80 * 1024));
    assert_eq!(gateway.send(&large).status, 431);
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(150));
    assert_eq!(gateway.send(&many).status, 431);
    gateway.kept.closed(2);
}

#[test]
fn heads_that_only_we_understand_are_refused_with_a_record() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    for (index, (head, status)) in [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 102-processing\r\n\r\n", 417),
        ("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\n\r\n", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = gateway.send(head);
        assert_eq!(reply.status, status, "{head}");
        assert!(reply.field("x-request-id").is_some());
        gateway.kept.closed(index + 1);
    }
}

#[test]
fn a_panic_after_the_provider_answered_is_recorded_and_stays_alone() {
    let provider = Provider::echo().try_start().unwrap();
    let settings = Settings {
        on_stage: Some(Arc::new(|stage, path| {
            assert!(stage != exchange::Stage::Response || path != "/late", "planted");
        })),
        ..Settings::default()
    };
    let gateway = open(&provider.url(), "", settings);
    assert_eq!(gateway.get("/late").status, 500);
    assert_eq!(gateway.get("/fine").status, 200);
    let calls = gateway.kept.closed(2);
    assert_eq!((calls[0].outcome, calls[1].outcome), (Outcome::Panicked, Outcome::Succeeded));
}

#[test]
fn a_panic_while_a_body_passes_ends_that_body_alone() {
    // The row of a call that lasts is written while its body is waited for: a recorder that panics then does so there.
    #[derive(Debug, Default)]
    struct Late(harness::Kept);
    impl exchange::Recorder for Late {
        fn usage(&self, usage: exchange::Usage) {
            self.0.usage(usage);
        }
        fn row(&self, record: exchange::CallRecord) {
            assert!(!record.open, "planted");
            self.0.row(record);
        }
        fn detail(&self, _: exchange::CallId, _: exchange::Detail) {}
    }
    let provider = Provider::slow_body(3, Duration::from_millis(300)).try_start().unwrap();
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.things]\n[apis.things.upstream]\nurls = [\"{}\"]\n\
         [apis.things.offer.all]\nat = \"/\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\n",
        provider.url()
    );
    let board = Arc::new(harness::board(&text, &[]));
    let kept = Arc::new(Late::default());
    let running = gateway::Gateway::start(gateway::GatewayOptions {
        accounts: Arc::new(harness::accounts(&board, None)),
        board,
        recorder: kept.clone(),
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: 1,
        writer_ids: vec![1],
        settings: Settings { open_row_after: Duration::from_millis(100), ..Settings::default() },
    })
    .unwrap();
    let mut line = harness::Line::to(running.addresses()[0].1);
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let reply = line.reply(false);
    assert_eq!((reply.status, reply.whole), (200, false));
    assert_eq!(kept.0.closed(1)[0].outcome, Outcome::Panicked);
    let mut other = harness::Line::to(running.addresses()[0].1);
    other.write(b"GET /.well-known/switchboard/health HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(other.reply(false).status, 200);
}

#[test]
fn a_recorder_that_panics_takes_no_call_with_it() {
    #[derive(Debug)]
    struct Broken;
    impl exchange::Recorder for Broken {
        fn usage(&self, _: exchange::Usage) {
            panic!("planted");
        }
        fn row(&self, _: exchange::CallRecord) {}
        fn detail(&self, _: exchange::CallId, _: exchange::Detail) {}
    }
    let provider = Provider::echo().try_start().unwrap();
    let text = format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.things]\n[apis.things.upstream]\nurls = [\"{}\"]\n\
         [apis.things.offer.all]\nat = \"/\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\n",
        provider.url()
    );
    let board = Arc::new(harness::board(&text, &[]));
    let running = gateway::Gateway::start(gateway::GatewayOptions {
        accounts: Arc::new(harness::accounts(&board, None)),
        board,
        recorder: Arc::new(Broken),
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: 1,
        writer_ids: vec![1],
        settings: Settings::default(),
    })
    .unwrap();
    for _ in 0..3 {
        let mut line = harness::Line::to(running.addresses()[0].1);
        line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(line.reply(false).status, 200);
    }
    assert_eq!(running.lost_records(), 3);
}

#[test]
fn a_long_call_has_a_row_while_it_runs() {
    let provider = Provider::slow_body(2, Duration::from_millis(400)).try_start().unwrap();
    let settings = Settings { open_row_after: Duration::from_millis(50), ..Settings::default() };
    let gateway = open(&provider.url(), "", settings);
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let open = gateway.kept.open(1).remove(0);
    assert_eq!(line.reply(false).status, 200);
    let closed = gateway.kept.closed(1).remove(0);
    assert_eq!(open.id, closed.id);
    assert_eq!(closed.outcome, Outcome::Succeeded);
}
