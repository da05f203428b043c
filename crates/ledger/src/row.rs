//! A call as a row: how it is written, and read again.

use exchange::{CallId, CallRecord, ConsumerName, Outcome, PlanName, Reason};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection};
use std::sync::Arc;

/// The columns of a row, in the order in which [`read`] takes them.
pub(crate) const COLUMNS: &str = "calls.id, parent, via, api, offer, operation, who, plan, address, method, path, \
     status, outcome, reason, took_us, provider_us, bytes_in, bytes_out, breaks, weight, open";

/// How many rows go into one statement. Full statements are prepared once.
const AT_ONCE: usize = 32;

/// Writes rows; one that is there already (an open one) is replaced.
pub(crate) async fn write(file: &mut SqliteConnection, rows: &[&CallRecord]) -> Result<(), sqlx::Error> {
    for rows in rows.chunks(AT_ONCE) {
        let full = rows.len() == AT_ONCE;
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT OR REPLACE INTO calls (id, parent, via, api, offer, operation, who, plan, address, method, path, \
             class, status, outcome, reason, took_us, provider_us, bytes_in, bytes_out, breaks, weight, open) ",
        );
        insert.push_values(rows, |mut row, record| {
            row.push_bind(record.id.0.cast_signed())
                .push_bind(record.parent.map(|parent| parent.0.cast_signed()))
                .push_bind(&*record.via)
                .push_bind(record.api.as_deref())
                .push_bind(record.offer.as_deref())
                .push_bind(record.operation.as_deref())
                .push_bind(record.consumer.as_ref().map(ConsumerName::as_str))
                .push_bind(record.plan.as_ref().map(PlanName::as_str))
                .push_bind(record.address.map(|address| address.to_string()))
                .push_bind(&*record.method)
                .push_bind(&*record.path)
                .push_bind(record.status / 100)
                .push_bind(record.status)
                .push_bind(record.outcome.code())
                .push_bind(record.reason.map(Reason::slug))
                .push_bind(record.took_us.cast_signed())
                .push_bind(record.provider_us.cast_signed())
                .push_bind(record.bytes_in.cast_signed())
                .push_bind(record.bytes_out.cast_signed())
                .push_bind(record.breaks)
                .push_bind(record.weight)
                .push_bind(record.open);
        });
        insert.build().persistent(full).execute(&mut *file).await?;
        let mut arrivals = QueryBuilder::<Sqlite>::new("INSERT INTO arrivals (call) ");
        arrivals.push_values(rows, |mut row, record| {
            row.push_bind(record.id.0.cast_signed());
        });
        arrivals.build().persistent(full).execute(&mut *file).await?;
    }
    Ok(())
}

/// Reads a row of [`COLUMNS`].
///
/// # Errors
/// A value that no program of ours writes.
pub(crate) fn read(row: &SqliteRow) -> Result<CallRecord, sqlx::Error> {
    let number = |at: usize| row.try_get::<i64, _>(at).map(i64::cast_unsigned);
    let text = |at: usize| row.try_get::<Option<&str>, _>(at);
    let shared = |at: usize| Ok::<_, sqlx::Error>(text(at)?.map(Arc::<str>::from));
    Ok(CallRecord {
        id: CallId(number(0)?),
        parent: row.try_get::<Option<i64>, _>(1)?.map(|id| CallId(id.cast_unsigned())),
        via: row.try_get::<&str, _>(2)?.into(),
        api: shared(3)?,
        offer: shared(4)?,
        operation: shared(5)?,
        consumer: text(6)?.map(ConsumerName::new),
        plan: text(7)?.map(PlanName::new),
        address: text(8)?.and_then(|address| address.parse().ok()),
        method: row.try_get(9)?,
        path: row.try_get(10)?,
        status: row.try_get(11)?,
        outcome: Outcome::from_code(row.try_get(12)?)
            .ok_or_else(|| sqlx::Error::Decode("an outcome that is not known".into()))?,
        reason: text(13)?.and_then(Reason::from_slug),
        took_us: number(14)?,
        provider_us: number(15)?,
        bytes_in: number(16)?,
        bytes_out: number(17)?,
        breaks: row.try_get(18)?,
        weight: row.try_get(19)?,
        open: row.try_get(20)?,
    })
}
