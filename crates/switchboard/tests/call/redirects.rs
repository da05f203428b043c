//! Redirects, cookies, resumed downloads, packed answers and streams, beside real curl where it is there.

use crate::harness::{Ended, Place};
use bytes::Bytes;
use demo::Provider;
use http::{Request, Response};
use std::time::Duration;

fn answer(status: u16, fields: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut made = Response::builder().status(status);
    for (name, value) in fields {
        made = made.header(*name, *value);
    }
    made.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
}

/// `/to/STATUS` leads to `/end`, `/away` to another provider, `/circle` to itself.
async fn leading(away: &str) -> Provider {
    let away = away.to_owned();
    Provider::answering(move |request: &Request<Bytes>| {
        let path = request.uri().path().to_owned();
        if let Some(status) = path.strip_prefix("/to/") {
            return answer(status.parse().unwrap(), &[("location", "../end?x=1")], "gone on");
        }
        match path.as_str() {
            "/away" => answer(302, &[("location", &format!("{away}/there"))], ""),
            "/circle" => answer(302, &[("location", "/circle")], ""),
            "/file" => answer(302, &[("location", "file:///etc/passwd")], ""),
            "/set" => answer(302, &[("location", "/end"), ("set-cookie", "kept=1; Path=/")], ""),
            _ => answer(200, &[], "the end"),
        }
    })
    .start()
    .await
}

fn last(provider: &Provider) -> (String, String, String) {
    let requests = provider.requests();
    let last = requests.last().unwrap();
    (last.method.clone(), last.target.clone(), String::from_utf8_lossy(&last.body).into_owned())
}

#[tokio::test]
async fn a_redirect_is_followed_as_curl_follows_it() {
    let place = Place::new();
    let provider = leading("").await;
    for status in [301, 302, 303, 307, 308] {
        for flags in [
            vec![],
            vec!["-d", "a=1"],
            vec!["-X", "PUT", "-d", "a=1"],
            vec!["-X", "POST"],
            vec!["-I"],
            vec!["-F", "a=1"],
        ] {
            let url = format!("{}/to/{status}", provider.url());
            let words: Vec<&str> = ["-s", "-L", &url].into_iter().chain(flags.iter().copied()).collect();
            place.run(&[&["curl"], words.as_slice()].concat()).ok();
            let ours = last(&provider);
            place.end("curl", &words, "").ok();
            let theirs = last(&provider);
            let cut = |(method, target, body): (String, String, String)| {
                (method, target, body.len() > 50, body.starts_with('a'))
            };
            assert_eq!(cut(ours), cut(theirs), "{status} {flags:?}");
        }
    }
    let url = format!("{}/to/302", provider.url());
    assert_eq!(place.run(&["call", &url, "-L"]).ok(), "the end");
    place.run(&["call", &url]).ended(3, &["302 Found, to ../end"]);
    let format = "%{http_code} %{num_redirects} %{url_effective} %{redirect_url}";
    for more in ["-L", "-s"] {
        let words = ["-s", more, "-o", "/dev/null", "-w", format, &url];
        let ours = place.run(&[&["curl"], &words[..]].concat()).ok();
        assert_eq!(ours, place.end("curl", &words, "").ok());
    }
}

#[tokio::test]
async fn redirects_end() {
    let place = Place::new();
    let provider = leading("").await;
    let circle = format!("{}/circle", provider.url());
    place.run(&["curl", "-L", "--max-redirs", "3", &circle]).ended(47, &["Maximum (3) redirects followed"]);
    assert_eq!(provider.calls(), 4);
    place.run(&["call", "-L", &circle]).ended(6, &["redirects more than 50 times", "--max-redirs"]);
    let file = format!("{}/file", provider.url());
    place.run(&["curl", "-L", &file]).ended(1, &[]);
    place.run(&["call", "-L", &file]).ended(6, &["cannot be followed"]);
}

#[tokio::test]
async fn credentials_and_cookies_stay_with_their_origin() {
    let stranger = Provider::echo().start().await;
    let provider = leading(&stranger.url()).await;
    let place = Place::new();
    let url = format!("{}/away", provider.url());
    for command in ["call", "curl"] {
        let words = [
            command,
            &url,
            "-s",
            "-L",
            "-u",
            "me:hush",
            "-b",
            "c=hush",
            "-H",
            "X-Api-Key: hush",
            "-H",
            "X-Plain: 1",
        ];
        place.run(&words).ok();
        let requests = stranger.requests();
        let seen = requests.last().unwrap();
        assert_eq!(seen.target, "/there");
        assert_eq!(seen.field("x-plain"), Some("1"));
        for name in ["authorization", "cookie", "x-api-key"] {
            assert_eq!(seen.field(name), None, "{command}: {name}");
        }
    }
}

#[tokio::test]
async fn cookies_are_kept_in_a_file_that_curl_reads() {
    let place = Place::new();
    let provider = leading("").await;
    let url = format!("{}/set", provider.url());
    place.run(&["curl", "-s", "-L", "-c", "ours.txt", &url]).ok();
    assert_eq!(provider.requests().last().unwrap().field("cookie"), Some("kept=1"));
    place.end("curl", &["-s", "-L", "-c", "theirs.txt", &url], "").ok();
    let read = |name: &str| {
        let text = std::fs::read_to_string(place.path().join(name)).unwrap();
        text.lines()
            .filter(|line| !line.starts_with("# ") && !line.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(read("ours.txt"), read("theirs.txt"));
    let end = format!("{}/x", provider.url());
    place.end("curl", &["-s", "-b", "ours.txt", &end], "").ok();
    assert_eq!(provider.requests().last().unwrap().field("cookie"), Some("kept=1"));
}

#[tokio::test]
async fn a_session_keeps_fields_and_cookies_and_nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let provider = leading("").await;
    let set = format!("{}/set", provider.url());
    let other = format!("{}/other", provider.url());
    place.run(&["call", "-L", &set, "X-Mine:yes", "-u", "me:hush-hush", "--session", "work"]).ok();
    place.run(&["call", &other, "--session", "work"]).ok();
    let requests = provider.requests();
    let seen = requests.last().unwrap();
    assert_eq!((seen.field("x-mine"), seen.field("cookie")), (Some("yes"), Some("kept=1")));
    assert!(seen.field("authorization").is_some());
    place.run(&["call", &other, "--session", "else"]).ok();
    assert_eq!(provider.requests().last().unwrap().field("x-mine"), None);
    let shown = place.run(&["call", &other, "--session", "work", "--dry-run"]).ok();
    assert!(shown.contains("cookie: ***") && !shown.contains("kept=1"), "{shown}");
    let folder = place.path().join(".local/state/switchboard/sessions");
    let folder = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    let file = folder.join("work.json");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    place.run(&["call", &other, "--session", "../x"]).ended(2, &["no name of a session"]);
}

/// Serves 20 bytes with ranges, a strong ETag, and breaks off after 8 bytes the first time.
async fn thing(tag: &'static str) -> Provider {
    Provider::answering(move |request: &Request<Bytes>| {
        let whole = "abcdefghijklmnopqrst";
        let wanted = request.headers().get("if-range").is_none_or(|known| known.as_bytes() == tag.as_bytes());
        let range = request.headers().get("range").and_then(|range| range.to_str().ok()).filter(|_| wanted);
        match range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok()) {
            Some(from) if from < whole.len() => {
                let shown = format!("bytes {from}-19/20");
                answer(206, &[("content-range", &shown), ("etag", tag)], &whole[from..])
            }
            Some(_) => answer(416, &[("content-range", "bytes */20")], "too far"),
            None => answer(200, &[("etag", tag)], whole),
        }
    })
    .start()
    .await
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let read = |place: &Place| std::fs::read_to_string(place.path().join("f")).unwrap();
    let provider = thing("\"one\"").await;
    for command in ["call", "curl"] {
        let place = Place::new().with("f", "abcdefgh");
        let ended = place.run(&[command, "-s", "-C", "-", "-o", "f", &provider.url()]);
        assert_eq!((ended.ok().as_str(), read(&place).as_str()), ("", "abcdefghijklmnopqrst"), "{command}");
        place.run(&[command, "-s", "-C", "-", "-o", "f", &provider.url()]).ok();
        assert_eq!(read(&place), "abcdefghijklmnopqrst", "{command}: nothing was missing");
    }
    // It is another thing now: begun anew.
    let place = Place::new().with("f", "XXXXXXXX").with("f.resume", "\"other\"");
    place.run(&["call", "-C", "-", "-o", "f", &provider.url()]).ok();
    assert_eq!(read(&place), "abcdefghijklmnopqrst");
    assert!(!place.path().join("f.resume").exists());
    // No ranges: curl refuses, `call` begins anew.
    let plain = leading("").await;
    let place = Place::new().with("f", "XXXXXXXX");
    place.run(&["curl", "-C", "-", "-o", "f", &plain.url()]).ended(33, &["Cannot resume"]);
    assert_eq!(read(&place), "XXXXXXXX");
    place.run(&["call", "-C", "-", "-o", "f", &plain.url()]).ok();
    assert_eq!(read(&place), "the end");
    // Broken off: what tells whether it is the same is kept.
    let cut = Provider::raw("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: 20\r\n\r\nabc").start().await;
    let place = Place::new();
    place.run(&["call", "POST", &cut.url(), "-o", "f"]).ended(1, &["-C -"]);
    assert_eq!(std::fs::read_to_string(place.path().join("f.resume")).unwrap(), "\"t\"");
}

#[tokio::test]
async fn a_packed_answer_is_unpacked() {
    use std::io::Write as _;
    let pack = |zlib: bool| {
        let text = b"{\"a\":1}";
        if zlib {
            let mut made = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            made.write_all(text).unwrap();
            made.finish().unwrap()
        } else {
            let mut made = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            made.write_all(text).unwrap();
            made.finish().unwrap()
        }
    };
    let place = Place::new();
    for (coding, zlib) in [("gzip", false), ("deflate", true)] {
        let body = Bytes::from(pack(zlib));
        let whole = body.clone();
        let provider = Provider::answering(move |_| {
            let made = Response::builder().header("content-encoding", coding);
            made.header("content-type", "application/json").body(whole.clone()).unwrap()
        });
        let provider = provider.start().await;
        for words in
            [vec!["curl", "--compressed"], vec!["call", "--compressed"], vec!["call", "--jq", ".", "-s"]]
        {
            let words: Vec<&str> = words.into_iter().chain([provider.url().leak() as &str]).collect();
            assert_eq!(place.run(&words).ok().trim(), "{\"a\":1}", "{words:?}");
        }
        let cut = body.slice(..body.len() - 5);
        let provider = Provider::answering(move |_| {
            Response::builder().header("content-encoding", coding).body(cut.clone()).unwrap()
        });
        let url = provider.start().await;
        place.run(&["curl", "--compressed", &url.url()]).ended(61, &[]);
        place.run(&["call", "--compressed", &url.url()]).ended(1, &["cannot be unpacked"]);
    }
}

#[tokio::test]
async fn events_and_lines_are_given_one_by_one() {
    let place = Place::new();
    let body = "{\"n\":1}\n{\"n\":2}\n";
    let lines = Provider::answering(move |_| answer(200, &[("content-type", "application/x-ndjson")], body));
    let lines = lines.start().await;
    let events = "data: {\"n\":1}\n\n: wait\n\ndata: {\"n\":2}\n\ndata: [DONE]\n\n";
    let events = Provider::answering(move |_| answer(200, &[("content-type", "text/event-stream")], events));
    let events = events.start().await;
    for url in [lines.url(), events.url()] {
        assert_eq!(place.run(&["call", &url, "--jq", ".n"]).ok(), "1\n2\n");
        assert_eq!(place.run(&["call", &url, "--format", "ndjson"]).ok(), body);
    }
    assert_eq!(place.run(&["call", &lines.url(), "--format", "csv"]).ok(), "n\n1\n2\n");
    // As it comes: the reader leaves long before the end.
    let slow = Provider::server_sent_events(1000, Duration::from_millis(20)).start().await;
    let line = format!("'{}' call {} --jq '.' | head -n 1", env!("CARGO_BIN_EXE_switchboard"), slow.url());
    let began = std::time::Instant::now();
    let Ended { out, err, .. } = place.end("sh", &["-c", &line], "");
    assert!(began.elapsed() < Duration::from_secs(15) && !(out.is_empty() && err.is_empty()), "{out} {err}");
}

#[tokio::test]
async fn uploads_and_heads_are_curls() {
    let place = Place::new().with("up.bin", vec![7; 3_000_000]);
    let sink = Provider::sink().start().await;
    for command in ["call", "curl"] {
        let got = place.run(&[command, "-s", "-T", "up.bin", &sink.url()]).json();
        assert_eq!(got["received"], 3_000_000);
    }
    let provider = leading("").await;
    let url = format!("{}/to/302", provider.url());
    place.run(&["curl", "-s", "-L", "-D", "heads.txt", &url]).ok();
    let heads = std::fs::read_to_string(place.path().join("heads.txt")).unwrap();
    assert!(
        heads.starts_with("HTTP/1.1 302 Found\r\n") && heads.contains("\r\n\r\nHTTP/1.1 200 OK\r\n"),
        "{heads}"
    );
    let missing = Provider::status(404).start().await;
    let ended = place.run(&["curl", "--fail-with-body", "-s", &missing.url()]).ended(22, &[]);
    assert!(!ended.out.is_empty());
    assert!(place.run(&["curl", "--help"]).ok().contains("--location"));
    let later = || answer(503, &[("retry-after", "0")], "");
    let script = Provider::script(vec![later(), answer(200, &[], "fine")]).start().await;
    assert_eq!(place.run(&["curl", "-s", "--retry", "2", "-d", "x", &script.url()]).ok(), "fine");
    let script = Provider::script(vec![answer(503, &[("retry-after", "30")], ""), answer(200, &[], "fine")])
        .start()
        .await;
    place.run(&["call", "--retry-max-time", "1", &script.url()]).ended(5, &[]);
}
