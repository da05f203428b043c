//! The request after a redirect (RFC 9110 §15.4): where to, with which method, and without which secrets.
//!
//! Credentials and cookies never go to another origin; what a redirect may not do is an error and not silence.

use super::draft::Draft;
use super::payload::Payload;
use super::redact::is_secret_name;
use super::url::Url;
use crate::exit::{Exit, Failure};
use board::ServerUrl;
use http::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HOST,
    LOCATION, RANGE, REFERER,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// What the command line says of redirects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follow {
    /// How many at most; none: not one.
    pub(crate) most: Option<u32>,
    /// What curl takes the request for, whatever `-X` says; it keeps what `-X` says.
    pub(crate) curls: Option<Method>,
    /// `-X` was given to curl.
    pub(crate) keep_method: bool,
    /// `-e ';auto'`.
    pub(crate) name_referer: bool,
}

/// The request that an answer leads to; none where it is no redirect.
pub(crate) fn next(
    draft: &Draft,
    status: StatusCode,
    fields: &HeaderMap,
    follow: &Follow,
) -> Result<Option<Draft>, Failure> {
    let leads = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = fields.get(LOCATION).filter(|_| leads) else { return Ok(None) };
    // Bytes beyond ASCII are taken as UTF-8, as browsers do, and percent-encoded below.
    let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
    let target = resolved(draft, location.trim());
    let scheme = target.split(':').next().unwrap_or_default();
    let spoken = ["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let read = if spoken {
        Url::read(&target, "http")
    } else {
        Err(Failure::usage(format!("`{scheme}` is not spoken here")))
    };
    let url = read.map_err(|failure| {
        let words = failure.message;
        Failure::run(format!("the redirect to `{location}` cannot be followed: {words}"))
            .exit(Exit::Redirects)
    })?;
    let mut next = Draft { path: url.path, query: url.query, ..draft.clone() };
    let other = !draft.server().is_some_and(|from| same_origin(from, &url.server));
    if other {
        leave_secrets(&mut next);
    }
    next.upstream.servers = vec![url.server];
    if changes(status, follow.curls.as_ref().unwrap_or(&draft.method)) {
        if !follow.keep_method {
            next.method = if draft.method == Method::HEAD { Method::HEAD } else { Method::GET };
        }
        next.payload = Payload::Empty;
        for name in [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, CONTENT_LENGTH] {
            next.fields.remove(name);
        }
        next.repeat = super::draft::repeat(&next.method, &next.fields);
    }
    // Computed anew for the new place.
    next.fields.remove(COOKIE);
    next.fields.remove(HOST);
    if follow.name_referer {
        next.fields.remove(REFERER);
        // RFC 9110 §10.1.3: never from a private way to an open one.
        let from = draft.server().is_some_and(|from| from.https);
        if (!from || next.server().is_some_and(|to| to.https))
            && let Ok(value) = HeaderValue::from_str(&draft.url())
        {
            next.fields.insert(REFERER, value);
        }
    }
    Ok(Some(next))
}

/// Whether two servers are of one origin (RFC 6454 §4).
pub(crate) fn same_origin(one: &ServerUrl, two: &ServerUrl) -> bool {
    one.https == two.https && one.host.eq_ignore_ascii_case(&two.host) && one.port == two.port
}

/// Whether the method becomes GET (RFC 9110 §15.4.2 to §15.4.4): a POST on 301 and 302, anything but HEAD on 303.
fn changes(status: StatusCode, method: &Method) -> bool {
    match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD && *method != Method::GET,
        _ => false,
    }
}

/// Takes everything secret off: for another origin. A range was of the old resource's.
fn leave_secrets(draft: &mut Draft) {
    draft.upstream.credentials.clear();
    draft.upstream.authority = None;
    let secret: Vec<_> = draft
        .fields
        .iter()
        .filter(|(name, value)| value.is_sensitive() || is_secret_name(name.as_str()))
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        draft.fields.remove(name);
    }
    if draft.method != Method::GET {
        draft.fields.remove(RANGE);
    }
}

/// A reference as a whole address (RFC 3986 §5.2).
pub(crate) fn resolved(draft: &Draft, reference: &str) -> String {
    let base = draft.url();
    let authority_end = base
        .split_once("://")
        .map_or(0, |(scheme, rest)| scheme.len() + 3 + rest.find(['/', '?']).unwrap_or(rest.len()));
    let (origin, rest) = base.split_at(authority_end);
    let path = rest.split('?').next().unwrap_or_default();
    let has_scheme = reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    if has_scheme {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{}//{rest}", origin.split("//").next().unwrap_or("http:"))
    } else if reference.starts_with('/') {
        format!("{origin}{reference}")
    } else if reference.starts_with('?') {
        format!("{origin}{path}{reference}")
    } else if reference.is_empty() || reference.starts_with('#') {
        base
    } else {
        let folder = path.rfind('/').map_or("/", |last| &path[..=last]);
        format!("{origin}{folder}{reference}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Follow, next, resolved};
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
        next(from, StatusCode::from_u16(status).unwrap(), &fields, &Follow::default()).unwrap()
    }

    #[test]
    fn references_are_resolved() {
        let from = draft("GET", "http://a.example/b/c?d");
        for (reference, expected) in [
            ("http://x.example/y", "http://x.example/y"),
            ("//x.example/y", "http://x.example/y"),
            ("/y?z", "http://a.example/y?z"),
            ("y", "http://a.example/b/y"),
            ("../y", "http://a.example/b/../y"),
            ("?z", "http://a.example/b/c?z"),
            ("", "http://a.example/b/c?d"),
            ("mailto:x", "mailto:x"),
            ("y:1/z/", "y:1/z/"),
            ("/a:b", "http://a.example/a:b"),
        ] {
            assert_eq!(resolved(&from, reference), expected, "{reference}");
        }
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
            ("http://a.example@evil.example/", false),
        ] {
            let after = led(&from, 302, to).unwrap();
            assert_eq!(after.fields.contains_key(AUTHORIZATION), keeps, "{to}");
            assert_eq!(after.fields.contains_key("x-api-key"), keeps, "{to}");
            assert!(after.fields.contains_key("x-plain"), "{to}");
        }
    }

    #[test]
    fn what_is_not_http_is_not_followed() {
        let mut fields = HeaderMap::new();
        fields.insert(LOCATION, "file:///etc/passwd".parse().unwrap());
        let from = draft("GET", "http://a.example/");
        assert!(next(&from, StatusCode::FOUND, &fields, &Follow::default()).is_err());
    }
}
