//! Accounts of a running board: made from the ledger and the file.

use crate::drive::{now_ms, stored};
use crate::exit::Failure;
use board::Board;
use exchange::{Acceptance, Accounts};
use ledger::{Callers, Ledger, Mark, Since, StoreError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Who may call, and how far the ledger was read for it.
#[derive(Clone, Debug)]
pub(crate) struct People {
    /// The picture.
    pub(crate) accounts: Arc<Accounts>,
    mark: Mark,
}

impl People {
    /// Consumers and keys of the ledger and of the board's own file.
    pub(crate) async fn read(board: &Board, ledger: &Ledger, before: Option<&Self>) -> Result<Self, Failure> {
        let callers = ledger.callers(now_ms()).await.map_err(|error| stored(&error))?;
        let before = before.map(|before| &*before.accounts);
        Self::made(board, ledger, callers, before).await
    }

    /// The same people on another board; what the ledger has changed since is told anew.
    pub(crate) async fn moved(&self, from: &Board, to: &Board, ledger: &Ledger) -> Result<Self, Failure> {
        let of_file: HashSet<_> = from.consumers.consumers.iter().map(|row| &row.name).collect();
        let (consumers, keys) = self.accounts.rows(|name| !of_file.contains(name));
        Self::made(to, ledger, Callers { consumers, keys, mark: self.mark }, Some(&self.accounts)).await
    }

    /// With what the ledger has changed since; the board is the one it was read for.
    pub(crate) async fn renewed(&self, board: &Board, ledger: &Ledger) -> Result<Self, Failure> {
        match self.changed(board, ledger).await.map_err(|error| stored(&error))? {
            Some(next) => Ok(next),
            None => Self::read(board, ledger, Some(self)).await,
        }
    }

    /// `None`: everything has to be read.
    async fn changed(&self, board: &Board, ledger: &Ledger) -> Result<Option<Self>, StoreError> {
        let since = ledger.callers_since(self.mark, now_ms()).await?;
        // Something has changed, or this would not be asked: what the audit knows nothing of is read.
        let Since::Changed(changed, mark) = since else { return Ok(None) };
        // What consumers of the file have accepted is in the ledger; and one name in both is an error.
        let of_file = board.consumers.consumers.iter().any(|row| changed.names.contains(&row.name));
        let next = (!of_file).then(|| self.accounts.with(changed, |plan| board.limits_of(plan))).flatten();
        Ok(next.map(|accounts| Self { accounts: Arc::new(accounts), mark }))
    }

    /// Of what the ledger says, and the board's own file.
    pub(crate) async fn made(
        board: &Board,
        ledger: &Ledger,
        callers: Callers,
        before: Option<&Accounts>,
    ) -> Result<Self, Failure> {
        let Callers { mut consumers, mut keys, mark } = callers;
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
        let of_file: HashMap<_, _> =
            board.consumers.keys.iter().map(|row| (row.digest, &row.consumer)).collect();
        if let Some((row, other)) = keys.iter().find_map(|row| Some((row, *of_file.get(&row.digest)?))) {
            return Err(Failure::usage(format!(
                "one key is that of `{}` in the ledger and that of `{other}` in the board's file",
                row.consumer
            ))
            .help(format!("take it out of the file, or revoke it: switchboard key list {}", row.consumer)));
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
        let accounts = Accounts::new(consumers, keys, |plan| board.limits_of(plan), before);
        Ok(Self { accounts: Arc::new(accounts), mark })
    }
}
