//! `switchboard curl`: takes a curl command line and behaves as curl does: its exit codes, no repetition, no colour, the body as it came.

mod again;
mod ending;
mod line;

use crate::arguments::Global;
use crate::command::call::cookie::Cookies;
use crate::command::call::deliver::{Delivery, Keep, resume};
use crate::command::call::redirect::Follow;
use crate::command::call::trip::{self, Broke, Manner};
use crate::command::call::url::Url;
use crate::command::call::wanted::{Resume, Wanted};
use crate::command::call::{free, outcome};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use again::Again;
use std::time::Instant;

/// Arguments of `curl`.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    override_usage = "switchboard curl 'curl …'\n       switchboard curl [FLAG…] URL"
)]
pub(crate) struct Curl {
    /// A curl command line: as one quoted word, or as it is
    #[arg(value_name = "CURL", num_args = 1.., required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Curl {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if self.words.iter().any(|word| matches!(word.as_str(), "-h" | "--help")) {
            global.terminal().line(line::help());
            return Ok(Exit::Ok);
        }
        let line = line::read(self.words)?;
        let wanted = Wanted { strict: true, ..Wanted::read(&line.flags)? };
        let loud = !wanted.silent || wanted.show_error;
        let terminal = Terminal { colour_out: false, colour_err: false, ..global.terminal() };
        let (code, words) = match fetch(&line.url, wanted, terminal) {
            Ok(()) => return Ok(Exit::Ok),
            Err(end) => end,
        };
        if loud && !words.is_empty() {
            terminal.complain(format!("curl: ({code}) {words}"));
        }
        Ok(Exit::Curl(code))
    }
}

/// Sends and writes; an end that is no success is curl's code and words.
fn fetch(url: &str, mut wanted: Wanted, terminal: Terminal) -> Result<(), (u8, String)> {
    if free::has_blank(url.as_bytes()) {
        return Err((3, free::no_url().message));
    }
    let url = Url::read(url, "http").map_err(|failure| ending::of_url(&failure))?;
    let here = |failure: Failure| match failure.exit {
        Exit::Curl(code) => (code, failure.message),
        _ => (2, failure.message),
    };
    let mut draft = free::draft(None, url, Vec::new(), &mut wanted, 0).map_err(here)?;
    let mut cookies = Cookies::read(&wanted.transfer).map_err(here)?;
    draft.cookies(&cookies, true).map_err(here)?;
    let redaction = draft.redaction();
    redaction.learn();
    call::learn(&wanted.connection.secrets());
    let (begun, mut again) = (Instant::now(), Again::of(&wanted));
    let (result, delivery) = loop {
        // Anew for each try: the one before may have left something.
        let from = resume::ask(&mut draft, &wanted, false).map_err(here)?;
        let dial = call::Dial { allowances: None, ..outcome::dial(&wanted) }; // curl waits for nobody's limits
        let manner = Manner {
            patience: None,
            follow: Follow::of(&wanted, true),
            cookies: &mut cookies,
            progress: !wanted.silent,
            told: None,
        };
        let mut delivery = Delivery::new(&wanted, &redaction, Keep::Pass, &draft.path);
        delivery.from = from;
        delivery.put_off = Some(Box::new(|head| again.answer(head.status, &head.fields, begun.elapsed())));
        let result = trip::go(&draft, dial, wanted.max_time, manner, &mut delivery);
        delivery.closed(result.is_ok());
        let (pause, why) = match result {
            Err(Broke::Interrupted) => return Err((130, String::new())),
            Err(broke) => {
                let (code, words) = ending::of(broke);
                let pause = again.failure(code, begun.elapsed());
                (pause, Err((code, words)))
            }
            Ok(came) => (delivery.pause.take(), Ok(came)),
        };
        let Some(pause) = pause else { break (why, delivery) };
        if !wanted.silent {
            let left = again.left();
            terminal.complain(format!(
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
    let saved = cookies.save(&wanted.transfer);
    let file = delivery.file.as_ref().map(|(name, _)| name.clone());
    let (came, end) = match result {
        Ok(came) => {
            let status = came.head.status.as_u16();
            let failed = (wanted.fail || wanted.fail_with_body) && status >= 400 && !delivery.complete;
            let end = failed.then(|| (22, format!("The requested URL returned error: {status}")));
            (Some(came), end)
        }
        Err(end) => (None, Some(end)),
    };
    let (code, words) = end.as_ref().map_or((0, ""), |(code, words)| (*code, words.as_str()));
    outcome::after(&draft, &wanted, came.as_ref(), Exit::Curl(code), words, file.as_deref(), terminal);
    if let Err(failure) = saved {
        terminal.complain(format!("curl: {}", failure.message));
    }
    end.map_or(Ok(()), |(code, words)| Err((code, redaction.clean(&words).into_owned())))
}
