//! An answer as a person or a program is given it: laid out, through `--jq` and `--format`, without secrets.

use super::super::asked::Asked;
use super::super::deliver::items::Items;
use super::super::deliver::{Delivery, Keep};
use super::super::trip::{Came, Stop};
use super::super::{media, trace};
use crate::exit::Failure;
use crate::output::{self, Format, jq};
use crate::terminal::Terminal;
use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shows a body that was held.
pub(super) fn shown(
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
        if media::is_yaml(&head.fields) {
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
    // A file gets what came.
    let Some(text) = std::str::from_utf8(body).ok().filter(|_| delivery.lay_out && delivery.file.is_none())
    else {
        return written(delivery.body(body));
    };
    if media::is_json(&head.fields) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        let text = format!("{}\n", output::pretty::laid_out(text, terminal.colour_out));
        return written(delivery.write(hidden(&text, asked, terminal).as_bytes()));
    }
    written(delivery.body(hidden(text, asked, terminal).as_bytes()))
}

/// Shows a JSON document through `--jq` and `--format`.
pub(super) fn show(
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
        written(delivery.body(hidden(&document, asked, terminal).as_bytes()))?;
        return Err(Failure::run(format!("the answer is no JSON, and is given as it came: {error}"))
            .help("what it says it is: `-i`; the bytes alone: `--format raw`"));
    }
    let text = rendered(&[document], asked, terminal, coloured)?;
    written(delivery.write(text.as_bytes()))
}

/// What is laid out by us has no secret that we know; bytes that are handed on as they came are the provider's.
pub(crate) fn hidden<'t>(text: &'t str, asked: &Asked<'_>, terminal: Terminal) -> Cow<'t, str> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    let Some(learnt) = call::learnt().filter(|_| !asked.show_secrets) else { return text.into() };
    let clean = match learnt.clean(text) {
        Cow::Borrowed(_) => return text.into(),
        Cow::Owned(clean) => clean,
    };
    // An envelope is full of them, and a report; whoever asked for data has to know that it was changed.
    if asked.format != Some(Format::Envelope) && !TOLD.swap(true, Ordering::Relaxed) {
        terminal.say("a secret stands in the answer and is shown as `***`; to see it: `--show-secrets`");
    }
    clean.into()
}

/// Documents through `--jq` and `--format`.
fn rendered(
    documents: &[String],
    asked: &Asked<'_>,
    terminal: Terminal,
    coloured: bool,
) -> Result<String, Failure> {
    given(documents, asked, terminal, coloured).map(|text| hidden(&text, asked, terminal).into_owned())
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
pub(super) fn each(item: &str, asked: &Asked<'_>, terminal: Terminal) -> Result<String, Failure> {
    if serde_json::from_str::<serde::de::IgnoredAny>(item).is_err() {
        // `[DONE]` and the like: no data for a program or a format, but to be seen.
        if asked.jq.is_some() || asked.format.is_some() {
            terminal.say(format!("an item that is no JSON was left out: {item:.80}"));
            return Ok(String::new());
        }
        return Ok(hidden(&format!("{item}\n"), asked, terminal).into_owned());
    }
    rendered(&[item.to_owned()], asked, terminal, terminal.colour_out)
}

fn written(result: Result<(), Stop>) -> Result<(), Failure> {
    match result {
        Ok(()) | Err(Stop::Enough) => Ok(()),
        Err(Stop::Failed(failure)) => Err(failure),
    }
}
