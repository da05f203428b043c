//! Styles: a value as the text of a parameter or of a form's field, and back.
//!
//! Source: OpenAPI 3.2 Parameter Object, *Style Values* and *Style Examples*; RFC 6570 §3.2. Lists and
//! objects without members are not written: RFC 6570 §2.3 calls them undefined. Where a style has no way
//! to write a value so that it comes back the same, that is a fault, never another value.

#![expect(clippy::unnecessary_box_returns, reason = "what is in an `Err` is kept small")]

mod deep;
mod read;
mod write;

pub(super) use deep::is_deep;
pub(super) use read::{Pair, Reader};
pub(super) use write::{Escape, Writer};

use crate::{Got, Parameter, Pointer, Style, Violation};

/// Why a value cannot be written or a text not be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) at: Pointer,
    pub(super) code: &'static str,
    pub(super) expected: &'static str,
    pub(super) got: Got,
}

impl Fault {
    fn new(code: &'static str, expected: &'static str, got: Got) -> Box<Self> {
        Box::new(Self { at: Pointer::root(), code, expected, got })
    }

    fn not_utf8() -> Box<Self> {
        Self::new("encoding", "text in UTF-8", Got::Kind("other bytes"))
    }

    fn below(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.at = Pointer::root().at(name);
        self
    }

    /// The violation of the parameter whose value it is.
    pub(super) fn of(self, parameter: &Parameter) -> Box<Violation> {
        let mut violation =
            super::decode::violation(parameter, self.code, self.expected.to_owned(), self.got);
        violation.at = self.at;
        violation
    }
}

/// What stands between the items of a list, and between name and value, in one text: as written, and decoded.
const fn delimiter(style: Style) -> (&'static str, char) {
    match style {
        Style::SpaceDelimited => ("%20", ' '),
        Style::TabDelimited => ("%09", '\t'),
        Style::PipeDelimited => ("%7C", '|'),
        _ => (",", ','),
    }
}
