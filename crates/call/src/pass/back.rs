//! Handing a provider's answer back: fields that name or bind the provider are turned into ours, or go.
//!
//! Status and body are never touched, and a field that is not listed here passes. Fields of the connection are
//! gone already. Source: RFC 9110 §10.2.2 (`Location`), RFC 6265 §5.2 (`Set-Cookie`), RFC 7838 (`Alt-Svc`).

use super::remove_where;
use board::ServerUrl;
use http::HeaderMap;
use http::header::{
    ALT_SVC, CONTENT_LOCATION, HeaderName, HeaderValue, LOCATION, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
};

/// Between which addresses an answer is translated.
#[derive(Clone, Copy, Debug)]
pub struct Back<'a> {
    /// The provider's servers.
    pub servers: &'a [ServerUrl],
    /// The offer's address: a normalised path without a slash at the end; empty for `/`.
    pub at: &'a str,
}

/// Turns a provider's fields into those that its caller gets.
///
/// `Location` and `Content-Location` that lead to the provider lead to the offer, as a path, so that it
/// is right behind whatever stands before us. A cookie loses the provider's domain and has its path below
/// the offer's. The provider's limits, CORS, `Alt-Svc` and `Strict-Transport-Security` go: they speak of
/// its host and of our account there.
pub fn answer_fields(fields: &mut HeaderMap, back: &Back<'_>) {
    fields.remove(ALT_SVC);
    fields.remove(STRICT_TRANSPORT_SECURITY);
    remove_where(fields, |name| {
        ["ratelimit", "x-ratelimit", "x-rate-limit", "access-control-"]
            .iter()
            .any(|start| name.starts_with(start))
    });
    for name in [LOCATION, CONTENT_LOCATION] {
        if fields.contains_key(&name) {
            locations(fields, &name, back);
        }
    }
    if fields.contains_key(SET_COOKIE) {
        cookies(fields, back);
    }
}

/// Each of them: one that was left over would still name the provider.
fn locations(fields: &mut HeaderMap, name: &HeaderName, back: &Back<'_>) {
    let all: Vec<_> = fields.get_all(name).iter().cloned().collect();
    fields.remove(name);
    for value in all {
        let ours = value.to_str().ok().and_then(|text| back.location(text));
        let ours = ours.and_then(|ours| HeaderValue::from_str(&ours).ok());
        fields.append(name, ours.unwrap_or(value));
    }
}

impl Back<'_> {
    /// The caller's address for one of the provider's; `None`: it is none of ours and stays as it is.
    fn location(&self, text: &str) -> Option<String> {
        if text.starts_with('/') && !text.starts_with("//") {
            return self.servers.iter().find_map(|server| self.below(text, &server.base));
        }
        self.servers.iter().find_map(|server| self.below(after_authority(text, server)?, &server.base))
    }

    /// What lies below `base`, below our address instead.
    fn below(&self, path: &str, base: &str) -> Option<String> {
        let rest = path.strip_prefix(base)?;
        match rest.bytes().next() {
            None | Some(b'?' | b'#') if self.at.is_empty() => Some(format!("/{rest}")),
            None | Some(b'/' | b'?' | b'#') => Some(format!("{}{rest}", self.at)),
            Some(_) => None, // `/v10` is not below `/v1`
        }
    }
}

/// The rest of an absolute (or scheme-less) address that is on this server, from its path on.
fn after_authority<'t>(text: &'t str, server: &ServerUrl) -> Option<&'t str> {
    let (scheme, rest) = text.split_once("//")?;
    let own = if server.https { "https:" } else { "http:" };
    if !scheme.is_empty() && !scheme.eq_ignore_ascii_case(own) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // RFC 9110 §4.2.4: user information says nothing of the host, and must not get out.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let port = format!(":{}", server.port);
    let named = server.authority();
    let same = authority.eq_ignore_ascii_case(&named)
        || authority.strip_suffix(&port).is_some_and(|host| host.eq_ignore_ascii_case(&named));
    same.then_some(path)
}

/// How cookies of the console begin.
const CONSOLE: &[u8] = b"switchboard_console_";

fn cookies(fields: &mut HeaderMap, back: &Back<'_>) {
    // RFC 9110 §5.3: Set-Cookie is never joined; each is turned by itself.
    let all: Vec<_> = fields.get_all(SET_COOKIE).iter().cloned().collect();
    fields.remove(SET_COOKIE);
    for value in all {
        // A session of the console is not a provider's to set.
        if value.as_bytes().trim_ascii_start().starts_with(CONSOLE) {
            continue;
        }
        let ours = value.to_str().ok().and_then(|text| HeaderValue::from_str(&cookie(text, back)).ok());
        fields.append(SET_COOKIE, ours.unwrap_or(value));
    }
}

fn cookie(text: &str, back: &Back<'_>) -> String {
    let mut parts = text.split(';');
    let mut ours = parts.next().unwrap_or_default().to_owned();
    // RFC 6265bis §4.1.3.2: a `__Host-` cookie is for the whole host or for nobody.
    let whole_host = ours.trim_start().get(..7).is_some_and(|start| start.eq_ignore_ascii_case("__Host-"));
    for part in parts {
        let (name, value) = part.split_once('=').map_or((part, ""), |(name, value)| (name, value));
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("domain") && is_of_provider(value, back.servers) {
            continue;
        }
        ours.push(';');
        match (name.eq_ignore_ascii_case("path") && !whole_host).then(|| path(value, back)).flatten() {
            Some(path) => {
                ours.push_str(" Path=");
                ours.push_str(&path);
            }
            None => ours.push_str(part),
        }
    }
    ours
}

fn path(path: &str, back: &Back<'_>) -> Option<String> {
    let root = if back.at.is_empty() { "/" } else { back.at };
    back.servers.iter().find_map(|server| {
        // A path above the base covers all that is offered.
        let above = path == "/"
            || format!("{}/", server.base).starts_with(&format!("{}/", path.trim_end_matches('/')));
        if above { Some(root.to_owned()) } else { back.below(path, &server.base) }
    })
}

/// RFC 6265 §5.1.3: the provider's host, or a domain above it.
fn is_of_provider(domain: &str, servers: &[ServerUrl]) -> bool {
    let domain = domain.trim_start_matches('.').to_ascii_lowercase();
    servers.iter().any(|server| {
        let host = server.host.to_ascii_lowercase();
        host == domain || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Back, answer_fields};
    use board::ServerUrl;
    use http::HeaderMap;

    fn turned(servers: &[&str], at: &str, name: &'static str, value: &str) -> Option<String> {
        let servers: Vec<_> = servers.iter().map(|url| ServerUrl::parse(url).unwrap()).collect();
        let mut fields = HeaderMap::new();
        fields.insert(name, value.parse().unwrap());
        answer_fields(&mut fields, &Back { servers: &servers, at });
        fields.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_location_at_the_provider_is_one_at_the_offer() {
        let servers = ["http://10.0.0.5:8080/v1", "https://orders.example/v1"];
        for (theirs, ours) in [
            ("http://10.0.0.5:8080/v1/orders/7?a=1", "/orders/orders/7?a=1"),
            ("https://orders.example/v1/x", "/orders/x"),
            ("https://ORDERS.example:443/v1", "/orders"),
            ("//orders.example/v1/x", "/orders/x"),
            ("https://user:word@orders.example/v1/x", "/orders/x"),
            ("/v1/orders/7", "/orders/orders/7"),
            ("/v1?page=2", "/orders?page=2"),
            ("/v10/orders", "/v10/orders"),
            ("/elsewhere", "/elsewhere"),
            ("orders/7", "orders/7"),
            ("https://login.example/v1/x", "https://login.example/v1/x"),
            ("http://orders.example/v1/x", "http://orders.example/v1/x"),
            ("https://orders.example.evil.example/v1/x", "https://orders.example.evil.example/v1/x"),
        ] {
            assert_eq!(turned(&servers, "/orders", "location", theirs).as_deref(), Some(ours), "{theirs}");
        }
        let root = ["http://10.0.0.5:8080"];
        assert_eq!(turned(&root, "", "location", "http://10.0.0.5:8080").as_deref(), Some("/"));
        assert_eq!(turned(&root, "", "content-location", "http://10.0.0.5:8080/a").as_deref(), Some("/a"));
        assert_eq!(turned(&root, "/w", "location", "/a").as_deref(), Some("/w/a"));
    }

    #[test]
    fn every_location_is_turned_and_no_session_of_the_console_is_set() {
        let servers = [ServerUrl::parse("http://10.0.0.5:8080/v1").unwrap()];
        let mut fields = HeaderMap::new();
        for (name, value) in [
            ("location", "https://login.example/"),
            ("location", "http://10.0.0.5:8080/v1/x"),
            ("set-cookie", "switchboard_console_8088=1; Path=/"),
            ("set-cookie", "a=1"),
        ] {
            fields.append(name, value.parse().unwrap());
        }
        answer_fields(&mut fields, &Back { servers: &servers, at: "/orders" });
        let left: Vec<_> =
            fields.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        let expected =
            [("location", "https://login.example/"), ("location", "/orders/x"), ("set-cookie", "a=1")];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_cookie_of_the_provider_is_one_of_the_offer() {
        let servers = ["https://api.orders.example/v1"];
        for (theirs, ours) in [
            ("sid=1; Domain=.orders.example; Path=/v1/carts; Secure", "sid=1; Path=/orders/carts; Secure"),
            ("sid=1; path=/; HttpOnly", "sid=1; Path=/orders; HttpOnly"),
            ("sid=1; Path=/v1", "sid=1; Path=/orders"),
            ("sid=1; Path=/other", "sid=1; Path=/other"),
            ("sid=1; Domain=elsewhere.example", "sid=1; Domain=elsewhere.example"),
            ("__Host-sid=1; Path=/; Secure", "__Host-sid=1; Path=/; Secure"),
            ("sid=a=b", "sid=a=b"),
        ] {
            assert_eq!(turned(&servers, "/orders", "set-cookie", theirs).as_deref(), Some(ours), "{theirs}");
        }
    }

    #[test]
    fn what_speaks_of_the_providers_host_or_our_account_there_goes() {
        for name in [
            "alt-svc",
            "ratelimit",
            "ratelimit-policy",
            "x-ratelimit-remaining",
            "x-rate-limit-limit",
            "access-control-allow-origin",
            "strict-transport-security",
        ] {
            assert_eq!(turned(&["http://127.0.0.1:1"], "", name, "1"), None, "{name}");
        }
        assert_eq!(turned(&["http://127.0.0.1:1"], "", "retry-after", "1").as_deref(), Some("1"));
    }
}
