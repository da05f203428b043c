//! Where an answer goes while it comes: raw bytes straight on, everything else held until it is complete.

use super::check::AnswerCheck;
use super::redact::Redaction;
use super::trace;
use super::trip::{Head, Receive, Stop};
use super::wanted::{Destination, Wanted};
use crate::exit::Failure;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use std::fs::File;
use std::io::{self, Write};

/// The largest answer that is held.
const LARGEST: usize = 256 * 1024 * 1024;
/// The largest answer that is laid out on a terminal.
const LAID_OUT: u64 = 8 * 1024 * 1024;

/// What is done with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Passed on as it comes.
    Pass,
    /// Laid out if it is JSON and not too large, else passed on.
    LayOut,
    /// Held, for a format, a program, or a verdict.
    Hold,
}

/// An answer on its way to where it goes.
pub(crate) struct Delivery<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) redaction: &'a Redaction,
    pub(crate) keep: Keep,
    /// Path of the URL, for `-O`.
    pub(crate) path: &'a str,
    pub(crate) check: Option<AnswerCheck<'a>>,
    /// The body, where it was held.
    pub(crate) held: Option<Vec<u8>>,
    /// The file that was written.
    pub(crate) file: Option<(String, File)>,
    /// Whether the body is dropped: `-f` and an error.
    pub(crate) dropped: bool,
}

impl<'a> Delivery<'a> {
    /// Nothing came yet.
    pub(crate) fn new(wanted: &'a Wanted, redaction: &'a Redaction, keep: Keep, path: &'a str) -> Self {
        Self { wanted, redaction, keep, path, check: None, held: None, file: None, dropped: false }
    }

    /// Writes bytes to where the answer goes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let (name, result) = match &mut self.file {
            Some((name, file)) => (name.as_str(), file.write_all(bytes)),
            None => ("stdout", to_stdout(bytes)),
        };
        result.map_err(|error| match error.kind() {
            // `| head`: who reads has enough.
            io::ErrorKind::BrokenPipe => Stop::Enough,
            _ => Stop::Failed(Failure::run(format!("`{name}` cannot be written: {error}"))),
        })
    }

    fn open(&mut self) -> Result<(), Failure> {
        let name = match &self.wanted.output {
            None => return Ok(()),
            Some(Destination::File(name)) if name == "-" => return Ok(()),
            Some(Destination::File(name)) => name.clone(),
            Some(Destination::Remote) => remote_name(self.path)?,
        };
        let file = File::create(&name)
            .map_err(|error| Failure::run(format!("`{name}` cannot be written: {error}")))?;
        self.file = Some((name, file));
        Ok(())
    }
}

impl Receive for Delivery<'_> {
    fn head(&mut self, head: &Head) -> Result<(), Stop> {
        if self.wanted.verbose {
            trace::exchange(head, self.redaction);
        }
        if let Some(check) = &mut self.check {
            check.head(head.status, &head.fields);
        }
        self.dropped = self.wanted.fail && head.status.as_u16() >= 400;
        if self.dropped {
            return Err(Stop::Enough);
        }
        self.open().map_err(Stop::Failed)?;
        let lay_out = self.keep == Keep::LayOut && self.file.is_none() && is_json(&head.fields);
        let small = length(&head.fields).is_none_or(|length| length <= LAID_OUT);
        if self.keep == Keep::Hold || (lay_out && small) {
            self.held = Some(Vec::new());
        }
        if (self.wanted.include || self.wanted.head) && self.keep != Keep::Hold {
            self.write(trace::head(head.status, &head.fields).as_bytes())?;
        }
        Ok(())
    }

    fn piece(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(check) = &mut self.check {
            check.piece(bytes);
        }
        match &mut self.held {
            None => self.write(bytes),
            Some(held) if self.keep == Keep::LayOut && held.len() + bytes.len() > 2 * 8 * 1024 * 1024 => {
                // Larger than announced: laid out no longer.
                let held = self.held.take().unwrap_or_default();
                self.write(&held)?;
                self.write(bytes)
            }
            Some(held) if held.len() + bytes.len() > LARGEST => Err(Stop::Failed(
                Failure::run("the answer is larger than 256 MiB")
                    .help("write it to a file as it comes: `-o FILE`"),
            )),
            Some(held) => {
                held.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

/// Writes to stdout at once: an event stream is seen as it comes.
fn to_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

/// The file that `-O` names: the last part of the path, which stays in this folder.
fn remote_name(path: &str) -> Result<String, Failure> {
    let name = super::url::Url::last_segment(path).filter(|name| name != ".." && name != ".");
    name.map(|name| name.replace(['\\', '\0'], "_")).ok_or_else(|| {
        Failure::run("this URL has no last part that could name a file").help("name it: `-o FILE`")
    })
}

/// Whether a message says that it is JSON (RFC 8259 §11; RFC 6839 §3.1).
pub(crate) fn is_json(fields: &HeaderMap) -> bool {
    let media = fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.ends_with("/json") || media.ends_with("+json")
}

fn length(fields: &HeaderMap) -> Option<u64> {
    fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
