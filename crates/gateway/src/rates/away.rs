//! Whether the store of rates can be asked, and why not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Set by whoever gets no answer in time; taken back by whoever keeps company.
#[derive(Debug, Default)]
pub(super) struct Away {
    is: AtomicBool,
    why: Mutex<Option<String>>,
}

impl Away {
    /// Whether each process counts for itself.
    pub(super) fn is(&self) -> bool {
        self.is.load(Ordering::Relaxed)
    }

    /// In words, while it is so.
    pub(super) fn why(&self) -> Option<String> {
        self.words().clone()
    }

    pub(super) fn lose(&self, why: String) {
        *self.words() = Some(why);
        self.is.store(true, Ordering::Relaxed);
    }

    pub(super) fn find(&self) {
        self.is.store(false, Ordering::Relaxed);
        *self.words() = None;
    }

    fn words(&self) -> MutexGuard<'_, Option<String>> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
