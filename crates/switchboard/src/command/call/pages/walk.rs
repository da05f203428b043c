//! From page to page: asks, gives the items on, and stops where the rule, a limit, a loop, another origin or a failure says so.
//!
//! Every end is told apart: the last page and a limit that was asked for are none to speak of, all else is a failure with its
//! exit code that says how many items were given and how to go on. Credentials never follow to another origin.

use super::super::asked::Asked;
use super::super::check::CheckMode;
use super::super::cookie::Cookies;
use super::super::deliver::{Delivery, Keep};
use super::super::draft::Draft;
use super::super::outcome;
use super::super::redirect::{self, Follow};
use super::super::trip::{self, Broke, Came};
use super::super::wanted::Wanted;
use super::super::{ending, envelope, history};
use super::stream::Stream;
use super::{Plan, place};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use call::{Dial, Providers};
use contract::paging::{self, Next, Paging, Trail, Turn};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};

/// Pages without an item that may follow each other: a list that filters may have some.
const EMPTY: u32 = 100;

/// Walks, and says how it ended.
pub(in super::super) fn walk(
    plan: &Plan,
    draft: &Draft,
    wanted: &Wanted,
    terminal: Terminal,
    asked: &Asked<'_>,
    cookies: &mut Cookies,
) -> Result<Exit, Failure> {
    // The file is opened once, with the first page.
    let plain = Wanted { output: None, ..wanted.clone() };
    let mut first = asked.delivery(wanted, draft, Keep::Hold, terminal);
    let providers = trip::providers(Dial { idle_per_server: 1, ..outcome::dial(wanted) }, &draft.upstream);
    let work = async {
        let came =
            trip::over(&providers, draft, outcome::manner(wanted, terminal, cookies), &mut first).await?;
        let page = first.held.as_deref().and_then(|body| read(plan.paging.as_ref(), &came, body));
        let exit = ending::of(came.head.status, false, asked.expected.as_ref(), false);
        let Some(page) = page.filter(|_| exit == Exit::Ok) else {
            return Ok(Err((came, first)));
        };
        first.closed(true);
        let mut file = first.file.take();
        let mut walk = Walk {
            plan,
            draft,
            terminal,
            asked,
            providers: &providers,
            paging: None,
            stream: Stream::new(asked, terminal, file.as_mut()),
            visited: Visited::default(),
            pages: 0,
            seen: 0,
        };
        let result = walk.on(page, (came, first), &plain, cookies).await;
        let result = match (result, walk.stream.end()) {
            (Ok(last), Ok(())) => Ok(last),
            (Ok(_), Err(failure)) => Err(Broke::Here(failure)),
            (Err(broke), _) => Err(broke),
        };
        let (came, exit) = result?;
        let request_breaks = &*asked.request_breaks;
        // One line of the history stands for all pages, without their bodies.
        let ended = history::Ended { came: Ok(&came), body: None, request_breaks, response_breaks: &[] };
        outcome::remember(draft, wanted, terminal, asked, &ended);
        outcome::after(
            draft,
            wanted,
            Some(&came),
            exit,
            "",
            file.as_ref().map(|(name, _)| name.as_str()),
            terminal,
        );
        Ok(Ok(exit))
    };
    match trip::within(wanted.max_time, work) {
        Ok(Ok(exit)) => Ok(exit),
        // No list: shown as any other answer is.
        Ok(Err((came, delivery))) => {
            if plan.asked && came.head.status.is_success() {
                terminal.say("the answer is no list that could have pages");
            }
            outcome::settle(draft, delivery, &came, terminal, asked)
        }
        Err(broke) => outcome::broken(broke, draft, wanted, terminal, asked),
    }
}

/// What came on a page.
struct Page {
    body: Value,
    text: String,
    /// Where its items stand.
    items: Trail,
}

/// A page, or nothing where the answer is no list.
fn read(paging: Option<&Paging>, came: &Came, body: &[u8]) -> Option<Page> {
    if !came.head.status.is_success() {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?.to_owned();
    let body: Value = serde_json::from_str(&text).ok()?;
    let told = paging.and_then(|paging| paging.items.clone());
    let told = told.filter(|trail| trail.names().is_some() && trail.find(&body).is_some_and(Value::is_array));
    let items = told.or_else(|| paging::list(&body))?;
    Some(Page { body, text, items })
}

impl Page {
    /// The items as they came: numbers and spaces too.
    fn items(&self) -> Vec<&RawValue> {
        let mut text = self.text.as_str();
        for name in self.items.names().unwrap_or_default() {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).unwrap_or_default();
            text = members.get(name).map_or("[]", |value| value.get());
        }
        serde_json::from_str(text).unwrap_or_default()
    }
}

/// Requests that were made, to see a loop.
#[derive(Default)]
struct Visited {
    hasher: RandomState,
    requests: HashSet<u64>,
    first: Option<u64>,
}

impl Visited {
    /// Whether this request was made before.
    fn again(&mut self, draft: &Draft) -> bool {
        !self.requests.insert(self.hasher.hash_one((draft.url(), draft.payload.held())))
    }

    /// Whether this is the first page once more.
    fn is_first(&mut self, page: &Page) -> bool {
        let hash = self.hasher.hash_one(&page.text);
        *self.first.get_or_insert(hash) == hash && self.requests.len() > 1
    }
}

/// A walk under way.
struct Walk<'a> {
    plan: &'a Plan,
    draft: &'a Draft,
    terminal: Terminal,
    asked: &'a Asked<'a>,
    providers: &'a Providers,
    paging: Option<Paging>,
    stream: Stream<'a>,
    visited: Visited,
    pages: u64,
    seen: u64,
}

impl<'a> Walk<'a> {
    /// Gives pages on until the end; gives the last answer and how the walk ended.
    async fn on(
        &mut self,
        mut page: Page,
        (mut came, mut delivery): (Came, Delivery<'a>),
        plain: &'a Wanted,
        cookies: &mut Cookies,
    ) -> Result<(Came, Exit), Broke> {
        self.paging = self.rule(&came, &page);
        let mut current = self.draft.clone();
        self.visited.again(&current);
        let (mut first_items, mut empty) = (None, 0);
        loop {
            self.pages += 1;
            if let Some(exit) = self.checked(&mut delivery) {
                return Ok((came, exit));
            }
            let all = page.items();
            let here = all.len() as u64;
            let first_page = *first_items.get_or_insert(here);
            empty = if here == 0 { empty + 1 } else { 0 };
            let counts = self.paging.as_ref().is_some_and(Paging::counts);
            if counts && here > 0 && self.visited.is_first(&page) {
                return Err(
                    self.stopped("the first page came once more: the parameter seems to be ignored", None)
                );
            }
            let take = self.plan.limit.map_or(here, |limit| here.min(limit - self.seen));
            self.seen += take;
            let taken = all.get(..usize::try_from(take).unwrap_or(usize::MAX)).unwrap_or(&all);
            self.stream.page(taken).map_err(Broke::Here)?;
            if self.stream.closed || self.plan.limit == Some(self.seen) {
                return Ok((came, Exit::Ok));
            }
            let next = self.next(&current, &came, &page, here)?;
            let Some((next, go_on)) = next else { return Ok((came, Exit::Ok)) };
            if self.pages >= self.plan.pages.0 {
                if self.plan.pages.1 {
                    return Ok((came, Exit::Ok));
                }
                return Err(self.stopped("there are more pages than anybody asked for", Some(&go_on)));
            }
            if empty > EMPTY {
                return Err(self.stopped(&format!("{EMPTY} pages in a row have no item"), Some(&go_on)));
            }
            if self.visited.again(&next) {
                return Err(self.stopped("the answer leads to a page that was there already", None));
            }
            current = next;
            delivery = self.asked.delivery(plain, self.draft, Keep::Hold, self.terminal);
            let manner = outcome::manner(plain, self.terminal, cookies);
            came = trip::over(self.providers, &current, manner, &mut delivery)
                .await
                .map_err(|broke| self.broken(broke, &go_on))?;
            let held = delivery.held.take().unwrap_or_default();
            page = match read(self.paging.as_ref(), &came, &held) {
                Some(page) => page,
                // Some answer 404 to the page after the last; only a short page says that it was the last.
                None if counts && came.head.status == StatusCode::NOT_FOUND && here < first_page => {
                    return Ok((came, Exit::Ok));
                }
                None => return Err(self.no_page(&came, &go_on)),
            };
        }
    }

    /// The rule: the contract's, unless it only counts and the answer itself leads on.
    fn rule(&self, came: &Came, page: &Page) -> Option<Paging> {
        let answered = || paging::answered(&came.head.fields, &page.body);
        match &self.plan.paging {
            Some(paging) if paging.counts() => answered().or_else(|| Some(paging.clone())),
            Some(paging) => Some(paging.clone()),
            None => answered(),
        }
    }

    /// The request of the next page and how a person would go on with it; none: this was the last.
    fn next(
        &self,
        current: &Draft,
        came: &Came,
        page: &Page,
        items: u64,
    ) -> Result<Option<(Draft, String)>, Broke> {
        let Some(paging) = &self.paging else {
            return match paging::left_out(&page.body, self.seen) {
                Some(why) => Err(self.stopped(
                    &format!("{why}, and neither contract nor answer says how the next page is had"),
                    None,
                )),
                None => Ok(None),
            };
        };
        let asked = paging.slot().and_then(|slot| place::get(current, slot));
        let fields = &came.head.fields;
        let turn = Turn { fields, body: &page.body, asked: asked.as_deref(), items, seen: self.seen };
        match paging.next(&turn) {
            Next::End => Ok(None),
            Next::Lost(why) => Err(self.stopped(&why, None)),
            Next::With(slot, value) => {
                let mut next = current.clone();
                place::set(&mut next, &slot, &value);
                let go_on = format!("the same with `{}=='{value}' --all`", slot.name);
                Ok(Some((next, go_on)))
            }
            Next::To(reference) => {
                // A next page is where a redirect that keeps the method would lead to: RFC 3986 §5, origins and all.
                let mut location = HeaderMap::new();
                let value = HeaderValue::from_str(&reference).map_err(|_| {
                    self.stopped("the next page's address has characters that no address has", None)
                })?;
                location.insert(LOCATION, value);
                // To another origin it does not go, as is seen below; to its own, with all that it has.
                let follow = Follow { own_cookie: true, ..Follow::default() };
                let next = redirect::next(current, StatusCode::TEMPORARY_REDIRECT, &location, &follow, 0);
                let next = next.map_err(|why| self.stopped(&why.to_string(), None))?;
                let Some(next) = next else { return Ok(None) };
                let shown = self.shown(&next);
                if !next.is_of_same_origin(self.draft) {
                    let origin = next.server().map(ToString::to_string).unwrap_or_default();
                    let words = format!(
                        "the next page is at another origin, `{origin}`, and no credential follows there"
                    );
                    return Err(self.stopped(
                        &words,
                        Some(&format!("if that is right: `switchboard call '{shown}' --all`")),
                    ));
                }
                Ok(Some((next, format!("`switchboard call '{shown}' --all`, with the same credentials"))))
            }
        }
    }

    /// What of the page breaks the contract is said; an exit code, where that ends the walk.
    fn checked(&self, delivery: &mut Delivery<'_>) -> Option<Exit> {
        let (found, unchecked) = delivery.check.take()?.end();
        for line in envelope::lines(&found, self.draft) {
            self.terminal.say(format!("page {} breaks its contract: {line}", self.pages));
        }
        if let Some(words) = unchecked {
            self.terminal.say(words);
        }
        if found.is_empty() || self.asked.responses != CheckMode::Block {
            return None;
        }
        self.terminal.say("the page was held back; to see it: `--check report`");
        Some(Exit::ResponseBreaks)
    }

    fn given(&self) -> String {
        let plural = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
        format!("{} of {} were given", plural(self.seen, "item"), plural(self.pages, "page"))
    }

    /// The walk cannot go on: the result is not all there is, which is no success.
    fn stopped(&self, why: &str, go_on: Option<&str>) -> Broke {
        let failure = Failure::run(format!("{why}; {}", self.given()));
        Broke::Here(match go_on {
            Some(go_on) => failure.help(go_on),
            None => failure.help("a part that is asked for is no failure: `--limit N` or `--pages N`"),
        })
    }

    fn broken(&self, broke: Broke, go_on: &str) -> Broke {
        let failure = broke.failure();
        let mut words = format!("page {}: {}; {}", self.pages + 1, failure.message, self.given());
        words = self.asked.redaction.clean(&words).into_owned();
        Broke::Here(Failure::run(words).exit(failure.exit).help(format!("to go on from there: {go_on}")))
    }

    fn no_page(&self, came: &Came, go_on: &str) -> Broke {
        let status = came.head.status;
        let exit = ending::of(status, false, self.asked.expected.as_ref(), false);
        let (words, exit) = match exit {
            Exit::Ok => ("was answered with something that is no list".to_owned(), Exit::Run),
            exit => (format!("was answered with {status}"), exit),
        };
        let words = format!("page {} {words}; {}", self.pages + 1, self.given());
        Broke::Here(Failure::run(words).exit(exit).help(format!("to go on from there: {go_on}")))
    }

    /// An address without its secrets.
    fn shown(&self, draft: &Draft) -> String {
        let url = draft.url();
        match url.split_once('?') {
            Some((path, query)) => format!("{path}?{}", self.asked.redaction.query_shown(query)),
            None => url,
        }
    }
}
