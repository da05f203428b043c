//! Checking a body while it comes in: push bytes, then ask for the report.

use crate::openapi::broken;
use crate::schema::{Verdict, Watch};
use crate::{Body, Got, Violation};
use http::HeaderMap;

/// What of a body a check needs to see.
#[derive(Debug)]
pub enum Need {
    /// Nothing of the body is checked.
    Nothing,
    /// The body may flow on while it is watched.
    Watch(Check),
    /// The verdict needs the whole body.
    Whole(Check),
}

/// A check of one body under way. Owns what it needs, so that it can move to another thread.
#[derive(Debug)]
pub struct Check {
    pub(crate) body: Body,
    /// Of a multipart body: what stands between its parts.
    pub(crate) boundary: Option<String>,
    pub(crate) held: Vec<u8>,
    pub(crate) limit: usize,
    /// Judges the body while it comes in; nothing of it is then held.
    pub(crate) watch: Option<Box<Watch>>,
}

/// The body is past what the check may hold; the report will say that it was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Violations, at most 100.
    pub found: Vec<Violation>,
    /// The value, where it could be read.
    pub value: Option<serde_json::Value>,
    /// The body was longer than the check could hold: it was not checked.
    pub cut: bool,
}

impl Check {
    /// Bounds what the check holds of a body that is only watched, in bytes.
    #[must_use]
    pub fn at_most(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Stop`] when the body is longer than the limit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(watch) = &mut self.watch {
            if self.limit == 0 || watch.push(bytes) > self.limit {
                self.limit = 0;
                return Err(Stop);
            }
            return Ok(());
        }
        if self.held.len() + bytes.len() > self.limit {
            self.limit = 0;
            return Err(Stop);
        }
        self.held.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends a check that was fed with [`Check::push`]; trailers are looked at where the protocol has them.
    pub fn end(self, trailers: Option<&HeaderMap>) -> Report {
        let _ = trailers;
        if self.limit == 0 {
            return Report { cut: true, ..Report::default() };
        }
        if let Some(watch) = self.watch {
            return Report { found: told(&self.body, watch.end()), ..Report::default() };
        }
        crate::openapi::check_body(&self.body, self.boundary.as_deref(), &self.held)
    }

    /// Checks a body that is held as a whole, without copying it.
    pub fn whole(self, bytes: &[u8]) -> Report {
        // Most bodies match, and then no value is needed; else it says more of what is wrong.
        if let Some(mut watch) = self.watch {
            watch.push(bytes);
            if matches!(watch.end(), Verdict::Read(found) if found.is_empty()) {
                return Report::default();
            }
        }
        crate::openapi::check_body(&self.body, self.boundary.as_deref(), bytes)
    }
}

/// The verdict in the words of a check of the value.
fn told(body: &Body, verdict: Verdict) -> Vec<Violation> {
    let one = |code, expected, got, byte| broken(body, code, expected, got, byte);
    match verdict {
        Verdict::Read(found) => found,
        Verdict::Twice(twice) => twice
            .into_iter()
            .map(|at| Violation {
                at,
                ..one("duplicate-name", "a name that stands once", Got::Kind("it twice"), None)
            })
            .collect(),
        Verdict::Encoding(at) => vec![one("encoding", "text in UTF-8", Got::Kind("other bytes"), Some(at))],
        Verdict::Depth(at) => {
            vec![one("depth", "nesting of at most 127", Got::Kind("something deeper"), Some(at))]
        }
        Verdict::Syntax(at, empty) => {
            let got = Got::Kind(if empty { "nothing" } else { "something else" });
            vec![one("syntax", "valid JSON", got, Some(at))]
        }
    }
}
