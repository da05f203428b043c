//! Ends of a walk that are no success: how many items were given, and how a person goes on from there.

use super::super::super::ending;
use super::super::super::trip::{Broke, Came};
use super::Walk;
use crate::exit::{Exit, Failure};

impl Walk<'_> {
    fn given(&self) -> String {
        let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        format!("{} of {} were given", plural(self.seen, "item"), plural(self.pages, "page"))
    }

    /// The walk cannot go on: the result is not all there is, which is no success.
    pub(super) fn stopped(&self, why: &str, go_on: Option<&str>) -> Broke {
        let failure = Failure::run(format!("{why}; {}", self.given()));
        Broke::Here(match go_on {
            Some(go_on) => failure.help(go_on),
            None => failure.help("a part that is asked for is no failure: `--limit N` or `--pages N`"),
        })
    }

    pub(super) fn broken(&self, broke: Broke, go_on: &str) -> Broke {
        let failure = broke.failure();
        let mut words = format!("page {}: {}; {}", self.pages + 1, failure.message, self.given());
        words = self.asked.redaction.clean(&words).into_owned();
        Broke::Here(Failure::run(words).exit(failure.exit).help(format!("to go on from there: {go_on}")))
    }

    pub(super) fn no_page(&self, came: &Came, go_on: &str) -> Broke {
        let status = came.head.status;
        let exit = ending::of(status, false, self.asked.expected.as_ref(), false);
        let (words, exit) = match exit {
            Exit::Ok => ("was answered with something that is no list".to_owned(), Exit::Run),
            exit => (format!("was answered with {status}"), exit),
        };
        let words = format!("page {} {words}; {}", self.pages + 1, self.given());
        Broke::Here(Failure::run(words).exit(exit).help(format!("to go on from there: {go_on}")))
    }
}
