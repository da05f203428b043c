//! Which calls are billed, and what they cost at the price that each was counted with.
//!
//! Billed is what reached a provider that answered it: `succeeded`, and `declined` (the provider's own 4xx). What we refused,
//! what failed and what was broken off costs nothing. A call is one call, whatever its `cost` takes from quotas. No price is
//! looked up: a board that says something else today changes nothing that was counted.

use crate::exit::Failure;
use board::{Amount, Price};
use ledger::UsageRow;
use std::collections::BTreeMap;
use std::ops::Deref;

/// The outcomes that are billed.
pub(super) const BILLED: [&str; 2] = ["succeeded", "declined"];

/// Counts of one price.
#[derive(Debug)]
pub(super) struct Priced {
    row: UsageRow,
    /// `None`: these calls had no price.
    pub(super) price: Option<Price>,
}

impl Priced {
    /// Reads the prices of rows that are told apart by them.
    pub(super) fn read(rows: Vec<UsageRow>) -> Result<Vec<Self>, Failure> {
        let read = |row: UsageRow| {
            let text = row.price.as_deref().filter(|text| !text.is_empty());
            let price = text.map(Price::parse).transpose().map_err(|why| {
                Failure::run(format!("the ledger holds the price `{}`: {why}", text.unwrap_or_default()))
                    .help("a newer switchboard has counted it: ask that one")
            })?;
            Ok(Self { row, price })
        };
        rows.into_iter().map(read).collect()
    }

    /// How many of the calls are billed.
    pub(super) fn billed(&self) -> u64 {
        BILLED.iter().map(|word| self.row.calls_that(word)).sum()
    }

    /// What they cost, exactly.
    pub(super) fn amount(&self) -> Option<Amount> {
        self.price.map(|price| price.of(self.billed()))
    }

    /// What is to be paid of that.
    pub(super) fn due(&self) -> Option<Amount> {
        self.price.zip(self.amount()).map(|(price, amount)| price.due(amount))
    }
}

impl Deref for Priced {
    type Target = UsageRow;

    fn deref(&self) -> &UsageRow {
        &self.row
    }
}

/// All lines together; of money, each currency for itself.
#[derive(Debug, Default)]
pub(super) struct Sums {
    pub(super) calls: u64,
    pub(super) billed: u64,
    /// Exact, and the sum of what is due of each line.
    pub(super) amounts: BTreeMap<&'static str, (Amount, Amount)>,
}

impl Sums {
    /// Adds up.
    pub(super) fn of(rows: &[Priced]) -> Result<Self, Failure> {
        let mut sums = Self::default();
        for row in rows {
            sums.calls += row.calls;
            sums.billed += row.billed();
            let (Some(price), Some(amount), Some(paid)) = (row.price, row.amount(), row.due()) else {
                continue;
            };
            let (exact, due) = sums.amounts.entry(price.currency()).or_default();
            let both = exact.plus(amount).zip(due.plus(paid));
            (*exact, *due) =
                both.ok_or_else(|| Failure::run(format!("the sum in {} is too large", price.currency())))?;
        }
        Ok(sums)
    }
}

#[cfg(test)]
mod tests {
    use super::{Priced, Sums};
    use ledger::UsageRow;

    #[test]
    fn each_currency_is_added_up_for_itself_exactly_and_as_it_is_paid() {
        let row = |price: &str, outcomes: [u64; 6]| UsageRow {
            plan: Some("pro".to_owned()),
            price: Some(price.to_owned()),
            calls: outcomes.iter().sum(),
            outcomes,
            ..UsageRow::default()
        };
        let rows = vec![
            row("0.005 EUR", [1, 0, 7, 7, 7, 7]),
            row("0.005 EUR", [2, 1, 0, 0, 0, 0]),
            row("1.50 EUR/1000", [1_000, 1, 0, 0, 0, 0]),
            row("3 JPY/1000", [500, 0, 0, 0, 0, 0]),
            row("", [5, 0, 0, 0, 0, 0]),
            row("", [0, 0, 1, 0, 0, 0]),
        ];
        let sums = Sums::of(&Priced::read(rows).unwrap()).unwrap();
        assert_eq!((sums.calls, sums.billed), (1_539, 1_510));
        let amounts: Vec<_> = sums
            .amounts
            .iter()
            .map(|(currency, (amount, due))| format!("{currency} {amount} {due}"))
            .collect();
        assert_eq!(amounts, ["EUR 1.52150 1.52", "JPY 1.500 2"]);
        let failure = Priced::read(vec![row("1 EUR a day", [1, 0, 0, 0, 0, 0])]).unwrap_err();
        assert!(failure.message.starts_with("the ledger holds the price `1 EUR a day`: "), "{failure:?}");
    }
}
