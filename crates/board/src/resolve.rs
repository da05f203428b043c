//! From text to a running board: all problems at once, nothing left that must still be looked up.

use crate::{
    Api, BoardConsumers, ConsoleSettings, Diagnostics, LedgerSettings, Listener, Outside, Plan, ProxyFlags,
    RecordSettings, Router,
};
use exchange::{PlanName, Secret};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A resolved board: what runs.
#[derive(Clone, Debug)]
pub struct Board {
    /// The folder it lies in.
    pub folder: PathBuf,
    /// The overlay that was merged in (`--env`).
    pub env: Option<String>,
    /// Fingerprint of everything it was made from; shown in health and logs.
    pub revision: u64,
    /// Listeners, in file order.
    pub listeners: Vec<Listener>,
    /// One router for each listener.
    pub routers: Vec<Router>,
    /// APIs, in file order.
    pub apis: Vec<Arc<Api>>,
    /// Plans, in file order.
    pub plans: Vec<Arc<Plan>>,
    /// Consumers that the board itself names.
    pub consumers: BoardConsumers,
    /// Every secret that was resolved: for redaction by value.
    pub secrets: Vec<Secret>,
    /// Where the ledger is.
    pub ledger: LedgerSettings,
    /// How much of calls is kept.
    pub record: RecordSettings,
    /// The console's listener; none: the console is off.
    pub console: Option<ConsoleSettings>,
    /// What somebody should know, though it runs.
    pub warnings: Diagnostics,
}

impl Board {
    /// The API of this name.
    pub fn api(&self, name: &str) -> Option<&Arc<Api>> {
        self.apis.iter().find(|api| api.name.as_str() == name)
    }

    /// How many limits a plan has: for [`exchange::Accounts::new`].
    pub fn limits_of(&self, plan: &PlanName) -> usize {
        self.plans.iter().find(|known| known.name == *plan).map_or(0, |plan| plan.limits.len())
    }
}

/// Loads the board in `folder`: `switchboard.toml`, and `switchboard.ENV.toml` over it.
///
/// # Errors
/// All problems, when one of them is an error; warnings come with the board.
pub fn load(folder: &Path, env: Option<&str>, outside: &dyn Outside) -> Result<Board, Diagnostics> {
    let _ = (folder, env, outside);
    Err(Diagnostics::default())
}

/// Makes the board that `switchboard proxy` serves, and the text of the file that says the same.
///
/// # Errors
/// All problems of the flags, as diagnostics that name the flag.
pub fn proxy(flags: &ProxyFlags, outside: &dyn Outside) -> Result<(Board, String), Diagnostics> {
    let _ = (flags, outside);
    Err(Diagnostics::default())
}
