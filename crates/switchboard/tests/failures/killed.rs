//! `kill -9` under load: after the next start everything that was written is read, keys are there, usage is at most a moment behind.

use crate::harness::{Running, database, program, stdout};
use crate::keys::{done, keyed, new_key};
use crate::served::{becomes, counted, health};
use crate::wire::Caller;
use demo::Provider;
use serde_json::Value;
use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// No caller makes more calls than this.
const MOST: usize = 200_000;
/// Looks at the provider's counter, a tenth of a second apart or more, between a call and its count on the disk:
/// usage is written each second; the rest is for a busy machine.
const BEHIND: usize = 30;
const CALLERS: usize = 3;

#[tokio::test]
async fn after_a_kill_under_load_rows_keys_and_usage_are_there() {
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&keyed(&provider.url()));
    let port = url.rsplit(':').next().unwrap().to_owned();
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = new_key(&running, "globex");
    let mut keys = vec![key.clone()];
    becomes(50, "the key opens", Some(200), || Caller::new(&url).get("/", &field(&key)));

    let stop = AtomicBool::new(false);
    let (mut seen, mut home) = (Vec::new(), None);
    std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let mut caller = Caller::new(&url);
                let field = field(&key);
                // Ends with the connection, when the board is killed.
                let _ = (0..MOST)
                    .take_while(|_| !stop.load(Ordering::Relaxed))
                    .find(|_| caller.get("/load", &field).is_none());
            });
        }
        for look in 0..BEHIND + 10 {
            std::thread::sleep(Duration::from_millis(100));
            seen.push(provider.calls());
            if look % 10 == 5 {
                // Keys are made until the end; each was promised when its command ended.
                keys.push(new_key(&running, "globex"));
            }
        }
        keys.push(new_key(&running, "globex"));
        home = Some(running.kill());
        stop.store(true, Ordering::Relaxed);
    });
    let (home, reached) = (home.unwrap(), provider.calls());
    assert!(home.path().join(".switchboard/run.sock").exists(), "a kill leaves its socket behind");
    assert!(seen[0] > 0 && reached > 500, "there was load: {seen:?}");

    let mut running = Running::start_in(home, &["serve"]);
    running.wait_for(&format!("127.0.0.1:{port}"));
    let usage = counted(&running);
    let late = seen[seen.len() - BEHIND];
    assert!(usage >= late, "usage {usage} is more than a moment behind: {late} of {reached}, {seen:?}");
    // What was cut off at the board had reached the provider and was not counted: never the other way round,
    // but for the few calls at the start that were refused until the key was known.
    assert!(usage <= reached + 50, "{usage} counted, {reached} made");

    let rows = every_row(&running);
    assert!(!rows.is_empty());
    let ids: HashSet<&str> = rows.iter().map(|row| row["call"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len(), "no id is there twice");
    sound(&running);

    for key in &keys {
        let status = Caller::new(&url).get("/after", &field(key));
        assert_eq!(status, Some(200), "a key that was shown is not lost");
    }
    assert_eq!(health(&running)["pid"], running.pid(), "the socket is the new process's");
    let listed: Vec<_> = std::fs::read_dir(running.home.path().join("state/switchboard/running"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(listed, [format!("{}.json", running.pid())], "the killed one is no longer listed");
    assert_eq!(running.stop(), Some(0));
}

fn field(key: &str) -> String {
    format!("X-Api-Key: {key}\r\n")
}

/// Reads page after page.
fn every_row(running: &Running) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    let mut before = None::<String>;
    for _ in 0..1_000 {
        let mut args = vec!["log", "--format", "ndjson", "--limit", "1000"];
        args.extend(before.iter().flat_map(|id| ["--before", id]));
        let output = running.command(&args);
        assert!(output.status.success(), "{output:?}");
        let page: Vec<Value> =
            stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let Some(first) = page.first() else { return rows };
        before = Some(first["call"].as_str().unwrap().to_owned());
        rows.extend(page);
    }
    panic!("pages without end: {}", rows.len())
}

/// SQLite's own judgement of every file.
fn sound(running: &Running) {
    const JUDGE: &str = "
import glob, sqlite3
for name in sorted(glob.glob('*.db')):
    print(name, sqlite3.connect(name, timeout=20).execute('PRAGMA integrity_check').fetchone()[0])
";
    let Some(python) = program("python3").filter(|_| !database::leaves_out_files()) else { return };
    let folder = running.home.path().join(".switchboard");
    let output = Command::new(python).args(["-c", JUDGE]).current_dir(folder).output().unwrap();
    let said = stdout(&output);
    assert!(said.lines().count() == 4 && said.lines().all(|line| line.ends_with(" ok")), "{output:?}");
}
