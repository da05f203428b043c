//! Command lines that nobody thought of, made by a seed: curl, `switchboard curl` and `switchboard call` send the same.
//!
//! What may differ stands in [`KNOWN`] with its reason, is made the same before it is compared, and each entry has a
//! line that shows that it is still true. `SWITCHBOARD_SEED` and `SWITCHBOARD_LINES` try others, and more of them.

use crate::harness::{Ended, Place};
use crate::recorder::{Recorder, Request};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

/// How many lines are made without another wish.
const LINES: usize = 250;

/// A difference that is meant: why, and a line that shows it (`U` is the server's URL).
struct Known {
    why: &'static str,
    shown_by: &'static [&'static str],
    /// Makes a request of curl's what ours is.
    adapt: fn(&mut Plain),
}

/// A request in the form that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plain {
    method: String,
    target: String,
    fields: BTreeMap<String, Vec<String>>,
    body: String,
}

/// All that differs. It may become shorter.
const KNOWN: &[Known] = &[
    Known {
        why: "bytes that no URL may hold are percent-encoded (RFC 3986 §2), in upper case (§2.1); curl sends them as they are",
        shown_by: &["U/a|b\"c"],
        adapt: |plain| plain.target = encoded(&plain.target),
    },
    Known {
        why: "standard input is read before it is sent, with its length; curl sends it chunked",
        shown_by: &["-T", "-", "U/a"],
        adapt: |plain| {
            if plain.fields.remove("transfer-encoding").is_some() {
                plain.fields.insert("content-length".to_owned(), vec![plain.body.len().to_string()]);
            }
        },
    },
    Known {
        why: "`-r` with a body sends no `Content-Range`: it is defined for PUT only, and there without `*` (RFC 9110 §14.4)",
        shown_by: &["-r", "0-9", "-d", "x", "U/a"],
        adapt: |plain| {
            plain.fields.remove("content-range");
        },
    },
    Known {
        why: "`Expect: 100-continue` is not sent for large bodies: the body follows at once, and some servers answer 417",
        shown_by: &["-d", "@large.txt", "U/a"],
        adapt: |plain| {
            if plain.fields.get("expect").is_some_and(|values| values == &["100-continue"]) {
                plain.fields.remove("expect");
            }
        },
    },
    Known {
        why: "values of fields lose the blanks at their ends, which are no part of them (RFC 9110 §5.5)",
        shown_by: &["-H", "X-Blank:  two  ", "U/a"],
        adapt: |plain| {
            for value in plain.fields.values_mut().flatten() {
                *value = value.trim().to_owned();
            }
        },
    },
];

/// Lines that curl sends and we refuse, and why; they are not among those that are made.
const REFUSED: &[(&[&str], &str)] = &[
    (&["-H", "X Space: 1", "U/a"], "a field's name is a token (RFC 9110 §5.1)"),
    (&["-H", "X-Semi;x: y", "U/a"], "a field's name is a token (RFC 9110 §5.1)"),
    (
        &["-d", "@missing.txt", "U/a"],
        "a file that is not there is no empty body; curl warns, and newer ones refuse",
    ),
    (&["-F", "a=x;y=z", "U/a"], "a setting that is not known is not passed over; curl warns"),
];

// Two more are never made: a `Content-Length` of one's own, which is not sent since the length is ours to write (RFC 9112
// §6.3), and NUL in a file for `-d`, after which curl 7.88 loses the rest of the line; newer ones drop the NUL alone, as we do.

/// Left out of the comparison altogether: User-Agent as it is by default, the boundary, the case of fields' names (RFC
/// 9110 §5.1: without meaning; in HTTP/2 always lower) and the order of fields with different names (§5.3).
pub(crate) fn plain(request: &Request) -> Plain {
    let mut pieces = request.line.split(' ');
    let (method, target) = (pieces.next().unwrap_or_default(), pieces.next().unwrap_or_default());
    let body: String = request.body.iter().map(|byte| char::from(*byte)).collect();
    let boundary = request.fields.iter().find_map(|(name, value)| {
        let media = name.eq_ignore_ascii_case("content-type");
        media.then(|| value.split_once("boundary=").map(|(_, own)| own.to_owned())).flatten()
    });
    // Parts of parts have a boundary of their own.
    let inner: Vec<&str> = body
        .split("multipart/mixed; boundary=")
        .skip(1)
        .map(|rest| rest.split("\r\n").next().unwrap_or_default())
        .collect();
    let without = |text: &str| {
        let text = boundary.as_ref().map_or(text.to_owned(), |own| text.replace(own, "B"));
        inner.iter().filter(|own| own.starts_with("----")).fold(text, |text, own| text.replace(own, "I"))
    };
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &request.fields {
        let name = name.to_ascii_lowercase();
        let own = ["curl/", "switchboard/"].iter().any(|agent| value.starts_with(agent));
        if name == "user-agent" && own {
            continue;
        }
        let right = name == "content-length" && *value == request.body.len().to_string();
        let value = if boundary.is_some() && right { "right".to_owned() } else { without(value) };
        fields.entry(name).or_default().push(value);
    }
    Plain { method: method.to_owned(), target: target.to_owned(), fields, body: without(&body) }
}

pub(crate) fn encoded(target: &str) -> String {
    let odd = |letter: char| u32::from(letter) >= 0x7f || "\"<>\\^`{|}".contains(letter);
    // A letter is a byte here.
    let mut made = String::new();
    let mut hex = 0;
    for letter in target.chars() {
        if odd(letter) {
            let _ = write!(made, "%{:02X}", u32::from(letter));
        } else if hex > 0 && letter.is_ascii_hexdigit() {
            made.push(letter.to_ascii_uppercase());
        } else {
            made.push(letter);
        }
        hex = if letter == '%' { 2 } else { usize::saturating_sub(hex, 1) };
    }
    made
}

/// Numbers by a seed (xorshift64*): the same seed makes the same lines anywhere.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % sides
    }

    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const URLS: &[&str] = &[
    "U",
    "U/",
    "U/a",
    "U/a/b",
    "U/a//b",
    "U/a/../b",
    "U/a/./b/..",
    "U/a?b=c",
    "U/a?",
    "U?x=1",
    "U/a?b=c&b=d",
    "U/a#f",
    "U/a?b=c#f",
    "U/%41%2f%zz",
    "U/a;b=c,d",
    "U/a:b@c",
    "U/a'(b)!$&*+",
    "U/a|b\"c",
    "U/a^b`c\\d",
    "U/a<b>",
    "U/ä/ö?ü=ß",
    "U/a?q=ä&r=%c3%a4",
    "U/a?b?c/../d",
    "U/~x_y-z.",
    "http://me:p%40w@HOST/a",
    "http://me@HOST/a",
    "HOST/a",
    "HTTP://HOST/a",
    "U/to/301",
    "U/to/302",
    "U/to/303?x",
    "U/to/307",
    "U/to/308",
    "U/a?=&&=",
    "U/...",
    "U/a/...",
    "U/a?b=c;d",
];
const FIELDS: &[&str] = &[
    "X-A: 1",
    "X-A: 2",
    "x-b:2",
    "X-Empty;",
    "X-None:",
    "X-None: ",
    "Accept:",
    "Accept: a/b",
    "Accept;",
    "Host: o.example",
    "User-Agent:",
    "User-Agent: me",
    "User-Agent;",
    "Content-Type: text/plain",
    "Content-Type:",
    "Content-Type;",
    "X-Blank:  two  ",
    "X-Colon: a:b:c",
    "no colon",
    "X-U: ä",
    "@fields.txt",
    "Authorization: Bearer t",
    "Cookie: c=d",
    "Referer: http://r.example/",
    "Referer:",
    "Range: bytes=7-8",
    "X-Quote: \"a\" 'b'",
    "Accept-Encoding: gzip",
    "Authorization:",
    "Cookie:",
    "X-Tab: a\tb",
    "",
    "Content-Type: application/json",
    "Content-Type: multipart/mixed",
];
const DATA: &[&str] = &[
    "",
    "a=1",
    "a b&c=d",
    "@data.txt",
    "@empty.txt",
    "ä=ö",
    "{\"a\":[1]}",
    "a\r\nb",
    "%41+",
    "=",
    "a@data.txt",
    "&",
    "@large.txt",
    " x ",
    "<b>&amp;</b>",
];
const ENCODED: &[&str] = &[
    "",
    "a=1",
    "a b&c=d",
    "q=a b&c/ä",
    "=a=b",
    "just text",
    "q@data.txt",
    "@data.txt",
    "a@empty.txt",
    "=",
    "q=",
    "ä=ö",
    "+a=b",
    "a=@data.txt",
    "-._~",
    "a=1@2",
    "@bin.dat",
];
const QUERIES: &[&str] = &[
    "a=b c",
    "+raw=1&2",
    "=x y",
    "@data.txt",
    "n@data.txt",
    "plain text",
    "a=ä",
    "+",
    "a=",
    "+a b",
    "x=1&y=2",
];
const PARTS: &[&str] = &[
    "a=1",
    "a=",
    "a=b c;type=text/csv",
    "f=@data.txt",
    "f=@data.txt;filename=x.bin;type=a/b",
    "f=<data.txt",
    "a=\"quoted\"",
    "a=\"q;x\";type=t/x",
    "na\"me=1",
    "ä=ö",
    "f=@pic.png",
    "f=@unknown.zzz",
    "f=@page.html",
    "f=@doc.json",
    "f=@x.xml",
    "f=@data.txt;type=text/plain; charset=utf-8",
    "f=@\"data.txt\"",
    "f=@data.txt;filename=\"a b.txt\"",
    "a=x,y",
    "a=@data.txt",
    "f=<data.txt;type=t/x",
    "f=@empty.txt",
    "a=b=c",
    "f=@s.svg",
    "f=@p.pdf",
    "f=@i.jpeg",
    "f=@g.gif",
    "a=b;filename=n.txt",
    "a=\"b\\\"c\"",
    "f=@data.txt;filename=q\"r",
    "f=@data.txt,pic.png",
    "f=@data.txt;type=t/x; a=b,empty.txt;filename=\"x,y\",p.pdf",
    "f=@\"data.txt\",g.gif;type=a/b",
];

/// One line, without the program's name.
fn line(dice: &mut Dice) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut put = |given: &[&str]| words.extend(given.iter().map(|word| (*word).to_owned()));
    for _ in 0..dice.roll(5) {
        match dice.roll(24) {
            0..=4 => put(&["-H", dice.one(FIELDS)]),
            5 => put(&["--header", dice.one(FIELDS)]),
            6 => put(&[
                "-X",
                dice.one(&["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "foo", "M-SEARCH"]),
            ]),
            7 => put(&["-A", dice.one(&["me/1", "", "a b", "ä"])]),
            8 => put(&["-e", dice.one(&["http://f.example/", "http://f.example/;auto", "", ";auto"])]),
            9 => put(&["-b", dice.one(&["a=1", "a=1; b=2", "cookies.txt", "none.txt", "", "a=b=c"])]),
            10 => put(&["-r", dice.one(&["0-9", "-5", "5-", "0-1,3-4"])]),
            11 => put(&["-u", dice.one(&["me:pw", "me:", "me:p:w", "ä:ö", ":"])]),
            12 | 13 => put(&["--url-query", dice.one(QUERIES)]),
            14 => put(&["--compressed"]),
            15 => put(&["-L"]),
            16 => put(&["-L", "--post302"]),
            17 => put(&["--http1.1", "-k"]),
            18 => put(&["-m", "20", "--retry", "0"]),
            19 => put(&["-4", "--tlsv1.2"]),
            20 => put(&["--no-keepalive"]),
            21 => put(&["-sS"]),
            22 => put(&["--noproxy", "*"]),
            _ => put(&["-o", "out"]),
        }
    }
    let body = dice.roll(12);
    for _ in 0..=dice.roll(3) {
        match body {
            0..=2 => put(&[dice.one(&["-d", "--data", "--data-ascii"]), dice.one(DATA)]),
            3 => match dice.roll(5) {
                0 => put(&["-d", dice.one(DATA)]),
                1 => put(&["--data-raw", dice.one(DATA)]),
                2 => put(&["--data-binary", dice.one(DATA)]),
                3 => put(&["--data-urlencode", dice.one(ENCODED)]),
                _ => put(&["--json", dice.one(&["{\"a\":1}", "[", "@doc.json", "", "1"])]),
            },
            4 => put(&["--data-urlencode", dice.one(ENCODED)]),
            5 => put(&["--json", dice.one(&["{\"a\":", "1}", "@doc.json", "", "\"ä\""])]),
            6 | 7 => match dice.roll(5) {
                0 => put(&["--form-string", dice.one(&["a=@x;type=y", "a=\"", "b=<c", "c="])]),
                _ => put(&["-F", dice.one(PARTS)]),
            },
            8 => {
                put(&["-T", dice.one(&["data.txt", "empty.txt", "ä b.txt", "-", "pic.png"])]);
                break;
            }
            9 => {
                put(&["-I"]);
                break;
            }
            _ => break,
        }
    }
    if dice.roll(5) == 0 {
        put(&["-G"]);
    }
    let url = dice.one(URLS);
    if dice.roll(6) == 0 {
        put(&["--url", url]);
    } else {
        put(&[url]);
    }
    words
}

/// The line as it is run.
pub(crate) fn for_server(words: &[String], port: u16) -> Vec<String> {
    let host = format!("127.0.0.1:{port}");
    let one = |word: &String| match word.strip_prefix('U') {
        Some(rest) if rest.is_empty() || rest.starts_with(['/', '?']) => format!("http://{host}{rest}"),
        _ => word.replace("HOST", &host),
    };
    words.iter().map(one).collect()
}

fn place() -> Place {
    let place = Place::new()
        .with("data.txt", "line one\r\nline two & more = x\n")
        .with("empty.txt", "")
        .with("bin.dat", b"a\0b\r\nc\xff")
        .with("large.txt", "x=1&".repeat(300_000))
        .with("fields.txt", "X-One: 1\nX-Two: 2\r\n\nX-Gone:\nX-Empty;\n")
        .with("ä b.txt", "named oddly")
        .with("doc.json", "{\"file\":\r\n true}\n")
        .with(
            "cookies.txt",
            "127.0.0.1\tFALSE\t/\tFALSE\t0\tshort\t1\n127.0.0.1\tFALSE\t/a\tFALSE\t0\tlong\t2\n",
        );
    ["pic.png", "unknown.zzz", "page.html", "x.xml", "s.svg", "p.pdf", "i.jpeg", "g.gif"]
        .into_iter()
        .fold(place, |place, name| place.with(name, "bytes"))
}

/// Runs a program on a line; gives how it ended and what it sent.
pub(crate) fn sent(place: &Place, recorder: &Recorder, program: &str, words: &[&str]) -> (Ended, Vec<Plain>) {
    let ended = place.end(program, words, "from stdin\n");
    (ended, recorder.taken().iter().map(plain).collect())
}

pub(crate) fn adapted(requests: &[Plain]) -> Vec<Plain> {
    let mut requests = requests.to_vec();
    for one in &mut requests {
        for known in KNOWN {
            (known.adapt)(one);
        }
    }
    requests
}

pub(crate) fn has_curl() -> bool {
    let version = Command::new("curl").arg("--version").output();
    let text = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let here = text.starts_with("curl 7.88");
    if !here {
        eprintln!("skipped: this compares with Debian's curl 7.88, and here is `{text:.20}`");
    }
    here
}

#[test]
fn made_up_command_lines_send_what_curl_sends() {
    if !has_curl() {
        return;
    }
    let (place, recorder) = (place(), Recorder::start());
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = variable("SWITCHBOARD_SEED").unwrap_or(20_261_121);
    let lines = variable("SWITCHBOARD_LINES").map_or(LINES, |lines| usize::try_from(lines).unwrap());
    let mut dice = Dice(seed | 1);
    let switchboard = env!("CARGO_BIN_EXE_switchboard");
    let (mut different, mut compared, mut called_too) = (Vec::new(), 0, 0);
    for nth in 0..lines {
        let made = line(&mut dice);
        // What is read before it is sent can be sent again; curl cannot, and ends with 65.
        if made.iter().any(|word| word == "-L") && made.windows(2).any(|pair| pair == ["-T", "-"]) {
            continue;
        }
        let words = for_server(&made, recorder.port);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (theirs, their) = sent(&place, &recorder, "curl", &[&["-s"], words.as_slice()].concat());
        let (ours, our) = sent(&place, &recorder, switchboard, &[&["curl", "-s"], words.as_slice()].concat());
        let their = adapted(&their);
        let has = |word: &str| made.iter().any(|own| own == word);
        if ours.code == 2 && has("-F") && (has("Content-Type:") || has("Content-Type;")) {
            continue; // REFUSED
        }
        if theirs.code != ours.code || their != adapted(&our) {
            different.push(format!(
                "{nth}: {made:?}\n  curl {} {their:?}\n  ours {} {our:?}",
                theirs.code, ours.code
            ));
            continue;
        }
        compared += our.len();
        // `call` keeps to the standard where curl keeps `-X` through redirects, and refuses what cannot be meant.
        let led = made.iter().any(|word| word == "-L") && made.iter().any(|word| word == "-X");
        let bare = made.iter().any(|word| word.starts_with("HOST"));
        if theirs.code == 0 && !led && !bare {
            let (called, call) =
                sent(&place, &recorder, switchboard, &[&["call", "-s"], words.as_slice()].concat());
            if called.code == 2 && call.is_empty() {
                continue;
            }
            called_too += 1;
            if their != adapted(&call) {
                different
                    .push(format!("{nth}: call {made:?}\n  curl {their:?}\n  ours {} {call:?}", called.code));
            }
        }
    }
    let shown: Vec<&str> = different.iter().map(String::as_str).take(12).collect();
    assert!(different.is_empty(), "seed {seed}: {} of {lines}:\n{}", different.len(), shown.join("\n"));
    assert!(
        compared > lines / 2 && called_too > lines / 3,
        "hardly anything was sent: {compared} {called_too}"
    );
}

#[test]
fn what_is_known_to_differ_still_does_and_is_not_more() {
    assert!(KNOWN.len() <= 5, "the list of differences may only become shorter");
    if !has_curl() {
        return;
    }
    let (place, recorder) = (place(), Recorder::start());
    assert!(REFUSED.len() <= 6, "the list of what is refused may only become shorter");
    for (made, why) in REFUSED {
        let made: Vec<String> = made.iter().map(|word| (*word).to_owned()).collect();
        let words = for_server(&made, recorder.port);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (theirs, their) = sent(&place, &recorder, "curl", &[&["-s"], words.as_slice()].concat());
        assert_eq!((theirs.code, their.len()), (0, 1), "{made:?}: curl refuses it too");
        for command in ["curl", "call"] {
            let program = env!("CARGO_BIN_EXE_switchboard");
            let (ours, our) = sent(&place, &recorder, program, &[&[command], words.as_slice()].concat());
            assert_eq!((ours.code, our.len()), (2, 0), "{command} {made:?}: {why}");
        }
    }
    for Known { why, shown_by, .. } in KNOWN {
        let made: Vec<String> = shown_by.iter().map(|word| (*word).to_owned()).collect();
        let words = for_server(&made, recorder.port);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (_, their) = sent(&place, &recorder, "curl", &[&["-s"], words.as_slice()].concat());
        let switchboard = env!("CARGO_BIN_EXE_switchboard");
        let (_, our) = sent(&place, &recorder, switchboard, &[&["curl", "-s"], words.as_slice()].concat());
        assert_ne!(their, our, "no longer so: {why}");
        assert_eq!(adapted(&their), adapted(&our), "{why}");
    }
}
