//! `-w`: what is written after a call, `%{http_code} %{time_total}\n`, as curl has it.

use super::draft::Draft;
use super::trip::Came;
use http::Version;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

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
        let status = || self.came.map_or(0, |came| came.head.status.as_u16());
        Some(match name {
            "http_code" | "response_code" => format!("{:03}", status()),
            "time_total" => seconds(|came| came.took.as_secs_f64()),
            "time_starttransfer" => seconds(|came| came.head.after.as_secs_f64()),
            "time_namelookup" => seconds(|came| (ready(came) + came.head.sent.lookup).as_secs_f64()),
            "time_connect" => {
                seconds(|came| (connected(came).saturating_sub(came.head.sent.tls)).as_secs_f64())
            }
            // Without TLS there is none.
            "time_appconnect" if self.came.is_some_and(|came| came.head.sent.tls.is_zero()) => {
                "0.000000".to_owned()
            }
            "time_appconnect" | "time_pretransfer" => seconds(|came| connected(came).as_secs_f64()),
            "time_redirect" => seconds(|came| came.redirected.as_secs_f64()),
            "size_download" => self.came.map_or(0, |came| came.size).to_string(),
            "size_header" => self.came.map_or(0, head_size).to_string(),
            "size_upload" => self.draft.payload.len().to_string(),
            "speed_download" => self.came.map_or(0, speed).to_string(),
            "speed_upload" => {
                let took = self.came.map_or(1, |came| came.took.as_micros().max(1));
                (u128::from(self.draft.payload.len()) * 1_000_000 / took).to_string()
            }
            "url_effective" => self.came.map_or_else(|| self.draft.url(), |came| came.url.clone()),
            "url" => self.draft.url(),
            "urlnum" | "http_connect" | "proxy_ssl_verify_result" | "ssl_verify_result" | "num_certs" => {
                "0".to_owned()
            }
            "method" => {
                self.came.map_or_else(|| self.draft.method.to_string(), |came| came.method.to_string())
            }
            "scheme" => {
                let url = self.came.map_or_else(|| self.draft.url(), |came| came.url.clone());
                url.split(':').next().unwrap_or_default().to_ascii_uppercase()
            }
            "http_version" => match self.came.map(|came| came.head.sent.version) {
                None => "0",
                Some(Version::HTTP_2) => "2",
                Some(Version::HTTP_10) => "1",
                Some(_) => "1.1",
            }
            .to_owned(),
            "remote_ip" => self.peer().map(|peer| peer.ip().to_string()).unwrap_or_default(),
            "remote_port" => self.peer().map_or(0, |peer| peer.port()).to_string(),
            "content_type" => self.field("content-type"),
            "referer" => {
                let referer = self.draft.fields.get("referer");
                referer
                    .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                    .unwrap_or_default()
            }
            "redirect_url" => self.came.and_then(|came| came.leads_to.clone()).unwrap_or_default(),
            "num_redirects" => self.came.map_or(0, |came| came.redirects).to_string(),
            "num_connects" => {
                self.came.map_or(0, |came| came.head.sent.attempts + came.redirects).to_string()
            }
            "num_headers" => self.came.map_or(0, |came| came.head.fields.len()).to_string(),
            "filename_effective" => self.file.unwrap_or_default().to_owned(),
            "header_json" => self.fields_as_json(),
            "json" => self.all_as_json(),
            "exitcode" => self.exit.to_string(),
            "errormsg" => self.error.to_owned(),
            _ => return None,
        })
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.came.and_then(|came| came.head.sent.peer)
    }

    /// Fields by name in lower case, each a list of values.
    fn fields_as_json(&self) -> String {
        let mut shown = serde_json::Map::new();
        if let Some(came) = self.came {
            for name in came.head.fields.keys() {
                let values = came.head.fields.get_all(name).iter();
                let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
                shown.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().into());
            }
        }
        serde_json::Value::Object(shown).to_string()
    }

    /// Every variable; numbers as numbers.
    fn all_as_json(&self) -> String {
        let mut shown = serde_json::Map::new();
        for name in IN_JSON {
            let text = self.variable(name).unwrap_or_default();
            let is_text =
                ["url", "method", "scheme", "_type", "version", "filename", "errormsg", "referer", "_ip"]
                    .iter()
                    .any(|word| name.contains(word));
            let value = if is_text {
                if text.is_empty() { serde_json::Value::Null } else { text.into() }
            } else {
                number(&text)
            };
            shown.insert((*name).to_owned(), value);
        }
        serde_json::Value::Object(shown).to_string()
    }
}

/// What `%{json}` holds.
const IN_JSON: &[&str] = &[
    "content_type",
    "errormsg",
    "exitcode",
    "filename_effective",
    "http_code",
    "http_version",
    "method",
    "num_connects",
    "num_headers",
    "num_redirects",
    "redirect_url",
    "referer",
    "response_code",
    "scheme",
    "size_download",
    "size_header",
    "size_upload",
    "speed_download",
    "speed_upload",
    "remote_ip",
    "remote_port",
    "time_appconnect",
    "time_connect",
    "time_namelookup",
    "time_pretransfer",
    "time_redirect",
    "time_starttransfer",
    "time_total",
    "url",
    "url_effective",
];

/// A number of `-w` as one of JSON: `007` is 7.
fn number(text: &str) -> serde_json::Value {
    let whole = text.parse::<u64>().map(serde_json::Value::from);
    whole.or_else(|_| text.parse::<f64>().map(serde_json::Value::from)).unwrap_or_default()
}

/// From the start until the last connection was begun: what went before were redirects, pauses and waiting.
fn ready(came: &Came) -> Duration {
    came.redirected + came.head.sent.waited
}

/// From the start until it was made, TLS included.
fn connected(came: &Came) -> Duration {
    ready(came) + came.head.sent.connect
}

fn head_size(came: &Came) -> usize {
    super::trace::head(&came.head).len()
}

fn speed(came: &Came) -> u128 {
    u128::from(came.size) * 1_000_000 / came.took.as_micros().max(1)
}
