//! What `call` makes of an answer: shown, checked, and turned into an exit code.

mod shown;

use super::asked::Asked;
use super::check::CheckMode;
use super::cookie::Cookies;
use super::deliver::{Delivery, Guard, Keep};
use super::draft::Draft;
use super::ending;
use super::envelope::{self, Became};
use super::history;
use super::login;
use super::redirect::Follow;
use super::trip::{self, Broke, Came, Manner};
use super::wanted::Wanted;
use super::write_out::{self, Facts};
use crate::exit::{Exit, Failure};
use crate::output::Format;
use crate::terminal::Terminal;
use call::{Dial, Patience};
use exchange::{Outcome, Reason};
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
pub(crate) use shown::hidden;
use shown::{each, show, shown};
use std::time::Duration;

/// How often a call that is safe to repeat is repeated.
pub(crate) const RETRIES: u32 = 2;

/// The longest pause that a provider's `Retry-After` may ask for.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

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
    let keep = asked.keep(terminal);
    let mut delivery = asked.delivery(wanted, draft, keep, terminal);
    if asked.by_item(keep) {
        delivery.each = Some(Box::new(|item| each(item, asked, terminal)));
    }
    let came =
        trip::go(draft, dial(wanted), wanted.max_time, manner(wanted, terminal, cookies), &mut delivery);
    match came {
        Ok(came) => settle(draft, delivery, &came, terminal, asked),
        Err(broke) if delivery.closed(false) => {
            let cut = matches!(broke, Broke::Cut(_));
            broken(broke, draft, wanted, terminal, asked).map_err(|failure| match failure.help {
                Some(_) if !cut => failure,
                _ => failure.help("the file has what came; to go on with it: the same with `-C -`"),
            })
        }
        Err(broke) => broken(broke, draft, wanted, terminal, asked),
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
    let id = history.add(draft, &asked.redaction, ended, terminal);
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
        told: Some(terminal),
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
    delivery.closed(true);
    let wanted = delivery.wanted;
    let redaction = &asked.redaction;
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

/// A trip without a complete answer: the envelope and `-w` say so too.
pub(crate) fn broken(
    broke: Broke,
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
) -> Result<Exit, Failure> {
    failed(history::broken(&broke), broke.failure(), draft, wanted, terminal, asked)
}

/// As [`broken`], where words and what is kept are known.
pub(crate) fn failed(
    kept: (Outcome, Option<Reason>),
    mut failure: Failure,
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
) -> Result<Exit, Failure> {
    let redaction = &asked.redaction;
    let request_breaks = &*asked.request_breaks;
    let ended = history::Ended { came: Err(kept), body: None, request_breaks, response_breaks: &[] };
    remember(draft, wanted, terminal, asked, &ended);
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
