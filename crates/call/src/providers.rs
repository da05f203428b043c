//! The providers as one thread sees them: pools, paces and turns, kept by what they serve.

use crate::{Answer, CallError, Dial, ErrorKind, Outgoing};
use board::Upstream;
use std::rc::Rc;

/// Everything one thread knows of providers. Lives as long as the thread; a reload keeps what did not change.
#[derive(Clone, Debug)]
pub struct Providers {
    dial: Rc<Dial>,
}

impl Providers {
    /// Without connections yet.
    pub fn new(dial: Dial) -> Self {
        Self { dial: Rc::new(dial) }
    }

    /// Sends a request and gives the answer, its body still coming.
    ///
    /// Must run inside a `tokio` `LocalSet` or a `current_thread` runtime's `spawn_local`.
    ///
    /// # Errors
    /// [`CallError`], when there was no answer after the attempts that were allowed.
    pub async fn send(&self, upstream: &Upstream, outgoing: Outgoing) -> Result<Answer, CallError> {
        let _ = (upstream, outgoing, &self.dial);
        Err(CallError {
            kind: ErrorKind::Unusable,
            detail: "not built yet".to_owned(),
            server: None,
            attempts: 0,
        })
    }
}
