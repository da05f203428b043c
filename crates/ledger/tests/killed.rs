//! What is there after a process was killed in the middle of its work.

use crate::example::call;
use crate::harness::{Home, NOW, TODAY, all_rows, on_both, total, usage};
use exchange::Secret;
use ledger::{CallFilter, Ledger, Place};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

const PLACE: &str = "LEDGER_TEST_CHILD_PLACE";

on_both! {
    what_was_written_is_there_after_a_kill,
}

/// The process that is killed: this very program, told to run this one test with a place.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(text) = std::env::var(PLACE) else { return };
    let place = if text.contains("://") { Place::Postgres(Secret::new(text)) } else { Place::from(&text) };
    let ledger = Ledger::open(all_rows(place)).await.unwrap();
    let recorder = ledger.recorder();
    for nth in 0.. {
        recorder.row(call(NOW + nth, nth));
        recorder.usage(usage(&call(NOW + nth, nth)));
        if nth % 500 == 499 {
            ledger.flush().await.unwrap();
            // Not through the test's captured output: the other process reads it.
            writeln!(std::io::stderr(), "written {}", nth + 1).unwrap();
        }
    }
}

async fn what_was_written_is_there_after_a_kill(home: &mut Home) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::the_process_that_is_killed", "--nocapture"])
        .env(PLACE, home.text())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stderr.take().unwrap()).lines();
    let written = said.map_while(Result::ok).find(|line| line == "written 2000");
    // SIGKILL, while it goes on writing.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(written.is_some(), "the child ended by itself");

    // Nobody has tidied up yet when a command only looks.
    let reader = home.reader().await;
    assert!(reader.call(call(NOW + 1999, 1999).id).await.unwrap().is_some());
    assert!(total(&reader).await.calls >= 2000);

    let ledger = home.ledger().await;
    let first = ledger.call(call(NOW, 0).id).await.unwrap();
    assert!(first.is_some());
    let rows = home.number(TODAY, "SELECT count(*) FROM calls").await;
    assert!(rows >= 2000, "{rows}");
    let counted = total(&ledger).await.calls;
    assert!(counted >= 2000, "{counted}");
    if let Home::Folder(folder) = home {
        let mut file = crate::harness::stranger(folder.path(), TODAY).await;
        let whole: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut file).await.unwrap();
        assert_eq!(whole, "ok");
    }

    // And it goes on.
    ledger.recorder().usage(usage(&call(NOW, 1)));
    ledger.recorder().row(call(NOW - 1, 77));
    ledger.close().await.unwrap();
    assert_eq!(total(&ledger).await.calls, counted + 1);
    let filter = CallFilter { until_ms: Some(NOW), ..CallFilter::default() };
    assert_eq!(ledger.calls(&filter).await.unwrap().rows.len(), 1);
}
