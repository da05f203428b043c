//! Each kind of threshold, from the call that crosses it to the receiver: soft rates, drift, keys, on either database; and
//! receivers that are slow, gone or pressed.

use crate::alerts::{key, serve, text};
use crate::harness::postgres::Server;
use crate::harness::{Running, curl, program};
use crate::keys::{done, new_key};
use crate::receiver::{Message, Receiver, SECRET, SILENT};
use crate::served::{Beside, becomes, board, health};
use demo::Provider;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SOFT: &str = "[alerts.over]\nwhen = \"soft-limit\"\nto = \"ops\"\n";
/// Whose answer is an object with a number `id`, and nothing else.
const CONTRACT: &str = r#"{"openapi": "3.1.0", "info": {"title": "Acme", "version": "1"}, "paths": {"/thing": {"get": {
    "operationId": "getThing", "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {
        "type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}, "additionalProperties": false
    }}}}}}}}}"#;

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

/// Nothing waits any more; what was heard until then.
fn all_told(running: &Running, receiver: &Receiver) -> Vec<Message> {
    becomes(100, "nothing waits", 0.into(), || health(running)["alerts"]["waiting"].clone());
    receiver.heard()
}

#[tokio::test]
async fn whoever_goes_over_a_soft_rate_is_told_once_whichever_process_saw_it_and_is_served() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(200);
    let text = text(&provider.url(), &receiver, SOFT).replace(
        "auth = \"key\"\nquota = \"10/year\"",
        "auth = \"none\"\nlimit = [\"3/h soft\", \"30/h soft\"]",
    );
    let (running, url) = serve(&text);
    let second = Beside::serve(&running);
    let urls = [url, second.url()];
    let call = |times: usize| {
        let answers: Vec<u16> = (0..times).map(|nth| curl(&[&urls[nth % 2]]).status).collect();
        assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    };
    call(20);
    receiver.wait("told", |heard| !heard.is_empty());
    // Over the second limit too: whoever tells that has seen the first one passed again.
    call(80);
    receiver.wait("the other limit is told", |heard| heard.len() > 1);
    let heard = all_told(&running, &receiver);
    let limits: Vec<Value> = heard.iter().map(|message| body(message)["data"]["limit"].clone()).collect();
    assert_eq!(limits, ["3/h soft", "30/h soft"], "{heard:?}");
    let body = body(&heard[0]);
    assert_eq!(body["type"], "alert.soft_limit");
    let data = &body["data"];
    assert_eq!(
        (&data["plan"], &data["limit"], &data["per"], &data["address"], &data["alert"]),
        (&"open".into(), &"3/h soft".into(), &"address".into(), &"127.0.0.1".into(), &"over".into())
    );
    assert!((1..=17).contains(&data["over"].as_u64().unwrap()), "{body}");
}

#[tokio::test]
async fn a_provider_that_begins_to_answer_what_its_contract_does_not_say_is_told() {
    if program("curl").is_none() {
        return;
    }
    let drifts = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&drifts);
    let provider = Provider::answering(move |_| {
        let body = if seen.load(Ordering::Relaxed) { "{\"id\": \"seven\"}" } else { "{\"id\": 7}" };
        http::Response::builder().header("content-type", "application/json").body(body.into()).unwrap()
    });
    let provider = provider.start().await;
    let receiver = Receiver::answering(200);
    let tables = format!(
        "[webhooks.ops]\nurl = \"{}\"\nsecret = \"file:webhook-secret\"\n[alerts.drifting]\nwhen = \"drift 10% in 1h\"\nto = \"ops\"\n",
        receiver.url()
    );
    let text = board(&provider.url(), "", &tables).replace(
        "[apis.acme.upstream]",
        "[apis.acme]\ncontract = \"acme.json\"\ncheck = \"report\"\n[apis.acme.upstream]",
    );
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("webhook-secret"), SECRET).unwrap();
    std::fs::write(home.path().join("acme.json"), CONTRACT).unwrap();
    let (running, url) = Running::serve_with(home, &text, &[]);
    let call = || curl(&[&format!("{url}/thing")]).status;
    assert_eq!((0..9).map(|_| call()).collect::<Vec<_>>(), [200; 9]);
    becomes(50, "they are rows", 9, || crate::served::calls(&running).len());
    becomes(50, "looked at", true, || health(&running)["alerts"]["sends"] == true);
    assert!(receiver.heard().is_empty(), "so far it keeps its contract");
    drifts.store(true, Ordering::Relaxed);
    assert_eq!(call(), 200, "reported, and let through");
    let heard = receiver.wait("told", |heard| !heard.is_empty());
    let body = body(&heard[0]);
    assert_eq!((&body["type"], &body["data"]["api"]), (&"alert.drift".into(), &"acme".into()));
    assert_eq!((&body["data"]["calls"], &body["data"]["broken"]), (&10.into(), &1.into()), "{body}");
    assert_eq!(all_told(&running, &receiver).len(), 1);
}

#[tokio::test]
async fn two_processes_on_one_postgresql_tell_once_and_name_a_key_by_its_id() {
    if program("curl").is_none() {
        return;
    }
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(200);
    let text = text(&provider.url(), &receiver, "[alerts.near]\nwhen = \"quota 80%\"\nto = \"ops\"\n")
        .replace("10/year", "10/year per key");
    let text = format!("{text}[ledger]\npostgres = \"file:database-url\"\n");
    let start = || {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("webhook-secret"), SECRET).unwrap();
        std::fs::write(home.path().join("database-url"), server.url()).unwrap();
        Running::serve_with(home, &text, &[])
    };
    let ((one, first), (two, second)) = (start(), start());
    let key = key(&one, "globex", &first);
    let field = format!("X-Api-Key: {key}");
    becomes(100, "the key opens at the other", 200, || curl(&["-H", &field, &second]).status);
    let urls = [first, second];
    let answers: Vec<u16> = (0..12).map(|nth| curl(&["-H", &field, &urls[nth % 2]]).status).collect();
    assert!(answers.contains(&429), "{answers:?}");
    receiver.wait("told", |heard| !heard.is_empty());
    // Another key of the same consumer is another account.
    let other = new_key(&one, "globex");
    let field = format!("X-Api-Key: {other}");
    becomes(100, "the other key opens", 200, || curl(&["-H", &field, &urls[0]]).status);
    (0..12).for_each(|_| drop(curl(&["-H", &field, &urls[0]])));
    receiver.wait("the other is told", |heard| heard.len() > 1);
    let heard = all_told(&one, &receiver);
    let list: Vec<Value> =
        serde_json::from_str(&done(&two, &["key", "list", "globex", "--format", "json"])).unwrap();
    let known: Vec<&str> = list.iter().map(|key| key["id"].as_str().unwrap()).collect();
    let told: Vec<String> =
        heard.iter().map(|message| body(message)["data"]["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told, known, "each once, in the order in which they were made: {heard:?}");
    for message in &heard {
        assert!(!message.body.contains("sbk_") && !message.body.contains("sha256"), "{message:?}");
        assert_eq!(body(message)["data"]["quota"], "10/year per key");
    }
    let sends = [&one, &two].map(|running| health(running)["alerts"]["sends"] == true);
    assert!(sends[0] != sends[1], "one of them sends: {sends:?}");
}

#[tokio::test]
async fn a_receiver_that_says_nothing_is_left_after_its_time_and_asked_again_while_calls_go_on() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(SILENT);
    let text = text(&provider.url(), &receiver, SOFT)
        .replace("auth = \"key\"\nquota = \"10/year\"", "auth = \"none\"\nlimit = \"3/h soft\"");
    let (mut running, url) = serve(&text);
    assert_eq!((0..6).map(|_| curl(&[&url]).status).collect::<Vec<_>>(), [200; 6]);
    receiver.wait("asked", |heard| !heard.is_empty());
    assert_eq!((0..6).map(|_| curl(&[&url]).status).collect::<Vec<_>>(), [200; 6], "nobody waits for it");
    running.wait_for("did not take news of alert `over`, it is tried again: no answer within 15 s");
    receiver.answer(200);
    let heard = receiver.wait("taken", |heard| heard.iter().any(|message| message.answered == 200));
    assert!(heard.len() == 2 && heard[0].id == heard[1].id, "{heard:?}");
    assert_eq!(all_told(&running, &receiver).len(), 2);
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn a_receiver_that_says_nothing_holds_up_no_other() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (receiver, mute) = (Receiver::answering(200), Receiver::answering(SILENT));
    let alerts = format!(
        "{SOFT}[alerts.unheard]\nwhen = \"soft-limit\"\nto = \"mute\"\n\
         [webhooks.mute]\nurl = \"{}\"\nsecret = \"file:webhook-secret\"\n",
        mute.url()
    );
    let text = text(&provider.url(), &receiver, &alerts).replace(
        "auth = \"key\"\nquota = \"10/year\"",
        "auth = \"none\"\nlimit = [\"3/h soft\", \"30/h soft\"]",
    );
    let (running, url) = serve(&text);
    (0..6).for_each(|_| drop(curl(&[&url])));
    mute.wait("asked", |heard| !heard.is_empty());
    (0..40).for_each(|_| drop(curl(&[&url])));
    receiver.wait("the other limit is told", |heard| heard.len() > 1);
    // The first attempt at the other one has not ended: nothing is known of it yet.
    assert_eq!(health(&running)["alerts"]["last_error"], Value::Null);
}

#[tokio::test]
async fn a_webhook_that_is_gone_gets_nothing_more() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let receiver = Receiver::answering(410);
    let (running, url) =
        serve(&text(&provider.url(), &receiver, "[alerts.near]\nwhen = \"quota 80%\"\nto = \"ops\"\n"));
    for (nth, consumer) in ["globex", "initech"].into_iter().enumerate() {
        let field = format!("X-Api-Key: {}", key(&running, consumer, &url));
        (0..12).for_each(|_| drop(curl(&["-H", &field, &url])));
        becomes(100, "given up", nth + 1, || {
            usize::try_from(health(&running)["alerts"]["given_up"].as_u64().unwrap()).unwrap()
        });
    }
    assert_eq!(health(&running)["alerts"]["last_error"], "it answered 410 before");
    assert_eq!(receiver.heard().len(), 1, "the second was not sent");
}
