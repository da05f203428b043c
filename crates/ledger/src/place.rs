//! Where a ledger is: a folder of this machine, or a schema of a PostgreSQL database.

use exchange::Secret;
use std::path::{Path, PathBuf};

/// Where a ledger is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Files of SQLite in this folder, made with mode 0700 where it is not there.
    Folder(PathBuf),
    /// A database, by its URL: `postgres://user:password@host:5432/database?sslmode=verify-full`, with the parameters of
    /// libpq. Tables lie in the schema `switchboard`, or in the one of `?options=-csearch_path%3DNAME`.
    Postgres(Secret),
}

impl From<PathBuf> for Place {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Place {
    fn from(folder: &P) -> Self {
        Self::Folder(folder.as_ref().to_owned())
    }
}
