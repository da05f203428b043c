//! `usage` of a period and its export: the same numbers and bytes, in whichever order and database calls were counted.

use crate::harness::postgres::Server;
use crate::harness::{stderr, stdout, switchboard};
use exchange::{ConsumerName, Fault, Outcome, PlanName, Secret, Usage, UsageKey};
use ledger::{Ledger, LedgerOptions, Place};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// 2026-10-01T00:00:00Z.
const OCTOBER: u64 = 1_790_812_800_000;
const DAY: u64 = 86_400_000;
const BOARD: &str = "console = false\n[plans.pro]\nauth = \"key\"\nprice = \"0.005 EUR\"\n\
    [plans.bulk]\nauth = \"key\"\nprice = \"1.50 USD/1000\"\n[plans.free]\nauth = \"key\"\n";

/// Calls of October, and some around it that are not.
fn calls() -> Vec<Usage> {
    let mut calls = Vec::new();
    let mut add = |at: u64, who: Option<&str>, plan: Option<&str>, outcome, class| {
        let price = match plan {
            Some("pro") => Some("0.005 EUR"),
            Some("bulk") => Some("1.50 USD/1000"),
            _ => None,
        };
        let key = UsageKey {
            minute: at / 60_000,
            api: "orders".into(),
            operation: "getOrder".into(),
            consumer: who.map(ConsumerName::new),
            plan: plan.map(PlanName::new),
            price: price.map(Into::into),
            outcome,
            class,
        };
        calls.push(Usage { key, bytes: 10, took_us: 5 });
    };
    for nth in 0..2_005 {
        let at = OCTOBER + nth * 1_333_333;
        let (who, plan) = [("globex", "pro"), ("acme", "pro"), ("globex", "bulk"), ("Zebra", "free")]
            [usize::try_from(nth % 4).unwrap()];
        let (outcome, class) = match nth % 10 {
            0 => (Outcome::Declined, 4),
            1 => (Outcome::Refused, 4),
            2 => (Outcome::Failed(Fault::Provider), 5),
            _ => (Outcome::Succeeded, 2),
        };
        add(at, Some(who), Some(plan), outcome, class);
    }
    add(OCTOBER + 7, None, None, Outcome::Refused, 4);
    add(OCTOBER - 1, Some("globex"), Some("pro"), Outcome::Succeeded, 2);
    add(OCTOBER + 31 * DAY, Some("globex"), Some("pro"), Outcome::Succeeded, 2);
    calls
}

async fn keep(place: Place, calls: impl Iterator<Item = Usage>) {
    let ledger = Ledger::open(LedgerOptions::new(place)).await.unwrap();
    for (nth, call) in calls.enumerate() {
        ledger.recorder().usage(call);
        if nth % 700 == 0 {
            ledger.flush().await.unwrap();
        }
    }
    ledger.close().await.unwrap();
}

fn run(home: &Path, args: &[&str]) -> Output {
    switchboard(home).args(args).output().unwrap()
}

fn done(home: &Path, args: &[&str]) -> String {
    let output = run(home, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

#[tokio::test]
async fn an_export_is_the_same_bytes_however_often_it_runs_and_on_either_database() {
    let files = tempfile::tempdir().unwrap();
    std::fs::write(files.path().join("switchboard.toml"), BOARD).unwrap();
    keep(Place::from(&files.path().join(".switchboard")), calls().into_iter()).await;
    let csv = done(files.path(), &["usage", "export", "--period", "2026-10"]);
    let json = done(files.path(), &["usage", "export", "--period", "2026-10", "--format", "json"]);
    for _ in 0..2 {
        assert_eq!(done(files.path(), &["usage", "export", "--period", "2026-10"]), csv);
    }
    let to = files.path().join("october.csv");
    done(files.path(), &["usage", "export", "--period", "2026-10", "-o", to.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), csv);
    assert_eq!(
        csv.lines().nth(2).unwrap(),
        "2026-10,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,ended,succeeded+declined,Zebra,free,501,401,0,100,0,0,0,401,,,,"
    );

    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["state"], "ended");
    assert_eq!(document["totals"]["calls"], 2_006, "none of the months around it");
    let globex = |line: &&Value| line["consumer"] == "globex" && line["plan"] == "pro";
    let line = document["lines"].as_array().unwrap().iter().find(globex).unwrap();
    // Every fourth call of 2,005, of which one in five is the provider's fault or was declined.
    assert_eq!((&line["calls"], &line["failed"], &line["declined"]), (&502.into(), &100.into(), &101.into()));
    assert_eq!(
        (&line["billed"], &line["amount"], &line["due"]),
        (&402.into(), &"2.010".into(), &"2.01".into())
    );

    let nobody = document["lines"].as_array().unwrap().iter().find(|line| line["calls"] == 1).unwrap();
    assert_eq!(
        (&nobody["consumer"], &nobody["plan"]),
        (&Value::Null, &Value::Null),
        "who has no name is null"
    );
    assert!(csv.lines().nth(1).unwrap().contains(",succeeded+declined,,,1,"), "and nothing in CSV");

    // Counted in another order, with other additions in between, in a real PostgreSQL.
    let Some(server) = Server::start() else { return };
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("url"), server.url()).unwrap();
    let board = format!("{BOARD}\n[ledger]\npostgres = \"file:url\"\n");
    std::fs::write(other.path().join("switchboard.toml"), board).unwrap();
    keep(Place::Postgres(Secret::new(server.url())), calls().into_iter().rev()).await;
    assert_eq!(done(other.path(), &["usage", "export", "--period", "2026-10"]), csv);
    assert_eq!(done(other.path(), &["usage", "export", "--period", "2026-10", "--format", "json"]), json);
}

#[tokio::test]
async fn the_lines_of_an_export_add_up_to_what_usage_says_of_the_same_period() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("switchboard.toml"), BOARD).unwrap();
    keep(Place::from(&home.path().join(".switchboard")), calls().into_iter()).await;
    for period in ["2026", "2026-10", "2026-10-03", "2026-10-03T14"] {
        let json = done(home.path(), &["usage", "export", "--open", "--period", period, "--format", "json"]);
        let export: Value = serde_json::from_str(&json).unwrap();
        let lines = export["lines"].as_array().unwrap();
        let sum = |of: &str| lines.iter().map(|line| line[of].as_u64().unwrap()).sum::<u64>();
        for by in ["consumer,plan", "api,operation,class", "day,consumer", "hour", "minute,consumer"] {
            let rows = done(home.path(), &["usage", "--period", period, "--by", by, "--format", "json"]);
            let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
            for of in ["calls", "succeeded", "declined", "refused", "failed", "aborted", "panicked"] {
                let counted = rows.iter().map(|row| row[of].as_u64().unwrap()).sum::<u64>();
                assert_eq!(counted, sum(of), "{period} by {by}: {of}");
            }
        }
        assert!(sum("calls") > 0, "{period}");
        assert_eq!(
            (sum("calls"), sum("billed")),
            (export["totals"]["calls"].as_u64().unwrap(), export["totals"]["billed"].as_u64().unwrap(),)
        );
    }
    let prices = done(
        home.path(),
        &["usage", "--period", "2026-10", "--prices", "--by", "consumer", "--format", "csv"],
    );
    assert!(
        prices
            .lines()
            .any(|line| line.starts_with("globex,pro,502,") && line.ends_with(",402,0.005 EUR,2.010,EUR")),
        "{prices}"
    );
    let table = done(home.path(), &["usage", "--period", "2026-10", "--prices", "--by", "consumer"]);
    assert!(table.contains("2.010 EUR"), "{table}");
}

#[test]
fn a_period_that_has_not_ended_is_refused_with_the_reason_or_marked() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("switchboard.toml"), BOARD).unwrap();
    let output = run(home.path(), &["usage", "export", "--period", "2999-10"]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("the period 2999-10 has not ended: it ends at 2999-11-01T00:00:00Z"), "{said}");
    assert!(said.contains("--open") && stdout(&output).is_empty(), "{said}");
    let output = run(home.path(), &["usage", "export", "--period", "10/2026"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is no period of the calendar"), "{}", stderr(&output));
}

#[tokio::test]
async fn what_the_board_says_today_changes_no_bill_and_a_price_that_changed_has_a_line_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let board = |text: &str| std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    board(BOARD);
    let place = Place::from(&home.path().join(".switchboard"));
    keep(place.clone(), calls().into_iter()).await;
    let export = || {
        ["csv", "json"]
            .map(|format| done(home.path(), &["usage", "export", "--period", "2026-10", "--format", format]))
    };
    let before = export();
    for text in [
        BOARD.replace("0.005 EUR", "9 CHF"),
        BOARD.replace("price = \"0.005 EUR\"\n", ""),
        BOARD.replace("[plans.pro]", "[plans.basic]"),
        BOARD.replace("[plans.free]\nauth = \"key\"", "[plans.free]\nauth = \"key\"\nprice = \"1 EUR\""),
        "console = false\n".to_owned(),
    ] {
        board(&text);
        assert_eq!(export(), before, "{text}");
    }

    // Calls of the same plan with another price: lines of their own, and the others as they were.
    let dearer = calls().into_iter().take(40).filter(|call| call.key.price.as_deref() == Some("0.005 EUR"));
    keep(
        place,
        dearer.map(|call| Usage { key: UsageKey { price: Some("1 CHF".into()), ..call.key }, ..call }),
    )
    .await;
    let [csv, json] = export();
    let new: Vec<_> = csv.lines().filter(|line| !before[0].contains(line)).collect();
    let ends = |who: &str, end: &str| {
        new.iter()
            .any(|line| line.contains(&format!("ended,succeeded+declined,{who},pro,")) && line.ends_with(end))
    };
    assert!(
        new.len() == 2 && ends("acme", ",8,1 CHF,CHF,8,8.00") && ends("globex", ",8,1 CHF,CHF,8,8.00"),
        "{new:?}"
    );
    assert_eq!(csv.lines().count(), before[0].lines().count() + 2);
    let totals: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(totals["totals"]["amounts"][0]["currency"], "CHF");
    let table = done(home.path(), &["usage", "--period", "2026-10", "--by", "price"]);
    assert!(
        table.contains("\n1 CHF ") && table.contains("\n0.005 EUR ") && table.contains("\n- "),
        "{table}"
    );
}

#[tokio::test]
async fn an_open_period_is_marked() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("switchboard.toml"), BOARD).unwrap();
    keep(Place::from(&home.path().join(".switchboard")), calls().into_iter()).await;
    let open = done(home.path(), &["usage", "export", "--period", "2999", "--open", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&open).unwrap()["state"], "open");
    let open = done(home.path(), &["usage", "export", "--period", "2999", "--open"]);
    assert!(open.starts_with("period,from,until,state,billed_outcomes,consumer,plan,calls,"), "{open}");
}
