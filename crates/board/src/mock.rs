//! `mock` of an API: answers come from its contract, no provider is asked.
//!
//! Requests are checked, limited and recorded as if there were a provider.

use crate::keys::Keys;
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::Value;
use crate::upstream::{CONNECT_TIMEOUT, TIMEOUT};
use crate::{ServerUrl, Upstream, code};
use std::time::Duration;

/// The longest time that an answer is held back.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// How an API is mocked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mock {
    /// The seed of samples; the same seed gives the same answers.
    pub seed: u64,
    /// How long every answer is held back, at most [`LONGEST_DELAY`].
    pub delay: Duration,
    /// What goes wrong, and how often.
    pub fault: Option<Fault>,
}

/// Something that goes wrong on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// In so many calls of a hundred.
    pub percent: u8,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The answer is a 500.
    Error,
    /// The connection ends inside the body.
    Drop,
}

impl FaultKind {
    /// Reads `error` or `drop`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "error" => Some(Self::Error),
            "drop" => Some(Self::Drop),
            _ => None,
        }
    }
}

impl Fault {
    /// Reads `error`, `drop`, `drop:10%`.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, percent) = match text.split_once(':') {
            Some((kind, share)) => (kind, share.trim_end_matches('%').parse().ok()?),
            None => (text, 100),
        };
        (percent <= 100).then_some(())?;
        Some(Self { kind: FaultKind::parse(kind)?, percent })
    }
}

/// Resolves `mock` of an API.
pub(crate) fn resolve(api: &Keys<'_, '_>, name: &str, scope: &Scope<'_>) -> Option<Mock> {
    let entry = api.entry("mock")?;
    if api.entry("contract").is_none() {
        scope.report.add(
            Problem::error(&code::MOCK_WITHOUT_CONTRACT, format!("`{name}` has no contract to answer from"))
                .at(&entry.key, "nothing says what to answer")
                .help(format!("give `[apis.{name}]` a `contract`")),
        );
    }
    match entry.node.value {
        Value::Flag(true) => return Some(Mock::default()),
        Value::Flag(false) => return None,
        _ => {}
    }
    let known = ["seed", "delay", "fault"];
    let keys = Keys::open(format!("`mock` of [apis.{name}]"), entry, &known, &[], scope.report)?;
    let delay = keys.duration("delay").unwrap_or_default().min(LONGEST_DELAY);
    let fault = keys.text("fault").and_then(|text| {
        let fault = Fault::parse(text.text);
        if fault.is_none() {
            scope.report.add(
                Problem::error(&code::BAD_FAULT, format!("`{}` is no fault", text.text))
                    .at(text.at, "this one")
                    .help("write `error` or `drop`, with a share if it is not every call: `drop:10%`"),
            );
        }
        fault
    });
    Some(Mock { seed: keys.number("seed", u32::MAX).unwrap_or(0).into(), delay, fault })
}

/// Where a mocked API is: nowhere (RFC 6761 §6.4, `invalid`), so that nothing can be sent by mistake.
pub(crate) fn upstream(api: &Keys<'_, '_>) -> Upstream {
    let server = ServerUrl { https: false, host: "mock.invalid".into(), port: 80, base: "".into() };
    Upstream {
        servers: vec![server],
        credentials: Vec::new(),
        authority: None,
        connect_timeout: CONNECT_TIMEOUT,
        timeout: TIMEOUT,
        total_timeout: None,
        pace: None,
        retries: 0,
        fingerprint: 0,
        origin: api.at.origin(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultKind};

    #[test]
    fn faults_are_read_with_their_share() {
        let fault = |kind, percent| Some(Fault { kind, percent });
        for (text, expected) in [
            ("error", fault(FaultKind::Error, 100)),
            ("drop:10%", fault(FaultKind::Drop, 10)),
            ("drop:101%", None),
            ("drop:x", None),
            ("explode", None),
        ] {
            assert_eq!(Fault::parse(text), expected, "{text}");
        }
    }
}
