//! A statement with its values, and a row of its answer: the same for SQLite and PostgreSQL.
//!
//! A value is a number, a text or bytes, a place for one is `?`; PostgreSQL's `$1` are put in its place when the statement
//! is sent. What the two do not both understand is not said here: whoever needs it asks the connection which one it is.

use crate::StoreError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Error, Row as _, SqlSafeStr, SqlStr};
use std::borrow::Cow;
use std::fmt::Write;

/// A statement with its values.
#[derive(Debug)]
pub(crate) struct Sql<'v> {
    text: Cow<'static, str>,
    values: Vec<Value<'v>>,
    kept: bool,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value<'v> {
    Number(Option<i64>),
    Text(Option<Cow<'v, str>>),
    Bytes(&'v [u8]),
}

impl<'v> Sql<'v> {
    /// A statement with its `?`, in order of [`Self::bind`].
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: Cow::Borrowed(text), values: Vec::new(), kept: true }
    }

    /// With the value of the next `?`.
    pub(crate) fn bind(mut self, value: impl Into<Value<'v>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Adds words of ours: never a stranger's.
    pub(crate) fn push(&mut self, words: &str) -> &mut Self {
        self.text.to_mut().push_str(words);
        self
    }

    /// Adds a value and its `?`.
    pub(crate) fn push_bind(&mut self, value: impl Into<Value<'v>>) -> &mut Self {
        self.values.push(value.into());
        self.push("?")
    }

    /// Adds `VALUES (?, …), (?, …)`, a pair of brackets for each of `rows`.
    pub(crate) fn push_rows<T: Copy>(
        &mut self,
        rows: &[T],
        columns: usize,
        mut values: impl FnMut(&mut Vec<Value<'v>>, T),
    ) {
        self.values.reserve(rows.len() * columns);
        for (at, row) in rows.iter().enumerate() {
            self.push(if at == 0 { "VALUES (?" } else { ", (?" });
            self.text.to_mut().extend((1..columns).map(|_| ", ?"));
            self.push(")");
            values(&mut self.values, *row);
        }
    }

    /// Not kept as a prepared statement: it will hardly be sent again word for word.
    pub(crate) fn once(mut self, once: bool) -> Self {
        self.kept = !once;
        self
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.kept
    }

    /// For SQLite.
    pub(crate) fn sqlite(self) -> Result<(SqlStr, SqliteArguments), Error> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.values.len(), 0);
        for value in self.values {
            match value {
                Value::Number(number) => arguments.add(number),
                Value::Text(text) => arguments.add(text),
                Value::Bytes(bytes) => arguments.add(bytes),
            }
            .map_err(Error::Encode)?;
        }
        Ok((AssertSqlSafe(self.text).into_sql_str(), arguments))
    }

    /// For PostgreSQL: with `$1` for the first `?`.
    pub(crate) fn postgres(self) -> Result<(SqlStr, PgArguments), Error> {
        let mut arguments = PgArguments::default();
        arguments.reserve(self.values.len(), 0);
        for value in self.values {
            match value {
                Value::Number(number) => arguments.add(number),
                // The one character that PostgreSQL's texts cannot hold must not hold up all that is written with it.
                Value::Text(Some(text)) if text.contains('\0') => {
                    arguments.add(text.replace('\0', "\u{fffd}"))
                }
                Value::Text(text) => arguments.add(text),
                Value::Bytes(bytes) => arguments.add(bytes),
            }
            .map_err(Error::Encode)?;
        }
        Ok((AssertSqlSafe(numbered(&self.text)).into_sql_str(), arguments))
    }
}

/// With `$1`, `$2` … in the places of the `?`.
fn numbered(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for (at, part) in text.split('?').enumerate() {
        if at > 0 {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "${at}");
        }
        out.push_str(part);
    }
    out
}

/// A row of an answer.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a place of a row holds.
macro_rules! get {
    ($row:expr, $at:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($at).map_err(unread),
            Row::Postgres(row) => row.try_get($at).map_err(unread),
        }
    };
}

impl Row {
    /// A number.
    pub(crate) fn number(&self, at: usize) -> Result<i64, StoreError> {
        get!(self, at)
    }

    /// A number that was written as an unsigned one.
    pub(crate) fn count(&self, at: usize) -> Result<u64, StoreError> {
        self.number(at).map(i64::cast_unsigned)
    }

    /// A number that is small.
    pub(crate) fn small<T: TryFrom<i64>>(&self, at: usize) -> Result<T, StoreError> {
        self.number(at)?
            .try_into()
            .map_err(|_| unread(Error::Decode("a number that no program of ours writes".into())))
    }

    /// A number, or none.
    pub(crate) fn some_count(&self, at: usize) -> Result<Option<u64>, StoreError> {
        let number: Option<i64> = get!(self, at)?;
        Ok(number.map(i64::cast_unsigned))
    }

    /// A text.
    pub(crate) fn text(&self, at: usize) -> Result<&str, StoreError> {
        get!(self, at)
    }

    /// A text, or none.
    pub(crate) fn some_text(&self, at: usize) -> Result<Option<&str>, StoreError> {
        get!(self, at)
    }

    /// Bytes, or none.
    pub(crate) fn some_bytes(&self, at: usize) -> Result<Option<&[u8]>, StoreError> {
        get!(self, at)
    }
}

/// What was read is nothing that a program of ours writes.
pub(crate) fn unread(source: Error) -> StoreError {
    StoreError::Database { file: "the ledger".to_owned(), source }
}

macro_rules! number {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Value<'_> {
            fn from(number: $kind) -> Self {
                Self::Number(Some(i64::from(number)))
            }
        }
    )*};
}
number!(u8, u16, u32, i64, bool);

/// As SQLite's and PostgreSQL's eight bytes hold it.
impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(Some(number.cast_signed()))
    }
}

impl From<Option<u64>> for Value<'_> {
    fn from(number: Option<u64>) -> Self {
        Self::Number(number.map(u64::cast_signed))
    }
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(Some(Cow::Borrowed(text)))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Self::Text(Some(Cow::Owned(text)))
    }
}

impl<'v> From<Option<&'v str>> for Value<'v> {
    fn from(text: Option<&'v str>) -> Self {
        Self::Text(text.map(Cow::Borrowed))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Cow::Owned))
    }
}

impl<'v> From<&'v [u8]> for Value<'v> {
    fn from(bytes: &'v [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Sql, numbered};

    #[test]
    fn places_are_numbered_for_postgresql() {
        let mut sql = Sql::new("SELECT a FROM t WHERE b = ");
        sql.push_bind(1_u64).push(" AND c = ").push_bind("x");
        assert_eq!(numbered(&sql.text), "SELECT a FROM t WHERE b = $1 AND c = $2");
        let mut sql = Sql::new("INSERT INTO t (a, b) ");
        sql.push_rows(&[(1_u64, "x"), (2, "y")], 2, |row, (a, b)| row.extend([a.into(), b.into()]));
        assert_eq!(numbered(&sql.text), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
        assert_eq!(sql.values.len(), 4);
    }
}
