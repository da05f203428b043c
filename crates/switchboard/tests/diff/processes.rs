//! Several processes on one board: each is compared with what it would load, and what all say alike is said once.

use crate::harness::{self, stderr, stdout, switchboard};
use crate::{diff, edit, home, serve, write};
use std::path::Path;
use std::process::Command;

#[test]
fn every_process_of_a_board_is_compared_and_told_apart_by_what_it_runs() {
    let (first, _) = serve(home(), &[]);
    let home = first.home.path();
    let port = harness::free_port();
    // Another process runs another state of the board, and the file is a third one.
    edit(home, "switchboard.toml", "bind = \"127.0.0.1:", &format!("bind = \"127.0.0.1:{port}\"\n#"));
    edit(home, "switchboard.toml", "60/min", "90/min");
    let mut second = Command::new(harness::BINARY)
        .arg("serve")
        .current_dir(home)
        .env("XDG_STATE_HOME", home.join("state"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let socket = home.join(format!(".switchboard/run-{}.sock", second.id()));
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while std::os::unix::net::UnixStream::connect(&socket).is_err() {
        assert!(std::time::Instant::now() < end, "the second process runs");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    edit(home, "switchboard.toml", "90/min", "120/min");
    let told = diff(home, &[]);
    second.kill().unwrap();
    second.wait().unwrap();
    let text = stdout(&told);
    for words in [
        format!("compared with what runs: process {}", first.pid()),
        format!("compared with what runs: process {}", second.id()),
        "`120/min`, was `60/min`".to_owned(),
        "`120/min`, was `90/min`".to_owned(),
    ] {
        assert!(text.contains(&words), "{words}\n{text}{}", stderr(&told));
    }
}

/// A further process, started with an overlay of its own; ended when it is dropped.
struct Further(std::process::Child);

impl Further {
    fn serve(home: &Path, env: &str) -> Self {
        let child = switchboard(home)
            .args(["--env", env, "serve", "--quiet"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let further = Self(child);
        let socket = home.join(format!(".switchboard/run-{}.sock", further.0.id()));
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(std::time::Instant::now() < end, "the process of `{env}` runs");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        further
    }
}

impl Drop for Further {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn each_process_is_compared_with_the_file_as_it_would_load_it_and_one_answer_is_given_where_all_say_the_same()
{
    let (first, _) = serve(home(), &[]);
    let home = first.home.path();
    for env in ["second", "third"] {
        let overlay = format!("[listen.edge]\nbind = \"127.0.0.1:{}\"\n", harness::free_port());
        write(home, &format!("switchboard.{env}.toml"), &overlay);
    }
    let (second, third) = (Further::serve(home, "second"), Further::serve(home, "third"));
    let named = [
        format!("process {}, revision", first.pid()),
        format!("process {} (`--env second`), revision", second.0.id()),
        format!("process {} (`--env third`), revision", third.0.id()),
    ];
    let same = diff(home, &["--against", "running"]);
    assert_eq!(stdout(&same), "nothing changes\n", "{}", stderr(&same));
    assert!(named.iter().all(|words| stderr(&same).contains(words)), "{}", stderr(&same));

    // What all take over alike is told once.
    edit(home, "switchboard.toml", "60/min", "120/min");
    let told = stdout(&diff(home, &[]));
    assert_eq!(told.matches("`120/min`, was `60/min`").count(), 1, "{told}");
    assert!(!told.contains("listener"), "{told}");

    // What one of them alone takes over stands under its own heading.
    write(
        home,
        "switchboard.third.toml",
        &format!("[listen.edge]\nbind = \"127.0.0.1:{}\"\n", harness::free_port()),
    );
    let told = stdout(&diff(home, &[]));
    assert_eq!(
        (told.matches("compared with").count(), told.matches("listener `edge` is at").count()),
        (2, 1),
        "{told}"
    );
    let own = told.split("compared with").find(|part| part.contains("listener `edge` is at")).unwrap();
    assert!(own.contains(&named[2]) && !own.contains(&named[0]), "{told}");
    assert!(own.contains("switchboard.third.toml:2"), "{told}");
    // An overlay that is named: only who runs with it.
    let output = switchboard(home).args(["--env", "second", "diff"]).output().unwrap();
    assert!(
        stderr(&output).contains(&named[1]) && !stderr(&output).contains(&named[2]),
        "{}",
        stderr(&output)
    );
    assert!(!stdout(&output).contains("listener"), "{}", stdout(&output));
}
