//! The days of the ledger: one file of calls, or one partition, for each UTC day.
//!
//! A call lies in the file of the day it began, which its id says; so retention is to remove one.

use crate::StoreError;
use crate::folder::Folder;
use exchange::CallId;
use std::fs;

pub(crate) const DAY_MS: u64 = 24 * 3600 * 1000;

/// A UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(pub(crate) u64);

impl Day {
    /// The day in which a call began.
    pub(crate) const fn of(id: CallId) -> Self {
        Self(id.at_ms() / DAY_MS)
    }

    /// Its first millisecond.
    pub(crate) const fn begin_ms(self) -> u64 {
        self.0 * DAY_MS
    }

    /// The first millisecond after it.
    pub(crate) const fn end_ms(self) -> u64 {
        (self.0 + 1) * DAY_MS
    }

    /// The name of its file.
    pub(crate) fn file(self) -> String {
        let (year, month, day) = self.date();
        format!("calls-{year:04}-{month:02}-{day:02}.db")
    }

    /// The end of the names of its partitions: `2026_11_21`.
    pub(crate) fn partition(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}_{month:02}_{day:02}")
    }

    /// Reads the name of a file; `None` for one that is no day's.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        let date = name.strip_prefix("calls-")?.strip_suffix(".db")?;
        Self::of_date(date, '-').filter(|day| day.file() == name)
    }

    /// Reads the end of the name of a partition; `None` for one that is no day's.
    pub(crate) fn of_partition(date: &str) -> Option<Self> {
        Self::of_date(date, '_').filter(|day| day.partition() == date)
    }

    fn of_date(date: &str, between: char) -> Option<Self> {
        let mut parts = date.splitn(3, between).map(str::parse::<u64>);
        let (year, month, day) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
        if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        // The inverse of `date`, which then says (by the name it gives) whether such a day exists.
        let (year_from_march, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let (era, of_era) = (year_from_march / 400, year_from_march % 400);
        let of_year = (153 * from_march + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        Some(Self(days.checked_sub(719_468)?))
    }

    /// Year, month and day of the Gregorian calendar.
    ///
    /// The year is taken to begin in March, so that the leap day is its last one; 719,468 days lie
    /// between the first of such a year 0 and 1970-01-01, 146,097 make 400 years.
    fn date(self) -> (u64, u64, u64) {
        let days = self.0 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        (era * 400 + year_of_era + u64::from(month <= 2), month, day)
    }
}

impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.date();
        write!(out, "{year:04}-{month:02}-{day:02}")
    }
}

impl Folder {
    /// The days that have a file, oldest first.
    pub(crate) fn days(&self) -> Result<Vec<Day>, StoreError> {
        let failed = |source| StoreError::System { path: self.path().to_owned(), source };
        let mut days = Vec::new();
        for entry in fs::read_dir(self.path()).map_err(failed)? {
            days.extend(entry.map_err(failed)?.file_name().to_str().and_then(Day::of_file));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// Removes the file of a day.
    pub(crate) fn drop_day(&self, day: Day) -> Result<(), StoreError> {
        // The file first: a file without its `-wal` would be one with calls missing.
        for end in ["", "-wal", "-shm"] {
            let path = self.path().join(format!("{}{end}", day.file()));
            match fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::System { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn a_day_has_its_date_as_name() {
        for (day, name) in [
            (0, "calls-1970-01-01.db"),
            (59, "calls-1970-03-01.db"),
            (11_016, "calls-2000-02-29.db"),
            (20_778, "calls-2026-11-21.db"),
            (20_818, "calls-2026-12-31.db"),
        ] {
            assert_eq!(Day(day).file(), name);
            assert_eq!(Day::of_file(name), Some(Day(day)), "{name}");
        }
    }

    #[test]
    fn every_day_of_a_century_comes_back_from_its_name() {
        for day in (0..36_600).map(Day) {
            assert_eq!(Day::of_file(&day.file()), Some(day));
            assert_eq!(Day::of_partition(&day.partition()), Some(day));
        }
    }

    #[test]
    fn other_files_are_no_days() {
        for name in
            ["calls-2026-02-30.db", "calls-2026-11-21.db-wal", "usage.db", "calls-x-1-1.db", "calls-1-1-1.db"]
        {
            assert_eq!(Day::of_file(name), None, "{name}");
        }
    }
}
