//! `-w`: what is written after a call, `%{http_code} %{time_total}\n`, as curl has it.

use super::draft::Draft;
use super::trip::Came;
use std::fmt::Write as _;

/// What the variables are taken from.
pub(crate) struct Facts<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) came: Option<&'a Came>,
    pub(crate) exit: u8,
    pub(crate) error: &'a str,
    pub(crate) file: Option<&'a str>,
}

/// Text for stdout, and for stderr after `%{stderr}`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Fills a format in. Unknown variables are named on stderr, as curl does.
pub(crate) fn write(format: &str, facts: &Facts<'_>) -> Written {
    let mut written = Written::default();
    let mut to_err = false;
    let mut unknown = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let target = if to_err { &mut written.err } else { &mut written.out };
        if let Some(after) = rest.strip_prefix("%{")
            && let Some((name, after)) = after.split_once('}')
        {
            rest = after;
            match name {
                "stderr" => to_err = true,
                "stdout" => to_err = false,
                // The rest is only for failures.
                "onerror" if facts.exit == 0 => break,
                "onerror" => {}
                _ => match facts.variable(name) {
                    Some(value) => target.push_str(&value),
                    None => {
                        let _ = writeln!(unknown, "unknown --write-out variable: '{name}'");
                    }
                },
            }
            continue;
        }
        if let Some(after) = rest.strip_prefix("%header{")
            && let Some((name, after)) = after.split_once('}')
        {
            rest = after;
            target.push_str(&facts.field(name));
            continue;
        }
        let (text, taken) = match rest.get(..2) {
            Some("%%") => ('%', 2),
            Some("\\n") => ('\n', 2),
            Some("\\r") => ('\r', 2),
            Some("\\t") => ('\t', 2),
            _ => (first, first.len_utf8()),
        };
        target.push(text);
        rest = &rest[taken..];
    }
    written.err.push_str(&unknown);
    written
}

impl Facts<'_> {
    fn field(&self, name: &str) -> String {
        let value = self.came.and_then(|came| came.head.fields.get(name));
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
    }

    fn variable(&self, name: &str) -> Option<String> {
        let seconds = |of: fn(&Came) -> f64| format!("{:.6}", self.came.map_or(0.0, of));
        Some(match name {
            "http_code" | "response_code" => {
                format!("{:03}", self.came.map_or(0, |came| came.head.status.as_u16()))
            }
            "time_total" => seconds(|came| came.took.as_secs_f64()),
            "time_starttransfer" => seconds(|came| came.head.after.as_secs_f64()),
            "time_connect" | "time_appconnect" | "time_pretransfer" => {
                seconds(|came| (came.head.sent.waited + came.head.sent.connect).as_secs_f64())
            }
            "time_namelookup" | "time_redirect" => seconds(|_| 0.0),
            "size_download" => self.came.map_or(0, |came| came.size).to_string(),
            "size_upload" => self.draft.payload.len().to_string(),
            "speed_download" => self.came.map_or(0, speed).to_string(),
            "url_effective" | "url" => self.draft.url(),
            "method" => self.draft.method.to_string(),
            "scheme" => if self.draft.server().is_some_and(|server| server.https) { "HTTPS" } else { "HTTP" }
                .to_owned(),
            "http_version" => if self.came.is_some() { "1.1" } else { "0" }.to_owned(),
            "content_type" => self.field("content-type"),
            "redirect_url" => self.field("location"),
            "num_redirects" | "http_connect" => "0".to_owned(),
            "num_connects" => self.came.map_or(0, |came| came.head.sent.attempts).to_string(),
            "num_headers" => self.came.map_or(0, |came| came.head.fields.len()).to_string(),
            "filename_effective" => self.file.unwrap_or_default().to_owned(),
            "exitcode" => self.exit.to_string(),
            "errormsg" => self.error.to_owned(),
            _ => return None,
        })
    }
}

fn speed(came: &Came) -> u128 {
    u128::from(came.size) * 1_000_000 / came.took.as_micros().max(1)
}
