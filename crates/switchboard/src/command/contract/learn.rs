//! `switchboard contract learn`: a draft contract from calls that were made, of the ledger or of a HAR file.
//!
//! What of a call is kept is the ledger's affair (`details` under `[record]`): without bodies there are paths,
//! methods and statuses to learn from. The draft is checked as any contract is before it is printed.

use super::har;
use crate::arguments::Global;
use crate::drive::{
    Disk, Need, board_near_or_running, load_board, now_ms, period, read_ledger, runtime, stored,
};
use crate::exit::{Exit, Failure};
use board::{Api, Outside};
use bytes::Bytes;
use contract::{Heard, Learnt, Said, learn};
use exchange::{CallRecord, Detail, Message, Outcome};
use ledger::{CallFilter, Ledger};
use std::path::PathBuf;

/// Arguments of `contract learn`.
#[derive(Debug, clap::Args)]
pub(super) struct Learn {
    /// The API of the board whose calls are learnt from
    #[arg(required_unless_present = "har")]
    api: Option<String>,
    /// Learn from the calls in this HAR file instead
    #[arg(long, value_name = "FILE", conflicts_with = "api")]
    har: Option<PathBuf>,
    /// Of a HAR file with calls to several servers: the one that is meant; default: the one with most calls
    #[arg(long, value_name = "URL", requires = "har")]
    origin: Option<String>,
    /// How far back: `90s`, `15m`, `24h`, `7d`
    #[arg(long, default_value = "7d", value_name = "PERIOD", conflicts_with = "har")]
    since: String,
    /// How many calls at most, the newest first
    #[arg(long, default_value_t = 5000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=20_000))]
    calls: u32,
    /// Write it to this new file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Calls, and what is known of where they went.
pub(super) struct Found {
    pub(super) title: String,
    pub(super) servers: Vec<String>,
    pub(super) calls: Vec<Heard>,
}

impl Learn {
    /// Runs it.
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        let mut found = match &self.har {
            Some(file) => {
                let name = file.display().to_string();
                let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
                let bytes = disk
                    .file(file)
                    .map_err(|error| Failure::usage(format!("cannot read `{name}`: {error}")))?;
                let found = har::read(&bytes, &name, self.origin.as_deref())?;
                if found.others > 0 {
                    terminal.say(format!(
                        "{} calls that went elsewhere or fetched pages are left out",
                        found.others
                    ));
                }
                found.found
            }
            None => self.recorded(global)?,
        };
        found.calls.truncate(usize::try_from(self.calls).unwrap_or(usize::MAX));
        let learnt = learn(&found.title, &found.servers, &found.calls);
        if learnt.calls == 0 {
            return Err(Failure::run("there are no calls to learn from")
                .help("calls that were refused, redirected, or answered 404 or 405 say nothing of an API"));
        }
        let text = yaml(&learnt)?;
        match &self.out {
            Some(file) => write_new(file, &text)?,
            None => terminal.data(&text),
        }
        let bare = found
            .calls
            .iter()
            .filter(|call| call.answer.media.is_some() && call.answer.bytes.is_none())
            .count();
        let operations = learnt.document["paths"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, path)| path.as_object())
            .map(serde_json::Map::len)
            .sum::<usize>();
        terminal.say(format!(
            "{operations} operations from {} calls; {} say nothing of the API",
            learnt.calls, learnt.left_out
        ));
        if bare > 0 {
            terminal.say(format!("the bodies of {bare} answers are not known in full: keep them with `details = \"all\"` under `[record]`"));
        }
        for place in &learnt.taken_back {
            terminal.say(format!("not said, because a call did not keep it: {place}"));
        }
        Ok(Exit::Ok)
    }

    fn recorded(&self, global: &Global) -> Result<Found, Failure> {
        let name = self.api.as_deref().unwrap_or_default();
        let folder = board_near_or_running(global)?;
        let board = load_board(&folder, global)?;
        let Some(api) = board.api(name) else {
            let failure = Failure::usage(format!("there is no API `{name}` on the board"));
            let names = board.apis.iter().map(|api| api.name.as_str());
            return Err(match crate::command::nearest(name, names) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure,
            });
        };
        let since = u64::try_from(period(&self.since)?.as_millis()).unwrap_or(u64::MAX);
        let calls = runtime()?.block_on(async {
            let ledger = read_ledger(&board).await?;
            self.heard(&ledger, api, now_ms().saturating_sub(since)).await
        })?;
        let servers = if api.mock.is_some() {
            Vec::new()
        } else {
            api.upstream.servers.iter().map(ToString::to_string).collect()
        };
        Ok(Found { title: name.to_owned(), servers, calls })
    }

    async fn heard(&self, ledger: &Ledger, api: &Api, since_ms: u64) -> Result<Vec<Heard>, Failure> {
        let mut filter = CallFilter {
            since_ms: Some(since_ms),
            api: Some(api.name.as_str().to_owned()),
            limit: ledger::MOST_ROWS,
            ..CallFilter::default()
        };
        let most = usize::try_from(self.calls).unwrap_or(usize::MAX);
        let mut calls = Vec::new();
        loop {
            let page = ledger.calls(&filter).await.map_err(|error| stored(&error))?;
            for record in page.rows {
                // What we answered ourselves is not the API's.
                let answered = matches!(record.outcome, Outcome::Succeeded | Outcome::Declined)
                    || (matches!(record.outcome, Outcome::Failed(_)) && record.reason.is_none());
                if !answered || record.status == 0 || calls.len() >= most {
                    continue;
                }
                let detail = ledger
                    .call(record.id)
                    .await
                    .map_err(|error| stored(&error))?
                    .and_then(|(_, detail)| detail);
                calls.extend(of_record(&record, detail.as_ref(), api));
            }
            match page.next {
                Some(next) if calls.len() < most => filter.before = Some(next),
                _ => return Ok(calls),
            }
        }
    }
}

/// A call as it went to the provider.
fn of_record(record: &CallRecord, detail: Option<&Detail>, api: &Api) -> Option<Heard> {
    let request = detail.and_then(|detail| detail.request.as_ref());
    let sent = detail.and_then(|detail| detail.sent.as_ref());
    let target = sent.or(request).and_then(|message| message.line.split(' ').nth(1));
    let target = target.unwrap_or(&record.path);
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    // What the caller asked for begins with where we offer the API; what the provider got, with its own base.
    let base = if sent.is_some() {
        api.upstream.servers.first().map_or("", |server| &*server.base)
    } else {
        let offers = api.offers.iter().map(|offer| offer.at.as_str());
        offers.filter(|at| below(path, at).is_some()).max_by_key(|at| at.len()).unwrap_or_default()
    };
    let path = below(path, base).unwrap_or(path);
    let path = if path.is_empty() { "/" } else { path };
    let answer = detail.and_then(|detail| detail.response.as_ref());
    Some(Heard {
        method: record.method.parse().ok()?,
        path: path.to_owned(),
        query: query.map(str::to_owned),
        fields: request.map(|message| message.fields.clone()).unwrap_or_default(),
        body: request.map(said).unwrap_or_default(),
        status: record.status,
        answer: answer.map(said).unwrap_or_default(),
    })
}

/// The rest of a path behind whole segments.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(base.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then_some(rest)
}

fn said(message: &Message) -> Said {
    let kind = message.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let media =
        kind.and_then(|(_, kind)| media(kind)).filter(|_| message.size > 0 || !message.body.is_empty());
    let bytes = (!message.cut && media.is_some()).then(|| Bytes::from(message.body.clone()));
    Said { bytes: readable(media.as_deref(), bytes), media }
}

/// A media type without its parameters (RFC 9110 §8.3.1).
pub(super) fn media(kind: &str) -> Option<String> {
    let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    (media.contains('/') && !media.contains(char::is_whitespace)).then_some(media)
}

/// The bytes, unless they are no longer the JSON that they were: secrets may be blacked out in them.
pub(super) fn readable(media: Option<&str>, bytes: Option<Bytes>) -> Option<Bytes> {
    let json = media.is_some_and(|media| media == "application/json" || media.ends_with("+json"));
    bytes.filter(|bytes| !json || serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok())
}

/// The document as YAML; should that not read back the same, as JSON, which is YAML as well.
fn yaml(learnt: &Learnt) -> Result<String, Failure> {
    let failed = |error: String| Failure::run(format!("the draft cannot be written: {error}"));
    let text = serde_saphyr::to_string(&contract::Native(&learnt.document))
        .map_err(|error| failed(error.to_string()))?;
    let text = format!(
        "# A draft, learnt from {} calls: what was seen, not what is promised.\n{text}",
        learnt.calls
    );
    if serde_saphyr::from_str::<serde_json::Value>(&text).is_ok_and(|back| back == learnt.document) {
        return Ok(text);
    }
    serde_json::to_string_pretty(&learnt.document)
        .map(|text| text + "\n")
        .map_err(|error| failed(error.to_string()))
}

fn write_new(file: &std::path::Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let failure = Failure::run(format!("cannot write `{}`: {error}", file.display()));
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            failure.help("choose another name: nothing is overwritten")
        } else {
            failure
        }
    };
    let mut out = std::fs::File::create_new(file).map_err(failed)?;
    std::io::Write::write_all(&mut out, text.as_bytes()).map_err(failed)
}
