//! One transfer of a curl line: sent, repeated where that was asked for, written where it goes, kept in the history.

use super::again::Again;
use super::ending;
use crate::command::call::cookie::Cookies;
use crate::command::call::deliver::{Delivery, Keep, resume};
use crate::command::call::history::{self, Begun, Keeping};
use crate::command::call::nearby::Nearby;
use crate::command::call::redirect::Follow;
use crate::command::call::trip::{Broke, Manner, Road};
use crate::command::call::url::Url;
use crate::command::call::wanted::{Destination, Resume, Wanted};
use crate::command::call::{free, outcome};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use std::time::Instant;

/// What the transfers of a section share.
pub(super) struct Shared<'s> {
    pub(super) terminal: Terminal,
    pub(super) nearby: &'s Nearby<'s>,
    /// Whether calls are kept in the history.
    pub(super) kept: bool,
    pub(super) cookies: Cookies,
    /// The connections, and to which origin they were made.
    pub(super) road: Option<(String, Road)>,
    /// The file of `-D` was begun.
    pub(super) heads_follow: bool,
}

/// curl's end that is no success.
#[derive(Debug)]
pub(super) struct End {
    pub(super) code: u8,
    /// What is said.
    pub(super) words: String,
    /// Nothing of the line follows.
    pub(super) over: bool,
    /// It was not even begun: the end of the transfer before it stays the line's end, if it was none.
    pub(super) not_begun: bool,
}

impl End {
    /// After curl's fatal errors and Ctrl-C nothing follows.
    pub(super) const fn new(code: u8, words: String) -> Self {
        Self { code, words, over: matches!(code, 2 | 27 | 41 | 43 | 48 | 130), not_begun: false }
    }

    /// What curl finds before it begins a transfer ends the line.
    pub(super) const fn not_begun(code: u8, words: String) -> Self {
        Self { code, words, over: true, not_begun: true }
    }
}

impl Shared<'_> {
    /// Sends and writes; `words` make it again.
    pub(super) fn fetch(&mut self, text: &str, mut wanted: Wanted, words: Vec<String>) -> Result<(), End> {
        let remote = wanted.output == Some(Destination::Remote);
        let transfer = &wanted.transfer;
        let added = (wanted.get && !wanted.data.is_empty())
            || !transfer.url_query.is_empty()
            || transfer.upload.is_some();
        let no_url = |(code, words)| {
            // curl reads it earlier where a name is taken from it or something is added to it.
            if remote || added { End::not_begun(code, words) } else { End::new(code, words) }
        };
        // Only `call` takes `:3000` for this machine where a scheme stands before it.
        let bad = free::has_blank(text.as_bytes()) || text.contains("://:");
        let url = if bad {
            Err((3, free::no_url().message))
        } else {
            Url::read(text, "http").map_err(|failure| ending::of_url(&failure))
        };
        if let Some(name) = wanted.transfer.dump_header.as_ref().filter(|name| *name != "-")
            && !std::mem::replace(&mut self.heads_follow, true)
        {
            resume::open(name, false).map_err(|failure| End::not_begun(23, failure.message))?;
        }
        let url = url.map_err(no_url)?;
        if remote {
            wanted.output = Some(Destination::File(remote_name(text, &url.path)?));
        }
        let here = |failure: Failure| match failure.exit {
            Exit::Curl(code) => End::new(code, failure.message),
            _ => End::new(2, failure.message),
        };
        let origin = url.server.to_string();
        let mut draft = free::draft(None, url, Vec::new(), &mut wanted, 0).map_err(here)?;
        draft.cookies(&self.cookies, true).map_err(here)?;
        let redaction = draft.redaction();
        redaction.learn();
        call::learn(&wanted.connection.secrets());
        let keeping = Keeping { no_history: !self.kept };
        let mut kept: Option<Begun> = keeping.begin(self.nearby, words);
        // curl waits for nobody's limits.
        let dial = call::Dial { allowances: None, idle_per_server: 2, ..outcome::dial(&wanted) };
        let road = match self.road.take().filter(|(known, _)| *known == origin) {
            Some((_, road)) => road,
            None => Road::new(dial, &draft.upstream).map_err(here)?,
        };
        let (begun, mut again) = (Instant::now(), Again::of(&wanted));
        let (result, mut delivery) = loop {
            // Anew for each try: the one before may have left something.
            let from = resume::ask(&mut draft, &wanted, false).map_err(here)?;
            let manner = Manner {
                patience: None,
                follow: Follow::of(&wanted, true),
                cookies: &mut self.cookies,
                progress: !wanted.silent,
                told: None,
            };
            let mut delivery = Delivery::new(&wanted, &redaction, Keep::Pass, &draft.path);
            delivery.from = from;
            delivery.tap = kept.is_some().then(Vec::new);
            let rule = again.clone();
            delivery.put_off =
                Some(Box::new(move |head| rule.answer(head.status, &head.fields, begun.elapsed())));
            let result = road.go(&draft, wanted.max_time, manner, &mut delivery);
            delivery.closed(result.is_ok());
            delivery.put_off = None;
            let (pause, why) = match result {
                Err(broke) => {
                    let how = history::broken(&broke);
                    let interrupted = matches!(broke, Broke::Interrupted);
                    let end = ending::of(broke);
                    let pause = if interrupted { None } else { again.failure(end.0, begun.elapsed()) };
                    (pause, Err((End::new(end.0, end.1), how)))
                }
                Ok(came) => (delivery.pause.take(), Ok(came)),
            };
            let Some(pause) = pause else { break (why, delivery) };
            if !wanted.silent {
                let left = again.left();
                self.terminal.complain(format!(
                    "Warning: Transient problem. Will retry in {} seconds. {left} retries left.",
                    pause.as_secs()
                ));
            }
            if wanted.transfer.resume != Some(Resume::FileEnd) {
                delivery.undo().map_err(here)?;
            }
            drop(delivery);
            again.used();
            std::thread::sleep(pause);
        };
        self.road = Some((origin, road));
        let saved = self.cookies.save(&wanted.transfer);
        let file = delivery.file.as_ref().map(|(name, _)| name.clone());
        let tap = delivery.tap.take();
        if let Some(kept) = kept.take() {
            let came = result.as_ref().map_err(|(_, how)| *how);
            let ended =
                history::Ended { came, body: tap.as_deref(), request_breaks: &[], response_breaks: &[] };
            kept.add(&draft, &redaction, &ended, self.terminal);
        }
        let (came, end) = match result {
            Ok(came) => {
                let status = came.head.status.as_u16();
                let failed = (wanted.fail || wanted.fail_with_body) && status >= 400 && !delivery.complete;
                let words = || format!("The requested URL returned error: {status}");
                let end = failed.then(|| End::new(22, words()));
                (Some(came), end)
            }
            Err((end, _)) => (None, Some(end)),
        };
        let (code, words) = end.as_ref().map_or((0, ""), |end| (end.code, end.words.as_str()));
        if code != 130 {
            let exit = Exit::Curl(code);
            outcome::after(&draft, &wanted, came.as_ref(), exit, words, file.as_deref(), self.terminal);
        }
        if let Err(failure) = saved {
            self.terminal.complain(format!("curl: {}", failure.message));
        }
        end.map_or(Ok(()), |end| Err(End { words: redaction.clean(&end.words).into_owned(), ..end }))
    }
}

/// The file that `-O` names, as curl takes it from the URL: what stands after the last slash, and after a backslash in it.
fn remote_name(url: &str, path: &str) -> Result<String, End> {
    let none = || End::not_begun(23, "Remote file name has no length".to_owned());
    // Dots lead elsewhere, and are gone from the path.
    let Some(last) = Url::last_segment(path) else { return Err(none()) };
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let own = rest.split(['?', '#']).next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let name = if matches!(own, "." | "..") { &last } else { own };
    let name = name.rsplit('\\').next().unwrap_or_default();
    if name.is_empty() || matches!(name, "." | "..") { Err(none()) } else { Ok(name.replace('\0', "_")) }
}

impl Drop for Shared<'_> {
    fn drop(&mut self) {
        if let Some((_, road)) = self.road.take() {
            road.end();
        }
    }
}
