//! What a filter of calls asks of one day's table, in words that its indexes are found by.

use super::Search;
use crate::StatusFilter;
use crate::row::COLUMNS;
use crate::sample::SLOW_US;
use crate::sql::Sql;
use exchange::{CallId, Outcome};

impl Search<'_> {
    /// The rows from `from` up to `to`, newest first.
    pub(super) fn query(&self, verb: &'static str, from: CallId, to: CallId, limit: usize) -> Sql<'_> {
        let mut query = Sql::new(verb);
        self.push_part(&mut query, from, to, limit, "IN (0, 1, 2, 3, 4, 5)");
        query
    }

    /// The same for PostgreSQL, which takes an index by name, class and id in the order of ids for one class only: else it
    /// walks the ids, and a name that hardly called costs the whole day. Planned anew each time: a plan for any name and any
    /// stretch walks as well.
    pub(super) fn query_by_class(&self, from: CallId, to: CallId, limit: usize) -> Sql<'_> {
        let filter = self.filter;
        let by_name = self.own() || filter.api.is_some() && !self.bad() && !self.slow();
        if !by_name || filter.status.is_some() {
            return self.query("SELECT ", from, to, limit).once(true);
        }
        let mut query = Sql::new("SELECT * FROM (");
        for (at, class) in ["= 0", "= 1", "= 2", "= 3", "= 4", "= 5"].into_iter().enumerate() {
            query.push(if at == 0 { "(SELECT " } else { ") UNION ALL (SELECT " });
            self.push_part(&mut query, from, to, limit, class);
        }
        query.push(")) AS parts ORDER BY id DESC LIMIT ");
        query.push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
        query.once(true)
    }

    /// Columns, conditions and order. `classes`: those that there are, or one of them, where no status is asked for.
    fn push_part<'q>(&'q self, query: &mut Sql<'q>, from: CallId, to: CallId, limit: usize, classes: &str) {
        let filter = self.filter;
        query.push(COLUMNS).push(" FROM calls WHERE id >= ").push_bind(from.0);
        query.push(" AND id < ").push_bind(to.0);
        // Left to itself, SQLite walks all rows of a name in the day: one name is looked for by its index and by id, the
        // narrowest there is; an API's only where neither bad nor slow calls are wanted, which have an index of their own.
        let (own, bad, slow) = (self.own(), self.bad(), self.slow());
        let mut by_name = !own && (bad || slow);
        for (column, wanted) in
            [("who", &filter.consumer), ("operation", &filter.operation), ("api", &filter.api)]
        {
            if let Some(wanted) = wanted {
                query.push(" AND ").push(column).push(if by_name { " || '' = " } else { " = " });
                query.push_bind(wanted.as_str());
                if !by_name && filter.status.is_none() {
                    query.push(" AND class ").push(classes);
                }
                by_name = true;
            }
        }
        if let Some(word) = &filter.outcome {
            // -1 is no outcome: a word that is none finds nothing.
            query.push(" AND outcome IN (-1");
            let codes = (0..=u8::MAX).map_while(Outcome::from_code).filter(|outcome| outcome.word() == word);
            for outcome in codes {
                query.push(&format!(", {}", outcome.code()));
            }
            // What is still running has no outcome yet.
            query.push(") AND open = 0");
        }
        match filter.status {
            Some(StatusFilter::Exactly(status)) => {
                query.push(" AND class = ").push_bind(status / 100).push(" AND status = ").push_bind(status);
            }
            Some(StatusFilter::Class(class)) => {
                query.push(" AND class = ").push_bind(class);
            }
            None => {}
        }
        if let Some(reason) = filter.reason {
            query.push(" AND reason = ").push_bind(reason.slug());
        }
        if let Some(prefix) = &filter.path_prefix {
            // PostgreSQL counts in four bytes; no path is so long.
            query
                .push(" AND substr(path, 1, CAST(")
                .push_bind(i64::from(i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX)));
            query.push(" AS INTEGER)) = ").push_bind(prefix.as_str());
        }
        if let Some(over) = filter.took_over_us {
            query.push(" AND took_us > ").push_bind(i64::try_from(over).unwrap_or(i64::MAX));
            if slow && !own {
                query.push(" AND took_us > 1000000");
            }
        }
        if filter.breaks_only {
            query.push(" AND breaks > 0");
        }
        if let Some(address) = filter.address {
            query.push(" AND address = ").push_bind(address.to_string());
        }
        if filter.open_only {
            query.push(" AND open = 1");
        }
        if bad && !own {
            // Follows from the others; said in the words of the index, so that it is used.
            query.push(" AND (outcome > 1 OR breaks > 0)");
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    }

    /// Whether one consumer's or operation's calls are wanted.
    const fn own(&self) -> bool {
        self.filter.consumer.is_some() || self.filter.operation.is_some()
    }

    /// Whether only calls are wanted that went wrong or broke their contract.
    fn bad(&self) -> bool {
        let bad = |word: &String| !matches!(word.as_str(), "succeeded" | "declined");
        let filter = self.filter;
        filter.breaks_only || filter.reason.is_some() || filter.outcome.as_ref().is_some_and(bad)
    }

    /// Whether only slow calls are wanted.
    fn slow(&self) -> bool {
        self.filter.took_over_us.is_some_and(|over| over >= SLOW_US)
    }
}
