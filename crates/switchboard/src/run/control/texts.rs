//! The texts that a running board was made from: references to secrets stand in them, never a secret.
//!
//! Without a name the answer lists them with their digests; with one it gives that text, unless the board was loaded anew meanwhile.

use crate::drive::socket::{self, Reply, problem};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use board::Board;
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The largest text that is given over the socket.
const LARGEST: usize = 16 * 1024 * 1024;

/// Answers a question for the board that runs.
pub(super) fn answer(board: &Board, question: &Value) -> Reply {
    let revision = format!("{:016x}", board.revision);
    let texts = board.texts();
    let Some(name) = question["name"].as_str() else {
        let files: Vec<Value> = texts
            .iter()
            .map(|(name, bytes)| json!({ "name": name, "size": bytes.len(), "sha256": digest(bytes) }))
            .collect();
        return socket::answer(
            &json!({ "pid": std::process::id(), "revision": revision, "env": board.env, "files": files }),
        );
    };
    let Some(wanted) = question["revision"].as_str() else {
        let words = "of which `revision`? name the one that `GET /board` without a `name` says";
        return problem(StatusCode::BAD_REQUEST, words);
    };
    if wanted != revision {
        return problem(
            StatusCode::CONFLICT,
            "the board that runs has another revision: it was loaded anew meanwhile, ask `GET /board` once more",
        );
    }
    match texts.iter().find(|(known, _)| *known == name) {
        Some((_, bytes)) if bytes.len() > LARGEST => {
            let words = format!("`{name}` has more than 16 MiB, and is not what lies in the file any more");
            problem(StatusCode::PAYLOAD_TOO_LARGE, &words)
        }
        Some((_, bytes)) => socket::answer(&json!({ "text": BASE64_STANDARD.encode(bytes) })),
        None => problem(StatusCode::NOT_FOUND, "the running board was not made from this file"),
    }
}

/// SHA-256 of a text, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
