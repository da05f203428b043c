//! A call as a row: how it is written, and read again.

use crate::StoreError;
use crate::connection::Connection;
use crate::sql::{Row, Sql, unread};
use exchange::{CallId, CallRecord, ConsumerName, Outcome, PlanName, Reason};
use std::sync::Arc;

/// The columns of a row, in the order in which [`read`] takes them.
pub(crate) const COLUMNS: &str = "calls.id, parent, via, api, offer, operation, who, plan, address, method, path, \
     status, outcome, reason, took_us, provider_us, bytes_in, bytes_out, breaks, weight, open";

/// How many columns these are.
pub(crate) const WIDTH: usize = 21;

/// How many rows go into one statement. Full statements are prepared once.
const AT_ONCE: usize = 32;
/// On its way to PostgreSQL a statement costs more than its length.
const AT_ONCE_AWAY: usize = 256;

/// Writes rows; one that is there already (an open one) is replaced. No id may be among them twice.
pub(crate) async fn write(calls: &mut Connection, rows: &[&CallRecord]) -> Result<(), StoreError> {
    let at_once = if calls.is_postgres() { AT_ONCE_AWAY } else { AT_ONCE };
    for rows in rows.chunks(at_once) {
        let once = rows.len() < at_once;
        let mut insert = Sql::new(
            "INSERT INTO calls (id, parent, via, api, offer, operation, who, plan, address, method, path, \
             class, status, outcome, reason, took_us, provider_us, bytes_in, bytes_out, breaks, weight, open) ",
        );
        insert.push_rows(rows, 22, |row, record| {
            row.extend([
                record.id.0.into(),
                record.parent.map(|parent| parent.0).into(),
                (&*record.via).into(),
                record.api.as_deref().into(),
                record.offer.as_deref().into(),
                record.operation.as_deref().into(),
                record.consumer.as_ref().map(ConsumerName::as_str).into(),
                record.plan.as_ref().map(PlanName::as_str).into(),
                record.address.map(|address| address.to_string()).into(),
                (&*record.method).into(),
                (&*record.path).into(),
                (record.status / 100).into(),
                record.status.into(),
                record.outcome.code().into(),
                record.reason.map(Reason::slug).into(),
                record.took_us.into(),
                record.provider_us.into(),
                record.bytes_in.into(),
                record.bytes_out.into(),
                record.breaks.into(),
                record.weight.into(),
                record.open.into(),
            ]);
        });
        insert.push(
            " ON CONFLICT (id) DO UPDATE SET parent = excluded.parent, via = excluded.via, api = excluded.api, \
             offer = excluded.offer, operation = excluded.operation, who = excluded.who, plan = excluded.plan, \
             address = excluded.address, method = excluded.method, path = excluded.path, class = excluded.class, \
             status = excluded.status, outcome = excluded.outcome, reason = excluded.reason, \
             took_us = excluded.took_us, provider_us = excluded.provider_us, bytes_in = excluded.bytes_in, \
             bytes_out = excluded.bytes_out, breaks = excluded.breaks, weight = excluded.weight, open = excluded.open",
        );
        calls.execute(insert.once(once)).await?;
        let mut arrivals = Sql::new("INSERT INTO arrivals (call) ");
        arrivals.push_rows(rows, 1, |row, record| row.push(record.id.0.into()));
        calls.execute(arrivals.once(once)).await?;
    }
    Ok(())
}

/// Reads a row of [`COLUMNS`].
///
/// # Errors
/// A value that no program of ours writes.
pub(crate) fn read(row: &Row) -> Result<CallRecord, StoreError> {
    let shared = |at: usize| Ok::<_, StoreError>(row.some_text(at)?.map(Arc::<str>::from));
    Ok(CallRecord {
        id: CallId(row.count(0)?),
        parent: row.some_count(1)?.map(CallId),
        via: row.text(2)?.into(),
        api: shared(3)?,
        offer: shared(4)?,
        operation: shared(5)?,
        consumer: row.some_text(6)?.map(ConsumerName::new),
        plan: row.some_text(7)?.map(PlanName::new),
        address: row.some_text(8)?.and_then(|address| address.parse().ok()),
        method: row.text(9)?.into(),
        path: row.text(10)?.into(),
        status: row.small(11)?,
        outcome: Outcome::from_code(row.small(12)?)
            .ok_or_else(|| unread(sqlx::Error::Decode("an outcome that is not known".into())))?,
        reason: row.some_text(13)?.and_then(Reason::from_slug),
        took_us: row.count(14)?,
        provider_us: row.count(15)?,
        bytes_in: row.count(16)?,
        bytes_out: row.count(17)?,
        breaks: row.small(18)?,
        weight: row.small(19)?,
        open: row.number(20)? != 0,
    })
}
