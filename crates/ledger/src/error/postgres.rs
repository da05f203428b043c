//! What PostgreSQL, or the way to it, says, in our words.
//!
//! By its codes (PostgreSQL, appendix A), never by its texts, which are translated.

use crate::StoreError;
use sqlx::Error;
use sqlx::postgres::PgDatabaseError;
use std::io::ErrorKind;

/// The code of an error of PostgreSQL.
pub(super) fn code(error: &Error) -> Option<String> {
    Some(error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?.code().to_owned())
}

/// The error of a database.
pub(super) fn said(name: &str, source: Error) -> StoreError {
    let database = name.to_owned();
    let unreachable = |why: String| StoreError::Unreachable { database: name.to_owned(), why };
    let not_let_in = |why| StoreError::NotLetIn { database: name.to_owned(), why };
    let Some(code) = code(&source) else {
        return match source {
            Error::Io(error) => unreachable(match error.kind() {
                ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                ErrorKind::NotFound => "nothing listens on this socket".to_owned(),
                ErrorKind::UnexpectedEof
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe => "the connection was lost".to_owned(),
                // What rustls says of a certificate.
                ErrorKind::InvalidData => format!("TLS: {error}"),
                _ => error.to_string(),
            }),
            Error::Tls(error) => unreachable(format!("TLS: {error}")),
            Error::PoolTimedOut => unreachable("all connections of this process are in use".to_owned()),
            Error::Protocol(_) => unreachable("what answers does not speak PostgreSQL's protocol".to_owned()),
            source => StoreError::Database { file: database, source },
        };
    };
    match code.as_str() {
        "28P01" => not_let_in("the password is wrong, or there is no such user"),
        "28000" => not_let_in("no such user, or none who may come from here in this way"),
        "3D000" => not_let_in("there is no such database"),
        "42501" => {
            // Names a table or a schema, never a value.
            let what = source.as_database_error().map(|error| error.message().to_owned()).unwrap_or_default();
            StoreError::NoRights { database, what }
        }
        "53100" | "53200" => StoreError::Full { file: database },
        "53300" => StoreError::TooManyConnections { database },
        "55P03" | "40P01" => StoreError::Locked { file: database },
        "57014" => StoreError::Slow { database },
        "57P01" => unreachable("it ends its connections, as when it is stopped".to_owned()),
        "57P02" => unreachable("it crashed and begins again".to_owned()),
        "57P03" => unreachable("it is starting or stopping".to_owned()),
        "25006" => StoreError::NotWritable { file: database },
        "XX001" | "XX002" => StoreError::Corrupt { file: database },
        _ => StoreError::Database { file: database, source },
    }
}
