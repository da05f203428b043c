//! `switchboard curl` against the real curl: the same request on the wire, the same exit codes.

use crate::harness::Place;
use demo::{Provider, Recorded};
use std::collections::BTreeMap;

/// Command lines after `-s URL`; `U` is the URL without its path.
const LINES: &[&[&str]] = &[
    &["U/"],
    &["U"],
    &["U/a?b=c"],
    &["U/a/../b/./c"],
    &["U/a#fragment"],
    &["U?x=1"],
    &["-X", "DELETE", "U/a"],
    &["-XPATCH", "U/a"],
    &["-I", "U/a"],
    &["-H", "X-A: 1", "-H", "X-B:2", "U/a"],
    &["-H", "X-A: 1", "-H", "X-A: 2", "U/a"],
    &["-H", "X-Empty;", "U/a"],
    &["-H", "Accept:", "U/a"],
    &["-H", "Accept: text/plain", "U/a"],
    &["-H", "Host: other.example", "U/a"],
    &["-H", "@fields.txt", "U/a"],
    &["-H", "no colon", "U/a"],
    &["-d", "a=1", "U/a"],
    &["-d", "a=1", "-d", "b=2", "U/a"],
    &["-d", "", "U/a"],
    &["-d", "@data.txt", "U/a"],
    &["-d", "@-", "U/a"],
    &["--data-binary", "@data.txt", "U/a"],
    &["--data-raw", "@data.txt", "U/a"],
    &["--data-ascii", "x", "U/a"],
    &["--data-urlencode", "q=a b&c=d/ä", "U/a"],
    &["--data-urlencode", "=a=b", "U/a"],
    &["--data-urlencode", "just text", "U/a"],
    &["--data-urlencode", "q@data.txt", "U/a"],
    &["--data-urlencode", "@data.txt", "U/a"],
    &["-G", "-d", "a=1", "--data-urlencode", "b=x y", "U/a"],
    &["-G", "-d", "a=1", "U/a?z=0"],
    &["-G", "-I", "-d", "a=1", "U/a"],
    &["--json", "{\"a\":1}", "U/a"],
    &["--json", "{\"a\":", "--json", "1}", "U/a"],
    &["--json", "{}", "-H", "Accept: text/plain", "U/a"],
    &["-X", "PUT", "-d", "x", "-H", "Content-Type: text/plain", "U/a"],
    &["-d", "x", "-H", "Content-Type:", "U/a"],
    &["-X", "GET", "-d", "x", "U/a"],
    &["-u", "me:pass:word", "U/a"],
    &["-u", "me:", "U/a"],
    &["http://me:p%40ss@HOST/a"],
    &["-F", "a=1", "-F", "b=x y", "U/a"],
    &["-F", "a=1;type=text/csv", "U/a"],
    &["-F", "f=@data.txt", "U/a"],
    &["-F", "f=@data.txt;type=a/b;filename=other.bin", "U/a"],
    &["-F", "f=@picture.png", "-F", "g=<data.txt", "U/a"],
    &["--form-string", "a=@x;type=y", "U/a"],
    &["HOST/plain"],
    &["-A", "me/1", "U/a"],
    &["-A", "me/1", "-H", "User-Agent: other", "U/a"],
    &["-e", "http://from.example/", "U/a"],
    &["-e", "http://from.example/;auto", "U/a"],
    &["-b", "a=1; b=2", "U/a"],
    &["-b", "a=1", "-b", "b=2", "U/a"],
    &["-b", "cookies.txt", "U/deep/er"],
    &["-b", "cookies.txt", "-b", "x=y", "U/deep/er"],
    &["-b", "nowhere.txt", "U/a"],
    &["-r", "0-99", "U/a"],
    &["-r", "-5", "U/a"],
    &["-T", "data.txt", "U/a"],
    &["-T", "data.txt", "U/folder/"],
    &["-T", "data.txt", "-X", "POST", "U/a"],
    &["-T", "data.txt", "-H", "Content-Type: text/plain", "U/a"],
    &["--url", "U/a"],
    &["--url-query", "a=b c&d", "U/a"],
    &["--url-query", "a=b", "--url-query", "+c=d", "U/a?z=0"],
    &["-L", "U/a"],
    &["--compressed", "-H", "Accept-Encoding: gzip", "U/a"],
    &["--http1.1", "--connect-timeout", "5", "--retry", "1", "--retry-max-time", "3", "U/a"],
];

#[tokio::test]
async fn the_same_request_goes_over_the_wire() {
    let place = Place::new()
        .with("data.txt", "line one\r\nline two & more\n")
        .with("fields.txt", "X-One: 1\nX-Two: 2\n")
        .with("picture.png", b"\x89PNG")
        .with(
            "cookies.txt",
            "127.0.0.1\tFALSE\t/\tFALSE\t0\tshort\t1\n127.0.0.1\tFALSE\t/deep\tFALSE\t0\tlong\t2\n\
             127.0.0.1\tFALSE\t/other\tFALSE\t0\tno\t3\n127.0.0.1\tFALSE\t/\tFALSE\t86400\told\t4\n\
             127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\t5\nother.example\tFALSE\t/\tFALSE\t0\tno\t6\n",
        );
    if std::process::Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl here");
        return;
    }
    let provider = Provider::echo().start().await;
    let host = provider.address().to_string();
    let mut different = Vec::new();
    for line in LINES {
        let words: Vec<String> = line
            .iter()
            .map(|word| {
                word.replace("HOST", &host)
                    .replacen("U/", &format!("{}/", provider.url()), usize::from(word.starts_with("U/")))
                    .replacen('U', &provider.url(), usize::from(*word == "U" || word.starts_with("U?")))
            })
            .collect();
        let words: Vec<&str> = std::iter::once("-s").chain(words.iter().map(String::as_str)).collect();
        let before = provider.calls();
        let theirs = place.end("curl", &words, "from stdin\n");
        let ours = place
            .run_with(&["curl"].into_iter().chain(words.iter().copied()).collect::<Vec<_>>(), "from stdin\n");
        assert_eq!(provider.calls(), before + 2, "{line:?}: {theirs:?} {ours:?}");
        assert_eq!((theirs.code, ours.code), (0, 0), "{line:?}: {theirs:?} {ours:?}");
        let requests = provider.requests();
        let [.., their, our] = requests.as_slice() else { panic!("both were asked") };
        if normal(their) != normal(our) {
            different.push(format!("{line:?}\n  curl {:?}\n  ours {:?}", normal(their), normal(our)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// A request without what may differ: User-Agent, the boundary, the case and order of fields.
fn normal(request: &Recorded) -> (String, String, BTreeMap<String, Vec<String>>, String) {
    let mut body = String::from_utf8_lossy(&request.body).into_owned();
    let boundary = request
        .field("content-type")
        .and_then(|media| media.split_once("boundary="))
        .map(|(_, own)| own.to_owned());
    if let Some(boundary) = &boundary {
        body = body.replace(boundary, "B");
    }
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &request.fields {
        let name = name.to_lowercase();
        let value = match &boundary {
            // Boundaries of different lengths make bodies of different lengths; each must be its own.
            Some(_) if name == "content-length" && *value == request.body.len().to_string() => {
                "right".to_owned()
            }
            Some(boundary) => value.replace(boundary, "B"),
            None => value.clone(),
        };
        // We send no `Expect`: the body follows at once, and some servers answer 417 to it.
        if name != "user-agent" && name != "expect" {
            fields.entry(name).or_default().push(value);
        }
    }
    (request.method.clone(), request.target.clone(), fields, body)
}

#[tokio::test]
async fn the_same_exit_codes_as_curl() {
    let place = Place::new().with("bad.pem", "no certificate");
    let missing = Provider::status(404).start().await.url();
    let here = Provider::status(404).start().await;
    let cut = Provider::closing_mid_body().start().await;
    let silent = Provider::silent().start().await;
    let empty = Provider::raw("").start().await;
    let (here, cut, silent, empty) = (here.url(), cut.url(), silent.url(), empty.url());
    for (words, code) in [
        (vec![here.as_str()], 0),
        (vec!["-f", &here], 22),
        (vec![&missing], 7),
        (vec!["http://nowhere.invalid/"], 6),
        (vec!["-m", "0.3", &silent], 28),
        (vec![&cut], 18),
        (vec![&empty], 52),
        (vec!["ftp:///"], 3),
        (vec!["--nowhere", &here], 2),
        (vec!["-o", "no/such/folder/x", &here], 23),
    ] {
        let ours = place.run(&["curl", "-s"].into_iter().chain(words.iter().copied()).collect::<Vec<_>>());
        assert_eq!(ours.code, code, "{words:?} {ours:?}");
        if std::process::Command::new("curl").arg("--version").output().is_ok() {
            let theirs =
                place.end("curl", &["-s"].into_iter().chain(words.iter().copied()).collect::<Vec<_>>(), "");
            assert_eq!(theirs.code, code, "{words:?} {theirs:?}");
        }
    }
    place.run(&["curl", &missing]).ended(7, &["curl: (7) "]);
    assert_eq!(place.run(&["curl", "-s", &missing]).err, "");
    place.run(&["curl", "-sS", &missing]).ended(7, &["curl: (7) "]);
}

#[tokio::test]
async fn a_pasted_line_is_one_word() {
    let provider = Provider::echo().start().await;
    let line =
        format!("curl '{}/a b'.x \\\n  -H 'X-A: it'\\''s' \\\n  --data-raw $'not special'", provider.url());
    let echo = Place::new().run(&["curl", &line.replace(" b'.x", "b'.x").replace("$'", "'")]).json();
    assert_eq!((echo["target"].as_str(), echo["body"].as_str()), (Some("/ab.x"), Some("not special")));
    assert!(echo["fields"].to_string().contains("it's"), "{echo}");
}

#[test]
fn a_download_that_goes_on_and_is_repeated_has_each_byte_once() {
    use std::io::{BufRead as _, BufReader, Write as _};
    for (resume, expected) in [("-", [2, 4]), ("2", [2, 2])] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/f", listener.local_addr().unwrap());
        // The first answer breaks off after two of its four bytes.
        let serving = std::thread::spawn(move || {
            let mut asked = Vec::new();
            for (nth, stream) in listener.incoming().take(2).enumerate() {
                let mut stream = stream.unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
                let range = head.iter().find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("range: bytes=")?
                        .strip_suffix('-')?
                        .parse::<usize>()
                        .ok()
                });
                let from = range.unwrap();
                asked.push(from);
                let whole = "abcdef";
                write!(
                    stream,
                    "HTTP/1.1 206 Part\r\nContent-Range: bytes {from}-5/6\r\nContent-Length: {}\r\n\r\n",
                    6 - from
                )
                .unwrap();
                let end = if nth == 0 { 4 } else { 6 };
                stream.write_all(&whole.as_bytes()[from..end]).unwrap();
            }
            asked
        });
        let place = Place::new().with("f", "ab");
        let words = [
            "-s",
            "-C",
            resume,
            "-o",
            "f",
            "--retry",
            "1",
            "--retry-all-errors",
            "--retry-delay",
            "0.1",
            &url,
        ];
        place.run(&[&["curl"], &words[..]].concat()).ended(0, &[]);
        assert_eq!(std::fs::read_to_string(place.path().join("f")).unwrap(), "abcdef", "-C {resume}");
        assert_eq!(serving.join().unwrap(), expected, "-C {resume}");
    }
}
