//! A reload of several processes: all take a board over or none does; and the two steps of it at `run.sock`.

use crate::harness::{Running, curl, free_port, stderr, stdout};
use crate::reloads::rewrite;
use crate::served::{Beside, board, health};
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

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
        text.replace(
            &format!("bind = \"{}\"", url.strip_prefix("http://").unwrap()),
            free.lines().nth(1).unwrap(),
        )
    })
    .unwrap();
    let output = running.command(&["reload"]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("so no process does"), "{}", stderr(&output));
    assert_eq!(limits(), told("900"), "nobody has changed");

    std::fs::write(&overlay, own).unwrap();
    let output = running.command(&["reload"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
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
    // Who asks for what runs already, because another reload was quicker, has it.
    let (status, said) = step(&socket, &commit);
    assert_eq!((status, &said["changed"]), (200, &false.into()), "{said}");
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

#[tokio::test]
async fn what_is_answered_to_a_reload_has_no_colours_whatever_the_terminal_of_the_process_has() {
    let provider = Provider::status(200).start().await;
    let text = board(&provider.url(), "", "");
    let (running, _) = Running::serve_with(tempfile::tempdir().unwrap(), &text, &["--color", "always"]);
    rewrite(&running, "details = \"all\"", "detials = \"all\"");
    for body in ["{}", r#"{"step":"prepare"}"#] {
        let (status, said) = step(&running.home.path().join(".switchboard/run.sock"), body);
        assert_eq!(status, 409);
        let words = format!("{}{}", said["detail"], health(&running)["reload_failed"]);
        assert!(words.contains("unknown-key") && !words.contains("u001b"), "{words}");
    }
}
