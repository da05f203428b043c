//! A key in a request: where it is found, and how every trace of it is removed.
//!
//! Source: RFC 6750 §2.1; RFC 6265 §4.2.1 (`Cookie`); WHATWG URL, `application/x-www-form-urlencoded` (query).

use crate::wire::Head;
use board::KeyPlace;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Keys that are not the same were sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Different;

/// The key that was sent in any of the places.
pub(crate) fn find<'h>(places: &[KeyPlace], head: &'h Head) -> Result<Option<Cow<'h, str>>, Different> {
    let mut found: Option<Cow<'h, str>> = None;
    let mut note = |key: Cow<'h, str>| match &found {
        _ if key.is_empty() => Ok(()),
        Some(known) if *known != key => Err(Different),
        Some(_) => Ok(()),
        None => {
            found = Some(key);
            Ok(())
        }
    };
    for place in places {
        match place {
            KeyPlace::Bearer => {
                for value in head.fields.get_all(AUTHORIZATION) {
                    if let Some(token) = value.to_str().ok().and_then(bearer) {
                        note(token.into())?;
                    }
                }
            }
            KeyPlace::Header(name) => {
                for value in head.fields.get_all(name) {
                    // A value that is no text is no key, and must not pass for none.
                    note(value.to_str().map_or(Cow::Borrowed("?"), |text| text.trim().into()))?;
                }
            }
            KeyPlace::Query(name) => {
                for (_, value) in pairs(head.query().unwrap_or_default()).filter(|(known, _)| known == name) {
                    note(value)?;
                }
            }
            KeyPlace::Cookie(name) => {
                for (known, value) in head
                    .fields
                    .get_all(COOKIE)
                    .iter()
                    .filter_map(|value| value.to_str().ok())
                    .flat_map(cookies)
                {
                    if known == name {
                        note(value.into())?;
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Removes every place where a key is taken; gives the query that is left.
pub(crate) fn strip(places: &[KeyPlace], fields: &mut HeaderMap, query: Option<&str>) -> Option<String> {
    let mut query = query.map(str::to_owned);
    for place in places {
        match place {
            KeyPlace::Bearer => {
                fields.remove(AUTHORIZATION);
            }
            KeyPlace::Header(name) => {
                fields.remove(name);
            }
            KeyPlace::Query(name) => {
                let left = query.as_deref().map(|query| {
                    let kept = query
                        .split('&')
                        .filter(|pair| decoded(pair.split('=').next().unwrap_or(pair)) != *name);
                    kept.collect::<Vec<_>>().join("&")
                });
                query = left.filter(|query| !query.is_empty());
            }
            KeyPlace::Cookie(name) => strip_cookies(fields, |known| known == name.as_bytes()),
        }
    }
    query
}

/// Cookies of the console begin so, whatever its port. A browser sends them to every port of a host.
const CONSOLE: &[u8] = b"switchboard_console_";

/// Removes the console's session: whoever holds it may read every record.
pub(crate) fn strip_console(fields: &mut HeaderMap) {
    let there = |value: &HeaderValue| value.as_bytes().windows(CONSOLE.len()).any(|part| part == CONSOLE);
    if fields.get_all(COOKIE).iter().any(there) {
        strip_cookies(fields, |name| name.starts_with(CONSOLE));
    }
}

/// Removes cookies by name. In bytes: one letter that is no ASCII must not hide the others.
fn strip_cookies(fields: &mut HeaderMap, goes: impl Fn(&[u8]) -> bool) {
    let kept: Vec<HeaderValue> = fields
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| {
            let left: Vec<&[u8]> = value
                .as_bytes()
                .split(|byte| *byte == b';')
                .map(<[u8]>::trim_ascii)
                .filter(|pair| {
                    let name = pair.split(|byte| *byte == b'=').next().unwrap_or(pair);
                    !pair.is_empty() && !goes(name.trim_ascii())
                })
                .collect();
            (!left.is_empty()).then(|| HeaderValue::from_bytes(&left.join(&b"; "[..])).ok()).flatten()
        })
        .collect();
    fields.remove(COOKIE);
    for value in kept {
        fields.append(COOKIE, value);
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.trim().split_once(' ')?;
    // RFC 9110 §11.1: the scheme is compared without case.
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookies(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(';').filter_map(|pair| pair.split_once('=')).map(|(name, value)| (name.trim(), value.trim()))
}

fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains(['%', '+']) {
        let spaced = text.replace('+', " ");
        Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::{Different, find, strip, strip_console};
    use crate::wire::Head;
    use board::KeyPlace;
    use http::{HeaderMap, Method, Version};

    fn places() -> Vec<KeyPlace> {
        vec![
            KeyPlace::Bearer,
            KeyPlace::Header("x-api-key".parse().unwrap()),
            KeyPlace::Query("key".into()),
            KeyPlace::Cookie("sid".into()),
        ]
    }

    fn head(target: &str, fields: &[(&'static str, &str)]) -> Head {
        let mut map = HeaderMap::new();
        map.append("host", "a.example".parse().unwrap());
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        Head::read(Method::GET, target.parse().unwrap(), Version::HTTP_11, map)
    }

    #[test]
    fn a_key_is_found_in_each_place() {
        for (target, fields, expected) in [
            ("/", &[("authorization", "bearer K1")][..], Ok(Some("K1"))),
            ("/", &[("x-api-key", " K1 ")][..], Ok(Some("K1"))),
            ("/?a=1&key=K%31", &[][..], Ok(Some("K1"))),
            ("/?k%65y=K1", &[][..], Ok(Some("K1"))),
            ("/", &[("cookie", "a=b; sid=K1")][..], Ok(Some("K1"))),
            ("/", &[("authorization", "Basic K1")][..], Ok(None)),
            ("/", &[("authorization", "Bearer K1"), ("x-api-key", "K1")][..], Ok(Some("K1"))),
            ("/", &[("authorization", "Bearer K1"), ("x-api-key", "K2")][..], Err(Different)),
            ("/?key=K1&key=K2", &[][..], Err(Different)),
            ("/?key=", &[][..], Ok(None)),
        ] {
            let head = head(target, fields);
            let found = find(&places(), &head);
            assert_eq!(
                found.as_ref().map(|key| key.as_deref()),
                expected.as_ref().copied(),
                "{target} {fields:?}"
            );
        }
    }

    #[test]
    fn nothing_of_a_key_is_left() {
        let mut head = head(
            "/?b=2&key=K&k%65y=K&c",
            &[
                ("authorization", "Bearer K"),
                ("x-api-key", "K"),
                ("cookie", "a=b; sid=K"),
                ("cookie", "sid=K"),
            ],
        );
        let query = head.query().map(str::to_owned);
        let left = strip(&places(), &mut head.fields, query.as_deref());
        assert_eq!(left.as_deref(), Some("b=2&c"));
        assert_eq!(head.fields.len(), 2, "{:?}", head.fields);
        assert_eq!(head.fields["cookie"], "a=b");
    }

    #[test]
    fn a_cookie_that_is_no_ascii_hides_no_key() {
        let mut fields = HeaderMap::new();
        fields.append("cookie", http::HeaderValue::from_bytes(b"a=\xff; sid=K").unwrap());
        strip(&places(), &mut fields, None);
        assert_eq!(fields["cookie"].as_bytes(), b"a=\xff");
    }

    #[test]
    fn the_session_of_the_console_is_nobody_elses() {
        for (sent, left) in [
            ("switchboard_console_8088=S; a=b", Some("a=b")),
            ("a=b;switchboard_console_1=S;switchboard_console_2=T", Some("a=b")),
            ("switchboard_console_8088=S", None),
            ("a=switchboard_console_8088;  c=d", Some("a=switchboard_console_8088; c=d")),
        ] {
            let mut fields = HeaderMap::new();
            fields.append("cookie", sent.parse().unwrap());
            strip_console(&mut fields);
            assert_eq!(fields.get("cookie").map(|value| value.to_str().unwrap()), left, "{sent}");
        }
    }
}
