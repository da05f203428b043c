//! Accounts of a running board: made from the ledger and the file.

use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use board::Board;
use exchange::{Acceptance, Accounts};
use ledger::Ledger;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Who may call: consumers and keys of the ledger and of the board's own file.
pub(crate) async fn accounts(
    board: &Board,
    ledger: &Ledger,
    before: Option<&Accounts>,
) -> Result<Arc<Accounts>, Failure> {
    let (mut consumers, mut keys) = ledger.accounts_rows(now_ms()).await.map_err(|error| stored(&error))?;
    let both = {
        let known: HashSet<_> = consumers.iter().map(|known| &known.name).collect();
        board.consumers.consumers.iter().find(|row| known.contains(&row.name))
    };
    if let Some(row) = both {
        return Err(Failure::usage(format!(
            "the consumer `{}` is in the board's file and in the ledger: two accounts of one name",
            row.name
        ))
        .help("remove one of them"));
    }
    let first = consumers.len();
    consumers.extend(board.consumers.consumers.iter().cloned());
    let of_file = &mut consumers[first..];
    if !of_file.is_empty() && board.plans.iter().any(|plan| plan.terms.is_some()) {
        // What consumers of the file have accepted is in the ledger.
        let mut places: HashMap<_, _> = of_file.iter_mut().map(|row| (row.name.clone(), row)).collect();
        for terms in ledger.terms_accepted().await.map_err(|error| stored(&error))? {
            if let Some(row) = places.get_mut(&terms.consumer) {
                row.accepted.push(Acceptance { plan: terms.plan, version: terms.version });
            }
        }
    }
    keys.extend(board.consumers.keys.iter().cloned());
    Ok(Arc::new(Accounts::new(consumers, keys, |plan| board.limits_of(plan), before)))
}
