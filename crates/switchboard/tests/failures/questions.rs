//! Questions to `run.sock` that are none: each gets a problem that says what is wrong and what to do, as the contract says.

use crate::harness::stdout;
use crate::socket::{ask, asked, serve};
use demo::Provider;
use serde_json::Value;

#[tokio::test]
async fn a_question_that_is_none_gets_a_problem_with_what_to_do() {
    let provider = Provider::status(200).start().await;
    let (running, ..) = serve(&provider.url());
    let contract = asked(&running, "/openapi.json");
    let home = running.home.path();
    let file = |name: &str, bytes: usize, text: &str| {
        let body = text.replace("LONG", &"x".repeat(bytes));
        std::fs::write(home.join(name), body).unwrap();
        format!("@{}", home.join(name).display())
    };
    let large = file("large", 20 << 20, r#"{"method":"POST","url":"/","text":"LONG"}"#);
    let larger = file("larger", 25 << 20, r#"{"method":"POST","url":"/","text":"LONG"}"#);
    let misplaced = file("misplaced", 1 << 20, r#"{"method":"GET","url":"/","fields":"LONG"}"#);
    for (path, body, status, words) in [
        ("/nothing", None, 404, "openapi.json"),
        ("/health", Some("{}"), 405, "ask with GET"),
        ("/reload", None, 405, "ask with POST"),
        ("/health?all=1", None, 400, "no member `all`: it has no members"),
        ("/openapi.json?x", None, 400, "no member `x`"),
        ("/limits", None, 400, "name a `consumer` or an `address`"),
        ("/limits?address=x", None, 400, "`address`: invalid IP address"),
        ("/limits?consumr=globex", None, 400, "no member `consumr`: did you mean `consumer`?"),
        ("/limits?consumer=globes", None, 404, "no consumer `globes`: did you mean `globex`?"),
        ("/limits?consumer=nobody", None, 404, "no consumer `nobody`"),
        ("/limits?consumer=globex&plan=fre", None, 404, "no plan `fre` on this board: did you mean `free`?"),
        (
            "/limits?consumer=globex&api=order",
            None,
            404,
            "no API `order` on this board: did you mean `orders`?",
        ),
        ("/limits?consumer=globex&api=orders&operation=getOder", None, 404, "did you mean `getOrder`?"),
        ("/calls?status=9xx", None, 400, "`9xx` is no status"),
        ("/calls?reason=over-limits", None, 400, "did you mean `over-limit`?"),
        ("/calls?outcome=fine", None, 400, "there is no outcome `fine`"),
        ("/calls?limit=0", None, 400, "`limit` is a number"),
        ("/calls?open=often", None, 400, "`open`: a flag is `true` or `false`"),
        ("/calls?nosuch=1", None, 400, "no member `nosuch`: it has `api`, `operation`"),
        ("/calls?nosuch=1", None, 400, ", `limit`"),
        ("/calls/running?limit=1", None, 400, "no member `limit`"),
        ("/board?name=switchboard.toml", None, 400, "which `revision`?"),
        ("/board?name=switchboard.toml&revision=0", None, 409, "another revision"),
        ("/explain", Some("[1]"), 400, "no JSON object"),
        ("/explain", Some("{}"), 400, "missing field `method`"),
        (
            "/explain",
            Some(r#"{"method":"GET","target":"/","fields":[],"as":"globex"}"#),
            400,
            "no member `as`",
        ),
        (
            "/explain",
            Some(r#"{"method":"GET","tagret":"/","fields":[]}"#),
            400,
            "no member `tagret`: did you mean `target`?",
        ),
        ("/explain", Some(r#"{"method":"G T","target":"/","fields":[]}"#), 400, "`G T` is no method"),
        ("/explain", Some(r#"{"method":"GET","target":"orders","fields":[]}"#), 400, "`orders` is no path"),
        ("/explain", Some(r#"{"method":7,"target":"/","fields":[]}"#), 400, "`method`: invalid type"),
        (
            "/explain",
            Some(r#"{"method":"GET","target":"/","fields":[["a"]]}"#),
            400,
            "`fields[0]`: invalid length",
        ),
        (
            "/explain",
            Some(r#"{"method":"GET","target":"/","fields":[["a b","c"]]}"#),
            400,
            "`a b` is no name of a field",
        ),
        ("/dispatch", Some("nonsense"), 400, "no JSON object"),
        ("/dispatch", Some("{}"), 400, "missing field `method`"),
        ("/dispatch", Some(r#"{"method":"GET","url":"nonsense"}"#), 400, "`nonsense` is no path and no URL"),
        ("/dispatch", Some(r#"{"method":"G T","url":"/"}"#), 400, "`method`: `G T` cannot be sent"),
        (
            "/dispatch",
            Some(r#"{"method":"GET","url":"/","fields":[["a","b"],["a\nb","c"]]}"#),
            400,
            "`fields[1][0]` cannot be sent",
        ),
        ("/dispatch", Some(r#"{"method":"POST","url":"/","text":"a","body":"YQ=="}"#), 400, "not both"),
        ("/dispatch", Some(r#"{"method":"POST","url":"/","body":"?"}"#), 400, "`body` is no base64"),
        ("/dispatch", Some(r#"{"method":"GET","url":"/","who":"globex"}"#), 400, "no member `who`"),
        ("/dispatch", Some(r#"{"method":"GET","url":"/","as":"globes"}"#), 404, "did you mean `globex`?"),
        ("/dispatch", Some(&large), 413, "at most 16 MiB (16777216 bytes), this one has 20971520"),
        ("/dispatch", Some(&larger), 413, "a question has at most 24 MiB"),
        ("/dispatch", Some(&misplaced), 400, "`fields`: invalid type"),
        ("/reload", Some(r#"{"force":true}"#), 400, "no member `force`"),
        ("/flush", Some(r#"{"now":true}"#), 400, "no member `now`"),
    ] {
        let url = format!("http://run.sock{path}");
        let args: Vec<&str> =
            body.into_iter().flat_map(|body| ["--data-binary", body]).chain([&*url]).collect();
        let (found, text) = ask(&running, &args);
        assert_eq!(found, status, "{args:?} {text}");
        let problem: Value = serde_json::from_str(&text).unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words) && detail.len() < 1_000, "{args:?} {text}");
        assert_eq!(problem["status"], status);
        // What can come stands in the contract, but for what is no question of it.
        let path = path.split('?').next().unwrap();
        let method = if body.is_some() { "post" } else { "get" };
        let known = &contract["paths"][path][method]["responses"];
        assert!(known.is_null() || known[status.to_string()].is_object(), "{path} {status}: {known}");
    }
    let audit = stdout(&running.command(&["consumer", "audit"]));
    assert!(!audit.contains("globes") && audit.contains("globex"), "{audit}");
}
