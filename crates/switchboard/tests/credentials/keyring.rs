//! Where a login lies: in a real keyring on a private bus, in a file where the bus is silent, and what is said of it.

use crate::harness::{BINARY, program, switchboard};
use demo::Provider;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const SECRET: &str = "keyringSecret5Hw8Zt2";

fn board(home: &Path, url: &str, credential: &str) {
    let contract = r#"{"openapi":"3.1.0","info":{"title":"Orders","version":"1"},
      "components":{"securitySchemes":{"key":{"type":"apiKey","in":"header","name":"X-Key"}}},"security":[{"key":[]}],
      "paths":{"/orders":{"get":{"operationId":"list","responses":{"200":{"description":"all"}}}}}}"#;
    std::fs::write(home.join("orders.json"), contract).unwrap();
    let text = format!(
        "[apis.orders]\ncontract = \"orders.json\"\n[apis.orders.upstream]\nurls = \"{url}\"\n{credential}\n"
    );
    std::fs::write(home.join("switchboard.toml"), text).unwrap();
}

/// All files below the state folder, as one text.
fn kept(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        text += &if path.is_dir() {
            kept(&path)
        } else {
            String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
        };
    }
    text
}

#[tokio::test]
async fn a_login_lies_in_the_keyring_that_answers() {
    for needed in ["dbus-run-session", "gnome-keyring-daemon", "secret-tool", "dbus-monitor"] {
        if program(needed).is_none() {
            return;
        }
    }
    let provider = Provider::echo().start().await;
    let home = tempfile::tempdir().unwrap();
    board(home.path(), &provider.url(), "");
    // One session: a keyring that is open, then what a person does.
    let script = format!(
        "printf test | gnome-keyring-daemon --unlock --components=secrets >daemon.txt 2>&1 || exit 9\n\
         for i in 1 2 3 4 5 6 7 8 9 10; do printf x | secret-tool store --label=warm warm warm 2>/dev/null && break; sleep 0.3; done\n\
         dbus-monitor --session --pcap >bus.pcap 2>/dev/null & watching=$!\n\
         while ! [ -s bus.pcap ]; do sleep 0.05; done\n\
         printf {SECRET} | '{BINARY}' auth login orders --value @- >login.txt 2>&1 || exit 1\n\
         '{BINARY}' auth status >status.txt 2>&1 || exit 2\n\
         '{BINARY}' call orders.list >called.txt 2>&1 || exit 3\n\
         sleep 0.2; kill $watching\n\
         printf named-one | secret-tool store --label=shop service shop username key || exit 4\n\
         sed -i 's|^urls.*|&\\ncredential = \"keyring:shop/key\"|' switchboard.toml\n\
         '{BINARY}' call orders.list >named.txt 2>&1 || exit 5\n\
         sed -i '/^credential/d' switchboard.toml\n\
         '{BINARY}' auth logout orders >logout.txt 2>&1 || exit 6\n\
         secret-tool search --all application switchboard >left.txt 2>&1\n\
         exit 0\n"
    );
    std::fs::write(home.path().join("session.sh"), script).unwrap();
    let output =
        switchboard_less("dbus-run-session", home.path()).args(["--", "sh", "session.sh"]).output().unwrap();
    let read = |name: &str| std::fs::read_to_string(home.path().join(name)).unwrap_or_default();
    let all = ["daemon", "login", "status", "called", "named", "logout", "left"]
        .map(|name| format!("{name}: {}", read(&format!("{name}.txt"))));
    assert_eq!(output.status.code(), Some(0), "{output:?} {all:#?}");
    assert!(read("login.txt").contains("kept in the keyring"), "{all:#?}");
    assert!(
        read("status.txt").contains("in the keyring") && !read("status.txt").contains(SECRET),
        "{all:#?}"
    );
    assert_eq!(provider.requests()[0].field("x-key"), Some(SECRET), "the call has it from there");
    assert_eq!(provider.requests()[1].field("x-key"), Some("named-one"), "and by `keyring:`");
    assert!(!kept(&home.path().join("state")).contains(SECRET), "no file has it");
    let heard = std::fs::read(home.path().join("bus.pcap")).unwrap();
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.contains("GetSecret") && heard.contains("CreateItem"), "the bus was listened to");
    assert!(!heard.contains(SECRET), "who listens on the bus does not have it");
    assert!(!read("left.txt").contains("login = "), "it is forgotten: {all:#?}");
}

/// A program for a person with a home of their own and no bus.
fn switchboard_less(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home)
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY");
    command
}

#[tokio::test]
async fn a_silent_bus_is_given_up_and_the_login_lies_in_a_file() {
    let provider = Provider::echo().start().await;
    let home = tempfile::tempdir().unwrap();
    board(home.path(), &provider.url(), "");
    // A bus that takes a connection and says nothing, for as long as anybody waits.
    let socket = home.path().join("silent");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept() {
            held.push(stream);
            let _ = tell.send(());
        }
    });
    let run = |words: &[&str], input: &str| {
        use std::io::Write as _;
        use std::process::Stdio;
        let mut child = switchboard(home.path())
            .args(words)
            .env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        )
    };
    let begun = Instant::now();
    let (code, said) = run(&["auth", "login", "orders", "--value", "@-"], SECRET);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("only you may read it") && said.contains("does not answer within 300ms"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(20), "it was given up");
    assert!(told.try_recv().is_ok(), "the bus was asked");
    let (_, said) = run(&["auth", "status"], "");
    assert!(said.contains("in a file"), "{said}");
    let (code, said) = run(&["call", "orders.list"], "");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(provider.requests()[0].field("x-key"), Some(SECRET));
    // Once it was answered: a call whose login lies in a file asks no bus.
    while told.try_recv().is_ok() {}
    run(&["call", "orders.list"], "");
    assert!(told.try_recv().is_err(), "a file needs no keyring");
    // A keyring that has the login and is silent now: said, and nothing is sent without it in silence.
    let folder = home.path().join("state/switchboard/logins");
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|kind| kind == "json"));
    std::fs::write(file.unwrap(), "{\"in\":\"keyring\"}").unwrap();
    let (code, said) = run(&["call", "orders.list"], "");
    assert!(code == Some(14) && said.contains("keyring does not answer"), "{code:?} {said}");
    board(home.path(), &provider.url(), "credential = \"keyring:shop/key\"");
    let (code, said) = run(&["call", "orders.list"], "");
    assert!(code == Some(2) && said.contains("keyring does not answer"), "{code:?} {said}");
}
