//! Heads that are too large or no HTTP, targets and methods that nobody should send: a clear no, and the provider hears nothing.

use crate::served::{calls, serve};
use crate::wire::{Caller, connect, exchange, rest, statuses};
use demo::Provider;
use std::io::Write as _;

/// A request head with this line and these lines after `Host`.
fn head(line: &str, fields: &str) -> Vec<u8> {
    format!("{line}\r\nHost: acme.example\r\n{fields}\r\n").into_bytes()
}

#[tokio::test]
async fn heads_beyond_the_bound_are_431() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    let long = |size: usize| "x".repeat(size);
    let many = |count: usize| (0..count).map(|nth| format!("X-{nth}: y\r\n")).collect::<Vec<_>>().concat();
    for (what, bytes, wanted) in [
        // hyper looks at its bound of 64 KiB between two reads, so that a little more may pass.
        ("a field of 128 KiB", head("GET / HTTP/1.1", &format!("X-Long: {}\r\n", long(128 * 1024))), 431),
        ("a field of 1 MiB", head("GET / HTTP/1.1", &format!("X-Long: {}\r\n", long(1024 * 1024))), 431),
        ("10,000 fields", head("GET / HTTP/1.1", &many(10_000)), 431),
        ("101 fields", head("GET / HTTP/1.1", &many(100)), 431),
        ("a name of 128 KiB", head("GET / HTTP/1.1", &format!("{}: y\r\n", long(128 * 1024))), 431),
        ("a target of 128 KiB", head(&format!("GET /{} HTTP/1.1", long(128 * 1024)), ""), 431),
        ("a method of 128 KiB", head(&format!("{} / HTTP/1.1", long(128 * 1024)), ""), 431),
    ] {
        let (statuses, text) = exchange(&url, &bytes);
        assert_eq!(statuses, [wanted], "{what}: {text}");
    }
    assert_eq!(provider.calls(), 0);
    // Within the bounds everything passes.
    let (statuses, text) =
        exchange(&url, &head("GET / HTTP/1.1", &format!("X-Long: {}\r\n", long(32 * 1024))));
    assert_eq!(statuses, [200, 200], "{text}");
    let rows = calls(&running);
    let refused = rows.iter().filter(|row| row["reason"] == "too-large").count();
    assert_eq!(refused, 7, "each is on record: {rows:?}");
}

#[tokio::test]
async fn lines_targets_and_methods_that_nobody_should_send() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    for (what, bytes, wanted) in [
        ("HTTP/0.9", b"GET /\r\n".to_vec(), &[400_u16][..]),
        ("HTTP/2.0 in words", head("GET / HTTP/2.0", ""), &[400]),
        ("HTTP/1.2", head("GET / HTTP/1.2", ""), &[400]),
        // hyper hangs up on it without a word: who speaks HTTP/2 would not read one of HTTP/1.1.
        ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), &[]),
        ("a method with a bracket", head("G(T / HTTP/1.1", ""), &[400]),
        ("no method", head(" / HTTP/1.1", ""), &[400]),
        ("two spaces", head("GET  / HTTP/1.1", ""), &[400]),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec(), &[400]),
        ("zeros", vec![0; 4096], &[400]),
        ("no host", b"GET / HTTP/1.1\r\n\r\n".to_vec(), &[400]),
        ("two hosts", head("GET / HTTP/1.1", "Host: globex.example\r\n"), &[400]),
        ("a host with a path", b"GET / HTTP/1.1\r\nHost: a.example/x\r\n\r\n".to_vec(), &[400]),
        ("a host with a user", b"GET / HTTP/1.1\r\nHost: u@a.example\r\n\r\n".to_vec(), &[400]),
        ("a relative target", head("GET x HTTP/1.1", ""), &[400]),
        ("another scheme", head("GET ftp://acme.example/ HTTP/1.1", ""), &[400]),
        ("CONNECT", head("CONNECT globex.example:443 HTTP/1.1", ""), &[405]),
        ("TRACE", head("TRACE / HTTP/1.1", ""), &[405]),
        ("a star without OPTIONS", head("GET * HTTP/1.1", ""), &[400, 200]),
        ("dots that climb", head("GET /../../etc/passwd HTTP/1.1", ""), &[400, 200]),
        ("an encoded slash that climbs", head("GET /a/..%2f..%2fetc HTTP/1.1", ""), &[400, 200]),
        ("an encoded NUL", head("GET /a%00b HTTP/1.1", ""), &[400, 200]),
        ("an unknown expectation", head("GET / HTTP/1.1", "Expect: wonders\r\n"), &[417]),
    ] {
        let before = provider.calls();
        let (statuses, text) = exchange(&url, &bytes);
        assert_eq!(statuses, wanted, "{what}: {text}");
        let through = provider.requests().split_off(usize::try_from(before).unwrap());
        assert!(through.iter().all(|request| request.target == "/after"), "{what}: {through:?}");
    }
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn the_absolute_form_is_taken_and_its_host_counts() {
    let provider = Provider::echo().start().await;
    let (_running, url) = serve(&provider.url(), "");
    let mut stream = connect(&url);
    let bytes =
        "GET http://globex.example/absolute?a=b HTTP/1.1\r\nHost: acme.example\r\nConnection: close\r\n\r\n";
    stream.write_all(bytes.as_bytes()).unwrap();
    let text = String::from_utf8(rest(&mut stream)).unwrap();
    assert_eq!(statuses(&text), [200], "{text}");
    let request = &provider.requests()[0];
    assert_eq!(request.target, "/absolute?a=b", "the provider gets the origin form");
    // RFC 9112 §3.2.2: the target's host beats the field.
    assert!(!format!("{:?}", request.fields).contains("acme.example"), "{:?}", request.fields);
}

#[tokio::test]
async fn bytes_at_random_end_in_a_no_and_the_board_goes_on() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    // Heads with one byte changed: a fixed sequence, so that a failure comes again.
    let good = head("POST /a?b=c HTTP/1.1", "Content-Length: 2\r\nX-Key: value\r\n");
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..400 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let mut bytes = [good.as_slice(), b"ok"].concat();
        let at = usize::try_from(seed >> 32).unwrap() % bytes.len();
        bytes[at] = u8::try_from(seed & 0xff).unwrap();
        let (statuses, text) = exchange(&url, &bytes);
        assert!(statuses.iter().all(|status| *status < 500 || *status == 501), "{bytes:?}: {text}");
    }
    assert_eq!(Caller::new(&url).get("/", ""), Some(200));
    assert_eq!(running.stop(), Some(0));
}
