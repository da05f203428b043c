//! A year of usage for `bench/usage`: so many counts in each minute, added up to hours and days as a board that runs does it.
//!
//! The same arguments make the same counts. Counts only: no rows. Minutes older than 62 days are dropped on the way.

use super::{Numbers, Words};
use exchange::{CallIds, PlanName, Usage, UsageKey};
use ledger::{Ledger, LedgerOptions};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

const MINUTE_MS: u64 = 60_000;
const DAY: u64 = 1_440;
/// Plans, and what a call costs in them.
const PLANS: [(&str, Option<&str>); 3] =
    [("free", None), ("pro", Some("0.005 EUR")), ("bulk", Some("1.50 EUR/1000"))];

/// Counts `each` calls in every minute of a year, and says how long that took.
pub(super) async fn count(folder: &str, year: u64, each: u64) -> Result<(), Box<dyn Error>> {
    let ledger = Ledger::open(LedgerOptions::new(folder)).await?;
    let recorder = ledger.recorder();
    let (words, mut random, mut ids) = (Words::new(), Numbers(0x5eed), CallIds::new(1));
    let plans = PLANS.map(|(plan, price)| (PlanName::new(plan), price.map(Arc::from)));
    let (first, days) = (first_day(year), first_day(year + 1) - first_day(year));
    let began = Instant::now();
    for day in first..first + days {
        for minute in day * DAY..(day + 1) * DAY {
            for nth in 0..each {
                let record = words.call(ids.next(minute * MINUTE_MS), nth, &mut random);
                let (plan, price) = &plans[random.place(plans.len())];
                let key = UsageKey {
                    minute,
                    api: record.api.unwrap_or_default(),
                    operation: record.operation.unwrap_or_default(),
                    consumer: record.consumer,
                    plan: Some(plan.clone()),
                    price: price.clone(),
                    outcome: record.outcome,
                    class: u8::try_from(record.status / 100)?,
                };
                recorder.usage(Usage {
                    key,
                    bytes: record.bytes_in + record.bytes_out,
                    took_us: record.took_us,
                });
            }
        }
        ledger.flush().await?;
        // A while into the next day, so that its last hour is over.
        ledger.roll_up((day + 1) * DAY * MINUTE_MS + 10 * MINUTE_MS).await?;
    }
    ledger.close().await?;
    writeln!(
        std::io::stdout(),
        "{} calls of {year}, {each} in each minute, in {:.0} s",
        days * DAY * each,
        began.elapsed().as_secs_f64()
    )?;
    Ok(())
}

/// The first day of a year, in days since 1970.
fn first_day(year: u64) -> u64 {
    let before = year - 1;
    let days = |year: u64| year * 365 + year / 4 - year / 100 + year / 400;
    days(before) - days(1969)
}
