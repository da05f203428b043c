//! `-C`: a download goes on where it broke off, if the thing is still the same (RFC 9110 §13.1.5, §14).
//!
//! What tells that it is the same (a strong ETag, else Last-Modified) is kept beside the file only while it is incomplete.

use super::super::draft::Draft;
use super::super::wanted::{Destination, Resume, Wanted};
use crate::exit::{Exit, Failure};
use http::header::{CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::fs::File;

/// How an answer goes on with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoesOn {
    /// These are the bytes after those that are there.
    After,
    /// It is another thing, or ranges are not served: from the beginning.
    Anew,
    /// Nothing is missing.
    Complete,
    /// An answer that is about something else, as a 404.
    Not,
}

/// Adds what asks for the rest; gives from where on. `careful`: with the condition that it is still the same.
pub(crate) fn ask(draft: &mut Draft, wanted: &Wanted, careful: bool) -> Result<u64, Failure> {
    let from = match wanted.transfer.resume {
        None => return Ok(0),
        Some(_) if draft.method != Method::GET => {
            return Err(Failure::usage("`-C` goes on with a download, and this is none"));
        }
        Some(Resume::At(from)) => from,
        Some(Resume::FileEnd) => match name(wanted, &draft.path)? {
            Some(name) => std::fs::metadata(&name).map_or(0, |found| found.len()),
            None => return Err(Failure::usage("`-C -` needs the file: `-o FILE` or `-O`")),
        },
    };
    if from == 0 {
        return Ok(0);
    }
    let range = HeaderValue::from_str(&format!("bytes={from}-"))
        .map_err(|_| Failure::usage("this range cannot be sent"))?;
    draft.fields.insert(RANGE, range);
    if careful
        && let Some(name) = name(wanted, &draft.path)?
        && let Ok(kept) = std::fs::read(beside(&name))
        && let Ok(kept) = HeaderValue::from_bytes(kept.trim_ascii())
    {
        draft.fields.insert(IF_RANGE, kept);
    }
    Ok(from)
}

/// The file that is written; none is stdout.
pub(super) fn name(wanted: &Wanted, path: &str) -> Result<Option<String>, Failure> {
    match &wanted.output {
        None => Ok(None),
        Some(Destination::File(name)) if name == "-" => Ok(None),
        Some(Destination::File(name)) => Ok(Some(name.clone())),
        Some(Destination::Remote) => super::remote_name(path).map(Some),
    }
}

/// How an answer goes on after `from` bytes.
pub(super) fn verdict(status: StatusCode, fields: &HeaderMap, from: u64) -> Result<GoesOn, Failure> {
    let range = fields.get(CONTENT_RANGE).and_then(|range| range.to_str().ok()).unwrap_or_default();
    let range = range.trim().strip_prefix("bytes").unwrap_or_default().trim_start();
    Ok(match status {
        StatusCode::PARTIAL_CONTENT => {
            let begins = range.split('-').next().and_then(|first| first.parse::<u64>().ok());
            if begins != Some(from) {
                return Err(Failure::run(format!(
                    "the server was asked for the bytes from {from} on and sent others (`{range}`)"
                ))
                .help("begin anew: without `-C`"));
            }
            GoesOn::After
        }
        StatusCode::OK => GoesOn::Anew,
        StatusCode::RANGE_NOT_SATISFIABLE => match range.strip_prefix("*/").map(str::parse::<u64>) {
            Some(Ok(whole)) if whole == from => GoesOn::Complete,
            Some(Ok(whole)) => {
                return Err(Failure::run(format!(
                    "the file here has {from} bytes and the one there {whole}: it is another one"
                ))
                .help("begin anew: without `-C`")
                .exit(Exit::Class(4)));
            }
            _ => GoesOn::Complete,
        },
        _ => GoesOn::Not,
    })
}

/// Opens the file to go on with, or anew.
pub(crate) fn open(name: &str, after: bool) -> Result<File, Failure> {
    let opened =
        if after { File::options().append(true).create(true).open(name) } else { File::create(name) };
    opened.map_err(|error| Failure::run(format!("`{name}` cannot be written: {error}")))
}

/// What tells later whether the thing is still the same: a strong ETag, else a date.
pub(super) fn validator(fields: &HeaderMap) -> Option<HeaderValue> {
    let strong = fields.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    strong.or_else(|| fields.get(LAST_MODIFIED)).cloned()
}

/// Keeps it beside a file that is not complete.
pub(super) fn keep(name: &str, validator: &HeaderValue) {
    // Only a convenience: without it the rest is asked for without a condition.
    let _ = super::super::session::write_private(std::path::Path::new(&beside(name)), validator.as_bytes());
}

/// Forgets it: the file is complete.
pub(super) fn forget(name: &str) {
    let _ = std::fs::remove_file(beside(name));
}

fn beside(name: &str) -> String {
    format!("{name}.resume")
}

#[cfg(test)]
mod tests {
    use super::{GoesOn, verdict};
    use http::header::CONTENT_RANGE;
    use http::{HeaderMap, StatusCode};

    #[test]
    fn an_answer_says_whether_it_goes_on() {
        for (status, range, expected) in [
            (206, "bytes 5-9/10", Some(GoesOn::After)),
            (206, "bytes 0-9/10", None),
            (206, "", None),
            (200, "", Some(GoesOn::Anew)),
            (416, "bytes */5", Some(GoesOn::Complete)),
            (416, "bytes */9", None),
            (404, "", Some(GoesOn::Not)),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(CONTENT_RANGE, range.parse().unwrap());
            let got = verdict(StatusCode::from_u16(status).unwrap(), &fields, 5).ok();
            assert_eq!(got, expected, "{status} {range}");
        }
    }
}
