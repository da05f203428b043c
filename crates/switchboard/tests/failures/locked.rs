//! A ledger whose files another program holds: calls go on, what waits is counted and said, nothing of it is lost.

use crate::harness::{Running, curl, database, program};
use crate::served::{becomes, calls, counted, health, serve};
use crate::wire::load;
use demo::Provider;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Holds every file of a ledger until its input ends; says `held`.
const HOLD: &str = "
import glob, sqlite3, sys
held = [sqlite3.connect(name, timeout=20, isolation_level=None) for name in sorted(glob.glob('*.db'))]
for file in held:
    file.execute('BEGIN EXCLUSIVE')
print('held', len(held), flush=True)
sys.stdin.read()
";

/// A program that holds the ledger in this folder; dropped, it lets go.
struct Holder(Child);

impl Holder {
    fn start(folder: &Path) -> Option<Self> {
        let python = program("python3").filter(|_| !database::leaves_out_files())?;
        let mut child = Command::new(python)
            .args(["-c", HOLD])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held 4", "accounts, usage, rates, and the calls of today");
        Some(Self(child))
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

fn folder(running: &Running) -> std::path::PathBuf {
    running.home.path().join(".switchboard")
}

#[tokio::test]
async fn while_the_ledger_is_locked_calls_go_on_and_afterwards_every_one_is_there() {
    let provider = Provider::status(200).start().await;
    let (mut running, url) = serve(&provider.url(), "");
    assert_eq!(load(&url, 1, 20), 20);
    assert_eq!((counted(&running), calls(&running).len()), (20, 20));

    let Some(holder) = Holder::start(&folder(&running)) else { return };
    assert_eq!(load(&url, 2, 100), 200, "all of them answered with 200");
    // At the latest ten seconds after the last time the board looks at its ledger, and says so.
    let said = running.wait_for("the ledger is behind");
    assert!(said.contains("calls go on") && said.contains(".db` is locked by another process"), "{said}");
    becomes(50, "the backlog is counted, and nothing is lost", (200.into(), true.into(), 0.into()), || {
        let health = health(&running);
        (health["usage_pending"].clone(), health["behind"].clone(), health["rows_dropped"].clone())
    });
    assert_eq!(counted(&running), 20, "questions are answered from what is on the disk");
    drop(holder);

    becomes(600, "usage is exact after the lock is gone", 220, || counted(&running));
    becomes(100, "and every row is there", 220, || calls(&running).len());
    assert_eq!(health(&running)["behind"], false);
    assert_eq!(provider.calls(), 220);
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn what_no_longer_fits_while_locked_is_lost_counted_and_said_and_usage_stays_exact() {
    let provider = Provider::status(200).start().await;
    let (mut running, url) = serve(&provider.url(), "");
    assert_eq!(load(&url, 1, 1), 1);
    assert_eq!((counted(&running), calls(&running).len()), (1, 1));
    let Some(holder) = Holder::start(&folder(&running)) else { return };
    // More than waits at most.
    let mut sent = 1;
    while health(&running)["rows_dropped"] == 0 {
        assert!(sent < 60_000, "nothing is dropped: what waits has no bound");
        assert_eq!(load(&url, 4, 1_000), 4_000);
        sent += 4_000;
    }
    let said = running.wait_for("rows and details of calls are lost so far");
    assert!(said.contains("is locked by another process"), "{said}");
    drop(holder);
    becomes(600, "usage is exact after the lock is gone", sent, || counted(&running));
    becomes(100, "the ledger has caught up", false, || health(&running)["behind"] == true);
    let lost = health(&running)["rows_dropped"].as_u64().unwrap();
    assert!(lost > 0 && lost < sent, "{lost} of {sent}");
    running.signal("TERM");
    running.wait_for("rows of calls were lost");
}

#[tokio::test]
async fn a_stop_while_locked_ends_says_what_was_lost_and_exits_1() {
    let provider = Provider::status(200).start().await;
    let (mut running, url) = serve(&provider.url(), "");
    assert_eq!(load(&url, 1, 5), 5);
    assert_eq!(counted(&running), 5);
    let Some(_holder) = Holder::start(&folder(&running)) else { return };
    assert_eq!(load(&url, 1, 7), 7);
    running.signal("TERM");
    let said = running.wait_for("the ledger ends without");
    assert!(said.contains("without 7 counted calls and 7 rows"), "{said}");
    assert_eq!(running.stop(), Some(1));
}

#[tokio::test]
async fn a_command_that_must_write_says_who_may_hold_the_file() {
    let provider = Provider::status(200).start().await;
    let (running, url) = serve(&provider.url(), "");
    if program("curl").is_none() {
        return;
    }
    assert_eq!(curl(&[&url]).status, 200);
    counted(&running);
    let Some(_holder) = Holder::start(&folder(&running)) else { return };
    let output = running.command(&["consumer", "add", "globex", "--plan", "open"]);
    let said = crate::harness::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("`accounts.db` is locked") && said.contains("end the program that holds it"),
        "{said}"
    );
}
