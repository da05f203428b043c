//! What a reload takes over besides the world: addresses of listeners and console, how much of calls is kept; and what waits.

use crate::harness::{Running, curl, free_port, stderr, stdout};
use crate::keys::done;
use crate::reloads::rewrite;
use crate::served::{Beside, becomes, board, call, calls, health};
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

    // Another one beside it, under TLS or not; then it is gone, and the first one stays what it is.
    let beside = free_port();
    let both = format!("bind = \"127.0.0.1:{new}\"\n[listen.aside]\nbind = \"127.0.0.1:{beside}\"");
    rewrite(&running, &format!("bind = \"127.0.0.1:{new}\""), &both);
    reload(&running);
    assert_eq!([healthy(new), healthy(beside)], [200, 200]);
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
    becomes(100, "the old one is closed", false, || open(first));
    // Lines before it are none of its settings.
    rewrite(&running, "console = ", "# moved down\nconsole = ");
    reload(&running);
    assert!(signs_in(second));
    rewrite(&running, &format!("console = {{ bind = \"127.0.0.1:{second}\" }}"), "console = false");
    reload(&running);
    becomes(100, "it is off", false, || open(second));
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

    rewrite(&running, "[record]", "[ledger]\nkeep = \"7d\"\n[record]");
    let said = reload(&running);
    assert!(said.contains("; at the next start: [ledger]"), "{said}");
    assert!(stdout(&running.command(&["diff", "--against", "running"])).contains("nothing changes"));
}

/// What `POST /reload` of a socket says to a step.
fn step(socket: &std::path::Path, body: &str) -> (u16, serde_json::Value) {
    let output = std::process::Command::new("curl")
        .args([
            "-s",
            "-m",
            "30",
            "-w",
            "\n%{http_code}",
            "http://run.sock/reload",
            "-d",
            body,
            "--unix-socket",
        ])
        .arg(socket)
        .output()
        .unwrap();
    let text = stdout(&output);
    let (text, status) = text.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(text).unwrap())
}

#[tokio::test]
async fn several_processes_take_a_board_over_together_or_none_does() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(
        &board(&provider.url(), "", "").replace("auth = \"none\"", "auth = \"none\"\nlimit = \"900/day\""),
    );
    let beside = Beside::serve(&running);
    let limits = || {
        let of = |url: &str| curl(&[url]).field("x-ratelimit-limit").unwrap().to_owned();
        (of(&url), of(&beside.url()))
    };
    let told = |wanted: &str| (wanted.to_owned(), wanted.to_owned());
    assert_eq!(limits(), told("900"));
    // One of them cannot have the address that its overlay wants: the other one could, and does not.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let overlay = running.home.path().join("switchboard.second.toml");
    let own = std::fs::read_to_string(&overlay).unwrap();
    let wanted = format!("[listen.edge]\nbind = \"{}\"\n", taken.local_addr().unwrap());
    std::fs::write(&overlay, wanted).unwrap();
    rewrite(&running, "900/day", "800/day");
    let output = running.command(&["reload"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    let process = format!("process {} (`--env second`)", beside.pid());
    for words in [
        format!("{process}: error: listener `edge` cannot open"),
        "(switchboard.second.toml:2): it is taken".to_owned(),
        format!("{process} cannot take it over, so no process does: all run on unchanged"),
    ] {
        assert!(said.contains(&words), "{words}\n{said}");
    }
    assert_eq!(limits(), told("900"), "nobody has changed");

    // Two of them want one new address: the first one that prepares holds it.
    let free = format!("[listen.edge]\nbind = \"127.0.0.1:{}\"\n", free_port());
    std::fs::write(&overlay, &free).unwrap();
    std::fs::write(running.home.path().join("switchboard.toml"), {
        let text = std::fs::read_to_string(running.home.path().join("switchboard.toml")).unwrap();
        text.replace(&format!("bind = \"127.0.0.1:{}\"", port_of(&url)), free.lines().nth(1).unwrap())
    })
    .unwrap();
    let output = running.command(&["reload"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("so no process does"), "{}", stderr(&output));
    assert_eq!(limits(), told("900"), "nobody has changed");

    std::fs::write(&overlay, own).unwrap();
    let said = reload(&running);
    assert!(said.contains(&format!("{process}: reloaded, revision")), "{said}");
    let moved = format!("http://{}", free.split('"').nth(1).unwrap());
    let of = |url: &str| curl(&[url]).field("x-ratelimit-limit").unwrap().to_owned();
    assert_eq!((of(&moved), of(&beside.url())), told("800"));
}

#[tokio::test]
async fn what_is_prepared_waits_for_its_revision_and_any_other_reload_drops_it() {
    let provider = Provider::status(200).start().await;
    let (running, _) = Running::serve(&board(&provider.url(), "", ""));
    let socket = running.home.path().join(".switchboard/run.sock");
    let before = health(&running)["revision"].clone();
    let (status, said) = step(&socket, r#"{"step":"commit","revision":"0000000000000001"}"#);
    assert_eq!((status, said["detail"].as_str().unwrap().contains("reload anew")), (409, true), "{said}");
    for (body, words) in [
        (r#"{"step":"commit"}"#, "of which `revision`?"),
        (r#"{"step":"commit","revision":"x"}"#, "16 hexadecimal digits"),
        (r#"{"revision":"0000000000000001"}"#, "goes with `step`"),
        (r#"{"step":"undo"}"#, "`step`: unknown variant `undo`"),
    ] {
        let (status, said) = step(&socket, body);
        assert_eq!((status, said["detail"].as_str().unwrap().contains(words)), (400, true), "{body} {said}");
    }
    rewrite(&running, "details = \"all\"", "details = \"failed\"");
    let prepare = || {
        let (status, said) = step(&socket, r#"{"step":"prepare"}"#);
        assert_eq!((status, &said["changed"]), (200, &true.into()), "{said}");
        assert_eq!(health(&running)["revision"], before, "nothing has changed");
        assert_ne!(said["revision"], before);
        format!(r#"{{"step":"commit","revision":{}}}"#, said["revision"])
    };
    let commit = prepare();
    assert_eq!(step(&socket, r#"{"step":"drop"}"#).0, 200);
    assert_eq!(step(&socket, &commit).0, 409, "it was dropped");
    let commit = prepare();
    // What the files say afterwards is not what was judged.
    rewrite(&running, "details = \"failed\"", "nonsense");
    let (status, said) = step(&socket, &commit);
    assert_eq!((status, &said["revision"]), (200, &health(&running)["revision"]), "{said}");
    assert_ne!(health(&running)["revision"], before);
    assert_eq!(step(&socket, &commit).0, 409, "once");
}

/// A process that says it is ready, and then is gone, or changes its mind: this socket is all there is of it.
fn ready_and_then(running: &Running, commit: Option<&'static str>) -> std::thread::JoinHandle<()> {
    let socket = running.home.path().join(".switchboard/run-4194000.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let board = r#"{"pid":4194000,"revision":"1","env":"third","files":[]}"#;
        let ready = r#"{"pid":4194000,"revision":"1","changed":true,"later":[]}"#;
        let answers = [(200, board), (200, ready)].into_iter().chain(commit.map(|said| (409, said)));
        for (status, said) in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            assert!(stream.read(&mut asked).unwrap() > 0);
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", said.len());
            if status == 200 && said == ready && commit.is_none() {
                // Whoever asks again finds nobody.
                std::fs::remove_file(&socket).unwrap();
            }
            stream.write_all(format!("{head}{said}").as_bytes()).unwrap();
        }
        let _ = std::fs::remove_file(&socket);
    })
}

#[tokio::test]
async fn a_process_that_goes_or_refuses_after_it_was_ready_is_said_as_it_is() {
    let provider = Provider::status(200).start().await;
    let (running, _) = Running::serve(&board(&provider.url(), "", ""));
    for (details, commit, code, words) in [
        (
            "failed",
            None,
            0,
            "process 4194000 (`--env third`) has stopped meanwhile: it takes over what the files say",
        ),
        (
            "none",
            Some(r#"{"detail":"the disk is full"}"#),
            1,
            "process 4194000 (`--env third`) was ready and did not take it over; the others did: the board runs in two states",
        ),
    ] {
        let before = health(&running)["revision"].clone();
        let text = std::fs::read_to_string(running.home.path().join("switchboard.toml")).unwrap();
        let old = text.lines().find(|line| line.starts_with("details")).unwrap();
        rewrite(&running, old, &format!("details = \"{details}\""));
        let other = ready_and_then(&running, commit);
        let output = running.command(&["reload"]);
        other.join().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{words}\n{said}");
        assert!(said.contains(&format!("process {}: reloaded", running.pid())), "{said}");
        assert_ne!(health(&running)["revision"], before);
    }
}
