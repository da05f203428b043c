//! Numbers and names that cannot be: said to who writes the board, to who calls, and to who types a command.

use crate::harness::{Running, curl, program, stderr, stdout, switchboard};
use crate::keys::{done, keyed, new_key};
use crate::served::becomes;
use demo::Provider;
use exchange::KeyDigest;
use serde_json::Value;

/// Yesterday, as boards and commands write it.
fn yesterday() -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    now.yesterday().unwrap().date().to_string()
}

/// The number of the line that holds this.
fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

#[test]
fn a_board_with_a_negative_quota_or_an_unknown_plan_is_refused_at_the_line() {
    let home = tempfile::tempdir().unwrap();
    let text = keyed("http://127.0.0.1:9").replace("{port}", "0");
    for (from, to, problem, help) in [
        ("auth = \"key\"", "auth = \"key\"\nquota = \"-5/month\"", "error[bad-quota]", "\"10000/month\""),
        ("auth = \"key\"", "auth = \"key\"\nlimit = \"-5/min\"", "error[bad-rate]", "\"60/min\""),
        ("plans = [\"open\"]", "plans = [\"opne\"]", "error[unknown-plan]", "write \"open\""),
    ] {
        let text = text.replace(from, to);
        std::fs::write(home.path().join("switchboard.toml"), &text).unwrap();
        let line = line_of(&text, to.lines().last().unwrap());
        for words in [&["check"][..], &["serve"]] {
            let output = switchboard(home.path()).args(words).output().unwrap();
            let said = format!("{}{}", stdout(&output), stderr(&output));
            assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
            let at = format!("switchboard.toml:{line}:");
            assert!(said.contains(problem) && said.contains(&at) && said.contains(help), "{words:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_key_that_ended_yesterday_is_said_at_its_line_and_to_whoever_calls_with_it() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (digest, yesterday) = (KeyDigest::of("an-old-key"), yesterday());
    let tables = format!(
        "[consumers.globex]\nplans = [\"open\"]\nkeys = [{{ sha256 = \"{}\", expires = \"{yesterday}\" }}]\n",
        digest.to_string().trim_start_matches("sha256:")
    );
    let text = format!("{}{tables}", keyed(&provider.url()));
    let (running, url) = Running::serve(&text);
    let checked = running.command(&["check"]);
    let said = format!("{}{}", stdout(&checked), stderr(&checked));
    let at = format!("switchboard.toml:{}:", line_of(&text, "expires = "));
    assert!(checked.status.success(), "it opens nothing, and the board is right: {said}");
    assert!(said.contains("warning[ended-key]: a key of `globex` has ended") && said.contains(&at), "{said}");

    let answer = curl(&["-H", "X-Api-Key: an-old-key", &url]);
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, answer.field("content-type")), (401, Some("application/problem+json")));
    let words = problem["detail"].as_str().unwrap();
    assert!(
        problem["type"].as_str().unwrap().ends_with("/key-expired") && words.contains(&yesterday),
        "{problem}"
    );
    assert_eq!(provider.calls(), 0);

    done(&running, &["consumer", "add", "initech", "--plan", "open"]);
    let output = running.command(&["key", "new", "initech", "--expires", &yesterday]);
    let said = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{said}");
    assert!(said.contains(&format!("ended at {yesterday} 00:00 UTC")), "{said}");
}

#[tokio::test]
async fn a_plan_that_is_gone_is_said_to_who_holds_it_alone_and_to_who_gives_it() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&keyed(&provider.url()));
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let field = format!("X-Api-Key: {}", new_key(&running, "globex"));
    becomes(100, "the key opens", 200, || curl(&["-H", &field, &url]).status);
    let file = running.home.path().join("switchboard.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("\"open\"]", "\"silver\"]").replace("[plans.open]", "[plans.silver]"))
        .unwrap();
    done(&running, &["reload"]);
    let calls = provider.calls();
    let answer = curl(&["-H", &field, &url]);
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (answer.status, answer.field("content-type")),
        (403, Some("application/problem+json")),
        "{problem}"
    );
    let slug = problem["type"].as_str().unwrap().rsplit('/').next().unwrap();
    assert_eq!((slug, provider.calls()), ("plan-missing", calls), "{problem}");
    let output = running.command(&["consumer", "add", "initech", "--plan", "open"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("there is no plan `open`") && said.contains("silver"), "{said}");
}

#[test]
fn a_period_that_has_not_ended_or_is_none_is_no_bill() {
    let home = tempfile::tempdir().unwrap();
    let text = keyed("http://127.0.0.1:9").replace("{port}", "0");
    std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let this = ["%Y", "%Y-%m", "%Y-%m-%d"].map(|shape| now.strftime(shape).to_string());
    let open = this.iter().map(String::as_str).chain(["2999-10", "2999-10-03T14"]);
    let none = ["2026-13", "october"];
    let wanted = open
        .map(|period| (period, format!("the period {period} has not ended: it ends at ")))
        .chain(none.map(|period| (period, format!("`{period}` is no period of the calendar"))));
    for (period, wanted) in wanted {
        let output = switchboard(home.path()).args(["usage", "export", "--period", period]).output().unwrap();
        let said = stderr(&output);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{period}: {said}");
        assert!(said.contains(&wanted) && said.contains("help: "), "{period}: {said}");
    }
}
