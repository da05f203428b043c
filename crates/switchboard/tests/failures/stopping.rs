//! SIGTERM: what is under way ends with its answer, nothing new is taken, exit code 0.

use crate::harness::{Running, curl, program};
use crate::served::{becomes, board, call, counted, serve};
use crate::wire;
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

#[tokio::test]
async fn a_call_in_flight_ends_with_its_answer_while_new_connections_are_refused() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::late(Duration::from_secs(3)).start().await;
    let (mut running, url) = serve(&provider.url(), "timeout = \"20s\"");
    let mut idle = wire::connect(&url);
    let mut kept = wire::connect(&url);
    let in_flight = std::thread::spawn({
        let url = url.clone();
        move || curl(&[&url])
    });
    // One on a kept connection, too: its answer says that it is the last.
    kept.write_all(b"GET /kept HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    becomes(100, "both calls are at the provider", 2, || provider.calls());
    running.signal("TERM");
    running.wait_for("stopping");
    let address = url.strip_prefix("http://").unwrap();
    becomes(20, "new connections are refused", true, || TcpStream::connect(address).is_err());
    assert!(wire::rest(&mut idle).is_empty(), "a connection without a call is closed");
    let answer = in_flight.join().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "late\n"));
    let text = String::from_utf8(wire::rest(&mut kept)).unwrap();
    assert!(
        text.starts_with("HTTP/1.1 200 ") && text.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{text}"
    );
    // Written before the end: another process reads them.
    let home = ended(running);
    let again = Running::start_in(home, &["usage"]);
    assert_eq!(counted(&again), 2);
}

/// Waits for its end, wants 0, and gives the folder.
fn ended(mut running: Running) -> tempfile::TempDir {
    let home = std::mem::replace(&mut running.home, tempfile::tempdir().unwrap());
    let left = |name: &str| home.path().join(name);
    becomes(100, "its socket is gone", false, || left(".switchboard/run.sock").exists());
    assert_eq!(running.stop(), Some(0));
    let listed = std::fs::read_dir(left("state/switchboard/running")).unwrap().count();
    assert_eq!(listed, 0, "and it is no longer listed as running");
    home
}

#[tokio::test]
async fn a_download_in_flight_is_not_cut() {
    let provider = Provider::slow_body(30, Duration::from_millis(100)).start().await;
    let (running, url) = serve(&provider.url(), "");
    let mut stream = wire::connect(&url);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    running.signal("TERM");
    let text = String::from_utf8(wire::rest(&mut stream)).unwrap();
    assert_eq!(text.matches("chunk ").count(), 30, "{text}");
    assert!(text.ends_with("0\r\n\r\n"), "whole: {text}");
    drop(ended(running));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once_and_the_call_is_on_record() {
    let provider = Provider::silent().start().await;
    let text = board(&provider.url(), "timeout = \"5m\"", "");
    let (mut running, url) = Running::serve(&text);
    let mut stream = wire::connect(&url);
    stream.write_all(b"GET /hung HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    becomes(100, "the call is at the provider", 1, || provider.calls());
    running.signal("TERM");
    running.wait_for("stopping");
    running.signal("TERM");
    running.wait_for("stopped at once");
    let _ = wire::rest(&mut stream);
    let home = ended(running);
    let again = Running::start_in(home, &["usage"]);
    assert_eq!(counted(&again), 1, "a call that was broken off is counted");
    let rows = crate::served::calls(&again);
    let id = rows[0]["call"].as_str().unwrap();
    assert_eq!((&call(&again, id)["outcome"], &rows[0]["by"]), (&"aborted".into(), &"us".into()), "{rows:?}");
}
