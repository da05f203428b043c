//! A board whose PostgreSQL is silent, slow or locked, and what it says of keys that are revoked while it cannot hear of it.

use crate::database::serve;
use crate::harness::postgres::Server;
use crate::harness::{curl, program};
use crate::keys::{done, keyed, new_key};
use crate::served::{becomes, board, calls, counted, health};
use crate::wire::load;
use demo::Provider;

/// What is wrong with a database for some time.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// It takes questions and answers none.
    Silent,
    /// Each addition takes a minute.
    Slow,
    /// Another program holds its tables.
    Locked,
}

impl Trouble {
    fn begin(self, server: &Server) {
        match self {
            Self::Silent => server.freeze(false),
            Self::Slow => drop(server.sql(
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
                 CREATE TRIGGER slow AFTER INSERT ON switchboard.usage EXECUTE FUNCTION slow()",
            )),
            Self::Locked => server.hold("LOCK TABLE switchboard.usage, switchboard.calls IN EXCLUSIVE MODE"),
        }
    }

    fn end(self, server: &Server) {
        match self {
            Self::Silent => server.freeze(true),
            Self::Slow => drop(server.sql("DROP TRIGGER slow ON switchboard.usage")),
            Self::Locked => server.let_go(),
        }
    }

    /// What the board says of it.
    fn words(self) -> &'static str {
        match self {
            Self::Silent => "no answer within",
            Self::Slow => "was too slow",
            Self::Locked => "is locked by another process",
        }
    }
}

#[tokio::test]
async fn with_a_database_that_is_silent_slow_or_locked_calls_go_on_and_afterwards_every_one_is_counted() {
    let Some(server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    for (nth, trouble) in [Trouble::Silent, Trouble::Slow, Trouble::Locked].into_iter().enumerate() {
        // All of them on one ledger: what came before is there too.
        let before = 220 * nth as u64;
        let (mut running, url) = serve(&board(&provider.url(), "", ""), &server.url());
        assert_eq!(load(&url, 1, 20), 20);
        becomes(50, "counted", before + 20, || counted(&running));
        trouble.begin(&server);
        assert_eq!(load(&url, 2, 100), 200, "{trouble:?}: all of them answered with 200");
        let said = running.wait_for("the ledger is behind");
        assert!(said.contains("calls go on") && said.contains(trouble.words()), "{trouble:?}: {said}");
        assert_eq!(health(&running)["behind"], true);
        trouble.end(&server);
        becomes(300, "nothing waits when it is over", (0.into(), false.into()), || {
            let health = health(&running);
            (health["usage_pending"].clone(), health["behind"].clone())
        });
        assert_eq!(health(&running)["rows_dropped"], 0, "{trouble:?}");
        assert_eq!(
            (counted(&running), calls(&running).len() as u64),
            (before + 220, before + 220),
            "{trouble:?}"
        );
        assert_eq!((provider.calls(), running.stop()), (before + 220, Some(0)), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_board_that_cannot_hear_of_revoked_keys_says_so_and_takes_them_over_when_it_can() {
    if program("curl").is_none() {
        return;
    }
    let Some(mut server) = Server::start() else { return };
    let provider = Provider::status(200).start().await;
    let (mut running, url) = serve(&keyed(&provider.url()), &server.url());
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = new_key(&running, "globex");
    let field = format!("X-Api-Key: {key}");
    let status = || curl(&["-H", &field, &url]).status;
    becomes(100, "the key opens", 200, status);
    assert_eq!(health(&running)["deaf_since_ms"], serde_json::Value::Null);
    server.kill();
    becomes(100, "it notices", true, || health(&running)["deaf_since_ms"].is_number());
    running.wait_for("changes of accounts are not heard since");
    assert_eq!(status(), 200, "what was known holds");
    server.go_on();
    running.wait_for("changes of accounts are heard again");
    becomes(100, "it hears", true, || health(&running)["deaf_since_ms"].is_null());
    let list = done(&running, &["key", "list", "globex", "--format", "json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    done(&running, &["key", "revoke", list[0]["id"].as_str().unwrap()]);
    becomes(100, "revoked", 401, status);
    assert_eq!(running.stop(), Some(0));
}
