//! The ledger's folder and the connections to its files.
//!
//! SQLite in WAL mode: any number of readers beside one writer, across processes. Folder 0700, files
//! 0600: digests of keys and bodies of calls are in them.

use crate::StoreError;
use crate::connection::Connection;
use crate::migrate::{self, Schema};
use crate::store::{ACCOUNTS, HASTE, PATIENCE, Part};
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of a ledger.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// How long a lock is waited for.
    wait: Duration,
}

/// How many rows SQLite's thread may be ahead of who takes them: with few of them both mostly wake each other.
const ROWS_ON_THE_WAY: usize = 1_024;

/// What is on disk once a transaction has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Everything, also after a power cut.
    Full,
    /// Everything after a crash of ours; a power cut may take the last second.
    Normal,
}

impl Folder {
    /// Takes a folder and makes it where it is not there, for this user alone.
    pub(crate) fn make(path: &Path) -> Result<Self, StoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| StoreError::System { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), wait: PATIENCE })
    }

    /// Takes a folder that must hold a ledger, or calls of commands alone.
    pub(crate) fn existing(path: &Path) -> Result<Self, StoreError> {
        let folder = Self { path: path.to_owned(), wait: PATIENCE };
        if path.join(ACCOUNTS).is_file() || folder.days().is_ok_and(|days| !days.is_empty()) {
            Ok(folder)
        } else {
            Err(StoreError::Missing { folder: path.to_owned() })
        }
    }

    /// The same folder for the recording: a lock is given up on soon and tried again later.
    pub(crate) fn in_haste(&self) -> Self {
        Self { path: self.path.clone(), wait: HASTE }
    }

    /// Accounts of a folder that has none: nobody.
    pub(crate) async fn nobody() -> Result<Connection, StoreError> {
        let failed = |error| StoreError::of(ACCOUNTS, error);
        let connection = SqliteConnectOptions::new().in_memory(true).connect().await.map_err(failed)?;
        let mut connection = Connection::sqlite(ACCOUNTS, connection);
        migrate::bring_file(&mut connection, ACCOUNTS, migrate::ACCOUNTS).await?;
        Ok(connection)
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file of a part for reading and writing; makes it where it is not there.
    pub(crate) async fn open(&self, part: Part) -> Result<Connection, StoreError> {
        self.open_file(&part.file(), part.schema(), part.durability()).await
    }

    /// Opens a file for reading and writing.
    pub(crate) async fn open_file(
        &self,
        file: &str,
        schema: Schema,
        durability: Durability,
    ) -> Result<Connection, StoreError> {
        let path = self.path.join(file);
        Self::make_file(file, &path)?;
        let connection = options(&path, self.wait)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(match durability {
                Durability::Full => SqliteSynchronous::Full,
                Durability::Normal => SqliteSynchronous::Normal,
            })
            .connect()
            .await
            .map_err(|error| StoreError::of(file, error))?;
        let mut connection = Connection::sqlite(file, connection);
        migrate::bring_file(&mut connection, file, schema).await?;
        Ok(connection)
    }

    /// Makes a file where it is not there: here and not by SQLite, which would let the group read it; `-wal` and
    /// `-shm` get the same mode.
    ///
    /// A file that is there is left alone. Closing any descriptor of it gives up every lock that this process
    /// holds on it (POSIX `fcntl`): another process that ends then removes the log under a connection that is
    /// open here, and what is written afterwards is lost. <https://sqlite.org/howtocorrupt.html> 2.2.
    fn make_file(file: &str, path: &Path) -> Result<(), StoreError> {
        use std::io::ErrorKind as Kind;
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made.map(drop).map_err(|source| (source.kind(), source)) {
            Ok(()) | Err((Kind::AlreadyExists, _)) => Ok(()),
            Err((Kind::PermissionDenied | Kind::ReadOnlyFilesystem, _)) => {
                Err(StoreError::NotWritable { file: file.to_owned() })
            }
            Err((Kind::StorageFull | Kind::QuotaExceeded, _)) => {
                Err(StoreError::Full { file: file.to_owned() })
            }
            Err((_, source)) => Err(StoreError::System { path: path.to_owned(), source }),
        }
    }

    /// Opens the file of a part for reading only; `None` where it is not there or not finished being made.
    pub(crate) async fn read(&self, part: Part) -> Result<Option<Connection>, StoreError> {
        let (file, schema) = (part.file(), part.schema());
        let path = self.path.join(&file);
        if !path.is_file() {
            return Ok(None);
        }
        let reading = options(&path, PATIENCE).read_only(true);
        let opened = match connect_to_read(&reading, &file, schema).await {
            // On a read-only disk the WAL's index cannot be made; without a WAL the file alone is the truth.
            Err(error) if error.is_about_the_folder() && !self.path.join(format!("{file}-wal")).exists() => {
                connect_to_read(&reading.immutable(true), &file, schema).await
            }
            opened => opened,
        };
        match opened {
            // Dropped by retention between the look and the opening.
            Err(_) if !path.is_file() => Ok(None),
            opened => opened,
        }
    }
}

async fn connect_to_read(
    options: &SqliteConnectOptions,
    file: &str,
    schema: Schema,
) -> Result<Option<Connection>, StoreError> {
    let connection = options.connect().await.map_err(|error| StoreError::of(file, error))?;
    let mut connection = Connection::sqlite(file, connection);
    Ok(migrate::file_is_readable(&mut connection, file, schema).await?.then_some(connection))
}

fn options(path: &Path, wait: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .row_buffer_size(ROWS_ON_THE_WAY)
        .busy_timeout(wait)
        .foreign_keys(true)
        .disable_statement_logging()
}
