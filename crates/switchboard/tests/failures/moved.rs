//! What a reload takes over besides the world: addresses of listeners and console, how much of calls is kept; and what waits.

use crate::harness::{Running, curl, database, free_port, stderr, stdout};
use crate::keys::done;
use crate::reloads::rewrite;
use crate::served::{becomes, board, call, calls, health};
use crate::wire::{Caller, connect};
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

/// A reload that must go well.
fn reload(running: &Running) -> String {
    let output = running.command(&["reload"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stderr(&output)
}

/// A reload that must be refused, with these words, and with what runs unchanged.
fn refused(running: &Running, words: &[&str]) {
    let before = health(running)["revision"].clone();
    let output = running.command(&["reload"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    for part in words {
        assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
    }
    assert_eq!(health(running)["revision"], before);
}

fn open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn port_of(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// The URLs of this process on the list of what runs.
fn found_at(running: &Running) -> Vec<String> {
    entry(running)["urls"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect()
}

fn entry(running: &Running) -> serde_json::Value {
    let file = format!("state/switchboard/running/{}.json", running.pid());
    serde_json::from_slice(&std::fs::read(running.home.path().join(file)).unwrap()).unwrap()
}

#[tokio::test]
async fn a_listener_moves_with_its_board_and_what_is_under_way_ends_where_it_began() {
    let provider = Provider::endless().start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "", ""));
    let (old, new) = (port_of(&url), free_port());
    let mut stream = connect(&url);
    stream.write_all(b"GET /flow HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    let mut part = [0; 4096];
    assert!(stream.read(&mut part).unwrap() > 0);
    let mut idle = connect(&url);
    idle.write_all(b"GET /.well-known/switchboard/health HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    assert!(idle.read(&mut part).unwrap() > 0);

    rewrite(&running, &format!("127.0.0.1:{old}"), &format!("127.0.0.1:{new}"));
    let said = reload(&running);
    assert!(said.contains("reloaded, revision") && !said.contains("next start"), "{said}");
    let healthy =
        |port: u16| curl(&[&format!("http://127.0.0.1:{port}/.well-known/switchboard/health")]).status;
    assert_eq!(healthy(new), 200);
    becomes(100, "nobody listens at the old address", false, || open(old));
    assert_eq!(idle.read(&mut part).unwrap(), 0, "who waits for nothing is let go");
    for _ in 0..100 {
        assert!(stream.read(&mut part).unwrap() > 0, "the stream goes on");
    }
    drop(stream);

    let found = found_at(&running);
    assert_eq!(found, [format!("http://127.0.0.1:{new}")], "who looks for it finds it there");

    // Another one beside it, under TLS or not; then it is gone, and the first one stays what it is.
    let beside = free_port();
    let both = format!("bind = \"127.0.0.1:{new}\"\n[listen.aside]\nbind = \"127.0.0.1:{beside}\"");
    rewrite(&running, &format!("bind = \"127.0.0.1:{new}\""), &both);
    reload(&running);
    assert_eq!([healthy(new), healthy(beside)], [200, 200]);
    assert_eq!(found_at(&running), [new, beside].map(|port| format!("http://127.0.0.1:{port}")));
    let mut kept = connect(&format!("http://127.0.0.1:{beside}"));
    rewrite(&running, &both, &format!("bind = \"127.0.0.1:{new}\""));
    reload(&running);
    becomes(100, "nobody listens there", false, || open(beside));
    assert_eq!(kept.read(&mut part).unwrap_or(0), 0);
    assert_eq!(healthy(new), 200);
    // And back to where it began.
    rewrite(&running, &format!("127.0.0.1:{new}"), &format!("127.0.0.1:{old}"));
    reload(&running);
    assert_eq!(healthy(old), 200);
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn two_listeners_exchange_their_addresses_in_one_reload() {
    let provider = Provider::status(200).start().await;
    let tables = "[listen.aside]\nbind = \"127.0.0.1:{aside}\"\n\
                  [apis.other.upstream]\nurls = [\"{provider}\"]\n\
                  [apis.other.offer.open]\nat = \"/other\"\nplans = [\"open\"]\non = \"aside\"";
    let aside = free_port();
    let tables = tables.replace("{aside}", &aside.to_string()).replace("{provider}", &provider.url());
    let text = board(&provider.url(), "", &tables).replace("at = \"/\"", "at = \"/own\"\non = \"edge\"");
    let (running, url) = Running::serve(&text);
    let edge = port_of(&url);
    let answers =
        |port: u16| ["own", "other"].map(|path| curl(&[&format!("http://127.0.0.1:{port}/{path}/")]).status);
    let is = |own: u16, other: u16| assert_eq!([answers(own), answers(other)], [[200, 404], [404, 200]]);
    is(edge, aside);
    for (own, other) in [(aside, edge), (edge, aside)] {
        rewrite(&running, &format!("127.0.0.1:{other}"), "127.0.0.1:x");
        rewrite(&running, &format!("127.0.0.1:{own}"), &format!("127.0.0.1:{other}"));
        rewrite(&running, "127.0.0.1:x", &format!("127.0.0.1:{own}"));
        reload(&running);
        is(own, other);
        assert_eq!(found_at(&running), [own, other].map(|port| format!("http://127.0.0.1:{port}")));
    }
    // Under one name each, and one of them elsewhere: the other one takes its place.
    let next = free_port();
    rewrite(&running, &format!("127.0.0.1:{edge}"), &format!("127.0.0.1:{next}"));
    rewrite(&running, &format!("127.0.0.1:{aside}"), &format!("127.0.0.1:{edge}"));
    reload(&running);
    is(next, edge);
    becomes(100, "nobody listens there any more", false, || open(aside));
}

#[tokio::test]
async fn what_names_no_listener_is_for_the_first_of_those_that_are_open() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "", ""));
    let (old, new, beside) = (port_of(&url), free_port(), free_port());
    let socket = running.home.path().join(".switchboard/run.sock");
    let ask = |path: &str, question: &str| {
        let at = format!("http://run.sock{path}");
        curl(&["--unix-socket", socket.to_str().unwrap(), "-d", question, &at]).body
    };
    let found = || {
        let dispatched = ask("/dispatch", r#"{"method":"GET","url":"/"}"#);
        let explained = ask("/explain", r#"{"method":"GET","target":"/","fields":[]}"#);
        (dispatched.lines().next().unwrap_or_default().to_owned(), explained)
    };
    // Another one under another name; and then one that stands before it.
    let edge = format!("[listen.edge]\nbind = \"127.0.0.1:{old}\"");
    let front = format!("[listen.front]\nbind = \"127.0.0.1:{new}\"");
    let both = format!("[listen.edge]\nbind = \"127.0.0.1:{beside}\"\n{front}");
    for (from, to, first) in [(&edge, &front, "front"), (&front, &both, "edge")] {
        rewrite(&running, from, to);
        reload(&running);
        let (dispatched, explained) = found();
        assert_eq!(dispatched, "HTTP/1.1 200 OK", "{first}");
        let said: serde_json::Value = serde_json::from_str(&explained).unwrap();
        let listener =
            said["decisions"].as_array().unwrap().iter().find(|known| known["stage"] == "listener");
        assert_eq!(listener.unwrap()["subject"], first, "{explained}");
        assert!(!explained.contains("no-offer"), "{explained}");
    }
    let by_port = format!("{{\"method\":\"GET\",\"target\":\"http://127.0.0.1:{new}/\",\"fields\":[]}}");
    assert!(ask("/explain", &by_port).contains("\"front\""), "by its port");
}

#[tokio::test]
async fn nobody_is_turned_away_while_a_listener_moves() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "", ""));
    let mut port = port_of(&url);
    for _ in 0..5 {
        let next = free_port();
        let before = format!("http://127.0.0.1:{port}");
        // Connections that are made and not accepted yet when the address is left.
        let waiting: Vec<_> = (0..20).map(|_| Caller::new(&before)).collect();
        rewrite(&running, &format!("127.0.0.1:{port}"), &format!("127.0.0.1:{next}"));
        reload(&running);
        drop(waiting);
        let after = format!("http://127.0.0.1:{next}");
        assert_eq!(crate::wire::load(&after, 2, 50), 100, "all are answered at the new one");
        port = next;
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_had_refuses_the_whole_reload_with_its_line() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "", ""));
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = held.local_addr().unwrap().port();
    let own = port_of(&url);
    rewrite(&running, &format!("127.0.0.1:{own}"), &format!("127.0.0.1:{taken}"));
    rewrite(&running, "auth = \"none\"", "auth = \"none\"\nlimit = \"1/h\"");
    refused(&running, &["listener `edge` cannot open", "(switchboard.toml:3)", "it is taken"]);
    for _ in 0..3 {
        assert_eq!(curl(&[&url]).status, 200, "neither the address nor the limit");
    }
    rewrite(&running, &format!("127.0.0.1:{taken}"), &format!("127.0.0.1:{own}"));
    rewrite(&running, "console = false", &format!("[console]\nbind = \"127.0.0.1:{taken}\""));
    refused(&running, &["the console cannot listen (switchboard.toml:2)", "taken"]);
    assert_eq!(curl(&[&url]).status, 200);
}

#[tokio::test]
async fn the_console_is_opened_moved_and_closed_by_reloads() {
    let provider = Provider::status(200).start().await;
    let (running, _) = Running::serve(&board(&provider.url(), "", ""));
    let off = running.command(&["console", "link"]);
    assert!(stderr(&off).contains("the console of this board is off"), "{}", stderr(&off));
    let (first, second) = (free_port(), free_port());
    rewrite(&running, "console = false", &format!("console = {{ bind = \"127.0.0.1:{first}\" }}"));
    reload(&running);
    let signs_in = |port: u16| {
        let link = done(&running, &["console", "link"]);
        assert!(link.contains(&format!("127.0.0.1:{port}/in/")), "{link}");
        curl(&[link.trim()]).field("set-cookie").is_some()
    };
    assert!(signs_in(first));
    rewrite(&running, &first.to_string(), &second.to_string());
    reload(&running);
    assert!(signs_in(second));
    assert!(entry(&running)["console"].as_str().unwrap().contains(&second.to_string()));
    becomes(100, "the old one is closed", false, || open(first));
    // Lines before it are none of its settings.
    rewrite(&running, "console = ", "# moved down\nconsole = ");
    reload(&running);
    assert!(signs_in(second));
    rewrite(&running, &format!("console = {{ bind = \"127.0.0.1:{second}\" }}"), "console = false");
    reload(&running);
    becomes(100, "it is off", false, || open(second));
    assert!(entry(&running)["console"].is_null());
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn how_much_is_kept_of_calls_holds_from_the_reload_on_and_the_ledger_waits() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&board(&provider.url(), "", "").replace("100000/s", "1/s"));
    rewrite(&running, "details = \"all\"", "details = \"failed\"");
    reload(&running);
    let made = |count: usize| -> Vec<String> {
        let id = |_| curl(&[&url]).field("x-request-id").unwrap().to_owned();
        (0..count).map(id).collect()
    };
    made(30);
    let some = calls(&running).len();
    assert!(some < 25, "{some} rows of 30 calls, one a second");

    rewrite(&running, "rows = \"1/s\"", "rows = \"100000/s\"");
    reload(&running);
    let plain = made(30);
    let shown = |id: &str| call(&running, id);
    assert!(plain.iter().all(|id| shown(id)["status"] == 200), "every call has a row");
    assert!(shown(&plain[0])["detail"].is_null(), "{}", shown(&plain[0]));

    rewrite(&running, "details = \"failed\"", "details = \"all\"");
    let said = reload(&running);
    assert!(!said.contains("next start"), "{said}");
    let whole = &shown(&made(1)[0])["detail"];
    assert!(whole["sent"]["line"].as_str().unwrap().starts_with("GET /"), "the head as it was sent: {whole}");
    assert!(whole["request"]["line"].as_str().is_some(), "{whole}");

    rewrite(&running, "details = \"all\"", "details = \"none\"");
    reload(&running);
    assert!(shown(&made(1)[0])["detail"].is_null());

    if database::is_wanted() {
        rewrite(&running, "[ledger]", "[ledger]\nkeep = \"7d\"");
    } else {
        rewrite(&running, "[record]", "[ledger]\nkeep = \"7d\"\n[record]");
    }
    let said = reload(&running);
    assert!(said.contains("; at the next start: [ledger]"), "{said}");
    // The process is where it was, whatever the file says of its ledger now.
    rewrite(&running, "keep = \"7d\"", "keep = \"7d\"\nfolder = \"elsewhere\"");
    let said = reload(&running);
    assert!(said.contains("; at the next start: [ledger]"), "{said}");
    assert!(stdout(&running.command(&["diff", "--against", "running"])).contains("nothing changes"));
}
