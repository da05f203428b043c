//! What is kept of one call: its row, and its detail without secrets.

use super::super::draft::Draft;
use super::super::redact::Redaction;
use super::super::trip::{Broke, Came};
use super::KEPT;
use contract::Violation;
use exchange::{By, CallId, CallRecord, Cleaner, Detail, Fault, Finding, Message, Outcome, Reason, Timing};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// How many words of a command, and how many bytes of them, are kept: a longer one is not made again.
const WORDS: (usize, usize) = (1_000, 64 * 1024);

/// What a board says of keeping.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// Whether heads and bodies are kept.
    pub(super) details: bool,
    /// Names whose values are not kept.
    pub(super) redact: Vec<String>,
}

/// How a call ended.
pub(crate) struct Ended<'a> {
    pub(crate) came: Result<&'a Came, (Outcome, Option<Reason>)>,
    /// The beginning of its body.
    pub(crate) body: Option<&'a [u8]>,
    pub(crate) request_breaks: &'a [Violation],
    pub(crate) response_breaks: &'a [Violation],
}

/// A call that was made.
pub(super) struct Made<'m> {
    pub(super) draft: &'m Draft,
    pub(super) redaction: &'m Redaction,
    pub(super) ended: &'m Ended<'m>,
    pub(super) began: Instant,
}

impl Made<'_> {
    /// Its row.
    pub(super) fn record(&self, id: CallId) -> CallRecord {
        let (draft, ended) = (self.draft, self.ended);
        let url = draft.url();
        let path = self.redaction.clean(url.split('?').next().unwrap_or_default());
        let came = ended.came.as_ref().ok();
        let (outcome, reason) = match &ended.came {
            Ok(came) => (Outcome::of_status(came.head.status.as_u16()), None),
            Err((outcome, reason)) => (*outcome, *reason),
        };
        let api = draft.named.as_ref().map(|named| match &named.api {
            Some(api) => api.name.as_str().into(),
            None => named.contract.name.as_str().into(),
        });
        CallRecord {
            id,
            parent: None,
            via: "call".into(),
            api,
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

    /// What was said, and the words of the command that made it.
    pub(super) fn detail(&self, kept: &Kept, words: &[String]) -> Detail {
        let (draft, ended) = (self.draft, self.ended);
        let mut names: Vec<String> = kept.redact.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.extend(draft.named.iter().flat_map(|named| named.contract.secrets.iter().cloned()));
        let mut values = self.redaction.values().clone();
        // Answers like to echo what they were sent: secrets of the body by the board's names too.
        let by_name = Cleaner::new(Cow::Borrowed(self.redaction.values()), names.clone());
        Redaction::find_in_body(draft, &|name| by_name.hides(name), &mut values);
        drop(by_name);
        let cleaner = &Cleaner::new(Cow::Owned(values), names).and(call::learnt());
        let found = |direction: &str, found: &[Violation]| -> Vec<Finding> {
            found.iter().map(|one| Finding::new(direction, one)).collect()
        };
        let line = cleaner.line(&format!("{} {} HTTP/1.1", draft.method, draft.url()));
        let body = draft.payload.held().unwrap_or_default();
        let request =
            shown(cleaner.message(&line, &draft.fields, body, (draft.payload.len(), KEPT)), self.redaction);
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
            } else if ended.body.is_some() && body.len() < KEPT {
                body.len() as u64
            } else {
                came.size.max(body.len() as u64)
            };
            shown(cleaner.message(&line, &fields, body, (size, KEPT)), self.redaction)
        });
        let mut findings = found("request", ended.request_breaks);
        findings.extend(found("response", ended.response_breaks));
        Detail {
            findings,
            timing: ended.came.as_ref().ok().map(|came| timing(came)).unwrap_or_default(),
            request: Some(request),
            response,
            command: command(words, cleaner),
            ..Detail::default()
        }
    }
}

fn command(words: &[String], cleaner: &Cleaner<'_>) -> Vec<String> {
    let size: usize = words.iter().map(String::len).sum();
    if words.len() > WORDS.0 || size > WORDS.1 {
        return Vec::new();
    }
    words.iter().map(|word| word_kept(word, cleaner)).collect()
}

/// Fields that a call hides by its own rule, which knows more names than the ledger's.
fn shown(mut message: Message, redaction: &Redaction) -> Message {
    for (name, value) in &mut message.fields {
        *value = redaction.field_shown(name, value);
    }
    message
}

/// A word of the command line as it is kept.
fn word_kept(word: &str, cleaner: &Cleaner<'_>) -> String {
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
    use super::word_kept;
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
            assert_eq!(word_kept(word, &cleaner), expected, "{word}");
        }
    }
}
