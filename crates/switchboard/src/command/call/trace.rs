//! Heads as they are shown: `-i` to stdout as they came, `-v` to stderr with secrets as `***`.

use super::draft::Draft;
use super::redact::Redaction;
use super::trip::Head;
use call::Sent;
use http::{HeaderMap, StatusCode, Version};
use std::fmt::Write as _;
use std::io::Write as _;

/// The head of an answer as text.
pub(crate) fn head(head: &Head) -> String {
    let mut text = format!("{}\r\n", status_line(head.status, head.sent.version));
    for (name, value) in &head.fields {
        let _ = write!(text, "{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    text.push_str("\r\n");
    text
}

/// `HTTP/1.1 404 Not Found`; HTTP/2 has no reason (RFC 9113 §8.3.2).
fn status_line(status: StatusCode, version: Version) -> String {
    if version == Version::HTTP_2 {
        return format!("HTTP/2 {}", status.as_u16());
    }
    // An answer in HTTP/1.0 says so (RFC 9112 §2.3).
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{version:?} {} {reason}", status.as_u16()).trim_end().to_owned()
}

/// How the connection was got and what it took.
fn connection(sent: &Sent) -> String {
    let mut text = format!("* sent to {}", sent.server);
    if let Some(peer) = sent.peer {
        let _ = write!(text, " at {peer}");
    }
    if sent.attempts > 1 {
        let _ = write!(text, ", {} attempts", sent.attempts);
    }
    text.push('\n');
    let spans = [
        ("waited", sent.waited),
        ("name", sent.lookup),
        ("connect", sent.connect.saturating_sub(sent.lookup + sent.tls)),
        ("tls", sent.tls),
        ("answer", sent.first_byte),
    ];
    text.push_str("* took");
    for (name, span) in spans.iter().filter(|(_, span)| !span.is_zero()) {
        let _ = write!(text, " {name} {:.1} ms,", span.as_secs_f64() * 1e3);
    }
    text.truncate(text.trim_end_matches(',').len());
    text.push('\n');
    text
}

/// Says both heads on stderr, as curl does.
pub(crate) fn exchange(head: &Head, redaction: &Redaction) {
    let mut text = connection(&head.sent);
    if let Some((line, fields)) = &head.sent.head {
        let _ = writeln!(text, "> {}", line_shown(line, redaction));
        push_fields(&mut text, '>', fields, redaction);
    }
    let _ = writeln!(text, "< {}", status_line(head.status, head.sent.version));
    push_fields(&mut text, '<', &head.fields, redaction);
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn push_fields(text: &mut String, mark: char, fields: &HeaderMap, redaction: &Redaction) {
    for (name, value) in fields {
        let shown = redaction.field_shown(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        let _ = writeln!(text, "{mark} {name}: {shown}");
    }
    let _ = writeln!(text, "{mark}");
}

/// A request line with its query's secrets hidden.
fn line_shown(line: &str, redaction: &Redaction) -> String {
    // The version at its end is no part of the query.
    let (line, version) = line.rsplit_once(' ').unwrap_or((line, ""));
    format!("{} {version}", redaction.url_shown(line)).trim_end().to_owned()
}

/// The request as HTTP text, secrets as references: what `--dry-run` prints.
pub(crate) fn request(draft: &Draft, redaction: &Redaction, show_secrets: bool) -> String {
    let target = draft.target();
    let target = if show_secrets { target } else { redaction.url_shown(&target) };
    let (query, added) = super::print::credentials(draft, show_secrets);
    let target = query.iter().fold(target, |target, pair| {
        format!("{target}{}{pair}", if target.contains('?') { '&' } else { '?' })
    });
    let mut text = format!("{} {target} HTTP/1.1\n", draft.method);
    if let Some(server) = draft.server()
        && !draft.fields.contains_key(http::header::HOST)
    {
        let _ = writeln!(text, "host: {}", server.authority());
    }
    for (name, value) in &draft.fields {
        let value = String::from_utf8_lossy(value.as_bytes());
        let shown =
            if show_secrets { value.into_owned() } else { redaction.field_shown(name.as_str(), &value) };
        let _ = writeln!(text, "{name}: {shown}");
    }
    for (name, value) in added {
        let _ = writeln!(text, "{name}: {value}");
    }
    if draft.payload.len() > 0 {
        let _ = writeln!(text, "content-length: {}", draft.payload.len());
    }
    text.push('\n');
    match draft.payload.held().map(std::str::from_utf8) {
        Some(Ok("")) => {}
        Some(Ok(body)) if show_secrets => text.extend([body, "\n"]),
        Some(Ok(body)) => text.extend([redaction.clean(body).as_ref(), "\n"]),
        Some(Err(_)) | None => {
            let _ = writeln!(text, "[{} bytes]", draft.payload.len());
        }
    }
    text
}
