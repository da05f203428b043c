//! The request after a redirect: the rule is [`call::redirect`]'s, here it is put into a draft, as the flags want it.
//!
//! Credentials and cookies never go to another origin; what a redirect may not do is an error and not silence.

use super::draft::Draft;
use super::payload::Payload;
use super::redact::is_secret_name;
use super::wanted::Wanted;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use call::redirect::{NotFollowed, RedirectPolicy, leave_behind, redirect};
use http::header::{COOKIE, HOST, RANGE, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::sync::atomic::{AtomicBool, Ordering};

/// What the command line says of redirects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follow {
    /// How many at most; none: not one.
    pub(crate) most: Option<u32>,
    /// What may be done on the way; `most` is taken from above.
    pub(crate) policy: RedirectPolicy,
    /// What curl takes the request for, whatever `-X` says; it keeps what `-X` says.
    pub(crate) curls: Option<Method>,
    /// `-X` was given to curl.
    pub(crate) keep_method: bool,
    /// `-e ';auto'`.
    pub(crate) name_referer: bool,
    /// A `Cookie` field was written by hand: it stays with its origin.
    pub(crate) own_cookie: bool,
}

impl Follow {
    /// What the flags say; `curl` keeps a method that was named, and goes from https to http as curl does.
    pub(crate) fn of(wanted: &Wanted, curl: bool) -> Self {
        let transfer = &wanted.transfer;
        Self {
            most: transfer.redirects(),
            policy: RedirectPolicy {
                downgrade: curl,
                keep_post: transfer.keep_post,
                trust_others: transfer.trust_others,
                ..RedirectPolicy::default()
            },
            curls: curl.then(|| wanted.kind()),
            keep_method: curl && wanted.method.is_some(),
            name_referer: transfer.referer_follows,
            own_cookie: wanted.fields.iter().any(|wish| *wish.name() == COOKIE),
        }
    }
}

/// The request that an answer leads to, after `steps` others; none where it is no redirect.
pub(crate) fn next(
    draft: &Draft,
    status: StatusCode,
    fields: &HeaderMap,
    follow: &Follow,
    steps: u32,
) -> Result<Option<Draft>, NotFollowed> {
    let Some(from) = draft.server() else { return Ok(None) };
    let target = draft.target();
    let path = target.split('?').next().unwrap_or_default();
    let asked = follow.curls.as_ref().unwrap_or(&draft.method);
    // Without `-L` it is only said where it leads to.
    let policy = RedirectPolicy { most: follow.most.unwrap_or(u32::MAX), ..follow.policy };
    let here = (from, path, draft.query.as_deref());
    let Some(step) = redirect(here, asked, status, fields, steps, policy)? else { return Ok(None) };
    let mut next = Draft { path: step.path.clone(), query: step.query.clone(), ..draft.clone() };
    let secret: Vec<_> = next.fields.keys().filter(|name| is_secret_name(name.as_str())).cloned().collect();
    leave_behind(&mut next.fields, &step, &secret);
    if !step.same_origin {
        next.upstream.authority = None;
        if draft.method != Method::GET {
            next.fields.remove(RANGE); // it was of the old resource
        }
    }
    if !step.keep_credentials {
        next.upstream.credentials.clear();
    }
    next.upstream.servers = vec![step.server];
    if !step.keep_body {
        next.payload = Payload::Empty;
        if !follow.keep_method {
            next.method = if draft.method == Method::HEAD { Method::HEAD } else { step.method };
        }
        next.repeat = super::draft::repeat(&next.method, &next.fields);
    }
    // Computed anew for the new place.
    if !follow.own_cookie {
        next.fields.remove(COOKIE);
    }
    next.fields.remove(HOST);
    if follow.name_referer {
        next.fields.remove(REFERER);
        // RFC 9110 §10.1.3: never from a private way to an open one.
        if (!from.https || next.server().is_some_and(|to| to.https))
            && let Ok(value) = HeaderValue::from_str(&draft.url())
        {
            next.fields.insert(REFERER, value);
        }
    }
    Ok(Some(next))
}

/// Says what a redirect to another origin leaves behind, once for each command: rows of a batch may all be led there.
pub(crate) fn tell(from: &Draft, next: &Draft, terminal: Terminal) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if next.is_of_same_origin(from) {
        return;
    }
    let is_secret =
        |name: &HeaderName, value: &HeaderValue| value.is_sensitive() || is_secret_name(name.as_str());
    let fields = from.fields.iter().filter(|(name, value)| is_secret(name, value));
    let mut left: Vec<String> = fields
        .filter(|(name, _)| !next.fields.contains_key(*name))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    left.sort();
    left.dedup();
    if !from.upstream.credentials.is_empty() && next.upstream.credentials.is_empty() {
        left.push("the credential of the provider".to_owned());
    }
    let Some(last) = left.pop() else { return };
    if TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    let one = left.is_empty();
    let all = if one { last } else { format!("{} and {last}", left.join(", ")) };
    let (stay, them) = if one { ("stays", "it") } else { ("stay", "them") };
    let to = next.server().map(ToString::to_string).unwrap_or_default();
    terminal.say(format!(
        "the redirect leads to another origin, `{to}`: {all} {stay} behind; to send {them} there too: `--location-trusted`"
    ));
}

/// A redirect that is not followed, as it is said.
pub(crate) fn failure(why: &NotFollowed) -> Failure {
    let failure = Failure::run(why.to_string()).exit(Exit::Redirects);
    match why {
        NotFollowed::TooOften(_) => failure
            .help("do they go round in a circle? See where they lead: `-v`; to allow more: `--max-redirs`"),
        NotFollowed::Downgrade(_) => failure.help("to go there all the same, call that URL itself"),
        NotFollowed::NoUrl(_) | NotFollowed::Scheme(_) => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::{Follow, NotFollowed, next};
    use crate::command::call::free;
    use crate::command::call::url::Url;
    use crate::command::call::wanted::{FieldWish, Wanted};
    use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
    use http::{HeaderMap, Method, StatusCode};

    fn draft(method: &str, url: &str) -> super::Draft {
        let mut wanted = Wanted::default();
        wanted.fields.extend(FieldWish::read("Authorization: Bearer hush").unwrap());
        wanted.fields.extend(FieldWish::read("X-Api-Key: hush").unwrap());
        wanted.fields.extend(FieldWish::read("X-Plain: yes").unwrap());
        wanted.fields.extend(FieldWish::read("Content-Type: text/plain").unwrap());
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        free::draft(Some(method), Url::read(url, "http").unwrap(), Vec::new(), &mut wanted, 0).unwrap()
    }

    fn led(from: &super::Draft, status: u16, to: &str) -> Option<super::Draft> {
        let mut fields = HeaderMap::new();
        fields.insert(LOCATION, to.parse().unwrap());
        next(from, StatusCode::from_u16(status).unwrap(), &fields, &Follow::default(), 0).unwrap()
    }

    #[test]
    fn the_method_changes_where_the_standard_says_so() {
        for (method, status, then) in [
            ("POST", 301, "GET"),
            ("POST", 302, "GET"),
            ("PUT", 302, "PUT"),
            ("PUT", 303, "GET"),
            ("HEAD", 303, "HEAD"),
            ("POST", 307, "POST"),
            ("DELETE", 308, "DELETE"),
        ] {
            let after = led(&draft(method, "http://a.example/"), status, "/x").unwrap();
            assert_eq!(after.method, then, "{method} {status}");
            assert_eq!(after.fields.contains_key(CONTENT_TYPE), method == then, "{method} {status}");
        }
        assert!(led(&draft("GET", "http://a.example/"), 304, "/x").is_none());
        assert!(led(&draft("GET", "http://a.example/"), 300, "/x").is_none());
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let from = draft("GET", "http://a.example/");
        for (to, keeps) in [
            ("/x", true),
            ("http://a.example:80/x", true),
            ("http://A.EXAMPLE/x", true),
            ("https://a.example/x", false),
            ("http://a.example:81/x", false),
            ("http://b.a.example/x", false),
            ("//a.example.evil.example/", false),
        ] {
            let after = led(&from, 302, to).unwrap();
            assert_eq!(after.fields.contains_key(AUTHORIZATION), keeps, "{to}");
            assert_eq!(after.fields.contains_key("x-api-key"), keeps, "{to}");
            assert!(after.fields.contains_key("x-plain"), "{to}");
        }
    }

    #[test]
    fn what_is_not_http_is_not_followed() {
        let refused = |url: &str, to: &str| {
            let mut fields = HeaderMap::new();
            fields.insert(LOCATION, to.parse().unwrap());
            next(&draft("GET", url), StatusCode::FOUND, &fields, &Follow::default(), 0).unwrap_err()
        };
        let scheme = NotFollowed::Scheme("file".to_owned());
        assert_eq!(refused("http://a.example/", "file:///etc/passwd"), scheme);
        assert!(matches!(
            refused("http://a.example/", "http://a.example@evil.example/"),
            NotFollowed::NoUrl(_)
        ));
        assert!(matches!(refused("https://a.example/", "http://a.example/"), NotFollowed::Downgrade(_)));
    }
}
