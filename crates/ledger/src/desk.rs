//! Where questions about a part are put: a folder's one connection, in turn; a database's, whichever is free.

use crate::StoreError;
use crate::connection::Connection;
use crate::store::{Part, Store};
use std::ops::{Deref, DerefMut};
use tokio::sync::{Mutex, MutexGuard};

/// Where questions about a part are put.
#[derive(Debug)]
pub(crate) enum Desk {
    /// A file's one connection.
    Held(Mutex<Connection>),
    /// A database lends one.
    Lent(Store, Part),
    /// The part is not there.
    Empty,
}

/// A connection for some questions.
#[derive(Debug)]
pub(crate) enum Seat<'d> {
    /// For which others wait.
    Held(MutexGuard<'d, Connection>),
    /// That goes back when this is dropped.
    Lent(Box<Connection>),
}

impl Desk {
    /// A part that is written; made where it is not there.
    pub(crate) async fn open(store: &Store, part: Part) -> Result<Self, StoreError> {
        Ok(match store {
            Store::Folder(folder) => Self::of(folder.open(part).await?),
            Store::Postgres(_) => Self::Lent(store.clone(), part),
        })
    }

    /// A part that is only read.
    pub(crate) async fn look(store: &Store, part: Part) -> Result<Self, StoreError> {
        Ok(match store {
            Store::Folder(folder) => folder.read(part).await?.map_or(Self::Empty, Self::of),
            Store::Postgres(_) => Self::Lent(store.clone(), part),
        })
    }

    /// This connection.
    pub(crate) fn of(connection: Connection) -> Self {
        Self::Held(Mutex::new(connection))
    }

    /// Whether the part is not there.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// A connection; `None`: the part is not there.
    pub(crate) async fn seat(&self) -> Result<Option<Seat<'_>>, StoreError> {
        Ok(match self {
            Self::Held(connection) => Some(Seat::Held(connection.lock().await)),
            Self::Lent(store, part) => {
                store.read(*part).await?.map(|connection| Seat::Lent(Box::new(connection)))
            }
            Self::Empty => None,
        })
    }
}

impl Deref for Seat<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Held(connection) => connection,
            Self::Lent(connection) => connection,
        }
    }
}

impl DerefMut for Seat<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        match self {
            Self::Held(connection) => connection,
            Self::Lent(connection) => connection,
        }
    }
}
