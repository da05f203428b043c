//! A reload, whole or in two steps: of several processes all prepare, then all take over, or none does.

use super::Control;
use super::question::{bad, read};
use crate::drive::socket::{Reply, answer, problem};
use crate::run::following::{Asked, Step};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// A step of a reload; none: all of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    step: Option<Word>,
    /// What is taken over, as `prepare` said it.
    revision: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Prepare,
    Commit,
    Drop,
}

/// Does the step.
pub(super) async fn answer_to(control: &Control, question: &Value) -> Reply {
    let Question { step, revision } = match read(question) {
        Ok(question) => question,
        Err(words) => return bad(&words),
    };
    let step = match (step, revision) {
        (None, None) => Step::Whole,
        (Some(Word::Prepare), None) => Step::Prepare,
        (Some(Word::Drop), None) => Step::Drop,
        (Some(Word::Commit), Some(revision)) => match u64::from_str_radix(&revision, 16) {
            Ok(revision) => Step::Commit(revision),
            Err(_) => return bad("`revision` has 16 hexadecimal digits, as `prepare` said them"),
        },
        (Some(Word::Commit), None) => return bad("of which `revision`? name the one that `prepare` said"),
        (_, Some(_)) => return bad("`revision` goes with `step` = `commit` alone"),
    };
    let (asked, outcome) = oneshot::channel();
    let sent = control.reload.send(Asked { step, answer: asked }).await.is_ok();
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
