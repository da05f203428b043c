//! Validators (RFC 9110 §8.8): asks only for what has changed, and changes only what is still as it was seen.
//!
//! `--if-changed` sends the ETag or date of the last answer with a GET, and 304 is exit 0 without a body. Where a contract
//! declares `If-Match` (RFC 9110 §13.1.1), the ETag of the last GET of the same address is sent with a change, and 412 says
//! that somebody else was faster. What is kept is a validator, never a body: one small file (0600) for each address and credential.

use super::draft::Draft;
use super::session::write_private;
use super::trip::Came;
use super::wanted::{Destination, FieldWish, Wanted};
use crate::drive;
use crate::exit::Failure;
use crate::terminal::Terminal;
use contract::In;
use http::header::{ACCEPT, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};

/// What of the command line is about validators.
#[derive(Debug, clap::Args)]
pub(crate) struct Conditional {
    /// GET only what has changed since the last call of this address with this flag; 304 is exit 0
    #[arg(long, conflicts_with_all = ["all", "limit", "most", "until"])]
    pub(super) if_changed: bool,
}

/// What the last answer said of itself.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    etag: Option<String>,
    last_modified: Option<String>,
}

/// Where the validator of an answer is kept.
#[derive(Clone, Debug)]
pub(crate) struct Keeper(PathBuf);

impl Conditional {
    /// Adds the condition to a draft; gives where the next validator is kept, if it is.
    pub(super) fn apply(
        &self,
        draft: &mut Draft,
        wanted: &Wanted,
        terminal: Terminal,
    ) -> Result<Option<Keeper>, Failure> {
        let reads = draft.method == Method::GET || draft.method == Method::HEAD;
        if self.if_changed && !reads {
            let words = format!("`--if-changed` is for GET, and this is {}", draft.method);
            return Err(Failure::usage(words)
                .help("a change is guarded by itself where the contract declares `If-Match`"));
        }
        if reads && (self.if_changed || is_guarded(draft)) {
            let keeper = Keeper(file(draft)?);
            if self.if_changed && is_there(wanted) {
                keeper.ask(draft);
            }
            return Ok(Some(keeper));
        }
        if takes_if_match(draft) && !draft.fields.contains_key(IF_MATCH) {
            let left_out = wanted.fields.contains(&FieldWish::Remove(IF_MATCH));
            let kept = read(&file(draft)?).filter(|_| !left_out).and_then(|kept| kept.etag);
            // RFC 9110 §13.1.1: compared strongly, so a weak one would never match.
            if let Some(etag) = kept.filter(|etag| !etag.starts_with("W/"))
                && let Ok(value) = HeaderValue::from_str(&etag)
            {
                terminal.say(format!("only if it is still as the last GET saw it: If-Match {etag}"));
                draft.fields.insert(IF_MATCH, value);
            }
        }
        Ok(None)
    }
}

impl Keeper {
    fn ask(&self, draft: &mut Draft) {
        let Some(kept) = read(&self.0) else { return };
        let value = |text: Option<String>| text.and_then(|text| HeaderValue::from_str(&text).ok());
        // RFC 9110 §13.1.3: the date is not looked at where there is an ETag.
        if let Some(etag) = value(kept.etag) {
            draft.fields.entry(IF_NONE_MATCH).or_insert(etag);
        } else if let Some(date) = value(kept.last_modified) {
            draft.fields.entry(IF_MODIFIED_SINCE).or_insert(date);
        }
    }

    /// Keeps what an answer says of itself; gives what is to be said.
    pub(super) fn took(&self, came: &Came) -> Option<&'static str> {
        if came.head.status == StatusCode::NOT_MODIFIED {
            return Some("not changed since the last call");
        }
        if came.head.status != StatusCode::OK || came.redirects > 0 {
            return None;
        }
        let text = |fields: &HeaderMap, name| {
            fields.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned)
        };
        let fields = &came.head.fields;
        let kept = Kept { etag: text(fields, ETAG), last_modified: text(fields, LAST_MODIFIED) };
        if kept.etag.is_none() && kept.last_modified.is_none() {
            let _ = std::fs::remove_file(&self.0);
            return None;
        }
        // Only a convenience: without it everything is asked for, and nothing is guarded.
        let _ = serde_json::to_vec(&kept).map(|text| write_private(&self.0, &text));
        None
    }
}

fn read(file: &Path) -> Option<Kept> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

/// Whether what was got last is still there: without the file, "not changed" would leave nothing.
fn is_there(wanted: &Wanted) -> bool {
    match &wanted.output {
        Some(Destination::File(name)) if name != "-" => Path::new(name).is_file(),
        _ => true,
    }
}

fn takes_if_match(draft: &Draft) -> bool {
    draft.named.as_ref().is_some_and(|named| declares(&named.operation))
}

fn declares(operation: &contract::Operation) -> bool {
    operation
        .parameters
        .iter()
        .any(|one| one.place == In::Header && one.name.eq_ignore_ascii_case("if-match"))
}

/// Whether another operation of the same path takes `If-Match`.
fn is_guarded(draft: &Draft) -> bool {
    let Some(named) = &draft.named else { return false };
    let template = named.operation.template().to_string();
    let mut all = named.contract.operations.iter();
    all.any(|other| declares(other) && other.template().to_string() == template)
}

/// The file for an address as this caller sees it; its name tells neither.
fn file(draft: &Draft) -> Result<PathBuf, Failure> {
    let mut hasher = Sha256::new();
    let accept = draft.fields.get(ACCEPT).map_or(&b""[..], HeaderValue::as_bytes);
    let secrets = draft.upstream.credentials.iter().map(|credential| credential.secret.reveal().as_bytes());
    let fields =
        draft.fields.iter().filter(|(_, value)| value.is_sensitive()).map(|(_, value)| value.as_bytes());
    for piece in [draft.url().as_bytes(), accept].into_iter().chain(secrets).chain(fields) {
        hasher.update(piece.len().to_be_bytes());
        hasher.update(piece);
    }
    let name = hex::encode(&hasher.finalize()[..16]);
    Ok(drive::state_folder()?.join("validators").join(format!("{name}.json")))
}
