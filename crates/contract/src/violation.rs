//! A violation: what of a message does not match its contract, and where.
//!
//! It never carries the caller's text: kinds, lengths and numbers are enough to mend a request, and
//! cannot leak a secret into a log.

use crate::{In, Pointer};
use std::fmt;

/// One point in which a message does not match its contract.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// Where in the message.
    pub place: In,
    /// Name of the parameter or field; empty for the body as a whole.
    pub name: String,
    /// Pointer into the body (or into a structured parameter); root where it is the value itself.
    pub at: Pointer,
    /// Pointer into the contract: the rule that was broken.
    pub rule: Pointer,
    /// Stable slug of the kind of violation, for example `maximum`, `required`, `type`, `media-type`.
    pub code: &'static str,
    /// What the contract expects, in words: `at most 90`, `an integer`, `one of "a", "b"`.
    pub expected: String,
    /// What was there instead.
    pub got: Got,
    /// Byte offset in the body, where known.
    pub byte: Option<usize>,
}

/// What was found, without its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Got {
    /// Nothing was there.
    Missing,
    /// A value of this kind: `a string`, `an object`, `null`.
    Kind(&'static str),
    /// A number, in its own spelling.
    Number(String),
    /// This many characters, elements or members.
    Length(usize, &'static str),
    /// A word that is no caller's text: a media type, a method, a status.
    Word(String),
}

impl fmt::Display for Got {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => out.write_str("nothing"),
            Self::Kind(kind) => out.write_str(kind),
            Self::Number(number) => out.write_str(number),
            Self::Length(count, unit) => write!(out, "{count} {unit}"),
            Self::Word(word) => write!(out, "`{word}`"),
        }
    }
}

impl Violation {
    /// One of a body as a whole, and of no rule that stands in a contract: more is for whoever knows it to say.
    pub(crate) fn new(code: &'static str, expected: impl Into<String>, got: Got) -> Self {
        let (at, rule) = (Pointer::root(), Pointer::root());
        Self {
            place: In::Body,
            name: String::new(),
            at,
            rule,
            code,
            expected: expected.into(),
            got,
            byte: None,
        }
    }

    /// What is wrong, without the place: `97.2 is not at most 90`.
    pub fn detail(&self) -> String {
        match &self.got {
            Got::Missing => format!("missing: expected {}", self.expected),
            Got::Number(number) if self.code == "maximum" || self.code == "exclusiveMaximum" => {
                format!("{number} is more than {}", self.expected)
            }
            Got::Number(number) if self.code == "minimum" || self.code == "exclusiveMinimum" => {
                format!("{number} is less than {}", self.expected)
            }
            got => format!("expected {}, got {got}", self.expected),
        }
    }

    /// Place in words: `query parameter latitude`, `body /items/0/quantity`.
    pub fn place(&self) -> String {
        match self.place {
            In::Body if self.at.as_str().is_empty() && self.name.is_empty() => "body".to_owned(),
            In::Body => format!("body {}{}", self.name, self.at),
            In::Status => "status".to_owned(),
            In::Header => format!("header {}", self.name),
            place => format!("{place} parameter {}{}", self.name, self.at),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place(), self.detail())
    }
}
