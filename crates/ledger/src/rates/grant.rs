//! Parts of rates, many subjects in one transaction. What is granted is decided by [`RateAsk::grant`], the same in every store.

use super::now;
use crate::StoreError;
use crate::connection::{Change, Connection};
use crate::sql::Sql;
use exchange::{RateAsk, RateKept, RatePart};
use std::collections::HashMap;

/// Subjects of one statement.
const MANY: usize = 500;

/// Answers what was asked, in this order.
pub(super) async fn grant(open: &mut Connection, asks: &[RateAsk]) -> Result<Vec<RatePart>, StoreError> {
    let mut change = open.change().await?;
    let mut subjects = subjects(&mut change, asks).await?;
    let now = now(&mut change).await?;
    let (mut parts, mut changed) = (Vec::with_capacity(asks.len()), HashMap::new());
    for ask in asks {
        let kept = subjects.entry(ask.subject).or_default();
        let before = *kept;
        parts.push(ask.grant(kept, now));
        // Mostly a no changes nothing; nor does it that a subject that is full is so at a later time.
        if *kept != before && (kept.arrival > now || before.arrival > now) {
            changed.insert(ask.subject, *kept);
        }
    }
    if !changed.is_empty() {
        let changed: Vec<_> = changed.into_iter().collect();
        write(&mut change, &changed, "arrival = excluded.arrival, depth = excluded.depth").await?;
    }
    // Also where nothing changed: one that is dropped keeps the lock of the part until its connection is used again.
    change.commit().await?;
    Ok(parts)
}

/// Takes over how far ahead subjects are; who is further already stays there.
pub(super) async fn carry(open: &mut Connection, aheads: &[(u64, u64)]) -> Result<(), StoreError> {
    const FURTHER: &str =
        "arrival = CASE WHEN excluded.arrival > rates.arrival THEN excluded.arrival ELSE rates.arrival END";
    for aheads in aheads.chunks(MANY) {
        let mut change = open.change().await?;
        let now = now(&mut change).await?;
        let arrivals: Vec<_> = aheads
            .iter()
            .map(|(subject, ahead)| (*subject, RateKept { arrival: now.saturating_add(*ahead), depth: 0 }))
            .collect();
        write(&mut change, &arrivals, FURTHER).await?;
        change.commit().await?;
    }
    Ok(())
}

async fn subjects(change: &mut Change<'_>, asks: &[RateAsk]) -> Result<HashMap<u64, RateKept>, StoreError> {
    let mut found = HashMap::new();
    for asks in asks.chunks(MANY) {
        let mut sql =
            Sql::new("SELECT subject, arrival, depth FROM rates WHERE subject IN (").once(asks.len() > 1);
        for (at, ask) in asks.iter().enumerate() {
            sql.push(if at == 0 { "" } else { ", " }).push_bind(ask.subject);
        }
        sql.push(")");
        for row in change.all(sql).await? {
            found.insert(row.count(0)?, RateKept { arrival: row.count(1)?, depth: row.count(2)? });
        }
    }
    Ok(found)
}

async fn write(
    change: &mut Change<'_>,
    subjects: &[(u64, RateKept)],
    becomes: &str,
) -> Result<(), StoreError> {
    let most = i64::MAX.cast_unsigned();
    for subjects in subjects.chunks(MANY) {
        let mut sql = Sql::new("INSERT INTO rates (subject, arrival, depth) ").once(subjects.len() > 1);
        sql.push_rows(subjects, 3, |row, (subject, kept)| {
            row.extend([subject.into(), kept.arrival.min(most).into(), kept.depth.min(most).into()]);
        });
        sql.push(" ON CONFLICT (subject) DO UPDATE SET ").push(becomes);
        change.execute(sql).await?;
    }
    Ok(())
}
