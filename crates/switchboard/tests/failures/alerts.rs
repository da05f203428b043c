//! Thresholds call a webhook: signed, once in a period, again after a refusal, after a kill, and by one of two processes.

use crate::harness::{Running, curl, program};
use crate::keys::{done, new_key};
use crate::receiver::{Message, Receiver, SECRET};
use crate::served::{Beside, becomes, board, health};
use demo::Provider;
use serde_json::Value;
use std::collections::BTreeSet;

/// A board with a quota of ten a year, and a webhook.
pub(crate) fn text(provider: &str, receiver: &Receiver, alerts: &str) -> String {
    let tables =
        format!("[webhooks.ops]\nurl = \"{}\"\nsecret = \"file:webhook-secret\"\n{alerts}", receiver.url());
    board(provider, "", &tables).replace("auth = \"none\"", "auth = \"key\"\nquota = \"10/year\"")
}

const NEAR: &str = "[alerts.near]\nwhen = \"quota 80%\"\nto = \"ops\"\n";

pub(crate) fn serve(text: &str) -> (Running, String) {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("webhook-secret"), SECRET).unwrap();
    Running::serve_with(home, text, &[])
}

/// A key of a consumer that the running board knows.
pub(crate) fn key(running: &Running, consumer: &str, url: &str) -> String {
    done(running, &["consumer", "add", consumer, "--plan", "open"]);
    let key = new_key(running, consumer);
    let field = format!("X-Api-Key: {key}");
    becomes(100, "the key opens", 200, || curl(&["-H", &field, url]).status);
    key
}

fn ids(heard: &[Message]) -> BTreeSet<&str> {
    heard.iter().map(|message| message.id.as_str()).collect()
}

#[tokio::test]
async fn a_quota_that_is_nearly_used_up_is_told_once_and_again_until_it_is_taken() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(500);
    let (mut running, url) = serve(&text(&provider.url(), &receiver, NEAR));
    let second = Beside::serve(&running);
    let key = key(&running, "globex", &url);
    let field = format!("X-Api-Key: {key}");
    let urls = [url.clone(), second.url()];
    let answers: Vec<u16> = (0..12).map(|nth| curl(&["-H", &field, &urls[nth % 2]]).status).collect();
    assert!(answers.contains(&429), "{answers:?}");
    receiver.wait("told", |heard| !heard.is_empty());
    receiver.answer(302);
    receiver.wait("told again after 500", |heard| heard.iter().any(|message| message.answered == 302));
    receiver.answer(204);
    let heard = receiver.wait("told again after a redirect, which is not followed", |heard| {
        heard.iter().any(|message| message.answered == 204)
    });
    assert_eq!(ids(&heard).len(), 1, "one id for all attempts: {heard:?}");
    let message = heard.last().unwrap();
    assert_eq!(message.path, "/in/?team=ops");
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["alert"]), (&"alert.quota".into(), &"near".into()));
    let data = &body["data"];
    assert_eq!(
        (&data["consumer"], &data["plan"], &data["quota"]),
        (&"globex".into(), &"open".into(), &"10/year".into())
    );
    assert!((8..=10).contains(&data["granted"].as_u64().unwrap()) && data["amount"] == 10, "{body}");
    assert!(!message.body.contains("sbk_") && !message.body.contains("sha256"), "{body}");
    becomes(100, "nothing waits", 0.into(), || health(&running)["alerts"]["waiting"].clone());

    // Another consumer is other news; the first is told no second time, by neither process.
    let other = self::key(&running, "initech", &url);
    let field = format!("X-Api-Key: {other}");
    (0..12).for_each(|_| drop(curl(&["-H", &field, &url])));
    let heard = receiver.wait("the other is told", |heard| ids(heard).len() > 1);
    becomes(100, "nothing waits", 0.into(), || health(&running)["alerts"]["waiting"].clone());
    let taken: Vec<_> = receiver.heard().into_iter().filter(|message| message.answered == 204).collect();
    assert_eq!((taken.len(), ids(&taken).len()), (2, 2), "{heard:?}");
    assert!(taken[1].body.contains("initech"));
    // Only the process that sends says it.
    if health(&running)["alerts"]["sends"] == true {
        running.wait_for("webhook `ops` did not take news of alert `near`");
    }
}

#[tokio::test]
async fn news_survive_a_kill_with_their_id() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(500);
    let (running, url) = serve(&text(&provider.url(), &receiver, NEAR));
    let key = key(&running, "globex", &url);
    let field = format!("X-Api-Key: {key}");
    (0..12).for_each(|_| drop(curl(&["-H", &field, &url])));
    receiver.wait("told", |heard| !heard.is_empty());
    let home = running.kill();
    receiver.answer(200);
    let mut running = Running::start_in(home, &["serve"]);
    running.wait_for(&url);
    let heard =
        receiver.wait("told after the kill", |heard| heard.iter().any(|message| message.answered == 200));
    assert_eq!(ids(&heard).len(), 1, "{heard:?}");
    becomes(100, "nothing waits", (0.into(), true.into()), || {
        let alerts = health(&running)["alerts"].clone();
        (alerts["waiting"].clone(), alerts["sends"].clone())
    });
    assert_eq!(receiver.heard().iter().filter(|message| message.answered == 200).count(), 1);
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn errors_and_soft_quotas_are_told_and_a_webhook_that_is_gone_does_not_stop_calls() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(500).start().await;
    let receiver = Receiver::answering(410);
    let alerts = "[alerts.broken]\nwhen = \"errors 5% in 5m\"\nto = \"ops\"\n[alerts.over]\nwhen = \"soft-limit\"\nto = \"ops\"\n";
    let text = board(&provider.url(), "retries = 0", "")
        .replace("auth = \"none\"", "auth = \"none\"\nquota = \"5/year soft\"");
    let text = format!(
        "{text}[webhooks.ops]\nurl = \"{}\"\nsecret = \"file:webhook-secret\"\n{alerts}",
        receiver.url()
    );
    let (mut running, url) = serve(&text);
    let answers: BTreeSet<u16> = (0..25).map(|_| curl(&[&url]).status).collect();
    assert_eq!(answers, BTreeSet::from([500]));
    let heard = receiver.wait("both are told", |heard| ids(heard).len() == 2);
    let bodies: Vec<Value> =
        heard.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    let of =
        |kind: &str| bodies.iter().find(|body| body["type"] == kind).unwrap_or_else(|| panic!("{bodies:?}"));
    let errors = &of("alert.errors")["data"];
    let number = |of: &str| errors[of].as_u64().unwrap();
    assert!(errors["api"] == "acme" && number("errors") >= 20, "{errors}");
    // It says how many calls it stands on.
    assert!((number("errors")..=25).contains(&number("calls")), "{errors}");
    let soft = &of("alert.soft_limit")["data"];
    assert!(
        soft["plan"] == "open" && soft["address"] == "127.0.0.1" && soft["quota"] == "5/year soft",
        "{soft}"
    );
    running.wait_for("are given up, webhook `ops` did not take them: it answered 410");
    becomes(100, "given up, and said", (2.into(), 0.into()), || {
        let alerts = health(&running)["alerts"].clone();
        (alerts["given_up"].clone(), alerts["waiting"].clone())
    });
    assert_eq!((curl(&[&url]).status, running.stop()), (500, Some(0)));
}
