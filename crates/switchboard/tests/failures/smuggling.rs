//! Requests whose framing two readers could take differently: never two requests at the provider for one.
//!
//! RFC 9112 §6.1, §6.3, §11.2. The answers are pinned as hyper 1 gives them behind `gateway/wire`; where it is laxer
//! than the standard, the row says so, and the proof is what the provider saw: nothing of it.

use crate::served::{calls, serve};
use crate::wire::exchange;
use demo::Provider;

const TE: &str = "Transfer-Encoding: chunked\r\n";
/// In the body or behind it: a request that must never reach the provider.
const HIDDEN: &str = "GET /smuggled HTTP/1.1\r\nHost: a.ex\r\n\r\n";

/// What is tried, the lines after `Host` with the body, the answers on the connection.
const SHAPES: &[(&str, &str, &[u16])] = &[
    // Taken as chunked, and the connection is closed behind it: RFC 9112 §6.1 allows that.
    ("TE and CL", "Content-Length: 6\r\n{TE}\r\n0\r\n\r\n{HIDDEN}", &[200]),
    ("CL and TE", "{TE}Content-Length: 6\r\n\r\n0\r\n\r\n{HIDDEN}", &[200]),
    ("two CL that differ", "Content-Length: 0\r\nContent-Length: 40\r\n\r\n{HIDDEN}", &[400]),
    // RFC 9112 §6.3 rule 5 lets both be one.
    ("two CL that agree", "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", &[200, 200]),
    ("CL list that differs", "Content-Length: 0, 40\r\n\r\n{HIDDEN}", &[400]),
    ("CL list that agrees", "Content-Length: 2, 2\r\n\r\nok", &[400]),
    ("negative CL", "Content-Length: -1\r\n\r\n{HIDDEN}", &[400]),
    ("CL with a plus", "Content-Length: +0\r\n\r\n{HIDDEN}", &[400]),
    ("CL in hexadecimal", "Content-Length: 0x0\r\n\r\n{HIDDEN}", &[400]),
    ("CL beyond 64 bits", "Content-Length: 18446744073709551616\r\n\r\n{HIDDEN}", &[400]),
    ("CL without a value", "Content-Length:\r\n\r\n{HIDDEN}", &[400]),
    ("chunk size that overflows", "{TE}\r\n10000000000000000\r\n{HIDDEN}", &[400]),
    ("chunk size that is negative", "{TE}\r\n-1\r\n{HIDDEN}", &[400]),
    ("chunk size that is empty", "{TE}\r\n\r\n{HIDDEN}", &[400]),
    ("chunk without its end", "{TE}\r\n1\r\nx{HIDDEN}", &[400]),
    ("chunk ended by a bare LF", "{TE}\r\n1\nx\n0\n\n{HIDDEN}", &[400]),
    ("chunk extension with a bare LF", "{TE}\r\n1;a\nx\r\n0\r\n\r\n{HIDDEN}", &[400]),
    ("TE of a strange name", "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}", &[400]),
    // hyper reads to the end of the outer coding; the answer is ours, and the connection ends with it.
    ("chunked twice", "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{HIDDEN}", &[501]),
    ("TE in two lines", "{TE}{TE}\r\n0\r\n\r\n{HIDDEN}", &[501]),
    ("chunked not at the end", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{HIDDEN}", &[400]),
    ("TE before a tab", "Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}", &[200]),
    (
        "a space before the colon",
        "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}",
        &[400],
    ),
    ("a folded line", "X-Fold: a\r\n {TE}Content-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}", &[400]),
    ("TE folded", "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{HIDDEN}", &[400]),
    // RFC 9112 §2.2: a recipient may take a single LF for the end of a line.
    ("lines ended by bare LF", "Content-Length: 2\nX-More: 1\n\nok", &[200, 200]),
    ("a bare CR in a value", "X-Bad: a\rb\r\nContent-Length: 0\r\n\r\n", &[400]),
    ("a NUL in a value", "X-Bad: a\0b\r\nContent-Length: 0\r\n\r\n", &[400]),
    ("no colon", "Content-Length 0\r\n\r\n", &[400]),
    ("a name that is empty", ": 0\r\n\r\n", &[400]),
];

#[tokio::test]
async fn a_request_is_never_two_at_the_provider() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    for (number, (what, rest, wanted)) in SHAPES.iter().enumerate() {
        let rest = rest.replace("{TE}", TE).replace("{HIDDEN}", HIDDEN);
        let head = format!("POST /first/{number} HTTP/1.1\r\nHost: acme.example\r\n");
        let (statuses, text) = exchange(&url, (head + &rest).as_bytes());
        assert_eq!(&statuses, wanted, "{what}: {text}");
        let asked = provider.requests();
        let first = asked.iter().filter(|request| request.target == format!("/first/{number}"));
        assert!(first.count() <= 1, "{what}: the provider saw it twice");
        assert!(
            asked.iter().all(|request| request.target != "/smuggled"),
            "{what}: the hidden one went through"
        );
        for request in asked {
            let framed = [request.field("content-length"), request.field("transfer-encoding")];
            assert!(
                framed.iter().flatten().count() <= 1,
                "{what}: the provider was told two lengths: {request:?}"
            );
        }
    }
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn a_body_whose_chunks_cannot_be_read_is_the_callers_fault_on_record() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    let bytes = format!("POST / HTTP/1.1\r\nHost: acme.example\r\n{TE}\r\n2\r\nok\r\nxyz\r\n");
    let (statuses, text) = exchange(&url, bytes.as_bytes());
    assert_eq!(statuses, [400], "{text}");
    assert!(text.contains("/malformed-request\""), "{text}");
    let row = &calls(&running)[0];
    assert_eq!((&row["outcome"], &row["by"]), (&"aborted".into(), &"caller".into()), "{row}");
}
