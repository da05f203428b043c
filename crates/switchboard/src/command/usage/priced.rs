//! Which calls are billed, and what they cost at the price of their plan.
//!
//! Billed is what reached a provider that answered it: `succeeded`, and `declined` (the provider's own 4xx). What we refused,
//! what failed and what was broken off costs nothing. A call is one call, whatever its `cost` takes from quotas.

use crate::exit::Failure;
use board::{Amount, Board, Price};
use ledger::UsageRow;
use std::collections::{BTreeMap, BTreeSet};

/// The outcomes that are billed.
pub(super) const BILLED: [&str; 2] = ["succeeded", "declined"];

/// How many calls of a row are billed.
pub(super) fn billed(row: &UsageRow) -> u64 {
    BILLED.iter().map(|word| row.calls_that(word)).sum()
}

/// The price of a row's plan; `None`: it has none, or is not on the board.
pub(super) fn price(board: &Board, row: &UsageRow) -> Option<Price> {
    let plan = row.plan.as_deref()?;
    board.plans.iter().find(|known| known.name.as_str() == plan)?.price
}

/// Plans that have billed calls and are not on the board any more.
pub(super) fn gone(board: &Board, rows: &[UsageRow]) -> BTreeSet<String> {
    let known = |plan: &str| plan.is_empty() || board.plans.iter().any(|known| known.name.as_str() == plan);
    let billed = rows.iter().filter(|row| billed(row) > 0).filter_map(|row| row.plan.clone());
    billed.filter(|plan| !known(plan)).collect()
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
    pub(super) fn of(board: &Board, rows: &[UsageRow]) -> Result<Self, Failure> {
        let mut sums = Self::default();
        for row in rows {
            sums.calls += row.calls;
            sums.billed += billed(row);
            let Some(price) = price(board, row) else { continue };
            let amount = price.of(billed(row));
            let (exact, due) = sums.amounts.entry(price.currency()).or_default();
            let both = exact.plus(amount).zip(due.plus(price.due(amount)));
            (*exact, *due) =
                both.ok_or_else(|| Failure::run(format!("the sum in {} is too large", price.currency())))?;
        }
        Ok(sums)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Sums, gone};
    use board::{Board, Outside, OutsideError};
    use ledger::UsageRow;
    use std::path::Path;

    struct World(String);

    impl Outside for World {
        fn file(&self, _: &Path) -> Result<Vec<u8>, OutsideError> {
            Ok(self.0.clone().into_bytes())
        }

        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn stored(&self, _: &str) -> Result<String, OutsideError> {
            Err(OutsideError("it is not stored".to_owned()))
        }
    }

    /// A board with these tables.
    pub(in crate::command::usage) fn board(text: &str) -> Board {
        board::load(Path::new(""), None, &World(text.to_owned())).unwrap()
    }

    #[test]
    fn each_currency_is_added_up_for_itself_exactly_and_as_it_is_paid() {
        let board = board(
            "[plans.one]\nauth = \"key\"\nprice = \"0.005 EUR\"\n[plans.many]\nauth = \"key\"\nprice = \"1.50 EUR/1000\"\n\
             [plans.yen]\nauth = \"key\"\nprice = \"3 JPY/1000\"\n[plans.free]\nauth = \"key\"\n",
        );
        let row = |plan: &str, outcomes: [u64; 6]| UsageRow {
            plan: Some(plan.to_owned()),
            calls: outcomes.iter().sum(),
            outcomes,
            ..UsageRow::default()
        };
        let rows = [
            row("one", [1, 0, 7, 7, 7, 7]),
            row("one", [2, 1, 0, 0, 0, 0]),
            row("many", [1_000, 1, 0, 0, 0, 0]),
            row("yen", [500, 0, 0, 0, 0, 0]),
            row("free", [5, 0, 0, 0, 0, 0]),
            row("gone", [1, 0, 0, 0, 0, 0]),
            row("refused", [0, 0, 1, 0, 0, 0]),
        ];
        let sums = Sums::of(&board, &rows).unwrap();
        assert_eq!((sums.calls, sums.billed), (1_540, 1_511));
        let amounts: Vec<_> = sums
            .amounts
            .iter()
            .map(|(currency, (amount, due))| format!("{currency} {amount} {due}"))
            .collect();
        assert_eq!(amounts, ["EUR 1.52150 1.52", "JPY 1.500 2"]);
        assert_eq!(gone(&board, &rows).into_iter().collect::<Vec<_>>(), ["gone"]);
    }
}
