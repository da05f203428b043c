//! Which calls are wanted, in the words of whoever asks: flags of `log`, members of a question to the running board.

use crate::exit::Failure;
use exchange::{Outcome, Reason};
use ledger::{CallFilter, StatusFilter};
use serde::{Deserialize, Deserializer, Serialize};
use std::net::IpAddr;

/// Which calls are wanted. All conditions must hold.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only of this API
    #[arg(long)]
    pub(super) api: Option<String>,
    /// Only of this operation
    #[arg(long)]
    pub(super) operation: Option<String>,
    /// Only of this consumer
    #[arg(long, visible_alias = "consumer")]
    #[serde(rename = "consumer")]
    pub(super) who: Option<String>,
    /// Only with this status or class: `404`, `4xx`
    #[arg(long)]
    status: Option<String>,
    /// Only with this outcome
    #[arg(long, value_parser = Outcome::WORDS)]
    outcome: Option<String>,
    /// Only refused or failed for this reason: `over-limit`
    #[arg(long)]
    reason: Option<String>,
    /// Only where the path begins so
    #[arg(long)]
    path: Option<String>,
    /// Only those that took longer: `300ms`, `2s`
    #[arg(long, value_name = "TIME")]
    slower: Option<String>,
    /// Only those that break their contract
    #[arg(long)]
    #[serde(deserialize_with = "flag", skip_serializing_if = "std::ops::Not::not")]
    broken: bool,
    /// Only from this address
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
    /// Only those that are still running
    #[arg(long)]
    #[serde(deserialize_with = "flag", skip_serializing_if = "std::ops::Not::not")]
    pub(super) open: bool,
}

/// A flag as a text: in a query everything is one.
fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match &*String::deserialize(from)? {
        "true" | "" => Ok(true),
        "false" => Ok(false),
        _ => Err(serde::de::Error::custom("a flag is `true` or `false`")),
    }
}

impl Wanted {
    /// The filter that says so, without time and place.
    ///
    /// # Errors
    /// A text that is no status, outcome, reason or time.
    pub(crate) fn filter(&self) -> Result<CallFilter, Failure> {
        let status = match &self.status {
            Some(text) => Some(StatusFilter::parse(text).ok_or_else(|| {
                Failure::usage(format!("`{text}` is no status")).help("write `404` or `4xx`")
            })?),
            None => None,
        };
        let reason = match &self.reason {
            Some(slug) => Some(Reason::from_slug(slug).ok_or_else(|| {
                let failure = Failure::usage(format!("there is no reason `{slug}`"));
                match crate::command::nearest(slug, Reason::ALL.iter().map(|reason| reason.slug())) {
                    Some(near) => failure.help(format!("did you mean `{near}`?")),
                    None => failure,
                }
            })?),
            None => None,
        };
        if let Some(word) = self.outcome.as_deref().filter(|word| !Outcome::WORDS.contains(word)) {
            return Err(Failure::usage(format!("there is no outcome `{word}`"))
                .help(format!("write one of {}", Outcome::WORDS.join(", "))));
        }
        Ok(CallFilter {
            api: self.api.clone(),
            operation: self.operation.clone(),
            consumer: self.who.clone(),
            outcome: self.outcome.clone(),
            status,
            reason,
            path_prefix: self.path.clone(),
            took_over_us: self.slower.as_deref().map(micros).transpose()?,
            breaks_only: self.broken,
            address: self.address,
            open_only: self.open,
            ..CallFilter::default()
        })
    }
}

fn micros(text: &str) -> Result<u64, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is no time")).help("write `300ms` or `2s`");
    let (number, unit) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 1_000),
        (None, Some(number)) => (number, 1_000_000),
        (None, None) => return Err(wrong()),
    };
    number.parse::<u32>().map(|number| u64::from(number) * unit).map_err(|_| wrong())
}
