//! Accounts of a running board: made from the ledger and the file, made anew when the ledger's change.

use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use board::Board;
use exchange::Accounts;
use gateway::Running;
use ledger::Ledger;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// After so long a ledger that could not be read is asked again.
const AGAIN: Duration = Duration::from_millis(500);

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

/// What following the ledger needs.
pub(super) struct People {
    pub(super) board: Arc<Board>,
    pub(super) ledger: Ledger,
    pub(super) gateway: Rc<Running>,
}

impl People {
    /// Swaps the accounts whenever somebody changed them: a key that was revoked is refused within a second.
    pub(super) async fn follow(self, mut now: Arc<Accounts>) {
        let mut changes = self.ledger.watch_accounts();
        while changes.changed().await.is_ok() {
            // A ledger that cannot be read for a moment is asked again: a key may have been revoked.
            let next = loop {
                match accounts(&self.board, &self.ledger, Some(&now)).await {
                    Ok(next) => break next,
                    Err(_) => tokio::time::sleep(AGAIN).await,
                }
            };
            // The board is the one that runs: nothing of it can be wrong now.
            if self.gateway.swap(Arc::clone(&self.board), Arc::clone(&next)).is_ok() {
                now = next;
            }
        }
    }
}
