//! Looking at calls: a listing that goes on, and whoever reads it.

mod harness;

use harness::{Running, curl, stderr, switchboard};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

#[test]
fn following_the_log_ends_when_nobody_reads_on() {
    let mut running = Running::demo();
    let url = format!("{}/weather/v1/forecast?latitude=1&longitude=2", running.word_after("Gateway"));
    curl(&[&url]);
    let mut follow = switchboard(running.home.path())
        .args(["log", "-f"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let mut first = String::new();
    BufReader::new(follow.stdout.take().expect("piped")).read_line(&mut first).expect("a line");
    assert!(first.contains("/weather/v1/forecast"), "{first}");
    // The reader is gone; the next calls show it.
    for _ in 0..100 {
        curl(&[&url]);
        if let Some(ended) = follow.try_wait().expect("its state") {
            assert_eq!(ended.code(), Some(0));
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    follow.kill().expect("it is ended");
    panic!("it went on for nobody");
}

#[test]
fn consumers_and_keys_of_what_runs_can_be_looked_at() {
    let running = Running::demo();
    for args in [&["consumer", "list"][..], &["consumer", "show", "you"], &["key", "list"]] {
        let looked = running.command(args);
        assert_eq!(looked.status.code(), Some(0), "{args:?}: {}", stderr(&looked));
    }
}
