//! A list that comes in pages, given as one stream of items: which calls walk, and what was asked for.
//!
//! Where the contract declares pages, a call walks by itself; where only an answer does, `--all` says so, because the same
//! call must not give a page today and items tomorrow. The rules are [`contract::paging`]'s; the walk is [`walk`]'s.

mod page;
mod place;
mod stream;
mod walk;

use super::draft::Draft;
use super::trip::Head;
use super::wanted::{Destination, Wanted};
use crate::exit::Failure;
use crate::output::Format;
use contract::Repeat;
use contract::paging::{self, Paging};
use http::Method;
pub(super) use walk::walk;

/// Pages that are asked for where nobody says how many: a list without end is ended.
const MOST: u64 = 10_000;

/// What of the command line is about pages.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Pages")]
pub(crate) struct Pages {
    /// Every page of a list as one stream of items; an operation whose contract declares pages is given so anyway
    #[arg(long)]
    all: bool,
    /// At most so many items of a list
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// At most so many pages of a list
    #[arg(long = "pages", value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    most: Option<u64>,
}

/// A walk that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The rule of the contract; none: the first answer says.
    paging: Option<Paging>,
    /// Items at most.
    limit: Option<u64>,
    /// Pages at most, and whether that was asked for.
    pages: (u64, bool),
    /// `--all`, `--limit` or `--pages` was given.
    asked: bool,
}

impl Pages {
    /// The flag that asks for pages, if one does.
    pub(super) const fn word(&self) -> Option<&'static str> {
        match self {
            Self { all: true, .. } => Some("--all"),
            Self { limit: Some(_), .. } => Some("--limit"),
            Self { most: Some(_), .. } => Some("--pages"),
            _ => None,
        }
    }

    /// How this call walks; none: it is one request and one answer.
    pub(super) fn plan(
        &self,
        draft: &Draft,
        wanted: &Wanted,
        format: Option<Format>,
    ) -> Result<Option<Plan>, Failure> {
        let word = self.word();
        let paging = draft.named.as_ref().and_then(|named| paging::declared(&named.operation));
        let one_answer = one_answer(draft, wanted, format);
        if let Some(word) = word {
            if let Some(why) = one_answer {
                return Err(Failure::usage(format!("`{word}` gives items, and {why} is about one answer")));
            }
            if paging.is_none() && draft.method != Method::GET {
                let words = format!("`{word}` follows pages of GET, and this is {}", draft.method);
                return Err(Failure::usage(words));
            }
        }
        let given =
            paging.as_ref().and_then(Paging::slot).is_some_and(|slot| place::get(draft, slot).is_some());
        // Who names a page wants that one.
        let by_itself = paging.is_some() && one_answer.is_none() && !given && draft.repeat == Repeat::Safe;
        Ok((word.is_some() || by_itself).then(|| Plan {
            paging,
            limit: self.limit,
            pages: (self.most.unwrap_or(MOST), self.most.is_some()),
            asked: word.is_some(),
        }))
    }
}

impl Plan {
    /// Which rule it goes by, and what says so.
    pub(super) fn words(&self, draft: &Draft) -> String {
        let Some(paging) = &self.paging else {
            return "pages: the contract declares no rule, so the first answer decides".to_owned();
        };
        let items = match &paging.items {
            Some(items) if items.is_root() => String::new(),
            Some(items) => format!("; items are in `{items}`"),
            None => "; items are in its list".to_owned(),
        };
        let line = paging.at.as_ref().and_then(|at| draft.named.as_ref().map(|named| named.line(at)));
        format!("pages: {}{items} ({})", paging.why, line.unwrap_or_default())
    }
}

/// What is said where one answer was given that names a next one.
pub(super) fn more(draft: &Draft, head: &Head) -> Option<String> {
    if draft.method != Method::GET || !head.status.is_success() {
        return None;
    }
    paging::answered(&head.fields, &serde_json::Value::Null)?;
    Some("this is one page, and `Link` names a next one; every page: `--all`".to_owned())
}

/// The wish that is about one answer, if there is one.
fn one_answer(draft: &Draft, wanted: &Wanted, format: Option<Format>) -> Option<&'static str> {
    let transfer = &wanted.transfer;
    let wishes = [
        (wanted.include, "`-i`"),
        (wanted.head || draft.method == Method::HEAD, "a HEAD request"),
        (wanted.output == Some(Destination::Remote), "`-O`"),
        (transfer.range.is_some(), "`-r`"),
        (transfer.resume.is_some(), "`-C`"),
        (transfer.upload.is_some(), "`-T`"),
        (format == Some(Format::Raw), "`--format raw`"),
        (format == Some(Format::Envelope), "`--format envelope`"),
    ];
    wishes.iter().find(|(given, _)| *given).map(|(_, word)| *word)
}
