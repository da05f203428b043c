//! Keys that say how many calls there may be: rates, limits, quotas; and what is wrong with one, with its bounds.

use super::{Keys, Text};
use crate::code::{self, Code};
use crate::limit::{self, Measure};
use crate::quantity::{self, BadRate, MOST, Written};
use crate::report::Problem;
use crate::tree::At;
use exchange::Quota;

impl<'t> Keys<'t, '_> {
    /// A rate; tells whether it says `per`.
    pub(crate) fn rate(&self, key: &str) -> Option<Written> {
        self.read_rate(key, self.text(key)?)
    }

    fn read_rate(&self, key: &str, text: Text<'t>) -> Option<Written> {
        quantity::rate(text.text)
            .map_err(|fault| self.bad_rate(key, text, fault, "`\"60/min\"` or `\"5/s burst 20\"`"))
            .ok()
    }

    /// Reads a limit that stands in a list or alone.
    pub(crate) fn read_limit(&self, key: &str, text: Text<'t>) -> Option<limit::Written<Measure>> {
        let like = "`\"60/min\"`, `\"5/s burst 20\"` or `\"4 at once\"`";
        limit::read(text.text).map_err(|fault| self.bad_rate(key, text, fault, like)).ok()
    }

    /// Reads a quota of this key.
    pub(crate) fn read_quota(&self, key: &str, text: Text<'t>) -> Option<limit::Written<Quota>> {
        let fault = match limit::read_quota(text.text) {
            Ok(written) => return Some(written),
            Err(fault) => fault,
        };
        let what = format!("`{key}` of {}", self.name);
        let like =
            "`\"10000/month\"` (`h`, `day`, `week`, `month`, `year`), or `\"500 in 24h\"` for any 24 hours";
        let problem = |headline: &str| Problem::error(&code::BAD_QUOTA, format!("{what} {headline}"));
        self.report.add(match fault {
            BadRate::NoRate => problem("is no quota")
                .at(text.at, "not a number of calls in a period")
                .help(format!("write it like {like}")),
            BadRate::Unit => problem("is counted in a period that quotas do not have")
                .at(text.at, "a period is `h`, `day`, `week`, `month` or `year`")
                .help("what is shorter than an hour is a `limit`, like `\"60/min\"`, or a window: `\"60 in 15m\"`"),
            BadRate::Window => problem("has no window that a quota can have")
                .at(text.at, "a window is from `1m` to `732d`, in `s`, `m`, `h` or `d`")
                .help("write it like `\"500 in 24h\"`; what is shorter is a `limit`: `\"5/s\"`"),
            BadRate::Zero | BadRate::Negative | BadRate::TooLarge | BadRate::Per => {
                bad_number((&code::BAD_QUOTA, "`\"10000/month\"`"), &what, text.at, fault)
            }
        });
        None
    }

    fn bad_rate(&self, key: &str, Text { at, .. }: Text<'t>, fault: BadRate, like: &str) {
        let what = format!("`{key}` of {}", self.name);
        self.report.add(match fault {
            BadRate::NoRate | BadRate::Window => {
                Problem::error(&code::BAD_RATE, format!("{what} is no rate"))
                    .at(at, "not a number of calls per time")
                    .help(format!("write it like {like}; times are `s`, `min`, `h`, `day`, `month`"))
            }
            BadRate::Unit => {
                Problem::error(&code::BAD_RATE, format!("{what} is counted in a time that rates do not have"))
                    .at(at, "times are `s`, `min`, `h`, `day`, `month`")
                    .help(format!("write it like {like}; a longer time is a `quota`: `\"10000/month\"`"))
            }
            BadRate::Zero | BadRate::Negative | BadRate::TooLarge | BadRate::Per => {
                bad_number((&code::BAD_RATE, like), &what, at, fault)
            }
        });
    }
}

/// What rates and quotas have in common: how many, and per what.
fn bad_number((code, like): (&Code, &str), what: &str, at: &At, fault: BadRate) -> Problem {
    let out = "to shut somebody out: `switchboard consumer suspend NAME`";
    match fault {
        BadRate::Per => Problem::error(&code::BAD_RATE, format!("{what} counts per something unknown"))
            .at(at, "`per` wants `ip`, `key`, `operation` or `api`")
            .help("without `per` it counts per consumer, or per address where nobody is identified"),
        BadRate::Negative => Problem::error(code, format!("{what} is below zero"))
            .at(at, format!("a number of calls is from 1 to {MOST}"))
            .help(format!("write it like {like}; {out}")),
        BadRate::TooLarge => Problem::error(code, format!("{what} is too large"))
            .at(at, format!("a number of calls is from 1 to {MOST}"))
            .help(format!("write at most {MOST}; who has no bound needs no `limit` and no `quota`")),
        _ => Problem::error(&code::LIMIT_OF_ZERO, format!("{what} lets no call through"))
            .at(at, "no call ever")
            .help(format!("write at least 1; {out}")),
    }
}
