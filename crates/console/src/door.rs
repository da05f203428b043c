//! Who gets in: the right host name, no foreign page, a session; and what every answer carries.
//!
//! A page elsewhere can make a browser call loopback under a name of its own (DNS rebinding): only known
//! names are answered. Browsers say where a request comes from (Fetch Metadata): another site's is
//! refused unless a person followed a link. Answers may not be framed and run no inline script.

use crate::page::{Notice, notice};
use crate::serve::Console;
use crate::{asset, reply};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use exchange::Secret;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use std::sync::Arc;

/// What every answer carries; the policy is the one of the design, word for word.
const ALWAYS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; form-action 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Stands before every route.
pub(crate) async fn door(
    State(console): State<Arc<Console>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let mut response = match refuse(&console, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let fields = response.headers_mut();
    for (name, value) in ALWAYS {
        fields.insert(name, HeaderValue::from_static(value));
    }
    if !fields.contains_key(header::CACHE_CONTROL) {
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn refuse(console: &Console, request: &Request) -> Option<Response<Body>> {
    let fields = request.headers();
    let path = request.uri().path();
    let deny = |status, said: Notice<'_>| Some(reply::page(status, fields, notice(&said)));
    if !known_host(fields, &console.hosts) {
        // RFC 9110 §15.5.20
        return deny(StatusCode::MISDIRECTED_REQUEST, Notice::WrongHost);
    }
    if is_foreign(fields) {
        return deny(StatusCode::FORBIDDEN, Notice::Foreign);
    }
    if path.starts_with("/assets/") {
        return Some(asset::answer(path, fields));
    }
    if path.starts_with("/in/") || signed_in(console, fields) {
        return None;
    }
    deny(StatusCode::FORBIDDEN, Notice::SignedOut)
}

/// Whether the `Host` is one of ours: loopback by its usual names, an address we listen at, or a configured
/// name. The port is not compared: a tunnel may have changed it, and it is the name that rebinding changes.
fn known_host(fields: &HeaderMap, hosts: &[String]) -> bool {
    let mut given = fields.get_all(header::HOST).iter();
    // Exactly one, RFC 9112 §3.2
    let (Some(host), None) = (given.next(), given.next()) else {
        return false;
    };
    let Some(authority) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    if authority.as_str().contains('@') {
        return false;
    }
    let host = authority.host();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| own.eq_ignore_ascii_case(host))
        || hosts.iter().any(|own| own.eq_ignore_ascii_case(host))
}

/// Whether another site's page makes this request, by itself or inside a frame. A link that a person follows passes.
///
/// Source: W3C Fetch Metadata Request Headers, §2; a program (curl) sends none of them and needs the session anyway.
fn is_foreign(fields: &HeaderMap) -> bool {
    let text = |name: &str| fields.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => false,
        Some(_) => text("sec-fetch-mode") != Some("navigate") || text("sec-fetch-dest") != Some("document"),
    }
}

/// Whether the request carries an open session.
pub(crate) fn signed_in(console: &Console, fields: &HeaderMap) -> bool {
    fields
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .any(|(name, value)| name == console.cookie && console.sign_in.is_open(value, (console.clock)()))
}

/// The session's cookie. `Secure` is left out: the console speaks plain HTTP on loopback.
///
/// Source: RFC 6265 §4.1.2; `SameSite`: draft-ietf-httpbis-rfc6265bis §5.6.7.
pub(crate) fn cookie(console: &Console, session: &Secret) -> Option<HeaderValue> {
    let text =
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200", console.cookie, session.reveal());
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::{is_foreign, known_host};
    use http::{HeaderMap, HeaderName, HeaderValue, header};

    #[test]
    fn only_known_names_are_answered() {
        let hosts = ["console.acme.example".to_owned()];
        for (host, expected) in [
            ("127.0.0.1:8088", true),
            ("127.0.0.1", true),
            ("localhost:9000", true),
            ("LOCALHOST", true),
            ("[::1]:8088", true),
            ("console.acme.example", true),
            ("evil.example", false),
            ("127.0.0.1.evil.example:8088", false),
            ("evil@127.0.0.1", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert(header::HOST, HeaderValue::from_static(host));
            assert_eq!(known_host(&fields, &hosts), expected, "{host}");
        }
        assert!(!known_host(&HeaderMap::new(), &hosts), "none at all");
    }

    #[test]
    fn another_site_may_link_here_and_nothing_more() {
        for (site, mode, dest, expected) in [
            ("none", "navigate", "document", false),
            ("same-origin", "cors", "empty", false),
            ("cross-site", "navigate", "document", false),
            ("cross-site", "navigate", "iframe", true),
            ("cross-site", "no-cors", "image", true),
            ("same-site", "cors", "empty", true),
        ] {
            let mut fields = HeaderMap::new();
            for (name, value) in
                [("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)]
            {
                fields.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(is_foreign(&fields), expected, "{site} {mode} {dest}");
        }
    }
}
