//! HTTP and TLS versions, client certificates, sockets and other addresses: against a real nginx, beside real curl.

use crate::harness::Place;
use crate::papers::Papers;
use crate::server::{Server, free_port, is_here};

/// What the one nginx offers, by port.
struct Ports {
    two: u16,
    plain_two: u16,
    old: u16,
    closed: u16,
    other: u16,
}

fn nginx(papers: &Papers) -> (Server, Ports) {
    let ports = Ports {
        two: free_port(),
        plain_two: free_port(),
        old: free_port(),
        closed: free_port(),
        other: free_port(),
    };
    let says = "location / { default_type text/plain; return 200 \"$server_protocol $ssl_protocol \
                $ssl_client_verify $host $request_uri\"; }";
    let tls = "ssl_certificate FOLDER/cert.pem; ssl_certificate_key FOLDER/key.pem;";
    let Ports { two, plain_two, old, closed, other } = ports;
    let servers = format!(
        "server {{ listen 127.0.0.1:{two} ssl http2; {tls} ssl_protocols TLSv1.2 TLSv1.3; {says} }}
         server {{ listen 127.0.0.1:{plain_two} http2; {says} }}
         server {{ listen 127.0.0.1:{old} ssl; {tls} ssl_protocols TLSv1.2; {says} }}
         server {{ listen 127.0.0.1:{closed} ssl http2; {tls} ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate FOLDER/ca.pem;
                  ssl_verify_client on; {says}
                  location /away {{ return 302 https://localhost:{other}/there; }}
                  location /here {{ return 302 /again; }} }}
         server {{ listen 127.0.0.1:{other} ssl http2; {tls} ssl_protocols TLSv1.2 TLSv1.3; ssl_client_certificate FOLDER/ca.pem;
                  ssl_verify_client optional; {says} }}
         server {{ listen unix:FOLDER/sock; {says} }}"
    );
    let files = [
        ("ca.pem", papers.authority.as_str()),
        ("cert.pem", &papers.server.0),
        ("key.pem", &papers.server.1),
    ];
    (Server::nginx(two, &servers, &files), ports)
}

fn place(papers: &Papers) -> Place {
    Place::new()
        .with("ca.pem", &papers.authority)
        .with("client.pem", &papers.client.0)
        .with("client.key", &papers.client.1)
        .with("both.pem", format!("{}{}", papers.client.1, papers.client.0))
}

#[test]
fn versions_and_certificates_are_what_was_asked_for() {
    if !is_here("nginx") {
        return;
    }
    let papers = Papers::new();
    let (server, ports) = nginx(&papers);
    let place = place(&papers);
    let https = |port: u16| format!("https://localhost:{port}/x");
    let plain = format!("http://127.0.0.1:{}/x", ports.plain_two);
    let sock = server.folder().join("sock");
    let sock = sock.to_str().unwrap();
    let to = format!("api.example:443:127.0.0.1:{}", ports.two);
    let any = format!("::127.0.0.1:{}", ports.two);
    let resolve = format!("api.example:{}:127.0.0.1", ports.two);
    let every = format!("*:{}:127.0.0.1", ports.two);
    let named = format!("https://api.example:{}/x", ports.two);
    let written = "|%{http_version} %{http_code} %{scheme}\n";
    for (words, code, said) in [
        (vec![https(ports.two)], 0, "HTTP/2.0 TLSv1.3 NONE localhost /x|2 200 HTTPS"),
        (vec![https(ports.two), "--http2".into()], 0, "HTTP/2.0 "),
        (vec![https(ports.two), "--http1.1".into()], 0, "HTTP/1.1 "),
        (vec![https(ports.old)], 0, "HTTP/1.1 TLSv1.2 "),
        (vec![https(ports.old), "--tlsv1.2".into()], 0, "HTTP/1.1 TLSv1.2 "),
        (vec![https(ports.old), "--tlsv1.3".into()], 35, ""),
        (vec![https(ports.two), "--tlsv1.3".into()], 0, "HTTP/2.0 TLSv1.3 "),
        (vec![plain.clone(), "--http2-prior-knowledge".into()], 0, "HTTP/2.0 "),
        (vec![https(ports.two), "-4".into()], 0, "HTTP/2.0 "),
        (vec![format!("https://127.0.0.1:{}/x", ports.two), "-6".into(), "-k".into()], 7, ""),
        (
            vec!["http://any.example/x".into(), "--unix-socket".into(), sock.into()],
            0,
            "HTTP/1.1   any.example",
        ),
        (vec!["http://any.example/".into(), "--unix-socket".into(), "no-such-socket".into()], 7, ""),
        (
            vec!["https://api.example/x".into(), "--connect-to".into(), to],
            0,
            "HTTP/2.0 TLSv1.3 NONE api.example",
        ),
        (
            vec!["https://api.example/x".into(), "--connect-to".into(), any],
            0,
            "HTTP/2.0 TLSv1.3 NONE api.example",
        ),
        (vec![named.clone(), "--resolve".into(), resolve], 0, "HTTP/2.0 TLSv1.3 NONE api.example"),
        (vec![named, "--resolve".into(), every], 0, "HTTP/2.0 TLSv1.3 NONE api.example"),
        (vec![https(ports.closed)], 0, "400 No required SSL certificate was sent"),
        (
            vec![
                https(ports.closed),
                "--cert".into(),
                "client.pem".into(),
                "--key".into(),
                "client.key".into(),
            ],
            0,
            "HTTP/2.0 TLSv1.3 SUCCESS",
        ),
        (vec![https(ports.closed), "-E".into(), "both.pem".into()], 0, "HTTP/2.0 TLSv1.3 SUCCESS"),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let words = [words.as_slice(), &["-s", "--cacert", "ca.pem", "-w", written]].concat();
        let theirs = place.end("curl", &words, "");
        let ours = place.run(&[&["curl"], words.as_slice()].concat());
        assert_eq!(ours.code, theirs.code, "{words:?}: {ours:?} {theirs:?}");
        assert!(ours.code == code && ours.out.contains(said), "{words:?}: {ours:?}");
        if code == 0 {
            assert_eq!(ours.out, theirs.out, "{words:?}");
            let called = place.run(&[&["call"], words.as_slice()].concat());
            assert_eq!(called.out, theirs.out, "{words:?}: {called:?}");
        }
    }
    let head = place.run(&["curl", "-sI", "--cacert", "ca.pem", &https(ports.two)]).ok();
    assert!(head.starts_with("HTTP/2 200\r\n"), "{head}");
}

#[test]
fn a_client_certificate_stays_with_its_origin() {
    if !is_here("nginx") {
        return;
    }
    let papers = Papers::new();
    let (_server, ports) = nginx(&papers);
    let place = place(&papers);
    for command in ["call", "curl"] {
        for (path, said) in [("here", "SUCCESS localhost /again"), ("away", "NONE localhost /there")] {
            let url = format!("https://localhost:{}/{path}", ports.closed);
            let words = [command, "-s", "-L", "--cacert", "ca.pem", "-E", "both.pem", &url];
            // The private authority is for the first origin only, so the second needs `-k`.
            let words = if path == "away" { [&words[..], &["-k"]].concat() } else { words.to_vec() };
            let got = place.run(&words).ok();
            assert!(got.contains(said), "{words:?} {got}");
        }
    }
    place.run(&["call", "--key", "client.key", "http://127.0.0.1:1/"]).ended(2, &["--cert FILE"]);
    place.run(&["call", "--cert", "both.pem:x", "http://127.0.0.1:1/"]).ended(2, &["openssl pkey"]);
}
