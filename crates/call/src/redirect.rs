//! Whether and how a redirection is followed (RFC 9110 §15.4): a pure rule, for whoever sends anew.
//!
//! What follows to another origin (RFC 6454 §4) carries no credentials, cookies or keys of the first; a way from
//! `https` to `http` is not taken unless it was asked for; the number of steps is bounded. Who asks for more (curl's
//! `--location-trusted`) says so. The text of `Location` comes from a stranger: it is bounded, and never a password.

use board::ServerUrl;
use http::header::{self, HeaderMap, HeaderName};
use http::{Method, StatusCode};

/// The longest `Location` that is followed: the length RFC 9110 §4.1 recommends to support, in bytes.
const LONGEST: usize = 8_000;

/// What may be done on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedirectPolicy {
    /// Steps that are followed at most.
    pub most: u32,
    /// Whether `https` may become `http`.
    pub downgrade: bool,
    /// Whether a POST stays one after 301, 302 and 303 (`--post301` and its brothers).
    pub keep_post: [bool; 3],
    /// Whether credentials go to other origins too: only ever asked for by a person.
    pub trust_others: bool,
}

impl Default for RedirectPolicy {
    fn default() -> Self {
        Self { most: 50, downgrade: false, keep_post: [false; 3], trust_others: false }
    }
}

/// The next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its server; the base is empty.
    pub server: ServerUrl,
    /// Path, beginning with `/`.
    pub path: String,
    /// Query without `?`.
    pub query: Option<String>,
    /// Method.
    pub method: Method,
    /// Whether the body is sent again; else it and the fields that describe it are left out.
    pub keep_body: bool,
    /// Whether it is the same origin; else [`leave_behind`] says which fields stay.
    pub same_origin: bool,
    /// Whether credentials and cookies may be sent with it.
    pub keep_credentials: bool,
}

/// Why an answer that redirects is not followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFollowed {
    /// Its `Location` is no URL.
    #[error("it redirects to what cannot be followed: {0}")]
    NoUrl(String),
    /// Its `Location` is of a scheme that is not spoken.
    #[error("it redirects to what cannot be followed: `{0}` is not spoken here, only http and https are")]
    Scheme(String),
    /// The number of steps.
    #[error("it redirects more than {0} times")]
    TooOften(u32),
    /// From TLS to plain HTTP.
    #[error("it redirects from https to plain http, to `{0}`: what is sent there, others can read")]
    Downgrade(String),
}

/// The step that an answer to `method` at `server` with `path` and `query` asks for; `None`: it is no redirection that can be
/// followed. `steps` were taken already.
///
/// # Errors
/// [`NotFollowed`], when it redirects and must not or cannot be followed.
pub fn redirect(
    (server, path, query): (&ServerUrl, &str, Option<&str>),
    method: &Method,
    status: StatusCode,
    fields: &HeaderMap,
    steps: u32,
    policy: RedirectPolicy,
) -> Result<Option<Step>, NotFollowed> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        // §15.4.1 and §15.4.5: 300 leaves the choice to a person, 304 is no redirection, 305 and 306 are gone.
        return Ok(None);
    }
    // §10.2.2: without one there is nowhere to go, and the answer is what it is.
    let Some(location) = fields.get(header::LOCATION) else { return Ok(None) };
    if location.len() > LONGEST {
        return Err(NotFollowed::NoUrl("its `Location` is too long".to_owned()));
    }
    let location = location.as_bytes().trim_ascii();
    if steps >= policy.most {
        return Err(NotFollowed::TooOften(policy.most));
    }
    let (next, path, query) = resolve((server, path, query), location)?;
    if server.https && !next.https && !policy.downgrade {
        return Err(NotFollowed::Downgrade(next.to_string()));
    }
    let same_origin = same_origin(&next, server);
    let keep_method = match status.as_u16() {
        // §15.4.2, §15.4.3: for historical reasons a POST becomes a GET, and only a POST.
        301 => *method != Method::POST || policy.keep_post[0],
        302 => *method != Method::POST || policy.keep_post[1],
        // §15.4.4: any method becomes GET, HEAD stays.
        303 => {
            matches!(*method, Method::GET | Method::HEAD) || (*method == Method::POST && policy.keep_post[2])
        }
        _ => true, // §15.4.8, §15.4.9
    };
    Ok(Some(Step {
        server: next,
        path,
        query,
        method: if keep_method { method.clone() } else { Method::GET },
        keep_body: keep_method,
        same_origin,
        keep_credentials: same_origin || policy.trust_others,
    }))
}

/// Takes from `fields` what a step must not carry (RFC 9110 §15.4): what describes a body that is not sent again, and,
/// without credentials, every field that can be one. `secret` are names of fields that carry one beside those known here.
pub fn leave_behind(fields: &mut HeaderMap, step: &Step, secret: &[HeaderName]) {
    fields.remove(header::HOST);
    if !step.keep_body {
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_LOCATION,
            header::TRANSFER_ENCODING,
            header::EXPECT,
        ] {
            fields.remove(name); // §15.4, step 3.3
        }
    }
    if !step.keep_credentials {
        for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE] {
            fields.remove(name);
        }
        for name in secret {
            fields.remove(name);
        }
        // Whoever made the request marked what is secret in it.
        let marked: Vec<_> =
            fields.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
        for name in marked {
            fields.remove(name);
        }
    }
}

/// Whether two servers are of one origin (RFC 6454 §4).
pub fn same_origin(one: &ServerUrl, two: &ServerUrl) -> bool {
    one.https == two.https && one.host.eq_ignore_ascii_case(&two.host) && one.port == two.port
}

type Target = (ServerUrl, String, Option<String>);

/// A reference resolved against the URL that was asked for (RFC 3986 §5.2); its fragment is not sent.
fn resolve(
    (server, path, query): (&ServerUrl, &str, Option<&str>),
    reference: &[u8],
) -> Result<Target, NotFollowed> {
    let no_url = |words: &str| NotFollowed::NoUrl(words.to_owned());
    let encoded = encode(reference);
    let reference = encoded.split('#').next().unwrap_or_default();
    let scheme = reference
        .split_once(':')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| scheme.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)));
    let own = if server.https { "https" } else { "http" };
    let (scheme, rest) = match scheme {
        Some(scheme) => (scheme.to_ascii_lowercase(), &reference[scheme.len() + 1..]),
        None => (own.to_owned(), reference),
    };
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err(NotFollowed::Scheme(scheme));
    }
    let Some(rest) = rest.strip_prefix("//") else {
        if rest.len() != reference.len() {
            return Err(no_url("it has a scheme and no host"));
        }
        let server = ServerUrl { base: "".into(), ..server.clone() };
        let (new, new_query) = split(rest);
        let (path, query) = match new {
            "" => (path.to_owned(), new_query.or_else(|| query.map(str::to_owned))),
            new if new.starts_with('/') => (without_dots(new), new_query),
            new => {
                let folder = path.rfind('/').map_or("/", |at| &path[..=at]);
                (without_dots(&format!("{folder}{new}")), new_query)
            }
        };
        return Ok((server, path, query));
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    if authority.contains('@') {
        return Err(no_url("there is a user in its address"));
    }
    let server = ServerUrl::parse(&format!("{scheme}://{authority}")).map_err(NotFollowed::NoUrl)?;
    let (path, query) = split(rest);
    Ok((server, without_dots(if path.is_empty() { "/" } else { path }), query))
}

fn split(text: &str) -> (&str, Option<String>) {
    match text.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (text, None),
    }
}

/// Encodes what providers forget to (a blank, bytes beyond ASCII) and leaves the rest as it is.
fn encode(text: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// RFC 3986 §5.2.4.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut pieces = path.trim_start_matches('/').split('/').peekable();
    if path.starts_with("//") {
        kept.push(""); // an empty first segment is one
    }
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        match piece {
            "." | ".." => {
                if piece == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            piece => kept.push(piece),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{NotFollowed, RedirectPolicy, leave_behind, redirect};
    use board::ServerUrl;
    use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION};
    use http::{HeaderMap, HeaderValue, Method, StatusCode};

    fn follow(
        method: &Method,
        status: u16,
        to: &str,
        policy: RedirectPolicy,
    ) -> Result<Option<super::Step>, NotFollowed> {
        let server = ServerUrl::parse("https://api.acme.example").unwrap();
        let mut fields = HeaderMap::new();
        if !to.is_empty() {
            fields.insert(LOCATION, HeaderValue::from_bytes(to.as_bytes()).unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        redirect((&server, "/v1/a/b", Some("x=1")), method, status, &fields, 0, policy)
    }

    #[test]
    fn a_method_changes_where_the_standard_says_so() {
        for (status, method, next, body) in [
            (301, "GET", "GET", true),
            (301, "POST", "GET", false),
            (301, "PUT", "PUT", true),
            (302, "HEAD", "HEAD", true),
            (302, "POST", "GET", false),
            (302, "DELETE", "DELETE", true),
            (303, "POST", "GET", false),
            (303, "PUT", "GET", false),
            (303, "HEAD", "HEAD", true),
            (307, "POST", "POST", true),
            (308, "POST", "POST", true),
        ] {
            let method: Method = method.parse().unwrap();
            let step = follow(&method, status, "/c", RedirectPolicy::default()).unwrap().unwrap();
            assert_eq!((step.method.as_str(), step.keep_body), (next, body), "{status} {method}");
            let keep = RedirectPolicy { keep_post: [true; 3], ..RedirectPolicy::default() };
            let kept = follow(&Method::POST, status, "/c", keep).unwrap().unwrap();
            assert_eq!(kept.method, Method::POST);
        }
        for status in [200, 300, 304, 305, 404] {
            assert_eq!(follow(&Method::GET, status, "/c", RedirectPolicy::default()), Ok(None));
        }
    }

    #[test]
    fn a_location_is_resolved_as_a_reference() {
        for (to, whole) in [
            ("/c?y=2", "https://api.acme.example /c Some(\"y=2\")"),
            ("c", "https://api.acme.example /v1/a/c None"),
            ("../c/./d/..", "https://api.acme.example /v1/c/ None"),
            ("../../../../c", "https://api.acme.example /c None"),
            ("?y=2#z", "https://api.acme.example /v1/a/b Some(\"y=2\")"),
            ("#z", "https://api.acme.example /v1/a/b Some(\"x=1\")"),
            ("//other.example", "https://other.example / None"),
            ("https://API.acme.example:8443/c d?e={", "https://API.acme.example:8443 /c%20d Some(\"e=%7B\")"),
            ("HTTPS://other.example?y", "https://other.example / Some(\"y\")"),
            ("/\u{e4}", "https://api.acme.example /%C3%A4 None"),
            ("/a:b", "https://api.acme.example /a:b None"),
            ("//api.acme.example@evil.example/", "!"),
            ("a:b", "!"),
            ("ftp://other.example/", "!"),
            ("file:///etc/passwd", "!"),
            ("https://u:hunter22@other.example/", "!"),
            ("https:c", "!"),
            ("https:///c", "!"),
        ] {
            match follow(&Method::GET, 302, to, RedirectPolicy::default()) {
                Ok(step) => {
                    let step = step.unwrap();
                    assert_eq!(format!("{} {} {:?}", step.server, step.path, step.query), whole, "{to}");
                }
                Err(error) => {
                    assert_eq!(whole, "!", "{to}: {error}");
                    assert!(!error.to_string().contains("hunter22"), "{error}");
                }
            }
        }
        assert_eq!(follow(&Method::GET, 302, "", RedirectPolicy::default()), Ok(None));
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        for (to, same) in [
            ("/c", true),
            ("https://API.ACME.example:443/c", true),
            ("https://api.acme.example:8443/c", false),
            ("https://acme.example/c", false),
            ("https://api.acme.example.evil.example/c", false),
        ] {
            let step = follow(&Method::POST, 303, to, RedirectPolicy::default()).unwrap().unwrap();
            assert_eq!((step.same_origin, step.keep_credentials), (same, same), "{to}");
            let mut secret = HeaderValue::from_static("k");
            secret.set_sensitive(true);
            let mut fields = HeaderMap::new();
            fields.insert(AUTHORIZATION, HeaderValue::from_static("Bearer t"));
            fields.insert(COOKIE, HeaderValue::from_static("a=b"));
            fields.insert("x-key", secret);
            fields.insert("x-other-key", HeaderValue::from_static("k"));
            fields.insert("accept", HeaderValue::from_static("*/*"));
            fields.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            leave_behind(&mut fields, &step, &["x-other-key".parse().unwrap()]);
            let left: Vec<_> = fields.keys().map(http::HeaderName::as_str).collect();
            let expected: &[&str] = if same {
                &["authorization", "cookie", "x-key", "x-other-key", "accept"]
            } else {
                &["accept"]
            };
            assert_eq!(left, expected, "{to}");
        }
        let trusting = RedirectPolicy { trust_others: true, ..RedirectPolicy::default() };
        let step = follow(&Method::GET, 302, "https://other.example/", trusting).unwrap().unwrap();
        assert!(step.keep_credentials && !step.same_origin);
    }

    #[test]
    fn the_way_is_bounded_and_does_not_leave_tls() {
        let policy = RedirectPolicy::default();
        let error = follow(&Method::GET, 302, "http://api.acme.example/c", policy).unwrap_err();
        assert_eq!(error, NotFollowed::Downgrade("http://api.acme.example".to_owned()));
        let asked = RedirectPolicy { downgrade: true, ..policy };
        let step = follow(&Method::GET, 302, "http://api.acme.example/c", asked).unwrap().unwrap();
        assert!(!step.keep_credentials);
        let none = RedirectPolicy { most: 0, ..policy };
        assert_eq!(follow(&Method::GET, 302, "/c", none), Err(NotFollowed::TooOften(0)));
        let long = format!("/{}", "x".repeat(9_000));
        assert!(matches!(follow(&Method::GET, 302, &long, policy), Err(NotFollowed::NoUrl(_))));
    }
}
