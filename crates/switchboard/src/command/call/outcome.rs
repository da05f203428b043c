//! What `call` makes of an answer: shown, checked, and turned into an exit code.

use super::check::{AnswerCheck, CheckMode};
use super::conditional::Keeper;
use super::cookie::Cookies;
use super::deliver::items::Items;
use super::deliver::{Delivery, Guard, Keep, is_json, is_yaml};
use super::draft::Draft;
use super::ending::{self, Expected};
use super::envelope::{self, Became};
use super::history;
use super::login;
use super::redact::Redaction;
use super::redirect::Follow;
use super::trace;
use super::trip::{self, Broke, Came, Manner, Stop};
use super::wanted::Wanted;
use super::write_out::{self, Facts};
use crate::exit::{Exit, Failure};
use crate::output::{self, Format, jq};
use crate::terminal::Terminal;
use call::{Dial, Patience};
use contract::Violation;
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often a call that is safe to repeat is repeated.
pub(crate) const RETRIES: u32 = 2;

/// The longest pause that a provider's `Retry-After` may ask for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What was asked for beside curl's flags.
pub(crate) struct Asked<'a> {
    pub(crate) format: Option<Format>,
    pub(crate) jq: Option<&'a str>,
    pub(crate) responses: CheckMode,
    pub(crate) expected: Option<Expected>,
    pub(crate) request_breaks: Vec<Violation>,
    /// From where on a download goes on.
    pub(crate) from: u64,
    /// Where the call is kept.
    pub(crate) history: RefCell<Option<history::Begun>>,
    /// Secrets are shown where the answer is laid out.
    pub(crate) show_secrets: bool,
    /// Where the answer's validator is kept.
    pub(crate) keeper: Option<Keeper>,
}

impl Asked<'_> {
    /// Where the beginning of the body goes, if the call is kept.
    pub(crate) fn tap(&self) -> Option<Vec<u8>> {
        self.history.borrow().is_some().then(Vec::new)
    }

    /// Whether an answer that comes item by item is shown so: tables and verdicts need all of it.
    fn by_item(&self, keep: Keep) -> bool {
        keep != Keep::Pass
            && self.responses != CheckMode::Block
            && !matches!(self.format, Some(Format::Table | Format::Csv | Format::Envelope))
    }

    pub(crate) fn keep(&self, terminal: Terminal) -> Keep {
        match self.format {
            Some(Format::Raw) if self.jq.is_none() && self.responses != CheckMode::Block => Keep::Pass,
            None if self.jq.is_none() && self.responses != CheckMode::Block => {
                if terminal.interactive || terminal.colour_out { Keep::LayOut } else { Keep::Pass }
            }
            _ => Keep::Hold,
        }
    }
}

/// How often and how long an answer that asks to come back later is obeyed.
pub(crate) fn patience(wanted: &Wanted, times: u32) -> Patience {
    let transfer = &wanted.transfer;
    let within = transfer.retry_max_time;
    let longest = within.map_or(LONGEST_PAUSE, |within| within.min(LONGEST_PAUSE));
    let times = transfer.retry.unwrap_or(times);
    Patience { times, longest, within, pause: transfer.retry_delay, any: transfer.retry_all }
}

/// How connections are made for one call.
pub(crate) fn dial(wanted: &Wanted) -> Dial {
    wanted.connection.dial(Dial {
        insecure: wanted.insecure,
        idle_per_server: 0,
        keep_head: wanted.verbose,
        allowances: crate::drive::allowances(),
        ..Dial::default()
    })
}

/// Sends the draft and shows what came.
pub(crate) fn send(
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    cookies: &mut Cookies,
) -> Result<Exit, Failure> {
    let redaction = draft.redaction();
    let keep = asked.keep(terminal);
    let mut delivery = Delivery::new(wanted, &redaction, keep, &draft.path);
    delivery.from = asked.from;
    if terminal.interactive && asked.format.is_none() && asked.jq.is_none() {
        delivery.guard = Guard::Terminal;
    }
    if asked.by_item(keep) {
        delivery.each = Some(Box::new(|item| each(item, asked, terminal)));
    }
    if asked.responses != CheckMode::Off {
        delivery.check = draft.named.as_ref().map(AnswerCheck::new);
    }
    delivery.tap = asked.tap();
    let came =
        trip::go(draft, dial(wanted), wanted.max_time, manner(wanted, terminal, cookies), &mut delivery);
    let can_go_on = delivery.closed(came.is_ok());
    match came {
        Ok(came) => settle(draft, delivery, &came, terminal, asked),
        Err(broke) if can_go_on => {
            let cut = matches!(broke, Broke::Cut(_));
            let failure = broken(broke, draft, wanted, terminal, asked, &redaction);
            failure.map_err(|failure| match failure.help {
                Some(_) if !cut => failure,
                _ => failure.help("the file has what came; to go on with it: the same with `-C -`"),
            })
        }
        Err(broke) => broken(broke, draft, wanted, terminal, asked, &redaction),
    }
}

/// Keeps the call in the history, once, where one is kept: what came with the beginning of its body, or how it broke off.
pub(crate) fn remember(
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    ended: &history::Ended<'_>,
) {
    let Some(history) = asked.history.take() else { return };
    let id = history.add(draft, &draft.redaction(), ended, terminal);
    if let Some(id) = id.filter(|_| wanted.verbose) {
        terminal.complain(format!("* kept as {id}: switchboard log {id}"));
    }
}

/// How `call` sends.
pub(crate) fn manner<'c>(wanted: &Wanted, terminal: Terminal, cookies: &'c mut Cookies) -> Manner<'c> {
    Manner {
        patience: Some(patience(wanted, RETRIES)),
        follow: Follow::of(wanted, false),
        cookies,
        progress: !wanted.silent && !terminal.quiet,
    }
}

/// Shows an answer that came whole, and says how the call ended.
pub(crate) fn settle(
    draft: &Draft,
    mut delivery: Delivery<'_>,
    came: &Came,
    terminal: Terminal,
    asked: &Asked<'_>,
) -> Result<Exit, Failure> {
    let wanted = delivery.wanted;
    let redaction = delivery.redaction;
    let (found, unchecked) = match delivery.check.take() {
        // Half a body breaks every contract: one that was dropped was not looked at.
        Some(check) if !delivery.dropped => check.end(),
        _ => (Vec::new(), None),
    };
    let held = delivery.held.take();
    let breaks = !found.is_empty();
    let blocked = breaks && asked.responses == CheckMode::Block;
    let conditional = is_conditional(&draft.fields);
    let exit = if delivery.complete {
        terminal.say("nothing is missing of the file");
        Exit::Ok
    } else {
        ending::of(came.head.status, conditional, asked.expected.as_ref(), blocked)
    };
    let given = if asked.format == Some(Format::Envelope) {
        let became = Became {
            draft,
            redaction,
            exit,
            came: Some((came, held.as_deref().unwrap_or_default())),
            failure: None,
            request_breaks: &asked.request_breaks,
            response_breaks: &found,
        };
        show(&mut delivery, became.json().as_bytes(), asked, terminal)
    } else if let Some(body) = held
        && !blocked
    {
        shown(&mut delivery, came, &body, asked, terminal)
    } else {
        Ok(())
    };
    let tap = delivery.tap.take();
    let request_breaks = &*asked.request_breaks;
    let body = tap.as_deref();
    let ended = history::Ended { came: Ok(came), body, request_breaks, response_breaks: &found };
    remember(draft, wanted, terminal, asked, &ended);
    given?;
    if delivery.guard == Guard::Hidden {
        terminal.say(format!(
            "an answer of {} bytes that is no text is not shown on a terminal: `-o FILE` keeps it, `--format raw` shows it",
            came.size
        ));
    }
    for line in envelope::lines(&found, draft) {
        terminal.say(format!("response breaks its contract: {line}"));
    }
    if blocked {
        terminal.say("  help: the answer was held back; to see it: `--check report`");
    }
    if let Some(words) = unchecked {
        terminal.say(words);
    }
    said(draft, wanted, came, terminal, exit);
    if let Some(words) = asked.keeper.as_ref().and_then(|keeper| keeper.took(came)) {
        terminal.say(words);
    }
    let file = delivery.file.as_ref().map(|(name, _)| name.as_str());
    after(draft, wanted, Some(came), exit, "", file, terminal);
    Ok(exit)
}

/// Whether 304 is an answer that was asked for (RFC 9110 §13.1).
pub(crate) fn is_conditional(fields: &http::HeaderMap) -> bool {
    fields.contains_key(IF_NONE_MATCH) || fields.contains_key(IF_MODIFIED_SINCE)
}

/// What is said of a status that is no success.
fn said(draft: &Draft, wanted: &Wanted, came: &Came, terminal: Terminal, exit: Exit) {
    let status = came.head.status;
    if exit == Exit::Assertion {
        terminal.say(format!("the status is {status}, which was not expected"));
    } else if matches!(exit, Exit::Class(_)) && !wanted.include && !wanted.head && !wanted.verbose {
        let to = came.head.fields.get(http::header::LOCATION).and_then(|to| to.to_str().ok());
        match to.filter(|_| status.is_redirection()) {
            Some(to) => terminal.say(format!("{status}, to {to}")),
            None => terminal.say(status.to_string()),
        }
    }
    if let Some(more) = super::pages::more(draft, &came.head) {
        terminal.say(more);
    }
    if let Some(hint) = login::hint(draft, status, &came.head.fields) {
        terminal.say(hint);
    }
}

/// Shows a body that was held.
fn shown(
    delivery: &mut Delivery<'_>,
    came: &Came,
    body: &[u8],
    asked: &Asked<'_>,
    terminal: Terminal,
) -> Result<(), Failure> {
    let head = &came.head;
    if delivery.keep == Keep::Hold && (delivery.wanted.include || delivery.wanted.head) {
        written(delivery.write(trace::head(head).as_bytes()))?;
    }
    if body.is_empty() {
        return Ok(());
    }
    // An error page is no row of a table: programs and formats are for what was asked for.
    let asked_for = head.status.is_success() || asked.format == Some(Format::Json);
    let formatted = asked.jq.is_some() || asked.format.is_some_and(|format| format != Format::Raw);
    if let Some(items) = Items::of(&head.fields).filter(|_| asked_for && formatted) {
        let coloured = terminal.colour_out && delivery.file.is_none();
        let text = rendered(&items.all(body), asked, terminal, coloured)?;
        return written(delivery.write(text.as_bytes()));
    }
    if asked_for && formatted {
        if is_yaml(&head.fields) {
            let value: serde_json::Value = serde_saphyr::from_slice(body)
                .map_err(|error| Failure::run(format!("the answer is no YAML: {error}")))?;
            return show(delivery, value.to_string().as_bytes(), asked, terminal);
        }
        return show(delivery, body, asked, terminal);
    }
    if formatted {
        // Not data that was asked for: to stderr, so that no program takes it for that.
        let body = &body[..body.len().min(64 * 1024)];
        terminal.complain(String::from_utf8_lossy(body).trim_end());
        return Ok(());
    }
    let text =
        std::str::from_utf8(body).ok().filter(|_| delivery.keep == Keep::LayOut && is_json(&head.fields));
    match text.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()) {
        Some(text) => {
            let text = format!("{}\n", output::pretty::laid_out(text, terminal.colour_out));
            written(delivery.write(hidden(text, asked, terminal).as_bytes()))
        }
        None if delivery.keep == Keep::LayOut && std::str::from_utf8(body).is_ok() => {
            let text = hidden(String::from_utf8_lossy(body).into_owned(), asked, terminal);
            written(delivery.body(text.as_bytes()))
        }
        None => written(delivery.body(body)),
    }
}

/// Shows a JSON document through `--jq` and `--format`.
fn show(
    delivery: &mut Delivery<'_>,
    bytes: &[u8],
    asked: &Asked<'_>,
    terminal: Terminal,
) -> Result<(), Failure> {
    let coloured = terminal.colour_out && delivery.file.is_none();
    let document = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // RFC 8259 §8.1: JSON is UTF-8. What stands for something else must not pass for it.
        Err(error) => {
            let words = format!("the answer is not UTF-8 at byte {}", error.valid_up_to());
            return Err(Failure::run(words).help("to see the bytes as they came: `--format raw`"));
        }
    };
    if asked.jq.is_none()
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&document)
    {
        written(delivery.body(hidden(document, asked, terminal).as_bytes()))?;
        return Err(Failure::run(format!("the answer is no JSON, and is given as it came: {error}"))
            .help("what it says it is: `-i`; the bytes alone: `--format raw`"));
    }
    let text = rendered(&[document], asked, terminal, coloured)?;
    written(delivery.write(text.as_bytes()))
}

/// What is laid out by us has no secret that we know; bytes that are handed on as they came are the provider's.
pub(crate) fn hidden(text: String, asked: &Asked<'_>, terminal: Terminal) -> String {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let Some(learnt) = call::learnt().filter(|_| !asked.show_secrets) else { return text };
    match learnt.clean(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(clean) => {
            // An envelope is full of them, and a report; whoever asked for data has to know that it was changed.
            if asked.format != Some(Format::Envelope) && !TOLD.swap(true, Ordering::Relaxed) {
                terminal
                    .say("a secret stands in the answer and is shown as `***`; to see it: `--show-secrets`");
            }
            clean
        }
    }
}

/// Documents through `--jq` and `--format`.
fn rendered(
    documents: &[String],
    asked: &Asked<'_>,
    terminal: Terminal,
    coloured: bool,
) -> Result<String, Failure> {
    given(documents, asked, terminal, coloured).map(|text| hidden(text, asked, terminal))
}

fn given(
    documents: &[String],
    asked: &Asked<'_>,
    terminal: Terminal,
    coloured: bool,
) -> Result<String, Failure> {
    let Some(program) = asked.jq else {
        return output::render(documents, asked.format.unwrap_or(Format::Json), coloured);
    };
    let mut given = Vec::new();
    for document in documents {
        given.extend(jq::run(program, document.as_bytes())?);
    }
    match asked.format {
        // Without a format a text is given as it is, as `jq -r` does.
        None | Some(Format::Raw) => {
            let mut text = String::new();
            for one in &given {
                match one {
                    jq::Given::Text(own) => text.push_str(own),
                    jq::Given::Json(json) if terminal.interactive => {
                        text.push_str(&output::pretty::laid_out(json, coloured));
                    }
                    jq::Given::Json(json) => text.push_str(json),
                }
                text.push('\n');
            }
            Ok(text)
        }
        Some(format) => {
            let documents: Vec<String> = given.iter().map(jq::Given::json).collect();
            output::render(&documents, format, coloured)
        }
    }
}

/// One item of an answer that comes item by item, as it is shown.
fn each(item: &str, asked: &Asked<'_>, terminal: Terminal) -> Result<String, Failure> {
    if serde_json::from_str::<serde::de::IgnoredAny>(item).is_err() {
        // `[DONE]` and the like: no data for a program or a format, but to be seen.
        if asked.jq.is_some() || asked.format.is_some() {
            terminal.say(format!("an item that is no JSON was left out: {item:.80}"));
            return Ok(String::new());
        }
        return Ok(hidden(format!("{item}\n"), asked, terminal));
    }
    rendered(&[item.to_owned()], asked, terminal, terminal.colour_out)
}

fn written(result: Result<(), Stop>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}

/// A trip without a complete answer: the envelope and `-w` say so too.
pub(crate) fn broken(
    broke: Broke,
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    redaction: &Redaction,
) -> Result<Exit, Failure> {
    let request_breaks = &*asked.request_breaks;
    let came = Err(history::broken(&broke));
    let ended = history::Ended { came, body: None, request_breaks, response_breaks: &[] };
    remember(draft, wanted, terminal, asked, &ended);
    let mut failure = broke.failure();
    failure.message = redaction.clean(&failure.message).into_owned();
    failure.help = failure.help.map(|help| redaction.clean(&help).into_owned());
    if asked.format == Some(Format::Envelope) {
        let became = Became {
            draft,
            redaction,
            exit: failure.exit,
            came: None,
            failure: Some(&failure),
            request_breaks: &asked.request_breaks,
            response_breaks: &[],
        };
        let mut delivery = Delivery::new(wanted, redaction, Keep::Hold, &draft.path);
        show(&mut delivery, became.json().as_bytes(), asked, terminal)?;
    }
    after(draft, wanted, None, failure.exit, &failure.message, None, terminal);
    Err(failure)
}

/// Writes what `-w` asks for.
pub(crate) fn after(
    draft: &Draft,
    wanted: &Wanted,
    came: Option<&Came>,
    exit: Exit,
    error: &str,
    file: Option<&str>,
    terminal: Terminal,
) {
    let Some(format) = &wanted.write_out else { return };
    let written = write_out::write(format, &Facts { draft, came, exit: exit.code(), error, file });
    // `curl` is strict: what it writes is what curl would write.
    let hidden = call::learnt().filter(|_| !matches!(exit, Exit::Curl(_)));
    match hidden {
        Some(hidden) => terminal.data(hidden.clean(&written.out).as_bytes()),
        None => terminal.data(written.out),
    }
    if !written.err.is_empty() {
        terminal.complain(written.err.trim_end());
    }
}
