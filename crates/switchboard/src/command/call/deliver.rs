//! Where an answer goes while it comes: raw bytes straight on, everything else held until it is complete.

pub(crate) mod items;
mod receive;
pub(crate) mod resume;
pub(crate) mod unpack;

use super::check::AnswerCheck;
use super::progress::Progress;
use super::redact::Redaction;
use super::trace;
use super::trip::{Head, Stop};
use super::wanted::Wanted;
use crate::exit::Failure;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, StatusCode};
use items::Items;
use resume::GoesOn;
use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;
use unpack::Unpack;

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

/// Whether a terminal has to be kept from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    /// It is no terminal, or the body is text.
    Off,
    /// It is one: the first bytes will say.
    Terminal,
    /// They said that it is no text.
    Hidden,
}

/// An answer on its way to where it goes.
pub(crate) struct Delivery<'a> {
    pub(crate) wanted: &'a Wanted,
    pub(crate) redaction: &'a Redaction,
    pub(crate) keep: Keep,
    /// Whether JSON is laid out, and text shown without secrets, where it was held.
    pub(crate) lay_out: bool,
    /// The largest body that is held, in bytes.
    pub(crate) largest: usize,
    /// Path of the URL, for `-O`.
    pub(crate) path: &'a str,
    pub(crate) check: Option<AnswerCheck<'a>>,
    /// The body, where it was held.
    pub(crate) held: Option<Vec<u8>>,
    /// The file that was written.
    pub(crate) file: Option<(String, File)>,
    /// Whether the body is dropped: `-f` and an error.
    pub(crate) dropped: bool,
    /// From where on a file is gone on with.
    pub(crate) from: u64,
    /// Nothing was missing of the file.
    pub(crate) complete: bool,
    /// What is made of each item of an answer that comes item by item.
    pub(crate) each: Option<Each<'a>>,
    /// Whether a terminal is written to, that bytes would confuse.
    pub(crate) guard: Guard,
    /// The beginning of the body, unpacked, for the history.
    pub(crate) tap: Option<Vec<u8>>,
    /// After which pause an answer is asked for once more; then this one is not looked at.
    pub(crate) put_off: Option<PutOff<'a>>,
    /// What it said.
    pub(crate) pause: Option<Duration>,
    /// What answers set, where this command makes so many calls that it is kept with each; none: with the process.
    pub(crate) sessions: Option<Redaction>,
    /// The length of the file before anything was written.
    began_at: u64,
    items: Option<Items>,
    unpack: Option<Unpack>,
    progress: Option<Progress>,
    validator: Option<HeaderValue>,
}

/// Makes the text of one item.
pub(crate) type Each<'a> = Box<dyn FnMut(&str) -> Result<String, Failure> + 'a>;

/// Says so of a head.
pub(crate) type PutOff<'a> = Box<dyn FnMut(&Head) -> Option<Duration> + 'a>;

impl<'a> Delivery<'a> {
    /// Nothing came yet.
    pub(crate) fn new(wanted: &'a Wanted, redaction: &'a Redaction, keep: Keep, path: &'a str) -> Self {
        Self {
            wanted,
            redaction,
            keep,
            lay_out: keep == Keep::LayOut,
            largest: LARGEST,
            path,
            check: None,
            held: None,
            file: None,
            dropped: false,
            from: 0,
            complete: false,
            each: None,
            guard: Guard::Off,
            tap: None,
            put_off: None,
            pause: None,
            sessions: None,
            began_at: 0,
            items: None,
            unpack: None,
            progress: None,
            validator: None,
        }
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

    /// Writes bytes of the body; what is no text stays away from a terminal.
    pub(crate) fn body(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if self.guard == Guard::Terminal && self.file.is_none() {
            self.guard = if is_binary(bytes) { Guard::Hidden } else { Guard::Off };
        }
        if self.guard == Guard::Hidden { Ok(()) } else { self.write(bytes) }
    }

    /// Opens the file, where there is one; false: nothing of the body is to be written.
    fn open(&mut self, head: &Head) -> Result<bool, Failure> {
        let Some(name) = resume::name(self.wanted, self.path)? else { return Ok(true) };
        if head.status == StatusCode::NOT_MODIFIED && !self.wanted.strict {
            // RFC 9110 §15.4.5: what is here is still right, and stays.
            return Ok(false);
        }
        let goes_on = if self.from == 0 {
            GoesOn::Anew
        } else {
            resume::verdict(head.status, &head.fields, self.from)?
        };
        match goes_on {
            GoesOn::Not => return Ok(false),
            GoesOn::Complete => {
                self.complete = true;
                resume::forget(&name);
                return Ok(false);
            }
            GoesOn::Anew if self.from > 0 && self.wanted.strict => {
                let words = "HTTP server doesn't seem to support byte ranges. Cannot resume.";
                return Err(Failure::run(words).exit(crate::exit::Exit::Curl(33)));
            }
            GoesOn::Anew | GoesOn::After => {}
        }
        let after = goes_on == GoesOn::After;
        let done = if after { self.from } else { 0 };
        if !self.wanted.silent {
            let total = length(&head.fields).map(|length| length + done);
            self.progress = Some(Progress::new("received", done, total));
        }
        self.validator = if self.wanted.strict { None } else { resume::validator(&head.fields) };
        let file = resume::open(&name, after)?;
        self.began_at = file.metadata().map_or(0, |file| file.len());
        self.file = Some((name, file));
        Ok(true)
    }

    /// Takes back what was written to a file, before it is asked for once more.
    pub(crate) fn undo(&mut self) -> Result<(), Failure> {
        let Some((name, file)) = &self.file else { return Ok(()) };
        if !file.metadata().is_ok_and(|found| found.is_file()) {
            return Ok(());
        }
        file.set_len(self.began_at)
            .map_err(|error| Failure::run(format!("`{name}` cannot be written: {error}")))
    }

    /// The transfer is over, well or not: what was begun is remembered. Gives whether it can be gone on with.
    pub(crate) fn closed(&mut self, well: bool) -> bool {
        if let Some(progress) = &mut self.progress {
            progress.end();
        }
        let Some((name, file)) = &self.file else { return false };
        let regular = file.metadata().is_ok_and(|found| found.is_file());
        if well {
            if self.from > 0 {
                resume::forget(name);
            }
        } else if let Some(validator) = self.validator.as_ref().filter(|_| regular) {
            resume::keep(name, validator);
        }
        !well && regular
    }

    /// Writes a head where `-D` says.
    fn dump(&self, head: &Head, first: bool) -> Result<(), Failure> {
        let Some(name) = &self.wanted.transfer.dump_header else { return Ok(()) };
        let text = trace::head(head);
        if name == "-" {
            let _ = to_stdout(text.as_bytes());
            return Ok(());
        }
        resume::open(name, !first)?
            .write_all(text.as_bytes())
            .map_err(|error| Failure::run(format!("`{name}` cannot be written: {error}")))
    }

    /// Takes bytes that are unpacked already.
    fn plain(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        if let Some(check) = &mut self.check {
            check.piece(bytes);
        }
        if let Some(tap) = &mut self.tap {
            tap.extend_from_slice(&bytes[..bytes.len().min(super::history::KEPT - tap.len())]);
        }
        if let (Some(items), Some(_)) = (&mut self.items, &self.each) {
            let found = items
                .push(bytes)
                .map_err(|_| Stop::Failed(Failure::run("an item of the answer is larger than 16 MiB")))?;
            return found.iter().try_for_each(|item| self.item(item));
        }
        match &mut self.held {
            None => self.body(bytes),
            Some(held) if self.keep == Keep::LayOut && held.len() + bytes.len() > 2 * 8 * 1024 * 1024 => {
                // Larger than announced: laid out no longer.
                let held = self.held.take().unwrap_or_default();
                self.body(&held)?;
                self.body(bytes)
            }
            Some(held) if held.len() + bytes.len() > self.largest => Err(Stop::Failed(
                Failure::run(format!("the answer is larger than {} MiB", self.largest >> 20))
                    .help("write it to a file as it comes: `-o FILE`"),
            )),
            Some(held) => {
                held.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    fn item(&mut self, item: &str) -> Result<(), Stop> {
        let Some(each) = &mut self.each else { return Ok(()) };
        let text = each(item).map_err(Stop::Failed)?;
        self.write(text.as_bytes())
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

/// Whether the first bytes of a body are no text: a zero byte, or no UTF-8 but for a letter that is cut at the end.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.contains(&0) || std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some())
}

fn length(fields: &HeaderMap) -> Option<u64> {
    fields.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
