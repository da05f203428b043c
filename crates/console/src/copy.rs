//! A call as a line to paste: for curl, and for `switchboard call`.
//!
//! Made from the redacted request: `***` becomes `YOUR-SECRET`, so that the line says what to fill in.
//! Everything is quoted for a POSIX shell (2.2.2 Single-Quotes); control characters are dropped.

use board::Board;
use exchange::{CallRecord, Message};

/// What stands where a secret was.
pub(crate) const FILL_IN: &str = "YOUR-SECRET";

/// Fields that the next program sets by itself, or that would be wrong in another request.
const LEFT_OUT: [&str; 14] = [
    "host",
    "content-length",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "user-agent",
    "accept-encoding",
    "priority",
    "cookie",
    "referer",
];

/// Both lines, and what is missing in them.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) curl: String,
    pub(crate) call: String,
    /// In words: what has to be filled in, or was not kept.
    pub(crate) missing: Option<&'static str>,
}

/// The lines of a call; `None`: where it came in is not known any more.
pub(crate) fn lines(call: &CallRecord, request: Option<&Message>, board: &Board) -> Option<Lines> {
    let base = base(call, request, board)?;
    let target = request
        .and_then(|request| request.line.split(' ').nth(1))
        .filter(|target| target.starts_with('/'))
        .unwrap_or(&call.path);
    let url = clean(&format!("{base}{target}"));
    let mut rest = Vec::new();
    let mut body = None;
    if let Some(request) = request {
        for (name, value) in &request.fields {
            let lower = name.to_ascii_lowercase();
            if LEFT_OUT.contains(&lower.as_str())
                || lower.starts_with("sec-")
                || (lower == "accept" && value == "*/*")
            {
                continue;
            }
            rest.push(format!("-H {}", quote(&clean(&format!("{name}: {value}")))));
        }
        if !request.body.is_empty() && !request.cut {
            body = Some(format!("--data-raw {}", quote(&clean(&request.body))));
        }
    }
    let has_body = body.is_some();
    rest.extend(body);
    let method = clean(&call.method);
    let first = match (method.as_str(), has_body) {
        ("GET", false) | ("POST", true) => format!("curl {}", quote(&url)),
        ("HEAD", _) => format!("curl -I {}", quote(&url)),
        _ => format!("curl -X {} {}", quote(&method), quote(&url)),
    };
    let join = |first: String| {
        std::iter::once(first).chain(rest.iter().cloned()).collect::<Vec<_>>().join(" \\\n  ")
    };
    let (curl, own) = (join(first), join(format!("switchboard call {} {}", quote(&method), quote(&url))));
    let missing = match request {
        None => Some("Query, header fields and body of this call were not kept: add what it needs."),
        Some(request) if request.cut => Some("The body was not kept whole: add it."),
        Some(_) if curl.contains(FILL_IN) => Some("Put your own key where it says YOUR-SECRET."),
        Some(_) => None,
    };
    Some(Lines { curl, call: own, missing })
}

/// Where the call came in, for callers.
fn base(call: &CallRecord, request: Option<&Message>, board: &Board) -> Option<String> {
    if let Some(listener) = board.listeners.iter().find(|listener| listener.name == call.via) {
        return Some(listener.url.clone());
    }
    let host = request?.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"))?;
    host.1.parse::<http::uri::Authority>().ok().map(|host| format!("http://{host}"))
}

fn clean(text: &str) -> String {
    text.replace("***", FILL_IN)
        .chars()
        .filter(|letter| !letter.is_control() || *letter == '\n' || *letter == '\t')
        .collect()
}

/// One word for a shell.
fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/:@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_shell_reads_one_word() {
        for (text, expected) in [
            ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
            ("a b", "'a b'"),
            ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("/a?b=c&d", "'/a?b=c&d'"),
        ] {
            assert_eq!(quote(text), expected);
        }
    }
}
