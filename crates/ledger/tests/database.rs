//! A PostgreSQL database that is away, mute, slow or full: said, counted, and caught up by itself.

use crate::cut::Line;
use crate::example::call;
use crate::harness::{CLI, NOW, all_rows, total, usage};
use crate::postgres::Server;
use crate::quotas::lease;
use exchange::{Period, Secret};
use ledger::{CallFilter, Ledger, Place, StoreError};
use std::process::Command;
use std::time::{Duration, Instant};

pub(crate) fn place(url: impl Into<String>) -> Place {
    Place::Postgres(Secret::new(url))
}

pub(crate) async fn opened(url: impl Into<String>) -> Result<Ledger, StoreError> {
    Ledger::open(all_rows(place(url))).await
}

/// Flushes until it goes well: the database is back.
async fn caught_up(ledger: &Ledger) {
    let back = async { while ledger.flush().await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(60), back).await.unwrap();
    let health = ledger.health();
    let state = (health.behind, health.last_error, health.usage_pending, health.rows_pending);
    assert_eq!(state, (false, None, 0, 0));
}

#[tokio::test]
async fn a_killed_database_stops_nobody_and_everything_catches_up() {
    let Some(mut server) = Server::start() else { return };
    let ledger = opened(server.url()).await.unwrap();
    let recorder = ledger.recorder();
    let acme = ledger.add_consumer("acme", &[], CLI).await.unwrap();
    recorder.row(call(NOW, 0));
    recorder.usage(usage(&call(NOW, 0)));
    ledger.flush().await.unwrap();
    let mut changes = ledger.watch_accounts();

    server.kill();
    let began = Instant::now();
    // More than can wait.
    for nth in 1..30_000 {
        recorder.row(call(NOW, nth));
        recorder.usage(usage(&call(NOW, nth)));
    }
    assert!(began.elapsed() < Duration::from_secs(20), "whoever records waits for nobody");
    let error = ledger.flush().await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("cannot be reached") && error.help().is_some());
    let health = ledger.health();
    assert!(health.behind && health.last_error.is_some_and(|error| error.contains("cannot be reached")));
    assert_eq!(health.usage_pending, 29_999);
    assert!(health.rows_dropped > 0 && health.rows_pending > 0);
    for error in [
        ledger.calls(&CallFilter::default()).await.unwrap_err(),
        ledger.callers(NOW).await.unwrap_err(),
        ledger.new_key(&acme, [1; 32], CLI).await.unwrap_err(),
    ] {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }

    changes.borrow_and_update();
    server.go_on();
    caught_up(&ledger).await;
    assert_eq!(total(&ledger).await.calls, 30_000, "exact");
    let rows: u64 = server.sql("SELECT count(*) FROM switchboard.calls").parse().unwrap();
    assert_eq!(rows + ledger.health().rows_dropped, 30_000, "written, or counted as lost");
    // Whoever keeps accounts in memory reads them anew: what was changed meanwhile was not heard.
    tokio::time::timeout(Duration::from_secs(60), changes.changed()).await.unwrap().unwrap();
    ledger.new_key(&acme, [1; 32], CLI).await.unwrap();
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_commit_without_an_answer_is_counted_once() {
    let Some(server) = Server::start() else { return };
    let line = Line::to(server.folder());
    let ledger = opened(line.url()).await.unwrap();
    let recorder = ledger.recorder();
    let mut expected = 0;
    for round in 0..6 {
        for nth in 0..100 {
            recorder.usage(usage(&call(NOW + nth, round)));
            expected += 1;
        }
        line.cut_at_commit();
        // Whoever writes first, rows or usage, is cut: the recording's clock or this.
        while !line.was_cut() {
            drop(ledger.flush().await);
        }
        recorder.usage(usage(&call(NOW, round)));
        expected += 1;
        caught_up(&ledger).await;
        assert_eq!(total(&ledger).await.calls, expected, "neither twice nor lost");
    }
    ledger.close().await.unwrap();
    assert_eq!(server.sql("SELECT count(*) FROM switchboard.adders"), "0");
}

#[tokio::test]
async fn a_part_of_a_quota_whose_grant_got_lost_is_had_again_and_nothing_is_had_twice() {
    let Some(server) = Server::start() else { return };
    let line = Line::to(server.folder());
    let ledger = opened(line.url()).await.unwrap();
    let store = ledger.quotas();
    let ask = |want, back, owed| {
        let mut wish = crate::quotas::wish(Period::Month, 100, NOW, want);
        (wish.back, wish.owed) = (back, owed);
        wish
    };
    let slot = ask(0, Vec::new(), 0).slot.start_ms;
    let first = lease(&store, ask(10, Vec::new(), 0)).await.unwrap();
    assert_eq!((first.amount, first.counted), (10, 10));
    // Twice in a row: also what is undone may get lost.
    for cuts in [1, 2, 3] {
        for _ in 0..cuts {
            while line.was_cut() {
                line.cut_at_commit();
            }
            let lost = lease(&store, ask(20, vec![(slot, 5)], 3)).await;
            // Another connection of this process may have been cut in its place.
            if let Ok(had) = lost {
                lease(&store, ask(0, vec![(slot, had.amount + 3)], 5)).await.unwrap();
            }
        }
        while !line.was_cut() {
            drop(ledger.flush().await);
            ledger.recorder().usage(usage(&call(NOW, 1)));
        }
        let now = lease(&store, ask(0, Vec::new(), 0)).await.unwrap();
        assert_eq!(now.counted, 10, "as if nothing had been asked");
    }
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_database_that_answers_nothing_holds_up_nobody() {
    let Some(server) = Server::start() else { return };
    let ledger = opened(server.url()).await.unwrap();
    let recorder = ledger.recorder();
    recorder.usage(usage(&call(NOW, 0)));
    ledger.flush().await.unwrap();
    server.freeze(false);
    for nth in 1..1_000 {
        recorder.row(call(NOW, nth));
        recorder.usage(usage(&call(NOW, nth)));
    }
    let error = ledger.flush().await.unwrap_err();
    assert!(error.to_string().contains("no answer within"), "{error}");
    assert!(ledger.health().behind);
    server.freeze(true);
    caught_up(&ledger).await;
    assert_eq!(total(&ledger).await.calls, 1_000, "exact, whatever had arrived when it stopped");
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_slow_database_is_given_up_on_and_tried_again() {
    let Some(server) = Server::start() else { return };
    let ledger = opened(server.url()).await.unwrap();
    server.sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
         CREATE TRIGGER slow AFTER INSERT ON switchboard.usage EXECUTE FUNCTION slow()",
    );
    ledger.recorder().usage(usage(&call(NOW, 1)));
    let error = ledger.flush().await.unwrap_err();
    assert!(matches!(error, StoreError::Slow { .. }), "{error}");
    server.sql("DROP TRIGGER slow ON switchboard.usage");
    caught_up(&ledger).await;
    assert_eq!(total(&ledger).await.calls, 1);
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_no_count_and_is_over_when_there_is_room() {
    let Some(server) = Server::start() else { return };
    let Some(small) = Small::mount(&server) else { return };
    let at = small.0.display();
    server.sql(&format!("CREATE TABLESPACE small LOCATION '{at}'"));
    server.sql("ALTER ROLE ledger SET default_tablespace = small");
    let ledger = opened(server.url()).await.unwrap();
    let recorder = ledger.recorder();
    let mut sent = 0;
    let error = loop {
        for _ in 0..2_000 {
            let mut record = call(NOW, sent);
            record.path = format!("/{}", "x".repeat(500));
            recorder.row(record);
            recorder.usage(usage(&call(NOW, sent)));
            sent += 1;
        }
        match ledger.flush().await {
            Ok(()) => assert!(sent < 100_000),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(ledger.health().behind);
    small.grow();
    caught_up(&ledger).await;
    assert_eq!(total(&ledger).await.calls, sent);
    assert_eq!(server.sql("SELECT count(*) FROM switchboard.calls"), sent.to_string(), "they waited");
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_dump_that_takes_long_holds_up_no_new_day() {
    let Some(server) = Server::start() else { return };
    let ledger = opened(server.url()).await.unwrap();
    let old = call(NOW - 40 * crate::harness::DAY, 1);
    ledger.recorder().row(old.clone());
    ledger.flush().await.unwrap();
    let mut dump = crate::harness::guest(&server).await;
    sqlx::raw_sql(
        "BEGIN; SELECT count(*) FROM calls; SELECT count(*) FROM arrivals; SELECT count(*) FROM details",
    )
    .execute(&mut dump)
    .await
    .unwrap();
    // A day begins, and another one is to be dropped, which waits for the dump.
    ledger.recorder().row(call(NOW, 1));
    caught_up(&ledger).await;
    assert!(ledger.call(call(NOW, 1).id).await.unwrap().is_some());
    assert!(matches!(ledger.prune(NOW).await, Err(StoreError::Locked { .. })));
    sqlx::raw_sql("ROLLBACK").execute(&mut dump).await.unwrap();
    assert_eq!(ledger.prune(NOW).await.unwrap(), 1);
    assert!(ledger.call(old.id).await.unwrap().is_none());
    ledger.close().await.unwrap();
}

#[tokio::test]
async fn a_character_that_postgresql_cannot_hold_spoils_no_other_row() {
    let Some(server) = Server::start() else { return };
    let ledger = opened(server.url()).await.unwrap();
    let mut odd = call(NOW, 1);
    odd.path = "/a\0b".to_owned();
    for record in [odd, call(NOW, 2)] {
        ledger.recorder().row(record);
    }
    ledger.flush().await.unwrap();
    let (found, _) = ledger.call(call(NOW, 1).id).await.unwrap().unwrap();
    assert_eq!(found.path, "/a\u{fffd}b");
    assert!(ledger.call(call(NOW, 2).id).await.unwrap().is_some());
}

/// A disk of four megabytes.
struct Small(std::path::PathBuf);

impl Small {
    #[expect(clippy::print_stderr, reason = "a test that skips says so")]
    fn mount(server: &Server) -> Option<Self> {
        let at = server.folder().join("small");
        std::fs::create_dir(&at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m,mode=0777", "small"]).arg(&at).output();
        if !mounted.is_ok_and(|mounted| mounted.status.success()) {
            eprintln!("skipped: only root can mount a small disk");
            return None;
        }
        let small = Self(at);
        crate::postgres::give(&small.0);
        Some(small)
    }

    fn grow(&self) {
        let grown = Command::new("mount").args(["-o", "remount,size=200m"]).arg(&self.0).status().unwrap();
        assert!(grown.success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the server still has its files open.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
