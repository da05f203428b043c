//! What can go wrong between here and a provider, each with a message that says what to do, and never a secret in it.

use crate::harness::{Ended, Place};
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// What is sent with every call, and must never be seen.
const SECRETS: [&str; 2] = ["Authorization:Bearer hunter22", "X-Api-Key:hush-hush"];

struct Row<'a> {
    name: &'a str,
    words: Vec<&'a str>,
    code: i32,
    says: &'a [&'a str],
}

fn check(place: &Place, row: &Row<'_>) -> Ended {
    let words: Vec<&str> = [&["call"], row.words.as_slice(), &SECRETS].concat();
    let ended = place.run(&words);
    assert_eq!(ended.code, row.code, "{}: {ended:?}", row.name);
    for says in row.says {
        assert!(ended.err.contains(says), "{}: `{says}` is missing in {ended:?}", row.name);
    }
    assert!(ended.err.contains("help: "), "{} says not what to do: {ended:?}", row.name);
    for secret in ["hunter22", "hush-hush"] {
        assert!(!ended.err.contains(secret) && !ended.out.contains(secret), "{}: {ended:?}", row.name);
    }
    assert!(!ended.err.contains("panicked"), "{}: {ended:?}", row.name);
    ended
}

/// Takes connections, reads a head, says this, and resets the connection.
fn resetting(says: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = [0; 4096];
            let _ = stream.read(&mut head);
            let _ = stream.write_all(says);
            let socket = socket2::SockRef::from(&stream);
            socket.set_linger(Some(std::time::Duration::ZERO)).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn connections_that_fail_or_break_off() {
    let place = Place::new();
    let before = format!("http://{}/", resetting(b""));
    let amid = format!("http://{}/", resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123"));
    let cut = Provider::closing_mid_body().start().await;
    let chunked = Provider::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n5\r\n12")
        .start()
        .await;
    let no_chunks =
        Provider::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n").start().await;
    let garbage = Provider::garbage().start().await;
    let refusing = Provider::refusing().start().await;
    let silent = Provider::silent().start().await;
    let endless = Provider::endless().start().await;
    let (refused, silent_url, endless_url) = (refusing.url(), silent.url(), endless.url());
    let (cut_url, chunked_url, no_chunks_url, garbage_url) =
        (cut.url(), chunked.url(), no_chunks.url(), garbage.url());
    // Nobody accepts here, and the queue is full: the next connection hangs.
    let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    full.listen(0).unwrap();
    let full_at = full.local_addr().unwrap().as_socket().unwrap();
    let _queued = TcpStream::connect(full_at).unwrap();
    let hanging = format!("http://{full_at}/");
    for row in [
        Row {
            name: "no such name",
            words: vec!["http://nowhere.invalid/"],
            code: 1,
            says: &["nowhere.invalid", "is the host written right"],
        },
        Row {
            name: "refused",
            words: vec![&refused],
            code: 1,
            says: &["refused", "is it running, and is the port right"],
        },
        Row {
            name: "unreachable",
            words: vec!["http://[100::1]/"],
            code: 1,
            says: &["[100::1]:80 cannot be reached", "is this machine on the network"],
        },
        Row {
            name: "no time to connect",
            words: vec![&hanging, "--connect-timeout", "0.3", "--retry", "0"],
            code: 7,
            says: &["does a firewall drop the packets"],
        },
        Row { name: "no first byte", words: vec![&silent_url, "-m", "0.3"], code: 7, says: &["-m SECONDS"] },
        Row {
            name: "no end in time",
            words: vec![&endless_url, "-m", "0.3", "-o", "/dev/null"],
            code: 7,
            says: &["-m SECONDS"],
        },
        Row {
            name: "reset before the first byte",
            words: vec![&before],
            code: 1,
            says: &["before the head of the answer was complete", "sent 3 times"],
        },
        Row {
            name: "reset, not sent again",
            words: vec!["POST", &before],
            code: 1,
            says: &["before the head of the answer was complete", "it may have done it"],
        },
        Row { name: "reset amid the answer", words: vec![&amid], code: 1, says: &["broke off"] },
        Row { name: "shorter than announced", words: vec![&cut_url], code: 1, says: &["broke off"] },
        Row {
            name: "shorter than announced, to a file",
            words: vec![&cut_url, "-o", "cut"],
            code: 1,
            says: &["broke off", "`-C -`"],
        },
        Row { name: "chunks without an end", words: vec![&chunked_url], code: 1, says: &["broke off"] },
        Row { name: "no chunks at all", words: vec![&no_chunks_url], code: 1, says: &[] },
        Row { name: "no HTTP", words: vec![&garbage_url], code: 1, says: &["does it speak HTTP"] },
        Row {
            name: "an endless answer that is held",
            words: vec![&endless_url, "--jq", "."],
            code: 1,
            says: &["larger than 256 MiB", "-o FILE"],
        },
    ] {
        check(&place, &row);
    }
}

#[tokio::test]
async fn answers_that_are_not_what_they_should_be() {
    let contract = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nservers: [{url: SERVER}]\npaths:\n  /{way}:\n    get:\n      \
         operationId: get\n      parameters: [{name: way, in: path, required: true, schema: {type: string}}]\n      responses:\n        \
         '200': {description: ok, content: {application/json: {schema: {type: object, properties: {n: {type: integer}}}}}}\n";
    let provider = Provider::answering(|request: &Request<Bytes>| {
        let (media, body): (_, &[u8]) = match request.uri().path() {
            "/type" => ("application/json", b"{\"n\":\"one\"}"),
            "/html" => ("text/html", b"<p>Sorry</p>"),
            "/utf8" => ("application/json", b"{\"n\":\"\xff\xfe\"}"),
            "/half" => ("application/json", b"{\"n\":"),
            _ => ("application/json", b"{}"),
        };
        Response::builder().header("content-type", media).body(Bytes::from_static(body)).unwrap()
    })
    .start()
    .await;
    let place = Place::new().with("t.yaml", contract.replace("SERVER", &provider.url()));
    let by = |way: &'static str, more: &[&'static str]| [&["t.yaml", "get", way], more].concat();
    for row in [
        Row {
            name: "another type",
            words: by("way=type", &["--check", "block"]),
            code: 11,
            says: &["/n", "was held back", "--check report"],
        },
        Row {
            name: "another media type",
            words: by("way=html", &["--check", "block"]),
            code: 11,
            says: &["text/html"],
        },
        Row {
            name: "HTML for a program",
            words: by("way=html", &["--jq", "."]),
            code: 1,
            says: &["is no JSON", "--format raw"],
        },
        Row {
            name: "HTML as a table",
            words: by("way=html", &["--format", "table"]),
            code: 1,
            says: &["is no JSON"],
        },
        Row {
            name: "no UTF-8 for a program",
            words: by("way=utf8", &["--jq", "."]),
            code: 1,
            says: &["is not UTF-8 at byte 6", "--format raw"],
        },
        Row {
            name: "no UTF-8 in a format",
            words: by("way=utf8", &["--format", "json"]),
            code: 1,
            says: &["is not UTF-8 at byte 6"],
        },
        Row {
            name: "half a document",
            words: by("way=half", &["--format", "yaml"]),
            code: 1,
            says: &["is no JSON"],
        },
    ] {
        check(&place, &row);
    }
    let ended = place.run(&["call", "t.yaml", "get", "way=utf8", "--check", "block"]).ended(11, &["UTF-8"]);
    assert!(ended.out.is_empty(), "{ended:?}");
}

#[tokio::test]
async fn redirects_keep_secrets_at_home_and_come_to_an_end() {
    let other = Provider::echo().start().await;
    let away = other.url();
    let provider = Provider::answering(move |request: &Request<Bytes>| {
        let to = match request.uri().path() {
            "/away" => format!("{away}/there"),
            "/file" => "file:///etc/passwd".to_owned(),
            path => path.to_owned(),
        };
        Response::builder().status(302).header("location", to).body(Bytes::new()).unwrap()
    })
    .start()
    .await;
    let place = Place::new();
    let url = |path: &str| format!("{}{path}", provider.url());
    let (circle, file) = (url("/circle"), url("/file"));
    let says = &["more than 50 times", "--max-redirs"];
    check(&place, &Row { name: "in a circle", words: vec![&circle, "-L"], code: 6, says });
    place.run(&["call", &file, "-L"]).ended(6, &["cannot be followed"]);
    let ended = place.run(&[&["call", &url("/away"), "-L"], &SECRETS[..]].concat()).ended(0, &[]);
    assert!(!ended.out.contains("hunter22") && !ended.out.contains("hush-hush"), "{ended:?}");
    let seen = other.requests();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].field("authorization").is_none() && seen[0].field("x-api-key").is_none());
}

#[tokio::test]
async fn certificates_that_cannot_be_trusted() {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let leaf = |name: &str, until: i32| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let start = |(chain, key): (String, String)| Provider::echo().with_tls(chain, key).start();
    let good = start(leaf("localhost", 2999)).await;
    let expired = start(leaf("localhost", 2021)).await;
    let other = start(leaf("other.example", 2999)).await;
    let plain = Provider::echo().start().await;
    let place = Place::new().with("ca.pem", authority.pem());
    let (good_url, expired_url) = (good.url_as("localhost"), expired.url_as("localhost"));
    let other_url = other.url_as("localhost");
    let tls_to_plain = plain.url_as("localhost").replace("http://", "https://");
    let plain_to_tls = good_url.replace("https://", "http://");
    for row in [
        Row { name: "an unknown authority", words: vec![&good_url], code: 1, says: &["--cacert FILE", "-k"] },
        Row {
            name: "out of date",
            words: vec![&expired_url, "--cacert", "ca.pem"],
            code: 1,
            says: &["expired", "is the clock of this machine right"],
        },
        Row {
            name: "another name",
            words: vec![&other_url, "--cacert", "ca.pem"],
            code: 1,
            says: &["for `other.example`, not `localhost`", "call it by the name in its certificate"],
        },
        Row {
            name: "plain HTTP on the other side",
            words: vec![&tls_to_plain],
            code: 1,
            says: &["does it speak TLS on this port", "http://"],
        },
        Row { name: "TLS on the other side", words: vec![&plain_to_tls], code: 1, says: &["https://"] },
    ] {
        check(&place, &row);
    }
}
