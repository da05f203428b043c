//! The same tests on PostgreSQL: with `TEST_LEDGER=postgres` every board that names no ledger has a server of its own.

use super::postgres::Server;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

/// Servers by the folder of their board: a board that is started again finds its ledger.
static SERVERS: LazyLock<Mutex<HashMap<PathBuf, Server>>> = LazyLock::new(Mutex::default);

/// Whether the tests run on PostgreSQL.
pub fn is_wanted() -> bool {
    std::env::var_os("TEST_LEDGER").is_some_and(|which| which == "postgres")
}

/// Whether a test that is about files is left out, and said.
pub fn leaves_out_files() -> bool {
    if is_wanted() {
        super::skipped("skipped: this is about SQLite's files, and the ledger is in PostgreSQL");
    }
    is_wanted()
}

/// The board in this folder, with its ledger where the tests want it.
pub fn with_ledger(home: &Path, board: &str) -> String {
    if !is_wanted() || board.contains("postgres = ") {
        return board.to_owned();
    }
    let mut servers = SERVERS.lock().unwrap();
    let server = servers.entry(home.to_owned()).or_insert_with(|| Server::start().unwrap());
    std::fs::write(home.join("ledger-url"), server.url()).unwrap();
    let place = "[ledger]\npostgres = \"file:ledger-url\"\n";
    if board.contains("[ledger]\n") {
        board.replacen("[ledger]\n", place, 1)
    } else {
        format!("{board}\n{place}")
    }
}

/// Ends the server of a board that is over.
pub fn end(home: &Path) {
    let server = SERVERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(home);
    drop(server);
}
