//! Counts by minute, hour and day say the same, whatever comes late, is dropped, or is killed in the middle.

use crate::example::call;
use crate::harness::{DAY, Home, NOW, all_rows, on_both, total, usage};
use exchange::{CallRecord, Secret};
use ledger::{Group, Ledger, LedgerOptions, Place, StoreError, UsageFilter};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const PLACE: &str = "LEDGER_TEST_ROLLING_PLACE";
const HOUR: u64 = 3_600_000;
const MINUTE: u64 = 60_000;
/// Midnight.
const BEGIN: u64 = NOW - NOW % DAY;

on_both! {
    any_question_is_answered_as_if_every_call_were_looked_at,
    minutes_are_dropped_when_they_are_old_and_hours_and_days_stay,
    a_kill_in_the_middle_of_adding_up_loses_and_doubles_nothing,
    what_calls_cost_stays_with_their_counts_when_they_are_added_up_and_their_minutes_are_gone,
    somebody_who_writes_and_was_not_heard_of_since_is_known,
}

/// A sequence of numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn counted(at: u64, who: u64) -> CallRecord {
    let mut record = call(at, who);
    if who == 0 {
        record.consumer = None;
    }
    record
}

/// What each answer must be, from every call itself.
fn expected(calls: &[(u64, u64)], since: u64, until: u64, group: Group) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (at, who) in calls.iter().filter(|(at, _)| (since..until).contains(at)) {
        let key = match group {
            Group::Hour => (at - at % HOUR).to_string(),
            Group::Day => (at - at % DAY).to_string(),
            Group::Minute => (at - at % MINUTE).to_string(),
            _ => (if *who == 0 { "" } else { "globex" }).to_owned(),
        };
        *sums.entry(key).or_insert(0) += 1;
    }
    sums
}

async fn answered(ledger: &Ledger, since: u64, until: u64, group: Group) -> BTreeMap<String, u64> {
    let filter = UsageFilter {
        since_ms: Some(since),
        until_ms: Some(until),
        group_by: vec![group],
        ..UsageFilter::default()
    };
    let rows = ledger.usage(&filter).await.unwrap();
    let key =
        |row: &ledger::UsageRow| row.at_ms.map_or_else(|| row.consumer.clone().unwrap(), |at| at.to_string());
    let sums: BTreeMap<_, _> = rows.iter().map(|row| (key(row), row.calls)).collect();
    assert_eq!(sums.len(), rows.len(), "each row once");
    sums
}

async fn any_question_is_answered_as_if_every_call_were_looked_at(home: &mut Home) {
    let ledger = home.ledger().await;
    let recorder = ledger.recorder();
    let (mut dice, mut calls, mut now) = (Dice(7), Vec::new(), BEGIN + DAY);
    for round in 0..40 {
        for _ in 0..dice.throw(40) {
            // Mostly now; some come late, some days late.
            let late = [0, MINUTE, 5 * HOUR, 2 * DAY][usize::try_from(dice.throw(16)).unwrap().min(3) % 4];
            let at = (now - late.min(now - BEGIN)) / MINUTE * MINUTE + dice.throw(60) * 1_000;
            let who = dice.throw(3);
            recorder.usage(usage(&counted(at, who)));
            calls.push((at, who));
        }
        ledger.flush().await.unwrap();
        now += dice.throw(9) * HOUR / 2 + dice.throw(60) * MINUTE;
        if round % 3 != 0 {
            ledger.roll_up(now).await.unwrap();
        }
        for _ in 0..6 {
            let minutes = (now - BEGIN) / MINUTE + 100;
            let mut ends = [dice.throw(minutes), dice.throw(minutes)];
            ends.sort_unstable();
            let round_to = [MINUTE, HOUR, DAY][usize::try_from(dice.throw(3)).unwrap()];
            let [since, until] = ends.map(|minute| (BEGIN + minute * MINUTE) / round_to * round_to);
            for group in [Group::Consumer, Group::Day, Group::Hour, Group::Minute] {
                let answer = answered(&ledger, since, until, group).await;
                assert_eq!(
                    answer,
                    expected(&calls, since, until, group),
                    "round {round}: {since}..{until} by {group:?}"
                );
            }
        }
    }
    assert_eq!(total(&ledger).await.calls, calls.len() as u64);
    assert!(home.number("usage.db", "SELECT sum(calls) FROM usage_hours").await > 0);
    let day = "SELECT count(*) FROM usage_days d WHERE calls <> (SELECT sum(calls) FROM usage_hours h \
               WHERE h.minute / 1440 = d.minute / 1440 AND h.consumer = d.consumer)";
    assert_eq!(home.number("usage.db", day).await, 0);
}

async fn minutes_are_dropped_when_they_are_old_and_hours_and_days_stay(home: &mut Home) {
    let options = LedgerOptions { minutes: Duration::from_secs(3 * 86_400), ..all_rows(home.place()) };
    let ledger = Ledger::open(options).await.unwrap();
    let recorder = ledger.recorder();
    // One call each ten minutes of ten days.
    let calls: Vec<(u64, u64)> = (0..1_440).map(|nth| (BEGIN + nth * 10 * MINUTE, 1)).collect();
    for (at, who) in &calls {
        recorder.usage(usage(&counted(*at, *who)));
    }
    ledger.flush().await.unwrap();
    let now = BEGIN + 10 * DAY + HOUR;
    assert_eq!(ledger.roll_up(now).await.unwrap(), 240);
    assert_eq!(ledger.roll_up(now).await.unwrap(), 0);
    let left = home.number("usage.db", "SELECT count(*) FROM usage").await;
    assert_eq!(left, 3 * 144, "three days, and those wholly");
    for group in [Group::Consumer, Group::Day, Group::Hour] {
        assert_eq!(answered(&ledger, BEGIN, now, group).await, expected(&calls, BEGIN, now, group));
    }
    // An end within an hour whose minutes are gone is that of the hour.
    let answer = answered(&ledger, BEGIN + 25 * MINUTE, BEGIN + 2 * HOUR + MINUTE, Group::Consumer).await;
    assert_eq!(answer["globex"], 18);
    let minutes =
        UsageFilter { since_ms: Some(BEGIN), group_by: vec![Group::Minute], ..UsageFilter::default() };
    let gone = ledger.usage(&minutes).await.unwrap_err();
    assert!(matches!(gone, StoreError::MinutesGone { since_ms } if since_ms == BEGIN + 7 * DAY), "{gone}");
    assert!(gone.to_string().contains("minutes before 2026-11-28"), "{gone}");
    // What comes as late as that is in every sum, and its minute goes the next time.
    recorder.usage(usage(&counted(BEGIN + 5, 1)));
    ledger.flush().await.unwrap();
    ledger.roll_up(now).await.unwrap();
    assert_eq!(answered(&ledger, BEGIN, now, Group::Consumer).await["globex"], 1_441);
    assert_eq!(answered(&ledger, BEGIN, BEGIN + DAY, Group::Day).await[&BEGIN.to_string()], 145);
    assert_eq!(home.number("usage.db", "SELECT count(*) FROM usage").await, 3 * 144);
}

async fn what_calls_cost_stays_with_their_counts_when_they_are_added_up_and_their_minutes_are_gone(
    home: &mut Home,
) {
    let options = LedgerOptions { minutes: Duration::from_secs(86_400), ..all_rows(home.place()) };
    let ledger = Ledger::open(options).await.unwrap();
    // The price changes within an hour, and once more within a minute.
    for (nth, price) in [(0, None), (1, Some("1 EUR")), (2, Some("2 EUR")), (2, Some("3 JPY"))] {
        for _ in 0..=nth {
            let mut usage = usage(&counted(BEGIN + nth * MINUTE, 1));
            usage.key.price = price.map(Into::into);
            ledger.recorder().usage(usage);
        }
    }
    // The day is over.
    ledger.recorder().usage(usage(&counted(BEGIN + 2 * DAY, 1)));
    let prices = async || {
        let filter = UsageFilter {
            since_ms: Some(BEGIN),
            until_ms: Some(BEGIN + DAY),
            group_by: vec![Group::Plan, Group::Price],
            ..UsageFilter::default()
        };
        let rows = ledger.usage(&filter).await.unwrap();
        rows.into_iter().map(|row| (row.price.unwrap(), row.calls)).collect::<Vec<_>>()
    };
    ledger.flush().await.unwrap();
    let by_minute = prices().await;
    let wanted =
        [("", 1), ("1 EUR", 2), ("2 EUR", 3), ("3 JPY", 3)].map(|(price, calls)| (price.to_owned(), calls));
    assert_eq!(by_minute, wanted);
    ledger.roll_up(BEGIN + 10 * DAY).await.unwrap();
    assert_eq!(home.number("usage.db", "SELECT count(*) FROM usage").await, 1);
    assert_eq!(prices().await, wanted);
}

async fn somebody_who_writes_and_was_not_heard_of_since_is_known(home: &mut Home) {
    let ledger = home.ledger().await;
    ledger.lease_writer().await.unwrap();
    let seen =
        async || u64::try_from(home.number("usage.db", "SELECT max(seen_ms) FROM writers").await).unwrap();
    let reader = home.reader().await;
    let seen = loop {
        let at = seen().await;
        let mut said = Vec::new();
        for (before, now) in [
            (at, at + MINUTE),
            (at + 1, at + MINUTE),
            (at + MINUTE, at + 10 * MINUTE),
            // Gone, as far as anybody can tell.
            (at + MINUTE, at + 10 * MINUTE + 1),
        ] {
            said.push(reader.silent_writer(before, now).await.unwrap());
        }
        // It says once a minute, and soon after its beginning, that it is there.
        if seen().await == at {
            assert_eq!(said, [None, Some(at), Some(at), None]);
            break at;
        }
    };
    ledger.close().await.unwrap();
    assert_eq!(reader.silent_writer(seen + 1, seen + MINUTE).await.unwrap(), None, "it has gone in order");
}

/// The process that is killed: this very program, told to run this one test with a place.
#[tokio::test]
async fn the_process_that_is_killed() {
    let Ok(text) = std::env::var(PLACE) else { return };
    let place = if text.contains("://") { Place::Postgres(Secret::new(text)) } else { Place::from(&text) };
    let ledger = Ledger::open(all_rows(place)).await.unwrap();
    for hour in 0.. {
        for nth in 0..50 {
            ledger.recorder().usage(usage(&counted(BEGIN + hour * HOUR + nth * MINUTE, nth % 3)));
        }
        // A server holds the lock of somebody who was killed until it has seen that he went.
        while ledger.flush().await.is_err() {}
        writeln!(std::io::stderr(), "rolling {hour}").unwrap();
        while ledger.roll_up(BEGIN + (hour + 2) * HOUR).await.is_err() {}
    }
}

async fn a_kill_in_the_middle_of_adding_up_loses_and_doubles_nothing(home: &mut Home) {
    for (nth, wait) in [3_u32, 11, 14].into_iter().enumerate() {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "rolling::the_process_that_is_killed", "--nocapture"])
            .env(PLACE, home.text())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let begun = said.any(|line| line == format!("rolling {wait}"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(begun, "the child ended by itself");

        let ledger = home.ledger().await;
        let check = async |when: &str| {
            // Minutes are all there: what the coarser tables say must be what they say.
            let minutes =
                u64::try_from(home.number("usage.db", "SELECT sum(calls) FROM usage").await).unwrap();
            for group in [Group::Day, Group::Hour, Group::Minute, Group::Consumer] {
                let sum: u64 = answered(&ledger, 0, u64::MAX, group).await.values().sum();
                assert_eq!(sum, minutes, "{when} kill {nth} by {group:?}");
            }
            let rolled =
                "SELECT coalesce(sum(calls), 0) FROM usage WHERE minute < (SELECT until FROM rolled)";
            let rolled = home.number("usage.db", rolled).await;
            for table in ["usage_hours", "usage_days"] {
                let sum =
                    home.number("usage.db", &format!("SELECT coalesce(sum(calls), 0) FROM {table}")).await;
                assert_eq!(sum, rolled, "{when} kill {nth}: {table}");
            }
        };
        check("after").await;
        // All of it: the next one counts the same hours once more, late.
        ledger.roll_up(BEGIN + 30 * DAY).await.unwrap();
        check("added up after").await;
        ledger.close().await.unwrap();
    }
    let ledger = home.reader().await;
    let days: u64 = answered(&ledger, 0, u64::MAX, Group::Day).await.values().sum();
    let hours: u64 = answered(&ledger, 0, u64::MAX, Group::Hour).await.values().sum();
    assert_eq!(days, hours);
    assert!(days >= 3 * 50, "{days}");
}
