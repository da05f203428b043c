//! What a running board answers on `run.sock`: health, an explanation with live counts, a link to the console, a call.

mod acting;
mod texts;

pub(crate) use texts::digest;

use super::alerts::AlertsHealth;
use super::following::{Asked, LastReload};
use crate::drive::socket::Socket;
use crate::drive::{entropy, now_ms};
use board::Board;
use console::SignIn;
use gateway::Running;
use http::StatusCode;
use ledger::Ledger;
use serde_json::{Value, json};
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot, watch};

/// What questions are answered from.
#[derive(Clone)]
pub(super) struct Control {
    pub(super) gateway: Rc<Running>,
    pub(super) ledger: Ledger,
    pub(super) board: watch::Receiver<Arc<Board>>,
    pub(super) reload: mpsc::Sender<Asked>,
    pub(super) last_reload: watch::Receiver<LastReload>,
    pub(super) alerts: watch::Receiver<AlertsHealth>,
    pub(super) sign_in: Option<SignIn>,
    pub(super) console: Option<String>,
}

impl Control {
    /// Answers until the socket is dropped.
    pub(super) async fn answer(self, socket: Socket) {
        socket
            .serve(move |path, question| {
                let control = self.clone();
                async move { control.one(&path, &question).await }
            })
            .await;
    }

    async fn one(&self, path: &str, question: &Value) -> (StatusCode, Value) {
        match path {
            "/flush" => match self.ledger.flush().await {
                Ok(()) => (StatusCode::OK, json!({})),
                Err(error) => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": error.to_string() })),
            },
            "/health" => (StatusCode::OK, self.health()),
            "/reload" => self.reload().await,
            "/console/link" => self.link(),
            "/board" => texts::answer(&self.board.borrow(), question),
            "/call" => acting::call(self, question).await,
            "/explain" => match crate::command::Question::read(question) {
                Some(question) => {
                    let decisions = self.gateway.explain(&question.request()).await;
                    (StatusCode::OK, json!({ "decisions": decisions, "at_ms": now_ms() }))
                }
                None => (StatusCode::BAD_REQUEST, json!({ "error": "the question cannot be read" })),
            },
            _ => (
                StatusCode::NOT_FOUND,
                json!({ "error": "this board is older than the command: restart it" }),
            ),
        }
    }

    async fn reload(&self) -> (StatusCode, Value) {
        let (asked, answer) = oneshot::channel();
        let sent = self.reload.send(asked).await.is_ok();
        match answer.await {
            Ok(Ok(done)) if sent => (
                StatusCode::OK,
                json!({
                    "pid": std::process::id(),
                    "revision": format!("{:016x}", done.revision),
                    "changed": done.changed,
                    "later": done.later,
                }),
            ),
            Ok(Err(problems)) => (StatusCode::CONFLICT, json!({ "error": problems })),
            _ => (StatusCode::SERVICE_UNAVAILABLE, json!({ "error": "the board is being stopped" })),
        }
    }

    fn health(&self) -> Value {
        let health = self.ledger.health();
        let last = self.last_reload.borrow().clone();
        let alerts = self.alerts.borrow().clone();
        let rates = self.gateway.rates();
        json!({
            "pid": std::process::id(),
            "revision": format!("{:016x}", self.board.borrow().revision),
            "reloaded_ms": last.at_ms,
            "reload_failed": last.failed,
            "rows_dropped": health.rows_dropped,
            "usage_pending": health.usage_pending,
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

    fn link(&self) -> (StatusCode, Value) {
        let (Some(sign_in), Some(url)) = (&self.sign_in, &self.console) else {
            return (
                StatusCode::CONFLICT,
                json!({ "error": "the console of this board is off: take `console = false` out of its file" }),
            );
        };
        match entropy() {
            Ok(entropy) => {
                let link = sign_in.issue(entropy, SystemTime::now()).at(url);
                (StatusCode::OK, json!({ "link": link }))
            }
            Err(failure) => (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": failure.message })),
        }
    }
}
