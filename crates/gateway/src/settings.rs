//! What of the gateway's behaviour is not the board's: bounds and times with good defaults.

use exchange::Stage;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Bounds and times of every worker.
#[derive(Clone)]
pub struct Settings {
    /// Longest silence inside a request's body; then 408.
    pub body_stall: Duration,
    /// A call that lasts longer gets a row while it is still running.
    pub open_row_after: Duration,
    /// Most connections of callers on one thread; more are closed at once.
    pub most_connections: usize,
    /// Idle connections that are kept for each server and thread.
    pub idle_per_server: usize,
    /// Where turns at a provider's pace are shared with other processes; none: this one keeps to it for itself. It may
    /// wait for a disk: the threads that serve never do.
    pub turns: Option<Arc<dyn call::Allowances>>,
    /// Where rates are shared with other processes that serve the same board; none: this one is alone.
    pub rates: Option<Arc<dyn exchange::RateStore>>,
    /// Is told of each stage of each call, with its path: for tests and measurements.
    #[doc(hidden)]
    pub on_stage: Option<OnStage>,
}

/// Is told of each stage of each call, with its path.
pub type OnStage = Arc<dyn Fn(Stage, &str) + Send + Sync>;

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_stall: Duration::from_secs(30),
            open_row_after: Duration::from_secs(10),
            most_connections: 16 * 1024,
            idle_per_server: 64,
            turns: None,
            rates: None,
            on_stage: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Settings")
            .field("body_stall", &self.body_stall)
            .field("open_row_after", &self.open_row_after)
            .field("most_connections", &self.most_connections)
            .field("idle_per_server", &self.idle_per_server)
            .field("turns", &self.turns)
            .field("rates", &self.rates)
            .finish_non_exhaustive()
    }
}
