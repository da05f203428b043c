//! The processes that serve a board: who says that it is there, and what whoever is left alone takes over.

use super::now;
use crate::StoreError;
use crate::connection::{Change, Connection};
use crate::sql::Sql;
use exchange::{Company, Meeting};

/// Who was not heard of for so long is gone, in nanoseconds.
const LIVES: u64 = 5_000_000_000;
/// Who has not met the others itself for so long has slept, or the clock was set ahead: others may have slept as it did.
const AWAKE: u64 = 2_500_000_000;
/// Subjects that are kept, at the most: those that are full again go first, then those that will be soonest.
const MOST: u64 = 262_144;
/// Once in so many meetings it is looked whether there are more.
const TIDIED: u64 = 20;

/// Says that this process is there; gives who else is.
pub(super) async fn meet(
    open: &mut Connection,
    id: u64,
    meeting: Meeting,
    nth: u64,
) -> Result<Company, StoreError> {
    let mut change = open.change().await?;
    let now = now(&mut change).await?;
    let gone = now.saturating_sub(LIVES);
    let before = change.number(Sql::new("SELECT seen FROM sharers WHERE id = ?").bind(id)).await?;
    if before.is_some_and(|seen| seen < now.saturating_sub(AWAKE)) {
        // It cannot tell who is gone, and gives everybody time to say so.
        change.execute(Sql::new("UPDATE sharers SET seen = ? WHERE seen < ?").bind(now).bind(gone)).await?;
    } else {
        change.execute(Sql::new("DELETE FROM sharers WHERE seen < ?").bind(gone)).await?;
    }
    let others = Sql::new("SELECT sharing FROM sharers WHERE id <> ?").bind(id);
    let others = change.all(others).await?;
    let mut not_sharing = 0;
    for row in &others {
        not_sharing += u64::from(row.count(0)? == 0);
    }
    let alone = others.is_empty() && meeting == Meeting::SharingUnlessAlone;
    let sharing = meeting != Meeting::Own && !alone;
    let here = Sql::new(
        "INSERT INTO sharers (id, seen, sharing) VALUES (?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET seen = excluded.seen, sharing = excluded.sharing",
    );
    change.execute(here.bind(id).bind(now).bind(u64::from(sharing))).await?;
    let aheads = if alone { Some(aheads(&mut change, now).await?) } else { None };
    if nth.is_multiple_of(TIDIED) {
        tidy(&mut change, now).await?;
    }
    change.commit().await?;
    let others = u64::try_from(others.len()).unwrap_or(u64::MAX);
    Ok(Company { others, not_sharing, aheads })
}

/// Takes a process out.
pub(super) async fn leave(open: &mut Connection, id: u64) -> Result<(), StoreError> {
    open.execute(Sql::new("DELETE FROM sharers WHERE id = ?").bind(id)).await.map(drop)
}

async fn aheads(change: &mut Change<'_>, now: u64) -> Result<Vec<(u64, u64)>, StoreError> {
    let mut aheads = Vec::new();
    let further = Sql::new("SELECT subject, arrival FROM rates WHERE arrival > ?").bind(now);
    for row in change.all(further).await? {
        aheads.push((row.count(0)?, row.count(1)?.saturating_sub(now)));
    }
    Ok(aheads)
}

async fn tidy(change: &mut Change<'_>, now: u64) -> Result<(), StoreError> {
    change.execute(Sql::new("DELETE FROM rates WHERE arrival <= ?").bind(now)).await?;
    let kept = change.number(Sql::new("SELECT count(*) FROM rates")).await?.unwrap_or(0);
    if let Some(more) = kept.checked_sub(MOST).filter(|more| *more > 0) {
        let soonest =
            "DELETE FROM rates WHERE subject IN (SELECT subject FROM rates ORDER BY arrival LIMIT ?)";
        change.execute(Sql::new(soonest).bind(more)).await?;
    }
    Ok(())
}
