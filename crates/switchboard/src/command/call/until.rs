//! `--until PROGRAM`: asks again and again until a condition on the answer holds, in bounded time.
//!
//! Between two answers lies what the provider asks for (`Retry-After`, RFC 9110 §10.2.3), else `--every`. An answer that no
//! waiting mends (400, 401, 403, …) ends it at once. What never held is exit 12, with the last answer.

use super::asked::Asked;
use super::cookie::Cookies;
use super::deliver::Keep;
use super::draft::Draft;
use super::outcome;
use super::trip::{self, Came};
use super::wanted::{Wanted, seconds};
use crate::exit::{Exit, Failure};
use crate::output::jq;
use crate::terminal::Terminal;
use call::Dial;
use contract::Repeat;
use exchange::{Fault, Outcome, Reason};
use http::StatusCode;
use std::time::{Duration, Instant, SystemTime};

/// How long it is asked where nobody says.
const LONGEST: Duration = Duration::from_mins(10);
/// How often.
const EVERY: Duration = Duration::from_secs(2);

/// What of the command line is about a condition.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Until something holds")]
pub(crate) struct Until {
    /// Ask again until this jq program gives true for the answer; for 10 minutes unless `-m` says otherwise
    #[arg(id = "until", long = "until", value_name = "PROGRAM")]
    program: Option<String>,
    /// With `--until`: the time between two answers where the provider names none; default 2s
    #[arg(long, value_name = "TIME", requires = "until")]
    every: Option<String>,
    /// With `--until`: at most so many answers
    #[arg(long, value_name = "N", requires = "until", value_parser = clap::value_parser!(u32).range(1..))]
    tries: Option<u32>,
}

/// A condition that is waited for.
pub(super) struct Condition<'u> {
    program: &'u str,
    every: Duration,
    tries: Option<u32>,
}

impl Until {
    /// Whether there is one.
    pub(super) const fn is_given(&self) -> bool {
        self.program.is_some()
    }

    /// The condition, if there is one and the call may be repeated for it.
    pub(super) fn condition(&self, draft: &Draft) -> Result<Option<Condition<'_>>, Failure> {
        let Some(program) = self.program.as_deref() else { return Ok(None) };
        jq::check(program)?;
        if !matches!(draft.repeat, Repeat::Safe | Repeat::Idempotent) {
            let words =
                format!("`--until` sends again and again, and {} does something each time", draft.method);
            return Err(Failure::usage(words).help("ask for the state with a GET instead"));
        }
        let every = match self.every.as_deref().map(|text| text.strip_suffix('s').unwrap_or(text)) {
            // To curl a time of zero is none.
            Some(text) if text.parse() == Ok(0.0) => {
                return Err(Failure::usage("`--every 0` leaves no time between two answers")
                    .help("a hundredth of a second: `--every 0.01`"));
            }
            Some(text) => seconds(text)?,
            None => EVERY,
        };
        Ok(Some(Condition { program, every, tries: self.tries }))
    }
}

/// Whether waiting could mend an answer: it is there, not there yet, busy, or broken for now.
fn may_pass(status: StatusCode) -> bool {
    status.is_success()
        || status.is_redirection()
        || status.is_server_error()
        || matches!(status.as_u16(), 404 | 408 | 409 | 423 | 425 | 429)
}

/// Asks until the condition holds, and shows the last answer.
pub(super) fn poll(
    condition: &Condition<'_>,
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    cookies: &mut Cookies,
) -> Result<Exit, Failure> {
    let limit = wanted.max_time.unwrap_or(LONGEST);
    let start = Instant::now();
    let providers = trip::providers(Dial { idle_per_server: 1, ..outcome::dial(wanted) }, &draft.upstream);
    let mut answers = 0;
    // The limit is this loop's: a try that meets it is no failure of the network.
    let mut draft = draft.clone();
    draft.upstream.total_timeout = draft.upstream.total_timeout.filter(|own| Some(*own) != wanted.max_time);
    let draft = &draft;
    let work = async {
        loop {
            let mut delivery = asked.delivery(wanted, draft, Keep::Hold, terminal);
            let manner = outcome::manner(wanted, terminal, cookies);
            // A try that would outlast the limit is cut short by it.
            let left = limit.saturating_sub(start.elapsed());
            let came = tokio::time::timeout(left, trip::over(&providers, draft, manner, &mut delivery)).await;
            if !matches!(came, Ok(Ok(_))) {
                delivery.closed(false);
            }
            let Ok(came) = came else { return Ok(None) };
            let came = came?;
            answers += 1;
            let holds = holds(condition.program, delivery.held.as_deref().unwrap_or_default())
                .map_err(trip::Broke::Here)?;
            let wait = wait(&came, condition.every);
            let last =
                condition.tries.is_some_and(|tries| answers >= tries) || start.elapsed() + wait > limit;
            if holds || last || !may_pass(came.head.status) {
                return Ok(Some((came, delivery, holds)));
            }
            tokio::time::sleep(wait).await;
        }
    };
    let never = |answers: u32| {
        let words = format!("the condition never held: {answers} answers in {:.1?}", start.elapsed());
        Failure::run(words)
            .exit(Exit::Assertion)
            .help("wait longer: `-m SECONDS`; see what comes: without `--until`")
    };
    match trip::within(None, work) {
        Ok(Some((came, delivery, true))) => outcome::settle(draft, delivery, &came, terminal, asked),
        Ok(Some((came, delivery, false))) => {
            let passes = may_pass(came.head.status);
            let exit = outcome::settle(draft, delivery, &came, terminal, asked)?;
            if passes { Err(never(answers)) } else { Ok(exit) }
        }
        Ok(None) => {
            let kept = (Outcome::Failed(Fault::Provider), Some(Reason::ProviderSilent));
            outcome::failed(kept, never(answers), draft, wanted, terminal, asked)
        }
        Err(broke) => outcome::broken(broke, draft, wanted, terminal, asked),
    }
}

/// Whether the program gives anything but `false` and `null` first; an answer that is no JSON holds nothing yet.
fn holds(program: &str, body: &[u8]) -> Result<bool, Failure> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Ok(false);
    }
    match jq::run(program, body) {
        Ok(given) => Ok(given.first().is_some_and(|one| !matches!(one.json().as_str(), "false" | "null"))),
        // What an error page lacks is no fault of the program.
        Err(failure) if failure.exit == Exit::Run => Ok(false),
        Err(failure) => Err(failure),
    }
}

fn wait(came: &Came, every: Duration) -> Duration {
    call::retry_after(&came.head.fields, SystemTime::now()).unwrap_or(every)
}
