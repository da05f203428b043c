//! The Content-Disposition of a part: its name, and whether it is a file.
//!
//! Source: RFC 7578 §4.2; how browsers write quotes and line ends in names is of the HTML standard
//! (multipart/form-data encoding): `%22`, `%0D`, `%0A`, nothing else.

use super::super::media;
use http::{HeaderMap, header};

/// What a part says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Disposition {
    pub(super) name: Option<String>,
    /// It has a file's name, whatever that is.
    pub(super) file: bool,
}

/// Reads it; `None` if it cannot be understood in one way only.
pub(super) fn read(fields: &HeaderMap) -> Option<Disposition> {
    let mut values = fields.get_all(header::CONTENT_DISPOSITION).iter();
    let Some(value) = values.next() else { return Some(Disposition::default()) };
    if values.next().is_some() {
        return None;
    }
    let value = std::str::from_utf8(value.as_bytes()).ok()?;
    let (mut name, mut file) = (None, false);
    for (own, text) in media::parameters(value)? {
        match own.as_str() {
            "name" if name.is_some() => return None,
            "name" => name = Some(text.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n")),
            // RFC 7578 §4.2: `filename*` must not be used; whoever does means a file.
            "filename" | "filename*" => file = true,
            // A name that a reader may prefer to the one that was checked.
            "name*" => return None,
            _ => {}
        }
    }
    Some(Disposition { name, file })
}

/// A name within quotes.
pub(super) fn quoted(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}
