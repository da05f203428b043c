//! Slow callers are cut off and cost the others nothing; connections that only lie there neither.

use crate::harness::Running;
use crate::served::{becomes, board, calls, serve};
use crate::wire::{Caller, connect, rest};
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_cut_off_and_is_on_record() {
    let provider = Provider::status(200).start().await;
    let (running, url) = serve(&provider.url(), "");
    let mut stream = connect(&url);
    let mut sent = 0;
    // Each byte comes well within the second that a whole head may take on this board.
    for byte in b"GET /dribbled HTTP/1.1\r\nHost: acme.example\r\nX-Long: ".iter().chain([b'x'; 2_000].iter())
    {
        // The first write after the close may still go well; no further one does.
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        sent += 1;
        assert!(sent < 1_000, "a head may take for ever");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert_eq!(provider.calls(), 0);
    becomes(50, "what was cut off is on record", Some("caller-too-slow".to_owned()), || {
        calls(&running).first().and_then(|row| Some(row["reason"].as_str()?.to_owned()))
    });
    let row = &calls(&running)[0];
    assert_eq!(
        (&row["status"], &row["outcome"], &row["by"]),
        (&408.into(), &"aborted".into(), &"us".into()),
        "{row}"
    );
    // RFC 9110 §15.5.9 lets a server send 408; hyper's connection gives no way to, so it is closed without a word.
    assert_eq!(String::from_utf8_lossy(&answer), "");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_408_and_the_connection_closes() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "timeout = \"2m\"");
    let mut stream = connect(&url);
    // The longest silence inside a body is half a minute.
    stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
    let head = "POST /stalled HTTP/1.1\r\nHost: acme.example\r\nContent-Length: 100\r\n\r\n0123456789";
    stream.write_all(head.as_bytes()).unwrap();
    becomes(50, "the beginning has reached the provider", 10, || provider.received());
    // Others are served while it is waited for.
    assert_eq!(Caller::new(&url).get("/meanwhile", ""), Some(200));
    let text = String::from_utf8(rest(&mut stream)).unwrap();
    assert!(text.starts_with("HTTP/1.1 408 ") && text.contains("/caller-too-slow\""), "{text}");
    assert!(text.to_lowercase().contains("connection: close"), "{text}");
    let rows = calls(&running);
    let row = rows.iter().find(|row| row["path"] == "/stalled").unwrap();
    assert_eq!(
        (&row["status"], &row["outcome"], &row["by"]),
        (&408.into(), &"aborted".into(), &"us".into()),
        "{row}"
    );
}

#[tokio::test]
async fn thousands_of_idle_connections_stop_nobody() {
    const IDLE: usize = 2_000;
    let provider = Provider::status(200).start().await;
    let (running, url) = serve(&provider.url(), "");
    let address = url.strip_prefix("http://").unwrap();
    let mut idle = Vec::new();
    for nth in 0..IDLE {
        match TcpStream::connect(address) {
            Ok(stream) => idle.push(stream),
            Err(error) if nth > 500 => {
                eprintln!("only {nth} idle connections: {error}");
                break;
            }
            Err(error) => panic!("{nth}: {error}"),
        }
    }
    // Some have asked once and keep their connection, as browsers do.
    let kept: Vec<_> = (0..100)
        .map(|_| {
            let mut caller = Caller::new(&url);
            assert_eq!(caller.get("/", ""), Some(200));
            caller
        })
        .collect();
    for _ in 0..50 {
        assert_eq!(Caller::new(&url).get("/others", ""), Some(200));
    }
    assert_eq!(provider.calls(), 150);
    drop((idle, kept));
    assert_eq!(Caller::new(&url).get("/after", ""), Some(200));
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_shell_that_grants_few_descriptors_does_not_make_few_connections() {
    let home = tempfile::tempdir().unwrap();
    let port = crate::harness::free_port();
    let text = board("http://127.0.0.1:9", "", "").replace("{port}", &port.to_string());
    std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "ulimit -Sn 256 && exec \"$0\" serve", crate::harness::BINARY])
        .current_dir(home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    becomes(100, "it listens", true, || TcpStream::connect(("127.0.0.1", port)).is_ok());
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let numbers: Vec<&str> = line.split_whitespace().skip(3).take(2).collect();
    assert_eq!(numbers[0], numbers[1], "{line}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time_and_leaves_no_row() {
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "").replace("head-timeout", "idle-timeout = \"1s\"\nhead-timeout");
    let (running, url) = Running::serve(&text);
    let mut silent = connect(&url);
    assert!(rest(&mut silent).is_empty());
    assert!(calls(&running).is_empty(), "nothing was asked");
}
