//! Cookies of one call: which answers set, and which go with a request (RFC 6265).
//!
//! There is no list of public suffixes: a `Domain` of a single label is taken for its own host only.
//! Bounds: 3,000 cookies, 4 KiB each; the oldest go first.

pub(crate) mod netscape;
mod place;

pub(crate) use place::Place;

use super::input;
use super::wanted::Transfer;
use crate::exit::Failure;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Cookies kept (RFC 6265 §6.1).
const MANY: usize = 3000;
/// Bytes of one (RFC 6265 §6.1).
const LARGEST: usize = 4096;

/// One cookie. `Debug` hides its value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    /// In lower case, without a dot before it.
    pub(crate) domain: String,
    /// Whether only this very host gets it.
    pub(crate) host_only: bool,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    /// Seconds since 1970; none: to the end of the session.
    pub(crate) expires: Option<u64>,
}

/// The cookies that are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar {
    /// In the order they were made.
    pub(crate) cookies: Vec<Cookie>,
}

/// What a command line says of cookies, and what answers made of it.
#[derive(Debug, Default)]
pub(crate) struct Cookies {
    /// `-b name=value`: goes to the first origin only.
    given: Option<String>,
    pub(crate) jar: Jar,
    /// Whether cookies of answers are kept.
    pub(crate) keeps: bool,
}

impl Cookies {
    /// Reads `-b`; a file that is not there is an empty one, as curl has it.
    pub(crate) fn read(transfer: &Transfer) -> Result<Self, Failure> {
        let mut cookies = Self { keeps: transfer.keeps_cookies(), ..Self::default() };
        let mut given: Vec<&str> = Vec::new();
        for text in &transfer.cookies {
            if text.contains('=') {
                given.push(text);
            } else if text == "-" || std::path::Path::new(text).exists() {
                cookies.jar.cookies.extend(netscape::read(&String::from_utf8_lossy(&input::bytes(text)?)));
            }
        }
        cookies.given = (!given.is_empty()).then(|| given.join(";"));
        Ok(cookies)
    }

    /// The `Cookie` field for a request; `first`: to the origin that was named on the command line.
    pub(crate) fn field(&self, place: &Place, first: bool) -> Result<Option<HeaderValue>, Failure> {
        let mut pairs = self.jar.pairs(place, now());
        if let Some(given) = self.given.as_ref().filter(|_| first) {
            pairs.push(given.clone());
        }
        if pairs.is_empty() {
            return Ok(None);
        }
        let mut value = HeaderValue::from_bytes(pairs.join("; ").as_bytes())
            .map_err(|_| Failure::usage("a cookie has a character that no header field can have"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// Keeps what an answer from `place` sets.
    pub(crate) fn take(&mut self, fields: &HeaderMap, place: &Place) {
        if self.keeps {
            let now = now();
            for field in fields.get_all(SET_COOKIE) {
                self.jar.set(&String::from_utf8_lossy(field.as_bytes()), place, now);
            }
        }
    }

    /// Writes the jar where `-c` says.
    pub(crate) fn save(&self, transfer: &Transfer) -> Result<(), Failure> {
        let Some(file) = &transfer.jar else { return Ok(()) };
        let text = netscape::write(&self.jar.cookies);
        if file == "-" {
            use std::io::Write as _;
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            return Ok(());
        }
        super::session::write_private(std::path::Path::new(file), text.as_bytes())
    }
}

impl Jar {
    /// Keeps one `Set-Cookie` of an answer from `place` (RFC 6265 §5.3); what breaks its rules is dropped.
    pub(crate) fn set(&mut self, field: &str, place: &Place, now: u64) {
        if field.len() > LARGEST {
            return;
        }
        let Ok(parsed) = cookie::Cookie::parse(field) else { return };
        let wished = parsed.domain().map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        let (domain, host_only) = match wished.filter(|domain| !domain.is_empty()) {
            // Step 5 and 6: never for a host that the answer does not come from, nor for a whole top-level domain.
            Some(domain) if domain == place.host => (domain, place.is_address()),
            Some(domain) if !domain.contains('.') || !place.is_below(&domain) => return,
            Some(domain) => (domain, false),
            None => (place.host.clone(), true),
        };
        let secure = parsed.secure().unwrap_or_default();
        // RFC 6265bis §5.7: a cookie is not made secure over a connection that anyone can write to.
        if secure && !place.trusted {
            return;
        }
        let path = parsed.path().filter(|path| path.starts_with('/'));
        let path = path.map_or_else(|| place.default_path(), str::to_owned);
        let expires = match (parsed.max_age(), parsed.expires_datetime()) {
            (Some(age), _) => Some(now.saturating_add_signed(age.whole_seconds()).min(now + 400 * 86_400))
                .filter(|_| age.is_positive())
                .or(Some(0)),
            (None, Some(date)) => Some(u64::try_from(date.unix_timestamp()).unwrap_or(0)),
            (None, None) => None,
        };
        let made = Cookie {
            name: parsed.name().to_owned(),
            value: parsed.value().to_owned(),
            domain,
            host_only,
            path,
            secure,
            http_only: parsed.http_only().unwrap_or_default(),
            expires,
        };
        self.put(made, now);
    }

    /// Puts one in; it replaces its namesake, and one that is over removes it.
    fn put(&mut self, made: Cookie, now: u64) {
        let same = |old: &Cookie| old.name == made.name && old.domain == made.domain && old.path == made.path;
        let place = self.cookies.iter().position(same);
        if made.is_over(now) {
            self.cookies.retain(|old| !same(old));
            return;
        }
        match place.and_then(|place| self.cookies.get_mut(place)) {
            Some(old) => *old = made,
            None => self.cookies.push(made),
        }
        if self.cookies.len() > MANY {
            self.cookies.remove(0);
        }
    }

    /// The pairs that go with a request to `place` (RFC 6265 §5.4): longer paths first, then older ones.
    fn pairs(&self, place: &Place, now: u64) -> Vec<String> {
        let mut fit: Vec<&Cookie> = self.cookies.iter().filter(|cookie| cookie.fits(place, now)).collect();
        // curl's order, which the RFC leaves open: then longer domains, then longer names.
        let order = |cookie: &&Cookie| (cookie.path.len(), cookie.domain.len(), cookie.name.len());
        fit.sort_by_key(|cookie| std::cmp::Reverse(order(cookie)));
        fit.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect()
    }
}

impl Cookie {
    fn is_over(&self, now: u64) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn fits(&self, place: &Place, now: u64) -> bool {
        let host = self.domain == place.host || (!self.host_only && place.is_below(&self.domain));
        host && place.is_in(&self.path) && (!self.secure || place.trusted) && !self.is_over(now)
    }
}

impl std::fmt::Debug for Cookie {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}=***; {}{}", self.name, self.domain, self.path)
    }
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::{Jar, Place};

    #[test]
    fn a_cookie_goes_only_where_it_may() {
        let from = Place::new("api.acme.example", "/a/b", true);
        for (set, host, path, trusted, goes) in [
            ("k=v", "api.acme.example", "/a/x", true, true),
            ("k=v", "api.acme.example", "/ab", true, false),
            ("k=v", "www.api.acme.example", "/a/", true, false),
            ("k=v; Path=/", "api.acme.example", "/", false, true),
            ("k=v; Path=/; Secure", "api.acme.example", "/", false, false),
            ("k=v; Path=/; Secure", "api.acme.example", "/", true, true),
            ("k=v; Path=/; Domain=acme.example", "www.acme.example", "/", true, true),
            ("k=v; Path=/; Domain=.ACME.example", "acme.example", "/", true, true),
            ("k=v; Path=/; Domain=acme.example", "evilacme.example", "/", true, false),
            ("k=v; Path=/; Domain=other.example", "other.example", "/", true, false),
            ("k=v; Path=/; Domain=example", "acme.example", "/", true, false),
            ("k=v; Path=/; Max-Age=0", "api.acme.example", "/", true, false),
            ("k=v; Path=/; Max-Age=-1", "api.acme.example", "/", true, false),
            ("k=v; Path=/; Max-Age=60", "api.acme.example", "/", true, true),
            ("k=v; Path=/; Expires=Sun, 06 Nov 1994 08:49:37 GMT", "api.acme.example", "/", true, false),
            ("k=v; Path=/; Expires=Sun, 06 Nov 2094 08:49:37 GMT", "api.acme.example", "/", true, true),
        ] {
            let mut jar = Jar::default();
            jar.set(set, &from, 1_700_000_000);
            let sent = jar.pairs(&Place::new(host, path, trusted), 1_700_000_000);
            assert_eq!(sent == ["k=v"], goes, "{set} to {host}{path}");
        }
    }

    #[test]
    fn the_longest_path_comes_first_and_a_namesake_is_replaced() {
        let from = Place::new("acme.example", "/", true);
        let mut jar = Jar::default();
        for set in ["a=1; Path=/", "b=2; Path=/x", "a=3; Path=/", "c=4; Path=/x", "c=; Path=/x; Max-Age=0"] {
            jar.set(set, &from, 10);
        }
        assert_eq!(jar.pairs(&Place::new("acme.example", "/x/y", true), 10), ["b=2", "a=3"]);
        assert_eq!(format!("{:?}", jar.cookies[0]), "a=***; acme.example/");
    }
}
