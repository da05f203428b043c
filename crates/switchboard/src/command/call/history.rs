//! The history of calls: each call of `call` becomes a row of a ledger, with both messages and the words to make it again.
//!
//! The ledger is that of the board near here, else one in the user's state folder. Secrets are `***` by value and by
//! name in everything that is kept; those of the board were never in it, so that making a call again fills them in anew.
//! A history that cannot be written is said and costs the call nothing.

use super::draft::Draft;
use super::nearby::Nearby;
use super::redact::Redaction;
use super::trip::{Broke, Came};
use crate::arguments::Global;
use crate::drive;
use crate::terminal::Terminal;
use board::DetailsWanted;
use contract::Violation;
use exchange::{
    By, CallId, CallRecord, Cleaner, Detail, Fault, Finding, Message, Outcome, Reason, Redactor, Secret,
    Timing,
};
use ledger::History;
use serde_json::Value;
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How much of a body is kept.
pub(crate) const KEPT: usize = 128 * 1024;
/// How long calls are kept where no board says it.
const KEPT_FOR: Duration = Duration::from_secs(30 * 86_400);
/// How many words of a command, and how many bytes of them, are kept: a longer one is not made again.
const WORDS: (usize, usize) = (1_000, 64 * 1024);

/// Whether calls are kept.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub(crate) struct Keeping {
    /// Leave this call out of the history (also `SWITCHBOARD_HISTORY=off`)
    #[arg(long)]
    pub(crate) no_history: bool,
}

/// A call of which the history will be told.
pub(crate) struct Begun {
    history: History,
    at_ms: u64,
    began: Instant,
    api: Option<String>,
    details: bool,
    redact: Vec<String>,
    words: Vec<String>,
}

/// How a call ended.
pub(crate) struct Ended<'a> {
    pub(crate) came: Result<&'a Came, (Outcome, Option<Reason>)>,
    /// The beginning of its body.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) request_breaks: &'a [Violation],
    pub(crate) response_breaks: &'a [Violation],
}

/// Where the history of calls made here is, with what a board says of keeping them.
pub(crate) fn place(global: &Global) -> Option<(PathBuf, Duration, Option<board::RecordSettings>)> {
    let Some(folder) = drive::board_near(global) else {
        return Some((drive::state_folder().ok()?.join("history"), KEPT_FOR, None));
    };
    let disk = drive::Disk { secrets: drive::secrets_folder(&folder), need: drive::Need::Nothing };
    let (ledger, record) = board::ledger_of(&folder, global.env.as_deref(), &disk).ok()?;
    Some((ledger.folder, ledger.keep, Some(record)))
}

impl Keeping {
    /// Begins to open the history, if calls are kept; `words` are the command's.
    pub(crate) fn begin(self, draft: &Draft, nearby: &Nearby<'_>, words: Vec<String>) -> Option<Begun> {
        let off =
            std::env::var("SWITCHBOARD_HISTORY").is_ok_and(|value| matches!(&*value, "off" | "0" | "no"));
        if self.no_history || off {
            return None;
        }
        let (folder, keep, record) = place(nearby.global())?;
        let at_ms = drive::now_ms();
        let named = draft.named.as_ref();
        let of_board = named.and_then(|named| {
            nearby.loaded().into_iter().flat_map(|board| &board.apis).find(|api| {
                api.contract.as_ref().is_some_and(|own| std::sync::Arc::ptr_eq(own, &named.contract))
            })
        });
        let mut redact = record.as_ref().map(|record| record.redact.clone()).unwrap_or_default();
        redact.extend(named.into_iter().flat_map(|named| named.contract.secrets.iter().cloned()));
        redact.extend(of_board.into_iter().flat_map(|api| api.redact.iter().cloned()));
        Some(Begun {
            history: History::begin(folder, keep, at_ms),
            at_ms,
            began: Instant::now(),
            api: named.map(|named| {
                of_board.map_or_else(|| named.contract.name.clone(), |api| api.name.to_string())
            }),
            details: record.as_ref().is_none_or(|record| record.details != DetailsWanted::None),
            redact,
            words,
        })
    }
}

impl Begun {
    /// Writes the call; what stands in the way is said. Gives its id.
    pub(crate) fn add(
        self,
        draft: &Draft,
        redaction: &Redaction,
        ended: &Ended<'_>,
        terminal: Terminal,
    ) -> Option<CallId> {
        let names: Vec<String> = self.redact.iter().map(|name| name.to_ascii_lowercase()).collect();
        let mut values = redaction.values().clone();
        learn(&mut values, draft, &Cleaner::new(Cow::Borrowed(redaction.values()), names.clone()));
        let cleaner = Cleaner::new(Cow::Owned(values), names).and(call::learnt());
        let record = self.record(draft, &cleaner, ended);
        let detail = self.details.then(|| self.detail(draft, redaction, &cleaner, ended));
        match self.history.add(record, detail) {
            Ok(id) => Some(id),
            Err(error) => {
                terminal.say(format!("not in the history: {error} (`--no-history` leaves it out)"));
                None
            }
        }
    }

    fn record(&self, draft: &Draft, cleaner: &Cleaner<'_>, ended: &Ended<'_>) -> CallRecord {
        let url = draft.url();
        let path = cleaner.text(url.split('?').next().unwrap_or_default());
        let came = ended.came.as_ref().ok();
        let (outcome, reason) = match &ended.came {
            Ok(came) => (Outcome::of_status(came.head.status.as_u16()), None),
            Err((outcome, reason)) => (*outcome, *reason),
        };
        CallRecord {
            id: CallId::first_at(self.at_ms),
            parent: None,
            via: "call".into(),
            api: self.api.as_deref().map(Into::into),
            offer: None,
            operation: draft.named.as_ref().map(|named| named.operation.id.as_str().into()),
            consumer: None,
            plan: None,
            address: None,
            method: draft.method.as_str().chars().take(32).collect(),
            path: path.chars().take(1024).collect(),
            status: came.map_or(0, |came| came.head.status.as_u16()),
            outcome,
            reason,
            took_us: micros(came.map_or_else(|| self.began.elapsed(), |came| came.took)),
            provider_us: came.map_or(0, |came| micros(came.head.after)),
            bytes_in: draft.payload.len(),
            bytes_out: came.map_or(0, |came| came.size),
            breaks: u32::try_from(ended.request_breaks.len() + ended.response_breaks.len())
                .unwrap_or(u32::MAX),
            weight: 1,
            open: false,
        }
    }

    fn detail(
        &self,
        draft: &Draft,
        redaction: &Redaction,
        cleaner: &Cleaner<'_>,
        ended: &Ended<'_>,
    ) -> Detail {
        let found = |direction: &str, found: &[Violation]| -> Vec<Finding> {
            found.iter().map(|one| Finding::new(direction, one)).collect()
        };
        let line = cleaner.line(&format!("{} {} HTTP/1.1", draft.method, draft.url()));
        let body = draft.payload.held().unwrap_or_default();
        let request =
            shown(cleaner.message(&line, &draft.fields, body, (draft.payload.len(), KEPT)), redaction);
        let response = ended.came.as_ref().ok().map(|came| {
            let mut fields = came.head.fields.clone();
            let body = ended.body.unwrap_or_default();
            if !body.is_empty() && !body.starts_with(&[0x1f, 0x8b]) {
                // It was unpacked on its way here.
                fields.remove(http::header::CONTENT_ENCODING);
            }
            let line = format!("HTTP/1.1 {}", came.head.status);
            let size = if fields.contains_key(http::header::CONTENT_ENCODING) {
                came.size
            } else if body.len() < KEPT {
                body.len() as u64
            } else {
                came.size.max(body.len() as u64)
            };
            shown(cleaner.message(&line, &fields, body, (size, KEPT)), redaction)
        });
        let mut findings = found("request", ended.request_breaks);
        findings.extend(found("response", ended.response_breaks));
        Detail {
            findings,
            timing: ended.came.as_ref().ok().map(|came| timing(came)).unwrap_or_default(),
            request: Some(request),
            response,
            command: self.command(cleaner),
            ..Detail::default()
        }
    }

    fn command(&self, cleaner: &Cleaner<'_>) -> Vec<String> {
        let size: usize = self.words.iter().map(String::len).sum();
        if self.words.len() > WORDS.0 || size > WORDS.1 {
            return Vec::new();
        }
        self.words.iter().map(|word| kept(word, cleaner)).collect()
    }
}

/// Secrets of the body by their names: answers like to echo what they were sent.
fn learn(values: &mut Redactor, draft: &Draft, cleaner: &Cleaner<'_>) {
    let body = draft.payload.held().filter(|body| body.len() <= KEPT).unwrap_or_default();
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        members(&value, values, cleaner);
    } else if let Ok(text) = std::str::from_utf8(body) {
        for (name, value) in text.split('&').filter_map(|pair| pair.split_once('=')) {
            if cleaner.hides(name) {
                let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
                values.add(&Secret::new(value.replace('+', " ")));
            }
        }
    }
}

fn members(value: &Value, values: &mut Redactor, cleaner: &Cleaner<'_>) {
    match value {
        Value::Object(all) => {
            for (name, value) in all {
                match value {
                    Value::String(text) if cleaner.hides(name) => values.add(&Secret::new(text.as_str())),
                    value => members(value, values, cleaner),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| members(value, values, cleaner)),
        _ => {}
    }
}

/// Fields that a call hides by its own rule, which knows more names than the ledger's.
fn shown(mut message: Message, redaction: &Redaction) -> Message {
    for (name, value) in &mut message.fields {
        *value = redaction.field_shown(name, value);
    }
    message
}

/// A word of the command line as it is kept.
fn kept(word: &str, cleaner: &Cleaner<'_>) -> String {
    let mut word = cleaner.data(word);
    if let Some((name, _)) = word.split_once(":=")
        && cleaner.hides(name)
    {
        return format!("{name}:=***");
    }
    if let Some((name, _)) = word.split_once(':')
        && cleaner.hides(name.trim())
    {
        word = format!("{name}:***");
    }
    if let Some((before, _)) = word.split_once('=')
        && cleaner.hides(
            before.trim_end_matches(':').rsplit(['[', ';']).next().unwrap_or(before).trim_end_matches(']'),
        )
    {
        return format!("{before}=***");
    }
    if word.contains('?') {
        return cleaner.line(&word).trim_end().to_owned();
    }
    cleaner.pairs(&word, "&")
}

/// How a trip without an answer is kept.
pub(crate) const fn broken(broke: &Broke) -> (Outcome, Option<Reason>) {
    match broke {
        Broke::Unanswered(error) => (Outcome::Failed(error.fault()), Some(error.reason())),
        Broke::Cut(_) => (Outcome::Aborted(By::Provider), Some(Reason::ProviderBroken)),
        Broke::Late(_) => (Outcome::Failed(Fault::Provider), Some(Reason::ProviderSilent)),
        Broke::Redirects(_) => (Outcome::Failed(Fault::Provider), None),
        Broke::Interrupted => (Outcome::Aborted(By::Caller), None),
        Broke::Here(_) => (Outcome::Failed(Fault::Ours), None),
    }
}

fn timing(came: &Came) -> Vec<Timing> {
    let sent = &came.head.sent;
    let parts = [
        ("pace", sent.waited),
        ("connect", sent.connect),
        ("provider", sent.first_byte),
        ("body", came.took.saturating_sub(came.head.after)),
    ];
    let mut from_us = 0;
    let mut timing = Vec::new();
    for (part, took) in parts {
        let took_us = micros(took);
        timing.push(Timing { part: part.to_owned(), from_us, took_us });
        from_us += took_us;
    }
    timing
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::kept;
    use exchange::{Cleaner, Redactor, Secret};
    use std::borrow::Cow;

    #[test]
    fn a_word_is_kept_without_its_secret() {
        let mut redactor = Redactor::default();
        redactor.add(&Secret::new("hush-hush"));
        let cleaner = Cleaner::new(Cow::Owned(redactor), Vec::new());
        for (word, expected) in [
            ("http://a.example/x?a=1&api_key=K", "http://a.example/x?a=1&api_key=***"),
            ("password=x", "password=***"),
            ("user[password]=x", "user[password]=***"),
            ("password:=1", "password:=***"),
            ("X-Api-Key:abc", "X-Api-Key:***"),
            ("X-Api-Key: abc", "X-Api-Key:***"),
            ("me:hush-hush", "me:***"),
            ("{\"token\":\"x\",\"a\":1}", "{\"token\": \"***\",\"a\":1}"),
            ("a=1&token=2", "a=1&token=***"),
            ("name=it's", "name=it's"),
            ("q==a?b", "q==a?b"),
            ("--format", "--format"),
        ] {
            assert_eq!(kept(word, &cleaner), expected, "{word}");
        }
    }
}
