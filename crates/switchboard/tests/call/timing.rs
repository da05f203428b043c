//! What a call took, in `-w`, `-v` and the envelope; and how far it is, on a terminal.

use crate::harness::Place;
use crate::papers::Papers;
use crate::server::is_here;
use demo::Provider;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

const WRITTEN: &str = "%{time_namelookup} %{time_connect} %{time_appconnect} %{time_pretransfer} \
                       %{time_starttransfer} %{time_total} %{remote_ip} %{remote_port}";

#[tokio::test]
async fn moments_come_in_their_order_and_tls_only_where_it_is_spoken() {
    let papers = Papers::new();
    let secure = Provider::echo().with_tls(papers.server.0, papers.server.1).start().await;
    let plain = Provider::echo().start().await;
    let place = Place::new().with("ca.pem", papers.authority);
    let (https, http) = (
        format!("https://localhost:{}/", secure.address().port()),
        format!("http://localhost:{}/", plain.address().port()),
    );
    for (url, tls) in [(&https, true), (&http, false)] {
        for command in ["call", "curl"] {
            let words = [command, "-s", "-o", "/dev/null", "--cacert", "ca.pem", "-w", WRITTEN, url];
            let text = place.run(&words).ok();
            let pieces: Vec<&str> = text.split(' ').collect();
            let times: Vec<f64> = pieces[..6].iter().map(|time| time.parse().unwrap()).collect();
            assert_eq!(times[2] > 0.0, tls, "{text}");
            let named: Vec<f64> = times.iter().copied().filter(|time| *time > 0.0).collect();
            assert!(named.is_sorted() && named.len() >= 5, "{text}");
            if tls {
                assert!(times[2] > times[1], "the handshake takes its time: {text}");
            }
            assert_eq!(pieces[6], "127.0.0.1", "{text}");
            assert!(url.contains(&format!(":{}/", pieces[7])), "{text}");
        }
        let shown = place.run(&["call", "-v", "--cacert", "ca.pem", url]);
        assert!(
            shown.err.contains("* took ")
                && shown.err.contains(" name ")
                && shown.err.contains(" at 127.0.0.1:"),
            "{shown:?}"
        );
        assert_eq!(shown.err.contains(" tls "), tls, "{shown:?}");
        let envelope = place.run(&["call", "--format", "envelope", "--cacert", "ca.pem", url]).json();
        let spans = &envelope["timings"];
        assert!(spans["total_ms"].as_f64() >= spans["connect_ms"].as_f64(), "{envelope}");
        assert!(spans["connect_ms"].as_f64() >= spans["tls_ms"].as_f64(), "{envelope}");
        assert_eq!(spans["tls_ms"].as_f64().unwrap() > 0.0, tls, "{envelope}");
    }
}

/// Takes an upload, or gives a download, slowly: 16 MiB in pieces, with pauses.
fn slow(upload: bool) -> String {
    // More than the system holds between two sockets.
    const PIECE: usize = 64 * 1024;
    const PIECES: usize = 256;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut piece = vec![0; PIECE];
        if upload {
            let mut left = PIECES * PIECE;
            while left > 0 {
                let read = socket.read(&mut piece).unwrap();
                left = left.saturating_sub(read);
                thread::sleep(Duration::from_millis(5));
            }
            // Whatever the head took away of the count is still to be read.
            socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            while socket.read(&mut piece).is_ok_and(|read| read > 0) {}
            socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        } else {
            let _ = socket.read(&mut piece).unwrap();
            write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PIECES * PIECE).unwrap();
            for _ in 0..PIECES {
                socket.write_all(&piece).unwrap();
                thread::sleep(Duration::from_millis(5));
            }
        }
    });
    url
}

#[test]
fn a_terminal_sees_how_far_it_is() {
    if !is_here("script") {
        return;
    }
    let place = Place::new().with("up.bin", vec![7; 16 * 1024 * 1024]);
    let switchboard = env!("CARGO_BIN_EXE_switchboard");
    for (what, flags, url) in
        [("sent", "-T up.bin -o /dev/null", slow(true)), ("received", "-o down.bin", slow(false))]
    {
        // `script` gives it a terminal.
        let line = format!("'{switchboard}' call {flags} {url}");
        let ended = place.end("script", &["-qec", &line, "/dev/null"], "");
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.out.contains(&format!("\r{what} [#")), "{what}: {ended:?}");
        assert!(ended.out.contains("100 % of 16.0 MiB"), "{what}: {ended:?}");
        let quiet = place.end(switchboard, &["call", "-s", "http://127.0.0.1:1/"], "");
        assert_eq!(quiet.err, "", "nothing without a terminal and with `-s`");
    }
    assert_eq!(std::fs::metadata(place.path().join("down.bin")).unwrap().len(), 16 * 1024 * 1024);
}
