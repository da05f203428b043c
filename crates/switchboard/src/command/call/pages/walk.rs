//! From page to page: asks, gives the items on, and stops where the rule, a limit, a loop, another origin or a failure says so.
//!
//! Every end is told apart: the last page and a limit that was asked for are none to speak of, all else is a failure with its
//! exit code that says how many items were given and how to go on. Credentials never follow to another origin.

mod end;
mod kept;

use super::super::asked::Asked;
use super::super::cookie::Cookies;
use super::super::deliver::{Delivery, Keep};
use super::super::draft::Draft;
use super::super::ending;
use super::super::history::{self, Begun, Many};
use super::super::outcome;
use super::super::redirect::{self, Follow};
use super::super::trip::{self, Broke, Came};
use super::super::wanted::Wanted;
use super::page::{Page, Visited};
use super::stream::Stream;
use super::{Plan, place};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use call::{Dial, Providers};
use contract::paging::{self, Next, Paging, Turn};
use http::header::LOCATION;
use http::{HeaderMap, HeaderValue, StatusCode};

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
    let many = asked.history.borrow().as_ref().map(Begun::many);
    let work = async {
        let came =
            trip::over(&providers, draft, outcome::manner(wanted, terminal, cookies), &mut first).await?;
        let exit = ending::of(came.head.status, false, asked.expected.as_ref(), false);
        let held = first.held.take().unwrap_or_default();
        let page = match Page::read(plan.paging.as_ref(), &came, held) {
            Ok(page) if exit == Exit::Ok => page,
            Ok(Page { text, .. }) => {
                first.held = Some(text.into_bytes());
                return Ok(Err((came, first)));
            }
            Err(held) => {
                first.held = Some(held);
                return Ok(Err((came, first)));
            }
        };
        first.closed(true);
        let mut file = first.file.take();
        let mut walk = Walk {
            plan,
            draft,
            wanted,
            terminal,
            asked,
            providers: &providers,
            many: many.as_ref(),
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
        let file = file.as_ref().map(|(name, _)| name.as_str());
        outcome::after(draft, wanted, Some(&came), exit, "", file, terminal);
        Ok(Ok(exit))
    };
    let done = trip::within(wanted.max_time, work);
    if let Some(many) = &many {
        trip::on_one_thread(many.close())?;
    }
    match done {
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

/// A walk under way.
struct Walk<'a> {
    plan: &'a Plan,
    draft: &'a Draft,
    wanted: &'a Wanted,
    terminal: Terminal,
    asked: &'a Asked<'a>,
    providers: &'a Providers,
    /// The history of all pages but the first.
    many: Option<&'a Many>,
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
        let mut looked = self.came(&current, &came, (&mut delivery, page.text.as_bytes()), None).await;
        loop {
            self.pages += 1;
            if self.is_held_back(&looked) {
                return Ok((came, Exit::ResponseBreaks));
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
            let begun = history::now();
            came = match trip::over(self.providers, &current, manner, &mut delivery).await {
                Ok(came) => came,
                Err(broke) => {
                    self.kept(&current, Err(history::broken(&broke)), (None, &[]), Some(begun)).await;
                    return Err(self.broken(broke, &go_on));
                }
            };
            let held = delivery.held.take().unwrap_or_default();
            looked = self.came(&current, &came, (&mut delivery, &held), Some(begun)).await;
            page = match Page::read(self.paging.as_ref(), &came, held) {
                Ok(page) => page,
                // Some answer 404 to the page after the last; only a short page says that it was the last.
                Err(_) if counts && came.head.status == StatusCode::NOT_FOUND && here < first_page => {
                    return Ok((came, Exit::Ok));
                }
                Err(_) => return Err(self.no_page(&came, &go_on)),
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
                let shown = self.asked.redaction.url_shown(&next.url());
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
}
