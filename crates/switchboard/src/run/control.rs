//! What a running board answers on `run.sock`, by its own contract: `control/contract.json`.

mod calls;
mod dispatch;
mod limits;
mod texts;

pub(crate) use texts::digest;

use super::alerts::AlertsHealth;
use super::calls::Calls;
use super::console::Seat;
use super::following::{Asked, LastReload, Stale};
use crate::drive::socket::{Reply, Route, Socket, answer, problem, whole};
use crate::drive::{LedgerAt, now_ms};
use board::Board;
use gateway::Running;
use http::StatusCode;
use ledger::Ledger;
use serde_json::{Value, json};
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// The contract of the socket, as OpenAPI.
const CONTRACT: &str = include_str!("control/contract.json");

/// What questions are answered from.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) gateway: Rc<Running>,
    pub(super) ledger: Ledger,
    /// Where that is: what a reload says of it counts at the next start.
    pub(super) ledger_at: LedgerAt,
    pub(super) board: watch::Receiver<Arc<Board>>,
    pub(super) reload: mpsc::Sender<Asked>,
    pub(super) last_reload: watch::Receiver<LastReload>,
    pub(super) stale: watch::Receiver<Option<Stale>>,
    pub(super) alerts: watch::Receiver<AlertsHealth>,
    pub(super) console: Seat,
    pub(super) calls: Arc<Calls>,
    /// Calls that are dispatched and not over.
    pub(super) dispatched: Rc<Cell<usize>>,
}

impl Control {
    /// Answers until the socket is dropped.
    pub(super) async fn answer(self, socket: Socket) {
        socket
            .serve(move |route, question| {
                let control = self.clone();
                async move { control.one(route, &question).await }
            })
            .await;
    }

    async fn one(&self, route: Route, question: &Value) -> Reply {
        match route {
            Route::Health => answer(&self.health()),
            Route::Contract => whole(StatusCode::OK, "application/json", CONTRACT),
            Route::Limits => limits::of(self, question).await,
            Route::Calls => calls::ending(self, question),
            Route::Running => calls::running(self),
            Route::Board => texts::answer(&self.board.borrow(), question),
            Route::Explain => self.explain(question).await,
            Route::Dispatch => dispatch::answer(self, question).await,
            Route::Reload => self.reload().await,
            Route::Flush => match self.ledger.flush().await {
                Ok(()) => answer(&json!({})),
                Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
            },
            Route::ConsoleLink => self.link(),
        }
    }

    async fn explain(&self, question: &Value) -> Reply {
        let Some(question) = crate::command::Question::read(question) else {
            return problem(StatusCode::BAD_REQUEST, "the request to explain cannot be read");
        };
        let decisions = self.gateway.explain(&question.request()).await;
        answer(&json!({ "decisions": decisions, "at_ms": now_ms() }))
    }

    async fn reload(&self) -> Reply {
        let (asked, outcome) = oneshot::channel();
        let sent = self.reload.send(asked).await.is_ok();
        match outcome.await {
            Ok(Ok(done)) if sent => answer(&json!({
                "pid": std::process::id(),
                "revision": format!("{:016x}", done.revision),
                "changed": done.changed,
                "later": done.later,
            })),
            Ok(Err(problems)) => problem(StatusCode::CONFLICT, &problems),
            _ => problem(StatusCode::SERVICE_UNAVAILABLE, "the board is being stopped"),
        }
    }

    fn health(&self) -> Value {
        let health = self.ledger.health();
        let last = self.last_reload.borrow().clone();
        let alerts = self.alerts.borrow().clone();
        let rates = self.gateway.rates();
        let stale = self.stale.borrow().clone();
        json!({
            "pid": std::process::id(),
            "revision": format!("{:016x}", self.board.borrow().revision),
            "ledger": self.ledger_at,
            "reloaded_ms": last.at_ms,
            "reload_failed": last.failed,
            "rows_dropped": health.rows_dropped,
            "usage_pending": health.usage_pending,
            "usage_since_ms": health.usage_since_ms,
            "usage_late": health.usage_late,
            "deaf_since_ms": health.deaf_since_ms,
            "accounts_stale": stale.map(|stale| json!({ "since_ms": stale.since_ms, "why": stale.why })),
            "behind": health.behind,
            "last_error": health.last_error,
            "quotas": health.quotas,
            "rates": { "shared": rates.shared, "away": rates.away },
            "on_trust": self.gateway.on_trust(),
            "alerts": {
                "sends": alerts.sends,
                "waiting": alerts.news.waiting,
                "given_up": alerts.news.given_up,
                "last_error": alerts.news.last_error,
                "failed": alerts.failed,
            },
        })
    }

    fn link(&self) -> Reply {
        match self.console.link() {
            Ok(Some(link)) => answer(&json!({ "link": link })),
            Ok(None) => {
                let words = "the console of this board is off: take `console = false` out of its file";
                problem(StatusCode::CONFLICT, words)
            }
            Err(failure) => problem(StatusCode::INTERNAL_SERVER_ERROR, &failure.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CONTRACT;
    use crate::drive::socket::Route;
    use std::collections::BTreeSet;

    #[test]
    fn the_contract_and_the_code_have_the_same_questions() {
        let contract = contract::Contract::read("contract.json", CONTRACT.as_bytes()).unwrap();
        let said: BTreeSet<String> = contract
            .operations
            .iter()
            .map(|known| {
                let contract::Bind::Path { method, template } = &known.bind;
                format!("{method} {template} {}", known.id)
            })
            .collect();
        let answered: BTreeSet<String> = Route::ALL
            .iter()
            .map(|route| {
                let (method, path, id) = route.row();
                format!("{method} {path} {id}")
            })
            .collect();
        assert_eq!(said, answered);
    }
}
