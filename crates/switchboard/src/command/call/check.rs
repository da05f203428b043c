//! Whether request and answer keep their contract, and how that is said.

use super::draft::{Draft, Named};
use contract::{Check, Head, Need, Violation};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, StatusCode};

/// What happens when a message breaks its contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckMode {
    /// Nothing is sent; an answer is not given on.
    Block,
    /// It is said on stderr.
    Report,
    /// Nobody looks.
    Off,
}

/// The largest body that is checked.
const LARGEST: usize = 64 * 1024 * 1024;

/// In what the request breaks its contract. A streamed body is not looked at: its head is.
pub(crate) fn request(draft: &Draft) -> Vec<Violation> {
    let Some(named) = &draft.named else { return Vec::new() };
    let mut fields = draft.fields.clone();
    if draft.payload != super::payload::Payload::Empty {
        fields.insert(CONTENT_LENGTH, draft.payload.len().into());
    }
    let head =
        Head { method: &draft.method, path: &draft.path, query: draft.query.as_deref(), fields: &fields };
    let (mut found, need) = contract::check_head(&named.operation, &head);
    if let Some(check) = body_check(need)
        && let Some(bytes) = draft.payload.held()
    {
        found.extend(check.whole(bytes).found);
    }
    // What the credential adds is not in the draft yet.
    found.retain(|one| !supplied(draft, one));
    found
}

/// What to do about a request that breaks its contract: the value that was meant, where one is near.
pub(crate) fn help(found: &[Violation], draft: &Draft, words: &[String]) -> String {
    let meant = found.iter().filter(|one| one.code == "enum").find_map(|one| {
        let named = draft.named.as_ref()?;
        let name = one.at.as_str().rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or(&one.name);
        let known = named.operation.names().into_iter().find(|known| known.name == name)?;
        let typed =
            words.iter().find_map(|word| word.strip_prefix(name)?.trim_start_matches([':', '=']).into())?;
        let choices: Vec<String> =
            known.shape.choices().iter().filter_map(|one| Some(one.as_str()?.to_owned())).collect();
        let meant = super::near::meant(typed, choices.iter().map(String::as_str))?;
        Some(format!("{meant} ({})", named.line(&one.rule)))
    });
    let anyway = "to send it all the same: `--check report`";
    meant.map_or_else(|| anyway.to_owned(), |meant| format!("{meant}; {anyway}"))
}

fn supplied(draft: &Draft, violation: &Violation) -> bool {
    matches!(violation.got, contract::Got::Missing)
        && draft.upstream.credentials.iter().any(|credential| match &credential.place {
            board::CredentialPlace::Header(name) => violation.name.eq_ignore_ascii_case(name.as_str()),
            board::CredentialPlace::Query(name) | board::CredentialPlace::Cookie(name) => {
                violation.name == *name
            }
            board::CredentialPlace::Certificate(_) => false,
            board::CredentialPlace::Bearer
            | board::CredentialPlace::Basic
            | board::CredentialPlace::Digest
            | board::CredentialPlace::OAuth(_)
            | board::CredentialPlace::SigV4(_) => violation.name.eq_ignore_ascii_case("authorization"),
        })
}

fn body_check(need: Need) -> Option<Check> {
    match need {
        Need::Nothing => None,
        Need::Watch(check) | Need::Whole(check) => Some(check.at_most(LARGEST)),
    }
}

/// The check of an answer while it comes.
pub(crate) struct AnswerCheck<'a> {
    named: &'a Named,
    body: Option<Check>,
    found: Vec<Violation>,
    unchecked: Option<&'static str>,
}

impl<'a> AnswerCheck<'a> {
    /// Nothing came yet.
    pub(crate) const fn new(named: &'a Named) -> Self {
        Self { named, body: None, found: Vec::new(), unchecked: None }
    }

    /// Looks at status and fields.
    pub(crate) fn head(&mut self, status: StatusCode, fields: &HeaderMap) {
        let (found, need) = contract::check_answer(&self.named.operation, status, fields);
        self.found = found;
        self.body = body_check(need);
        if self.body.is_some() && fields.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
            self.body = None;
            self.unchecked = Some("the body of the answer is compressed and was not checked");
        }
    }

    /// Looks at some bytes of the body.
    pub(crate) fn piece(&mut self, bytes: &[u8]) {
        if let Some(check) = &mut self.body
            && check.push(bytes).is_err()
        {
            self.body = None;
            self.unchecked = Some("the body of the answer is larger than 64 MiB and was not checked");
        }
    }

    /// What was found, and what was not looked at.
    pub(crate) fn end(self) -> (Vec<Violation>, Option<&'static str>) {
        let mut found = self.found;
        let mut unchecked = self.unchecked;
        if let Some(check) = self.body {
            let report = check.end(None);
            if report.cut {
                unchecked = Some("the body of the answer was too large to be checked");
            }
            found.extend(report.found);
        }
        (found, unchecked)
    }
}

/// One violation as a line: what, and where the contract says so.
pub(crate) fn line(violation: &Violation, named: &Named) -> String {
    format!("{violation} ({})", named.line(&violation.rule))
}
