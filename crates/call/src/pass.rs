//! Handing a caller's request on: what goes, what stays, what is added. The way back is [`answer_fields`].

mod back;

pub use back::{Back, answer_fields};

use http::HeaderMap;
use http::header::{EXPECT, FORWARDED, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, VIA};
use std::net::IpAddr;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST_ASKED: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Fields that are for us alone, or that we know better.
const NOT_ON: [HeaderName; 4] =
    [EXPECT, PROXY_AUTHORIZATION, FORWARDED, HeaderName::from_static("x-real-ip")];

/// What is known of the caller's side when its request is handed on.
#[derive(Clone, Copy, Debug)]
pub struct Forwarded<'a> {
    /// Address of the caller: the rightmost one that is not trusted to forward.
    pub address: IpAddr,
    /// `Host` as the caller sent it.
    pub host: &'a str,
    /// Whether the caller spoke TLS to us.
    pub https: bool,
    /// Name by which this gateway calls itself in `Via`.
    pub via: &'a str,
}

/// Turns the caller's fields into those that are handed on: connection fields go, `Forwarded` and
/// `X-Forwarded-*` are ours alone, `Via` grows.
///
/// `Host` goes too, so that the provider's own is sent; so does `Expect`, which was ours to meet (RFC 9110
/// §10.1.1), and `Proxy-Authorization` (§11.7.2). An `Upgrade` that is let through has to be
/// put back by whoever decided so.
///
/// Source: RFC 9110 §7.6.1, §7.6.3; RFC 7239 §8.1.
pub fn fields(fields: &mut HeaderMap, forwarded: &Forwarded<'_>) {
    // First, so that `Connection: x-forwarded-for` cannot remove what is added below.
    exchange::hop_by_hop::strip(fields);
    let host = fields.remove(HOST);
    if fields.keys().any(|name| NOT_ON.contains(name)) {
        for name in &NOT_ON {
            fields.remove(name);
        }
    }
    remove_where(fields, |name| name.starts_with("x-forwarded-"));
    insert(fields, FOR, written(forwarded.address));
    fields.insert(PROTO, HeaderValue::from_static(if forwarded.https { "https" } else { "http" }));
    // The caller's own value, where it says the same: then nothing is copied.
    match host.filter(|host| host.as_bytes() == forwarded.host.as_bytes()) {
        Some(host) => drop(fields.insert(HOST_ASKED, host)),
        None => insert(fields, HOST_ASKED, forwarded.host.to_owned()),
    }
    if let Ok(via) = HeaderValue::try_from(["1.1 ", forwarded.via].concat()) {
        fields.append(VIA, via);
    }
}

/// An address as text. Version 4 by hand: it is written for every call.
fn written(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else { return address.to_string() };
    let mut text = String::with_capacity(15);
    for (at, octet) in address.octets().into_iter().enumerate() {
        if at > 0 {
            text.push('.');
        }
        if octet > 99 {
            text.push(char::from(b'0' + octet / 100));
        }
        if octet > 9 {
            text.push(char::from(b'0' + octet / 10 % 10));
        }
        text.push(char::from(b'0' + octet % 10));
    }
    text
}

/// Whether a request has been through the gateway that calls itself `via` (RFC 9110 §7.6.3).
pub fn is_loop(fields: &HeaderMap, via: &str) -> bool {
    fields.get_all(VIA).iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b',')).any(|hop| {
        // received-protocol RWS received-by [ RWS comment ]
        let mut words = hop.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        words.nth(1).is_some_and(|by| by.eq_ignore_ascii_case(via.as_bytes()))
    })
}

/// A value that cannot stand in a field is left out: the caller's `Host` was checked where it came in.
fn insert(fields: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        fields.insert(name, value);
    }
}

fn remove_where(fields: &mut HeaderMap, goes: impl Fn(&str) -> bool) {
    // Nearly always there is none: nothing is allocated then.
    let names: Vec<HeaderName> = fields.keys().filter(|name| goes(name.as_str())).cloned().collect();
    for name in names {
        fields.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::{Forwarded, fields, is_loop};
    use http::HeaderMap;
    use http::header::VIA;

    #[test]
    fn what_a_caller_claims_about_its_way_is_replaced_by_what_we_know() {
        let mut handed = HeaderMap::new();
        for (name, value) in [
            ("host", "api.example"),
            ("connection", "x-forwarded-for, x-own"),
            ("x-own", "1"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-for", "10.0.0.2"),
            ("x-forwarded-prefix", "/admin"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("expect", "100-continue"),
            ("proxy-authorization", "Basic x"),
            ("via", "1.0 fred"),
            ("accept", "*/*"),
        ] {
            handed.append(name, value.parse().unwrap());
        }
        let forwarded = Forwarded {
            address: "192.0.2.7".parse().unwrap(),
            host: "api.example",
            https: false,
            via: "switchboard-1",
        };
        fields(&mut handed, &forwarded);
        let mut left: Vec<_> =
            handed.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        left.sort();
        assert_eq!(
            left,
            [
                "accept: */*",
                "via: 1.0 fred",
                "via: 1.1 switchboard-1",
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-host: api.example",
                "x-forwarded-proto: http",
            ]
        );
    }

    #[test]
    fn an_address_is_written_as_the_standard_library_writes_it() {
        for address in ["0.0.0.0", "127.0.0.1", "9.10.99.100", "101.199.200.255", "::1", "2001:db8::7"] {
            let address = address.parse().unwrap();
            assert_eq!(super::written(address), address.to_string());
        }
    }

    #[test]
    fn a_request_that_was_here_before_is_known_by_via() {
        for (via, seen) in [
            ("1.1 me", true),
            ("1.0 fred, HTTP/1.1 ME (switchboard)", true),
            ("1.1 fred , 1.1   me", true),
            ("1.1 mega", false),
            ("1.1 fred (me)", false),
            ("me", false),
        ] {
            let mut fields = HeaderMap::new();
            fields.append(VIA, "1.1 first".parse().unwrap());
            fields.append(VIA, via.parse().unwrap());
            assert_eq!(is_loop(&fields, "me"), seen, "{via}");
        }
    }
}
