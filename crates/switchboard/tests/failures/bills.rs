//! What is billed of a board that runs: prices that change under it, bills of the past that do not, counts that wait.

use crate::harness::database;
use crate::harness::postgres::Server;
use crate::harness::{Running, curl, program, stderr, stdout};
use crate::keys::{done, new_key};
use crate::served::{becomes, board};
use demo::Provider;
use exchange::{ConsumerName, Outcome, PlanName, Secret, Usage, UsageKey};
use ledger::{Ledger, LedgerOptions, Place};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;

/// 2026-10-03T14:00:00Z.
const OCTOBER: u64 = 1_791_036_000_000;

/// Calls of October at the price of October.
async fn call_in_october(place: Place) {
    let ledger = Ledger::open(LedgerOptions::new(place)).await.unwrap();
    for nth in 0..100 {
        let key = UsageKey {
            minute: OCTOBER / 60_000 + nth,
            api: "acme".into(),
            operation: "".into(),
            consumer: Some(ConsumerName::new("globex")),
            plan: Some(PlanName::new("open")),
            price: Some("0.003 EUR".into()),
            outcome: Outcome::Succeeded,
            class: 2,
        };
        ledger.recorder().usage(Usage { key, bytes: 10, took_us: 5 });
    }
    ledger.close().await.unwrap();
}

fn october(running: &Running) -> [String; 2] {
    ["csv", "json"]
        .map(|format| done(running, &["usage", "export", "--period", "2026-10", "--format", format]))
}

/// Price, calls that are billed and their amount, of what was called just now.
fn prices(running: &Running) -> Vec<(String, u64, String)> {
    let said = done(
        running,
        &["usage", "--since", "1h", "--consumer", "globex", "--prices", "--by", "plan", "--format", "json"],
    );
    let rows: Vec<Value> = serde_json::from_str(&said).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    rows.iter()
        .map(|row| (text(&row["price"]), row["billed"].as_u64().unwrap(), text(&row["amount"])))
        .collect()
}

#[tokio::test]
async fn a_price_that_changes_under_a_running_board_holds_from_the_next_call_on_and_changes_no_bill_of_the_past()
 {
    if program("curl").is_none() {
        return;
    }
    for server in [None, Server::start()].into_iter().enumerate() {
        let server = match server {
            (0, _) if database::leaves_out_files() => continue,
            (0, _) => None,
            (_, Some(server)) => Some(server),
            (_, None) => return,
        };
        let provider = Provider::status(200).start().await;
        let home = tempfile::tempdir().unwrap();
        let (place, tables) = match &server {
            None => (Place::from(&home.path().join(".switchboard")), ""),
            Some(server) => {
                std::fs::write(home.path().join("database-url"), server.url()).unwrap();
                (Place::Postgres(Secret::new(server.url())), "[ledger]\npostgres = \"file:database-url\"\n")
            }
        };
        call_in_october(place).await;
        let text = board(&provider.url(), "", tables)
            .replace("auth = \"none\"", "auth = \"key\"\nprice = \"0.005 EUR\"");
        let (running, url) = Running::serve_with(home, &text, &[]);
        let before = october(&running);
        assert!(before[0].contains(",100,0.003 EUR,EUR,0.300,0.30\n"), "{}", before[0]);

        done(&running, &["consumer", "add", "globex", "--plan", "open"]);
        let key = new_key(&running, "globex");
        let field = format!("X-Api-Key: {key}");
        becomes(100, "the key opens", 200, || curl(&["-H", &field, &url]).status);
        let first = provider.calls();
        becomes(50, "they are counted", first, || prices(&running).iter().map(|row| row.1).sum());
        let file = running.home.path().join("switchboard.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("0.005 EUR", "7 CHF/1000")).unwrap();
        done(&running, &["reload"]);
        for _ in 0..3 {
            assert_eq!(curl(&["-H", &field, &url]).status, 200);
        }
        becomes(
            50,
            "a line for each price",
            vec![
                ("0.005 EUR".to_owned(), first, format!("0.{:03}", 5 * first)),
                ("7 CHF/1000".to_owned(), 3, "0.021".to_owned()),
            ],
            || prices(&running),
        );
        assert_eq!(october(&running), before, "while it runs");

        // With nobody running a changed file changes nothing that was counted.
        let home = running.kill();
        let text = std::fs::read_to_string(home.path().join("switchboard.toml")).unwrap();
        std::fs::write(home.path().join("switchboard.toml"), text.replace("price = \"7 CHF/1000\"\n", ""))
            .unwrap();
        let running = Running::start_in(home, &["status"]);
        assert_eq!((october(&running), prices(&running).len()), (before, 2), "while nobody runs");
    }
}

/// What a process of a board answers on its socket that cannot write its counts.
fn holds_counts_since(socket: &std::path::Path, since_ms: u64) {
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut stream = BufReader::new(stream);
            let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
            stream.read_line(&mut first).unwrap();
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                if let Some((name, value)) = line.split_once(": ")
                    && name.eq_ignore_ascii_case("content-length")
                {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            stream.read_exact(&mut vec![0; length]).unwrap();
            let (status, body) = if first.contains("/flush") {
                (503, json!({ "detail": "the disk is full" }))
            } else {
                (200, json!({ "usage_pending": 7, "usage_since_ms": since_ms }))
            };
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
}

#[tokio::test]
async fn a_period_is_not_billed_while_a_process_holds_calls_of_it_that_are_not_counted() {
    let home = tempfile::tempdir().unwrap();
    let text = board("http://127.0.0.1:9", "", "").replace("{port}", "0");
    std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    let folder = home.path().join(".switchboard");
    call_in_october(Place::from(&folder)).await;
    let running = Running::start_in(home, &["status"]);
    let before = october(&running);

    holds_counts_since(&folder.join("run.sock"), OCTOBER);
    let output = running.command(&["usage", "export", "--period", "2026-10"]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), ""), "{said}");
    let words = "a process of this board (`run.sock`) holds 7 calls that are not counted yet, of 2026-10 or before: the disk is full";
    assert!(said.contains(words) && said.contains("usage_pending: 0"), "{said}");
    let open = done(&running, &["usage", "export", "--period", "2026-10", "--open"]);
    assert_eq!(open, before[0].replace(",ended,", ",open,"));

    // What waits there is of a later time.
    std::fs::remove_file(folder.join("run.sock")).unwrap();
    holds_counts_since(&folder.join("run.sock"), OCTOBER + 31 * 86_400_000);
    assert_eq!(october(&running), before);
}
