//! The frame of every page, and the pages that say why there is none.

pub(crate) mod call;
pub(crate) mod calls;

use crate::asset::{ICON, SCRIPT, STYLE};
use crate::words;
use exchange::CallId;
use ledger::StoreError;
use maud::{DOCTYPE, Markup, html};

/// A whole page. `head` stands above the content: the one `h1` is in it.
pub(crate) fn frame(title: &str, signed_in: bool, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · switchboard" }
                link rel="icon" href=(ICON.url) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.url);
                script type="module" src=(SCRIPT.url) {}
            }
            body {
                a.skip href="#content" { "To the content" }
                header.top {
                    a.brand href="/calls" {
                        img src=(ICON.url) width="26" height="26" alt="";
                        span { "switchboard" }
                    }
                    @if signed_in {
                        nav aria-label="Main" { a href="/calls" aria-current=[(title == "Calls").then_some("page")] { "Calls" } }
                    }
                }
                main #content tabindex="-1" { (content) }
            }
        }
    }
}

/// Why there is no page, and what to do.
pub(crate) enum Notice<'n> {
    /// No session.
    SignedOut,
    /// The link opened a session.
    SignedIn,
    /// The link was used, is too old, or never was one.
    LinkUsed,
    /// The `Host` is not ours.
    WrongHost,
    /// Another site's page asked.
    Foreign,
    /// Nothing is at this address.
    NoPage,
    /// That is no call's id.
    NoId(&'n str),
    /// No call with this id is kept; the time is now's.
    NoCall(CallId, u64),
    /// The ledger cannot be read.
    Unreadable(&'n StoreError),
    /// A bug of ours.
    Broken,
}

/// The page of a notice.
pub(crate) fn notice(said: &Notice<'_>) -> Markup {
    let link =
        html! { p { "In a terminal, in the board's folder:" } (type_this("switchboard console link")) };
    let (title, words, more) = match said {
        Notice::SignedOut => (
            "Sign in with a link",
            "This console opens for those who have a link. It was printed when switchboard started; a new one is made at any time.".to_owned(),
            html! { (link) p.dim { "A link works once, within 30 minutes, and signs this browser in for 12 hours." } },
        ),
        Notice::SignedIn => (
            "You are signed in",
            "This browser is signed in for 12 hours.".to_owned(),
            html! { p { a.button href="/calls" { "Show the calls" } } },
        ),
        Notice::LinkUsed => (
            "This link no longer works",
            "It was used already, is older than 30 minutes, or was given out before switchboard was last started.".to_owned(),
            link,
        ),
        Notice::WrongHost => (
            "This is not the console's name",
            "The console answers to 127.0.0.1, localhost, [::1] and the names it was started with. Another name could be a page elsewhere that reaches for it.".to_owned(),
            html! {},
        ),
        Notice::Foreign => (
            "Another site asked for this",
            "A page of another site may link to the console, and may not load from it or frame it.".to_owned(),
            html! {},
        ),
        Notice::NoPage => (
            "There is no such page",
            "Nothing is at this address.".to_owned(),
            html! { p { a.button href="/calls" { "Show the calls" } } },
        ),
        Notice::NoId(text) => (
            "That is no call's id",
            format!("`{}` is not one: an id is c_ and 13 letters and digits, as X-Request-Id and every problem have it.", text.chars().take(64).collect::<String>()),
            html! { p { a.button href="/calls" { "Show the calls" } } },
        ),
        Notice::NoCall(id, now_ms) => (
            "This call is not kept",
            if id.at_ms() > *now_ms {
                format!("{id} would begin at {}, which is not yet.", words::utc(id.at_ms()))
            } else {
                format!("{id} began at {}. It was never written (above the rate for rows, calls are sampled), or it has been dropped by age: `ledger.keep` says after how long.", words::utc(id.at_ms()))
            },
            html! { p { a.button href="/calls" { "Show the calls" } } },
        ),
        Notice::Unreadable(error) => (
            "The calls cannot be read",
            format!("The ledger says: {error}."),
            html! { @if let Some(help) = error.help() { p { "What helps: " (help) "." } } },
        ),
        Notice::Broken => (
            "This page could not be made",
            "That is a bug in switchboard. The call itself is kept; `switchboard log` shows it too.".to_owned(),
            html! { p { a.button href="/calls" { "Show the calls" } } },
        ),
    };
    let signed_in = matches!(
        said,
        Notice::NoPage | Notice::NoId(_) | Notice::NoCall(..) | Notice::Unreadable(_) | Notice::Broken
    );
    frame(title, signed_in, &html! { div.notice { h1 { (title) } p { (words) } (more) } })
}

/// A line to paste; the script puts a button beside it.
pub(crate) fn type_this(line: &str) -> Markup {
    html! { div.paste { pre tabindex="0" { code { (line) } } } }
}
