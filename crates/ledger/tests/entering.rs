//! The way into a PostgreSQL database: who is not let in and why, many at once, TLS, a schema for each board.

use crate::database::{opened, place};
use crate::harness::CLI;
use crate::postgres::Server;
use ledger::{Ledger, StoreError};
use std::time::Duration;

#[tokio::test]
async fn whoever_is_not_let_in_is_told_why_and_no_text_has_the_password() {
    let Some(server) = Server::start_with(&["max_connections=8".to_owned()]) else { return };
    server.sql("CREATE ROLE guest LOGIN PASSWORD 'hunter22'");
    let (wrong, right) = (server.url_of("guest:hunter23"), server.url_of("guest:hunter22"));
    let elsewhere = server.url().replace("/postgres?", "/hunter23?");
    let name = format!("{}/postgres", server.folder().display());
    let not_let_in = "does not let us in: the password is wrong, or there is no such user";
    for (url, text, help) in [
        (wrong, format!("the database `{name}` {not_let_in}"), "look at user"),
        (right.clone(), format!("the user of the database `{name}` lacks rights: "), "GRANT CREATE"),
        (elsewhere, "does not let us in: there is no such database".to_owned(), "look at user"),
        (
            "postgres://a:hunter22@127.0.0.1:1/b".to_owned(),
            "cannot be reached: connection refused".to_owned(),
            "start it",
        ),
        (
            "postgres://a:hunter22@nowhere.invalid/b".to_owned(),
            "cannot be reached: ".to_owned(),
            "host and port",
        ),
        (
            "postgres://a:hunter22@localhost/b?host=/nowhere".to_owned(),
            "cannot be reached: nothing listens on this socket".to_owned(),
            "start it",
        ),
        ("hunter22".to_owned(), "it does not begin with `postgres://`".to_owned(), "postgres://USER"),
    ] {
        let error = opened(url.clone()).await.unwrap_err();
        assert!(error.to_string().contains(&text), "{error}");
        assert!(error.help().is_some_and(|said| said.contains(help)), "{error}: {:?}", error.help());
        let shown = format!("{error} {error:?} {:?}", error.help());
        assert!(!shown.contains("hunter22") && !shown.contains(&url), "{shown}");
    }
    // What its owner makes for it, it may use.
    server.sql("CREATE SCHEMA switchboard AUTHORIZATION guest");
    let ledger = opened(right.clone()).await.unwrap();
    ledger.add_consumer("acme", &[], CLI).await.unwrap();

    // Three of eight are the owner's.
    let mut others = Vec::new();
    let error = loop {
        match opened(right.clone()).await {
            Ok(other) => others.push(other),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::TooManyConnections { .. }), "{error}");
    drop(others);
    server.sql("UPDATE switchboard.versions SET version = 99 WHERE part = 'usage'");
    let newer = loop {
        match Ledger::open_read_only(place(right.clone())).await.unwrap_err() {
            StoreError::TooManyConnections { .. } => tokio::time::sleep(Duration::from_millis(50)).await,
            error => break error,
        }
    };
    assert_eq!(newer.to_string(), format!("`{name}` has version 99, this switchboard knows up to 6"));
}

#[tokio::test]
async fn processes_that_start_at_once_make_one_ledger_and_schemas_do_not_meet() {
    let Some(server) = Server::start() else { return };
    let starts: Vec<_> = (0..8).map(|_| tokio::spawn(opened(server.url()))).collect();
    let mut ledgers = Vec::new();
    for start in starts {
        ledgers.push(start.await.unwrap().unwrap());
    }
    let mut writers = Vec::new();
    for ledger in &ledgers {
        writers.push(ledger.lease_writer().await.unwrap());
    }
    writers.sort_unstable();
    writers.dedup();
    assert_eq!(writers.len(), 8);
    ledgers[0].add_consumer("acme", &[], CLI).await.unwrap();
    assert_eq!(ledgers[7].list_consumers().await.unwrap().len(), 1);
    for (schema, count) in [("switchboard", 1), ("globex", 0)] {
        let other = opened(format!("{}&options=-csearch_path%3D{schema}", server.url())).await.unwrap();
        assert_eq!(other.list_consumers().await.unwrap().len(), count, "{schema}");
    }
    assert_eq!(server.sql("SELECT count(*) FROM globex.consumers"), "0");
}

#[tokio::test]
async fn tls_is_spoken_and_the_certificate_is_looked_at() {
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (own, key) = (folder.path().join("own.pem"), folder.path().join("key.pem"));
    std::fs::write(&own, certificate.cert.pem()).unwrap();
    std::fs::write(&key, certificate.signing_key.serialize_pem()).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let Some(server) = Server::start_secure(port, &own, &key) else { return };
    let url = |host: &str, mode: &str| format!("postgres://ledger@{host}:{port}/postgres?{mode}");
    let trusted = format!("sslmode=verify-full&sslrootcert={}", own.display());
    for (mode, host) in [("sslmode=require", "127.0.0.1"), (&trusted, "localhost")] {
        let ledger = opened(url(host, mode)).await.unwrap();
        let secure = server.sql("SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'switchboard'");
        assert_eq!(secure, "t", "{mode}");
        ledger.close().await.unwrap();
    }
    for (mode, host) in [("sslmode=verify-full", "localhost"), (&trusted, "127.0.0.1")] {
        let error = opened(url(host, mode)).await.unwrap_err();
        assert!(error.to_string().contains("cannot be reached: TLS: "), "{mode}: {error}");
    }
}
