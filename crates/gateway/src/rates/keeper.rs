//! The thread on which a process keeps company: it serves no calls, and goes on until the last worker has ended.

use crate::all_meters::AllMeters;
use crate::world::Shared;
use exchange::Accounts;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Ends with its thread when it is dropped.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Begins, where rates have a store. `accounts` gives who may call at the moment.
    ///
    /// # Errors
    /// The system gives no thread, or no timer.
    pub(crate) fn start(
        shared: &Arc<Shared>,
        accounts: impl Fn() -> Arc<Accounts> + Send + 'static,
    ) -> io::Result<Option<Self>> {
        if !shared.rates.has_store() {
            return Ok(None);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        let (shared, (stop, stopped)) = (Arc::clone(shared), oneshot::channel());
        let thread = std::thread::Builder::new().name("company".into()).spawn(move || {
            runtime.block_on(async {
                let meters = || Box::new(AllMeters::new(&accounts(), &shared)) as _;
                tokio::select! {
                    () = shared.rates.keep_company(meters) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Some(Self { stop: Some(stop), thread: Some(thread) }))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
