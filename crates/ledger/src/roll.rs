//! Minutes added up to hours and days, so that a year's question reads days and not half a million minutes.
//!
//! Of every hour before [`Rolled::until`] all three tables say the same: an hour is added up in one transaction with that
//! mark, and what is counted late goes into all three. So a kill leaves an hour added up or not, never half. Minutes that
//! are older than is wanted are dropped; hours and days are kept.

use crate::connection::{Change, Connection};
use crate::sql::Sql;
use crate::{Ledger, StoreError};

/// Minutes of an hour, of a day.
pub(crate) const HOUR: u64 = 60;
pub(crate) const DAY: u64 = 1_440;
/// An hour is added up when nearly nothing more is counted in it: what comes later costs three rows.
const SETTLED_MS: u64 = 2 * 60_000;

/// How far adding up has got; minutes since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rolled {
    /// Hours and days hold everything before it; the beginning of an hour.
    pub(crate) until: u64,
    /// Minutes from here on are kept; 0: all.
    pub(crate) minutes: u64,
}

impl Rolled {
    pub(crate) async fn read(usage: &mut Connection) -> Result<Self, StoreError> {
        let row = usage.first(Sql::new("SELECT until, minutes FROM rolled")).await?;
        row.map_or(Ok(Self::default()), |row| Ok(Self { until: row.count(0)?, minutes: row.count(1)? }))
    }
}

impl Ledger {
    /// Adds up the hours that are over, and drops minutes that are older than is wanted; gives how many hours.
    ///
    /// # Errors
    /// The file's; [`StoreError::ReadOnly`]. What was added up until then stays.
    pub async fn roll_up(&self, now_ms: u64) -> Result<u32, StoreError> {
        let mut hours = 0;
        // An hour at a time: others count and ask in between.
        while self.roll_one(now_ms).await? {
            hours += 1;
        }
        while self.drop_minutes(now_ms).await? {}
        Ok(hours)
    }

    async fn roll_one(&self, now_ms: u64) -> Result<bool, StoreError> {
        let mut usage = self.counts_to_change().await?;
        let mut change = usage.change().await?;
        let rolled = Rolled::read(&mut change).await?;
        let Some(hour) = first(&mut change, rolled.until).await?.map(|minute| minute - minute % HOUR) else {
            // Ended at once: a change that is dropped lets go of the part's lock only when its connection is used again.
            return change.commit().await.map(|()| false);
        };
        if (hour + HOUR) * 60_000 + SETTLED_MS > now_ms {
            return change.commit().await.map(|()| false);
        }
        let add = Sql::new(
            "INSERT INTO usage_hours (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us) \
             SELECT minute - minute % 60, api, operation, consumer, plan, price, outcome, class, sum(calls), sum(bytes), sum(time_us) \
             FROM usage WHERE minute >= ? AND minute < ? \
             GROUP BY minute - minute % 60, api, operation, consumer, plan, price, outcome, class",
        );
        change.execute(add.bind(hour).bind(hour + HOUR)).await?;
        let add = Sql::new(
            "INSERT INTO usage_days (minute, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us) \
             SELECT minute - minute % 1440, api, operation, consumer, plan, price, outcome, class, calls, bytes, time_us \
             FROM usage_hours WHERE minute = ? \
             ON CONFLICT (minute, api, operation, consumer, plan, price, outcome, class) DO UPDATE SET \
             calls = usage_days.calls + excluded.calls, bytes = usage_days.bytes + excluded.bytes, \
             time_us = usage_days.time_us + excluded.time_us",
        );
        change.execute(add.bind(hour)).await?;
        change.execute(Sql::new("UPDATE rolled SET until = ?").bind(hour + HOUR)).await?;
        change.commit().await?;
        Ok(true)
    }

    /// Drops a day's minutes; `false`: none was left to drop.
    async fn drop_minutes(&self, now_ms: u64) -> Result<bool, StoreError> {
        let keep_ms = self.keeps_minutes_ms()?;
        let mut usage = self.counts_to_change().await?;
        let mut change = usage.change().await?;
        let rolled = Rolled::read(&mut change).await?;
        let wanted = now_ms.saturating_sub(keep_ms) / 60_000;
        let until = (wanted - wanted % DAY).min(rolled.until - rolled.until % DAY);
        let Some(oldest) = first(&mut change, 0).await?.filter(|oldest| *oldest < until) else {
            return change.commit().await.map(|()| false);
        };
        let end = oldest - oldest % DAY + DAY;
        change.execute(Sql::new("DELETE FROM usage WHERE minute < ?").bind(end)).await?;
        let mark = Sql::new("UPDATE rolled SET minutes = ? WHERE minutes < ?");
        change.execute(mark.bind(end).bind(end)).await?;
        change.commit().await?;
        Ok(true)
    }
}

/// The first minute from this one on in which something was counted.
async fn first(change: &mut Change<'_>, from: u64) -> Result<Option<u64>, StoreError> {
    change.number(Sql::new("SELECT min(minute) FROM usage WHERE minute >= ?").bind(from)).await
}

/// A table, and the minutes of it that are wanted: from the first to before the second.
pub(crate) type Piece = (&'static str, u64, u64);

/// Where the counts of `[since, until)` are read, so that each is read once and from the coarsest table that has it.
/// Where its minutes are gone, an end within an hour is moved outwards to that of the hour.
pub(crate) fn pieces(since: u64, until: u64, rolled: Rolled, days: bool) -> Vec<Piece> {
    let gone = |minute: u64| minute < rolled.minutes;
    let since = if gone(since) { since - since % HOUR } else { since };
    let until = if !until.is_multiple_of(HOUR) && gone(until) { until.next_multiple_of(HOUR) } else { until };
    let end = until.min(rolled.until);
    let mut pieces = Vec::new();
    if since < end {
        let (first, last) = (since.next_multiple_of(HOUR), end - end % HOUR);
        if first > last {
            pieces.push(("usage", since, end));
        } else {
            pieces.extend([("usage", since, first), ("usage", last, end)]);
            hours(first, last, rolled, days, &mut pieces);
        }
    }
    pieces.push(("usage", since.max(rolled.until), until));
    pieces.retain(|(_, since, until)| since < until);
    pieces
}

/// Whole hours.
fn hours(first: u64, last: u64, rolled: Rolled, days: bool, pieces: &mut Vec<Piece>) {
    let begin = first.next_multiple_of(DAY);
    // Of the day that is not over, the table of days has what the one of hours has.
    let end = if last == rolled.until { last.next_multiple_of(DAY) } else { last - last % DAY };
    if !days || begin >= end || begin > last {
        pieces.push(("usage_hours", first, last));
        return;
    }
    pieces.extend([("usage_hours", first, begin), ("usage_days", begin, end), ("usage_hours", end, last)]);
}

#[cfg(test)]
mod tests {
    use super::{DAY, HOUR, Rolled, pieces};

    #[test]
    fn a_year_is_read_from_days_and_its_ends_from_what_is_finer() {
        let rolled = Rolled { until: 100 * DAY + 5 * HOUR, minutes: 0 };
        assert_eq!(
            pieces(DAY + 61, 100 * DAY + 6 * HOUR, rolled, true),
            [
                ("usage", DAY + 61, DAY + 120),
                ("usage_hours", DAY + 120, 2 * DAY),
                ("usage_days", 2 * DAY, 101 * DAY),
                ("usage", 100 * DAY + 5 * HOUR, 100 * DAY + 6 * HOUR),
            ]
        );
        assert_eq!(pieces(3 * DAY, 4 * DAY, rolled, true), [("usage_days", 3 * DAY, 4 * DAY)]);
        assert_eq!(pieces(3 * DAY, 4 * DAY, rolled, false), [("usage_hours", 3 * DAY, 4 * DAY)]);
        assert_eq!(pieces(61, 62, rolled, true), [("usage", 61, 62)]);
    }

    #[test]
    fn every_minute_is_read_exactly_once() {
        for until in [0, HOUR, 5 * HOUR, DAY, DAY + 7 * HOUR, 3 * DAY] {
            let rolled = Rolled { until, minutes: 0 };
            for days in [true, false] {
                for since in (0..4 * DAY).step_by(47) {
                    for end in (since..4 * DAY).step_by(131) {
                        check(rolled, since, end, days);
                    }
                }
            }
        }
    }

    /// What each table stands for: of the last day that is not over, no more than there is.
    fn check(rolled: Rolled, since: u64, end: u64, days: bool) {
        let mut read: Vec<(u64, u64)> = pieces(since, end, rolled, days)
            .into_iter()
            .map(|(table, first, last)| match table {
                "usage" => (first, last),
                "usage_hours" => {
                    assert!(first % HOUR == 0 && last % HOUR == 0 && last <= rolled.until);
                    (first, last)
                }
                _ => {
                    assert!(days && first % DAY == 0 && last % DAY == 0);
                    (first, last.min(rolled.until))
                }
            })
            .collect();
        read.sort_unstable();
        let mut at = since;
        for (first, last) in read {
            assert_eq!(first, at, "{rolled:?} {since}..{end}");
            at = last;
        }
        assert_eq!(at, end.max(since), "{rolled:?} {since}..{end}");
    }
}
