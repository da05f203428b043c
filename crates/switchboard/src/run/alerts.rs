//! Thresholds that are watched, and webhooks that are called when one is crossed.
//!
//! One process of a board does it, by a lease in the ledger that another takes over within [`HOLDS_MS`]. It is beside the
//! calls and none waits for it; what goes wrong is said on stderr and in health.

mod message;
mod send;
mod watch;

use crate::drive::{entropy, now_ms};
use crate::terminal::Terminal;
use board::Board;
use gateway::{OverSoft, Running};
use ledger::{Ledger, NewsHealth};
use send::Sender;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;

/// How often thresholds are looked at, and news that wait are sent.
const EACH: Duration = Duration::from_secs(2);
/// So long the telling is one process's without a sign of life; longer than an attempt can take.
const HOLDS_MS: u64 = 20_000;

/// So many who went over a soft rate are kept while the ledger cannot be written.
const MOST: usize = 1_000;

/// How the alerts go: for health.
#[derive(Clone, Debug, Default)]
pub(super) struct AlertsHealth {
    /// Of all processes' news.
    pub(super) news: NewsHealth,
    /// Whether this process sends them.
    pub(super) sends: bool,
    /// Why thresholds could not be looked at the last time.
    pub(super) failed: Option<String>,
}

/// What watching needs.
pub(super) struct Alerts {
    pub(super) ledger: Ledger,
    pub(super) board: channel::Receiver<Arc<Board>>,
    pub(super) terminal: Terminal,
    pub(super) health: channel::Sender<AlertsHealth>,
    /// Where calls go over soft rates.
    pub(super) gateway: Rc<Running>,
    /// Who this process is in the lease.
    pub(super) holder: u64,
}

/// A number by which a process is told from others.
pub(super) fn holder() -> u64 {
    // Without random numbers nothing starts at all: see `entropy` in `start_console`.
    let bytes = entropy().unwrap_or_default();
    bytes.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) >> 1
}

impl Alerts {
    /// Watches until it is dropped.
    pub(super) async fn run(self) {
        let (mut said, mut sender, mut over) = (None::<String>, Sender::default(), Vec::new());
        loop {
            tokio::time::sleep(EACH).await;
            let board = self.board.borrow().clone();
            let before = self.health.borrow().news.clone();
            if board.alerts.is_empty() && before.waiting == 0 {
                self.health.send_if_modified(|health| std::mem::take(&mut health.sends));
                continue;
            }
            let mut health = AlertsHealth::default();
            over.extend(self.gateway.over_soft());
            match self.round(&board, &mut over, &mut sender).await {
                Ok(sends) => health.sends = sends,
                Err(why) => health.failed = Some(why),
            }
            if health.failed.is_some() && health.failed != said {
                let why = health.failed.clone().unwrap_or_default();
                self.terminal.complain(format!("warning: alerts are not looked at, calls go on: {why}"));
            }
            said.clone_from(&health.failed);
            // What cannot be asked is as it was.
            health.news = self.ledger.news_health().await.unwrap_or(before);
            self.health.send_replace(health);
        }
    }

    /// Looks once, and sends what is due. Whether this process does so.
    async fn round(
        &self,
        board: &Arc<Board>,
        over: &mut Vec<OverSoft>,
        sender: &mut Sender,
    ) -> Result<bool, String> {
        let words = |error: ledger::StoreError| error.to_string();
        // Each process knows its own; what cannot be written down waits for the next round.
        over.truncate(MOST);
        for one in &*over {
            for news in watch::over_soft(one, board, now_ms()) {
                self.ledger.announce(&news, now_ms()).await.map_err(words)?;
            }
        }
        over.clear();
        if !self.ledger.hold_news(self.holder, now_ms(), HOLDS_MS).await.map_err(words)? {
            return Ok(false);
        }
        for alert in &board.alerts {
            for news in watch::crossed(alert, board, &self.ledger, now_ms()).await.map_err(words)? {
                self.ledger.announce(&news, now_ms()).await.map_err(words)?;
            }
        }
        // Anew, so that it lasts for the longest attempt.
        if self.ledger.hold_news(self.holder, now_ms(), HOLDS_MS).await.map_err(words)? {
            sender.due(board, &self.ledger, self.terminal).await.map_err(words)?;
        }
        Ok(true)
    }
}
