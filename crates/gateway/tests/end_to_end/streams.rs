//! What must not be held up: events, uploads, tunnels.

use crate::endings::open;
use crate::orders::KEY;
use demo::Provider;
use exchange::Outcome;
use gateway::Settings;
use std::io::Write as _;
use std::time::Duration;

#[test]
fn events_come_one_by_one() {
    let provider = Provider::server_sent_events(3, Duration::from_millis(150)).try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let mut line = gateway.connect();
    line.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let head = line.head();
    assert_eq!(head.field("content-type"), Some("text/event-stream"));
    assert!(gateway.kept.calls.lock().unwrap().is_empty());
    for _ in 0..3 {
        let event = line.chunk().unwrap();
        assert_eq!(String::from_utf8_lossy(&event).matches("data:").count(), 1, "held together: {event:?}");
    }
    assert_eq!(line.chunk().as_deref(), Some(&[][..]));
    assert_eq!(gateway.kept.closed(1)[0].outcome, Outcome::Succeeded);
}

#[test]
fn a_large_upload_passes_in_bounded_memory() {
    const SIZE: usize = 256 << 20;
    let provider = Provider::sink().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let before = peak();
    let mut line = gateway.connect();
    line.write(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {SIZE}\r\n\r\n").as_bytes());
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..SIZE / piece.len() {
        line.stream.write_all(&piece).unwrap();
    }
    assert_eq!(line.reply(false).json()["received"], SIZE);
    let grown = peak().saturating_sub(before);
    assert!(grown < 64 << 10, "grew by {grown} KiB");
    assert_eq!(gateway.kept.closed(1)[0].bytes_in, SIZE as u64);
}

/// Most memory this process ever had, in KiB; 0 where the system does not tell.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[test]
fn a_websocket_becomes_a_tunnel_with_one_record() {
    let provider = Provider::websocket_echo().try_start().unwrap();
    let gateway = open(&provider.url(), "upgrade = [\"websocket\"]", Settings::default());
    let mut line = gateway.connect();
    line.write(UPGRADE.as_bytes());
    let head = line.head();
    assert_eq!(head.status, 101);
    assert_eq!(head.field("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(head.field("connection").unwrap().eq_ignore_ascii_case("upgrade"));
    assert_eq!(head.field("upgrade"), Some("websocket"));
    for word in ["hello", "tunnel"] {
        line.write(word.as_bytes());
        assert_eq!(line.take(word.len()), word.as_bytes());
    }
    gateway.kept.open(1);
    drop(line);
    let call = gateway.kept.closed(1).remove(0);
    assert_eq!((call.status, call.outcome), (101, Outcome::Succeeded));
    assert_eq!((call.bytes_in, call.bytes_out), (11, 11));
}

#[test]
fn an_upgrade_that_is_not_offered_is_refused_and_others_are_ignored() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = open(&provider.url(), "", Settings::default());
    let reply = gateway.send(UPGRADE);
    assert_eq!((reply.status, reply.slug().as_str()), (403, "upgrade-not-offered"));
    let reply =
        gateway.with("/", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n");
    assert_eq!(reply.status, 200, "h2c is ignored");
    let fields = reply.json()["fields"].to_string();
    assert!(!fields.contains("upgrade") && !fields.contains("http2-settings"), "{fields}");
}

#[test]
fn a_caller_who_waits_for_100_gets_it_when_the_body_is_wanted() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = crate::orders::start(&provider.url());
    let mut line = gateway.connect();
    let head = "POST /shop/orders HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 27\r\n";
    line.write(format!("{head}{KEY}\r\n").as_bytes());
    assert_eq!(line.head().status, 100);
    line.write(br#"{"item":"pen","quantity":2}"#);
    let reply = line.reply(false);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(!reply.json()["fields"].to_string().contains("expect"));
    let mut line = gateway.connect();
    line.write(format!("{head}\r\n").as_bytes());
    assert_eq!(line.head().status, 401, "no 100 before a no");
}
