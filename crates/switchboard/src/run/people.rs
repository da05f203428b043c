//! Accounts of a running board: made from the ledger and the file.

use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use board::Board;
use exchange::Accounts;
use ledger::Ledger;
use std::sync::Arc;

/// Who may call: consumers and keys of the ledger and of the board's own file.
pub(crate) async fn accounts(
    board: &Board,
    ledger: &Ledger,
    before: Option<&Accounts>,
) -> Result<Arc<Accounts>, Failure> {
    let (mut consumers, mut keys) = ledger.accounts_rows(now_ms()).await.map_err(|error| stored(&error))?;
    for row in &board.consumers.consumers {
        if consumers.iter().any(|known| known.name == row.name) {
            return Err(Failure::usage(format!(
                "the consumer `{}` is in the board's file and in the ledger: two accounts of one name",
                row.name
            ))
            .help("remove one of them"));
        }
    }
    consumers.extend(board.consumers.consumers.iter().cloned());
    keys.extend(board.consumers.keys.iter().cloned());
    Ok(Arc::new(Accounts::new(consumers, keys, |plan| board.limits_of(plan), before)))
}
