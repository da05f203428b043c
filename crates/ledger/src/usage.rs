//! What was called, counted: exact for every call, whatever was kept of it.

use crate::lease::HOLDS_MS;
use crate::roll::{self, Piece, Rolled};
use crate::sql::{Row, Sql};
use crate::{Ledger, StoreError};
use exchange::Outcome;

/// Which counts are wanted, and how they are added up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageFilter {
    /// From the minute in which this lies, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Before the minute in which this lies, in milliseconds since 1970.
    pub until_ms: Option<u64>,
    /// Of this consumer.
    pub consumer: Option<String>,
    /// Of this API.
    pub api: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// One row for each of these; none: one row for all.
    pub group_by: Vec<Group>,
}

/// What counts are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Each minute.
    Minute,
    /// Each hour (UTC).
    Hour,
    /// Each day (UTC).
    Day,
    /// Each API.
    Api,
    /// Each operation.
    Operation,
    /// Each consumer.
    Consumer,
    /// Each plan.
    Plan,
    /// Each price that calls were counted with.
    Price,
    /// Each status class.
    Class,
}

/// Counts that were added up. A field that is not grouped by is `None`; empty text stands for none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// Beginning of the minute, hour or day, in milliseconds since 1970.
    pub at_ms: Option<u64>,
    /// API.
    pub api: Option<String>,
    /// Operation.
    pub operation: Option<String>,
    /// Consumer.
    pub consumer: Option<String>,
    /// Plan.
    pub plan: Option<String>,
    /// What each of these calls cost when it began, as the board had it.
    pub price: Option<String>,
    /// First digit of the status; 0: no status.
    pub class: Option<u8>,
    /// Calls.
    pub calls: u64,
    /// Bytes of both bodies.
    pub bytes: u64,
    /// Microseconds of all calls together.
    pub time_us: u64,
    /// Calls by outcome, in the order of [`Outcome::WORDS`].
    pub outcomes: [u64; 6],
    /// Of these, calls that did not work through nobody's fault but the caller's.
    pub by_caller: u64,
}

impl UsageRow {
    /// Calls that went wrong, and not by the caller's doing.
    pub fn failed(&self) -> u64 {
        let wrong = ["failed", "aborted", "panicked"].map(|word| self.calls_that(word));
        wrong.iter().sum::<u64>().saturating_sub(self.by_caller)
    }

    /// Calls with this outcome; 0 for a word that is none.
    pub fn calls_that(&self, word: &str) -> u64 {
        Outcome::WORDS.iter().position(|known| *known == word).map_or(0, |at| self.outcomes[at])
    }
}

impl Group {
    /// The expression that is grouped by; in the order of the columns of the answer.
    const fn column(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "minute - minute % 60",
            Self::Day => "minute - minute % 1440",
            Self::Api => "api",
            Self::Operation => "operation",
            Self::Consumer => "consumer",
            Self::Plan => "plan",
            Self::Price => "price",
            Self::Class => "class",
        }
    }
}

/// A minute that no call has reached.
const FOREVER: u64 = u64::MAX >> 2;

/// How many codes of outcomes there are (see [`Outcome::code`]).
const CODES: u8 = 11;

impl Ledger {
    /// Adds up what was counted; in the order of `group_by`. Up to the last second is not in it yet.
    ///
    /// # Errors
    /// The file's.
    pub async fn usage(&self, filter: &UsageFilter) -> Result<Vec<UsageRow>, StoreError> {
        let mut query = Sql::new(
            "SELECT CAST(sum(calls) AS BIGINT), CAST(sum(bytes) AS BIGINT), CAST(sum(time_us) AS BIGINT)",
        );
        for code in 0..CODES {
            query.push(&format!(", CAST(sum(calls) FILTER (WHERE outcome = {code}) AS BIGINT)"));
        }
        for group in &filter.group_by {
            query.push(", ").push(group.column());
        }
        let Some(mut counts) = self.counts().await? else { return Ok(Vec::new()) };
        // How far adding up has got, and what was added up, of one moment.
        let mut look = counts.look().await?;
        let rolled = Rolled::read(&mut look).await?;
        let pieces = wanted(filter, rolled)?;
        if pieces.is_empty() {
            return Ok(Vec::new());
        }
        query.push(" FROM (");
        for (at, (table, since, until)) in pieces.into_iter().enumerate() {
            query.push(if at == 0 { "SELECT * FROM " } else { " UNION ALL SELECT * FROM " }).push(table);
            query.push(" WHERE minute >= ").push_bind(since).push(" AND minute < ").push_bind(until);
            for (column, wanted) in
                [("consumer", &filter.consumer), ("api", &filter.api), ("operation", &filter.operation)]
            {
                if let Some(wanted) = wanted {
                    query.push(" AND ").push(column).push(" = ").push_bind(wanted.as_str());
                }
            }
        }
        query.push(") AS counted");
        for (at, group) in filter.group_by.iter().enumerate() {
            query.push(if at == 0 { " GROUP BY " } else { ", " }).push(group.column());
        }
        for (at, group) in filter.group_by.iter().enumerate() {
            query.push(if at == 0 { " ORDER BY " } else { ", " }).push(group.column());
        }
        let rows = look.all(query).await?;
        look.commit().await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push(usage_row(row, &filter.group_by)?);
        }
        // Without groups the answer is one row of nothing for no calls at all.
        found.retain(|row| row.calls > 0);
        Ok(found)
    }
}

impl Ledger {
    /// When a process that writes and is not known to have gone was last heard of, where that is before this moment: it may
    /// hold counts of what ended until then. `None`: everybody has written since.
    ///
    /// # Errors
    /// The file's.
    pub async fn silent_writer(&self, before_ms: u64, now_ms: u64) -> Result<Option<u64>, StoreError> {
        let Some(mut counts) = self.counts().await? else { return Ok(None) };
        let silent = Sql::new("SELECT min(seen_ms) FROM writers WHERE seen_ms < ? AND seen_ms >= ?");
        counts.number(silent.bind(before_ms).bind(now_ms.saturating_sub(HOLDS_MS))).await
    }
}

/// Where the counts are read that are asked for.
fn wanted(filter: &UsageFilter, rolled: Rolled) -> Result<Vec<Piece>, StoreError> {
    let since = filter.since_ms.map_or(0, |since| since / 60_000);
    let until = filter.until_ms.map_or(FOREVER, |until| until / 60_000).min(FOREVER);
    if filter.group_by.contains(&Group::Minute) {
        if since < rolled.minutes.min(until) {
            return Err(StoreError::MinutesGone { since_ms: rolled.minutes * 60_000 });
        }
        return Ok(vec![("usage", since, until)]);
    }
    Ok(roll::pieces(since, until, rolled, !filter.group_by.contains(&Group::Hour)))
}

fn usage_row(row: &Row, groups: &[Group]) -> Result<UsageRow, StoreError> {
    let number = |at: usize| Ok::<_, StoreError>(row.some_count(at)?.unwrap_or(0));
    let text = |at: usize| Ok::<_, StoreError>(row.some_text(at)?.map(str::to_owned));
    let mut usage =
        UsageRow { calls: number(0)?, bytes: number(1)?, time_us: number(2)?, ..UsageRow::default() };
    for code in 0..CODES {
        let place = Outcome::from_code(code)
            .and_then(|outcome| Outcome::WORDS.iter().position(|word| *word == outcome.word()));
        let calls = number(3 + usize::from(code))?;
        if let Some(place) = place {
            usage.outcomes[place] += calls;
        }
        if Outcome::from_code(code).is_some_and(|outcome| outcome.by() == Some("caller")) {
            usage.by_caller += calls;
        }
    }
    for (at, group) in groups.iter().enumerate() {
        let at = 3 + usize::from(CODES) + at;
        match group {
            Group::Minute | Group::Hour | Group::Day => usage.at_ms = Some(number(at)? * 60_000),
            Group::Api => usage.api = text(at)?,
            Group::Operation => usage.operation = text(at)?,
            Group::Consumer => usage.consumer = text(at)?,
            Group::Plan => usage.plan = text(at)?,
            Group::Price => usage.price = text(at)?,
            Group::Class => usage.class = Some(row.small(at)?),
        }
    }
    Ok(usage)
}

#[cfg(test)]
mod tests {
    use crate::folder::{Durability, Folder};
    use crate::migrate::{Schema, USAGE};
    use crate::sql::Sql;
    use crate::store::Part;

    #[tokio::test]
    async fn what_was_counted_before_prices_were_kept_stays_and_has_none() {
        const BEFORE: Schema = Schema { name: "usage", steps: USAGE.steps.split_at(5).0 };
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::make(folder.path()).unwrap();
        let mut file = folder.open_file("usage.db", BEFORE, Durability::Full).await.unwrap();
        for table in ["usage", "usage_hours", "usage_days"] {
            let words = format!("INSERT INTO {table} VALUES (60, 'a', 'o', 'c', 'pro', 0, 2, 7, 8, 9)");
            file.run(sqlx::AssertSqlSafe(words)).await.unwrap();
        }
        drop(file);
        let mut file = folder.open(Part::Usage).await.unwrap();
        let sums = "SELECT sum(calls), sum(bytes), sum(time_us) FROM (SELECT * FROM usage UNION ALL \
                    SELECT * FROM usage_hours UNION ALL SELECT * FROM usage_days) AS u WHERE plan = 'pro' AND price = ''";
        let row = file.first(Sql::new(sums)).await.unwrap().unwrap();
        assert_eq!([0, 1, 2].map(|at| row.number(at).unwrap()), [21, 24, 27]);
    }
}
