//! Several URLs in one line of `switchboard curl`: patterns, `--next`, a file for each; beside Debian's curl on lines made by a seed.
//!
//! Never made, since curl 7.88 does not do what it says there: a pattern in `-T` followed by a URL without a `-T` of its
//! own, which curl asks for as often as there were files; and `-w` or `-D` with a URL that cannot be read or a file that cannot
//! be written, of which they tell less here.

use crate::differential::{Dice, Plain, adapted, for_server, has_curl, sent};
use crate::harness::{Ended, Place};
use crate::recorder::Recorder;
use std::collections::BTreeMap;
use std::path::Path;

/// How many lines are made without another wish.
const LINES: usize = 100;

const URLS: &[&str] = &[
    "U/say/a",
    "U/say/b?c=d",
    "U/say/{x,y}",
    "U/say/[1-3]",
    "U/say/[08-10]",
    "U/say/[a-e:2]",
    "U/say/{x,y}/[1-2]",
    "U/say/{x,y}{z}",
    "U/say/[1-9:3]?q={a,b c}",
    "U/say/{ü,%41}",
    "U/say/{a\\,b,c}",
    "U/say/\\{a\\}",
    "U/say/\\[1\\]\\d",
    "U/missing/{a,b}",
    "U/missing/a",
    "U/set/{1,2}",
    "U/say/cookies",
    "http://{127.0.0.1,127.0.0.1}:PORT/say/h",
    "U/say/[1-",
    "U/say/{a",
    "U/say/a}",
    "U/say/[9-1]",
    "U/say/{}",
    "U/say/[1-3:9]",
    "U/to/302?{a,b}",
    "http://:1/x",
    "nowhere://a",
];
const FLAGS: &[&[&str]] = &[
    &["-H", "X-A: 1"],
    &["-d", "a=1"],
    &["-d", "@-"],
    &["-F", "f=@data.txt"],
    &["-G", "-d", "q=1"],
    &["-I"],
    &["-X", "PUT"],
    &["-f"],
    &["-b", "none.txt"],
    &["-b", "a=1"],
    &["-L"],
    &["-D", "heads.txt"],
    &["-i"],
    &["-w", "%{http_code} %{exitcode} %{filename_effective} %{method}\\n"],
    &["-u", "me:pw"],
    &["-A", "me/1"],
    &["--data-urlencode", "q@data.txt"],
    &["--json", "{\"a\":[1]}"],
];
const OUTPUTS: &[&str] = &["#1", "out", "f#1_#2", "#0#3#", "no/such/#1", "##1", "x#12"];

fn line(dice: &mut Dice) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut put = |given: &[&str]| words.extend(given.iter().map(|word| (*word).to_owned()));
    for nth in 0..=dice.roll(3) {
        if nth > 0 {
            put(&[dice.one(&["--next", "-:"])]);
        }
        let urls = dice.roll(8).min(3);
        if urls == 0 && nth > 0 {
            // Then the next one would be the same section: flags of two kinds are for other tests.
            break;
        }
        let mut kinds = [false; 2];
        for _ in 0..dice.roll(4) {
            let flag = FLAGS[dice.roll(FLAGS.len())];
            // A request is of one kind, which other tests look at.
            let kind = usize::from(matches!(flag[0], "-F" | "-I"));
            let data = ["-d", "-F", "-G", "-I", "--json", "--data-urlencode"].contains(&flag[0]);
            if !(data && kinds[1 - kind]) {
                put(flag);
                kinds[kind] |= data;
            }
        }
        if dice.roll(10) == 0 {
            put(&["-g"]);
        }
        if dice.roll(12) == 0 {
            put(&["--fail-early"]);
        }
        let uploads = urls == 1 && !kinds[0] && !kinds[1] && dice.roll(4) == 0;
        if uploads {
            put(&["-T", dice.one(&["data.txt", "{data.txt,empty.txt}", "doc.json"])]);
        }
        for _ in 0..urls {
            match dice.roll(5) {
                0 | 1 => put(&["-o", dice.one(OUTPUTS)]),
                2 => put(&["-O"]),
                _ => {}
            }
            let url = dice.one(URLS);
            if dice.roll(6) == 0 { put(&["--url", url]) } else { put(&[url]) }
        }
    }
    let has = |flag: &str| words.iter().any(|word| word == flag);
    if has("-g") {
        words.retain(|word| !word.starts_with("http://{"));
    }
    if words.iter().any(|word| word == "-w" || word == "-D") {
        words.iter_mut().filter(|word| word.starts_with("no/such")).for_each(|word| "#2".clone_into(word));
    }
    if words.iter().any(|word| word == "-w") {
        for word in &mut words {
            if ["http://:1/x", "nowhere://a"].contains(&word.as_str()) || word.ends_with("b c}") {
                "U/say/w".clone_into(word);
            }
        }
    }
    words
}

/// The files of a place, without what is kept beside them.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect()
}

/// What a line did: how it ended, what it sent, what it wrote.
fn did(recorder: &Recorder, program: &str, words: &[&str]) -> (Ended, Vec<Plain>, BTreeMap<String, Vec<u8>>) {
    let place = Place::new()
        .with("data.txt", "line one\r\nline two & more = x\n")
        .with("empty.txt", "")
        .with("doc.json", "{}");
    let (ended, requests) = sent(&place, recorder, program, words);
    let files = files(place.path());
    (ended, requests, files)
}

/// Heads are written with names in lower case, which are without meaning (RFC 9110 §5.1).
fn text(bytes: &str) -> String {
    // `Expect` is not sent here, so that nobody answers it.
    let bytes = bytes.replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    bytes.to_lowercase().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn lines_with_several_urls_do_what_curl_does() {
    if !has_curl() {
        return;
    }
    let recorder = Recorder::start();
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = variable("SWITCHBOARD_SEED").unwrap_or(20_261_121);
    let lines = variable("SWITCHBOARD_LINES").map_or(LINES, |lines| usize::try_from(lines).unwrap());
    let mut dice = Dice(seed | 1);
    let (mut different, mut compared, mut written) = (Vec::new(), 0, 0);
    for nth in 0..lines {
        let made = line(&mut dice);
        let words = for_server(&made, recorder.port);
        let port = recorder.port.to_string();
        let words: Vec<String> = words.iter().map(|word| word.replace("PORT", &port)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (theirs, their, their_files) = did(&recorder, "curl", &[&["-s"], words.as_slice()].concat());
        let switchboard = env!("CARGO_BIN_EXE_switchboard");
        let own = [&["curl", "--no-history", "-s"], words.as_slice()].concat();
        let (ours, our, our_files) = did(&recorder, switchboard, &own);
        let mut found = Vec::new();
        if theirs.code != ours.code {
            found.push(format!("exit {} and {}: {}{}", theirs.code, ours.code, theirs.err, ours.err));
        }
        if adapted(&their) != adapted(&our) {
            found.push(format!("sent\n    {their:?}\n    {our:?}"));
        }
        if text(&theirs.out) != text(&ours.out) {
            found.push(format!("stdout {:?} and {:?}", theirs.out, ours.out));
        }
        let folded = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, String> {
            files.iter().map(|(name, bytes)| (name.clone(), text(&String::from_utf8_lossy(bytes)))).collect()
        };
        if folded(&their_files) != folded(&our_files) {
            let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
            found.push(format!("files {:?} and {:?}", names(&their_files), names(&our_files)));
        }
        if !found.is_empty() {
            different.push(format!("{nth}: {made:?}\n  {}", found.join("\n  ")));
        }
        compared += our.len();
        written += our_files.len();
    }
    let shown: Vec<&str> = different.iter().map(String::as_str).take(8).collect();
    assert!(different.is_empty(), "seed {seed}: {} of {lines}:\n{}", different.len(), shown.join("\n"));
    assert!(compared > 3 * lines / 2 && written > lines, "hardly anything: {compared} {written}");
    eprintln!("{lines} lines, {compared} requests, {written} files alike");
}

#[test]
fn transfers_of_a_line_stand_in_the_history_and_are_made_again() {
    let (place, recorder) = (Place::new(), Recorder::start());
    let url = format!("http://127.0.0.1:{}", recorder.port);
    let line = format!("curl -s -H 'X-A: 1' -u me:hush-hush '{url}/say/[1-2]' --next -d x {url}/missing -f");
    place.run(&["curl", &line]).ended(22, &[]);
    place.run(&["curl", "--no-history", "-s", &format!("{url}/say/none")]).ok();
    let listed = place.run(&["log"]).ok();
    let lines: Vec<&str> = listed.lines().collect();
    assert_eq!(lines.len(), 3, "{listed}");
    for (line, parts) in
        lines.iter().zip([["GET", "/say/1 ", "200"], ["GET", "/say/2 ", "200"], ["POST", "/missing ", "404"]])
    {
        assert!(
            parts.iter().all(|part| line.contains(part)) && line.contains("by `curl`"),
            "{parts:?} {line}"
        );
    }
    let ids: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().next_back()).collect();
    let shown = place.run(&["log", ids[1]]).ok();
    assert!(
        shown.contains("x-a: 1") && shown.contains("\"GET /say/2\"") || shown.contains("/say/2"),
        "{shown}"
    );
    assert!(!shown.contains("hush-hush"), "{shown}");
    place.run(&["log", "repeat", ids[0]]).ended(2, &["had secrets on its command line"]);
    recorder.taken();
    place.run(&["log", "repeat", ids[2]]).ended(22, &[]);
    let again = recorder.taken();
    assert_eq!(again.len(), 1, "one transfer, not the whole line");
    assert_eq!((again[0].line.as_str(), again[0].body.as_slice()), ("POST /missing HTTP/1.1", &b"x"[..]));
}

#[test]
fn connections_of_a_line_are_used_again() {
    // Counted by who connects: each connection of a client has a port of its own.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/[1-20]", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        use std::io::{Read, Write};
        let (mut socket, _) = listener.accept().unwrap();
        let (mut seen, mut heads, mut piece) = (Vec::new(), 0, [0; 4096]);
        while heads < 20 {
            let read = socket.read(&mut piece).unwrap();
            assert!(read > 0, "the connection was closed after {heads}");
            seen.extend_from_slice(&piece[..read]);
            let came = seen.windows(4).filter(|four| four == b"\r\n\r\n").count();
            for _ in heads..came {
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx").unwrap();
            }
            heads = came;
        }
    });
    assert_eq!(Place::new().run(&["curl", "-s", "-m", "20", &url]).ok(), "x".repeat(20));
    serving.join().unwrap();
}
