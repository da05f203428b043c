//! AWS Signature Version 4: a signature over method, path, query, some fields and the body, by a key of the day.
//!
//! Source: AWS, "Create a signed AWS API request" (canonical request, string to sign, signing key). Absent: chunked
//! signing; a body that streams is signed as `UNSIGNED-PAYLOAD`, which S3 takes over TLS.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use board::SigV4;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::time::SystemTime;

const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const SEGMENT: &AsciiSet = &ENCODED.remove(b'/');
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SHA: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// The hash of a body that is signed, as hexadecimal digits; `None`: it streams.
pub(crate) fn body_hash(body: Option<&[u8]>) -> String {
    body.map_or_else(|| "UNSIGNED-PAYLOAD".to_owned(), |bytes| hex::encode(digest(&SHA256, bytes).as_ref()))
}

/// What is signed besides fields.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) method: &'a str,
    /// Path as it stands in the request line.
    pub(crate) path: &'a str,
    /// Query without `?`.
    pub(crate) query: &'a str,
    /// From [`body_hash`].
    pub(crate) body: &'a str,
    /// The host, where no field has it: HTTP/2 says it as `:authority` (RFC 9113 §8.3.1).
    pub(crate) host: Option<&'a str>,
}

/// Signs: sets the date, the token and `Authorization` in `fields`, which have their `Host` already where HTTP/1.1 is spoken.
///
/// # Errors
/// In words: something that cannot stand in a field.
pub(crate) fn sign(
    sigv4: &SigV4,
    secret: &str,
    target: Target<'_>,
    fields: &mut HeaderMap,
    now: SystemTime,
) -> Result<(), String> {
    let bad = |_| "the credential for AWS cannot be put into a field".to_owned();
    let moment = stamp(now);
    let day = &moment[..8];
    fields.insert(DATE, HeaderValue::from_str(&moment).map_err(bad)?);
    if sigv4.service == "s3" {
        fields.insert(SHA, HeaderValue::from_str(target.body).map_err(bad)?);
    }
    if let Some(session) = &sigv4.session {
        let mut value = HeaderValue::from_str(session.reveal()).map_err(bad)?;
        value.set_sensitive(true);
        fields.insert(TOKEN, value);
    }
    let (names, canonical) = canonical_fields(fields, target.host);
    let request = format!(
        "{}\n{}\n{}\n{canonical}\n{names}\n{}",
        target.method,
        canonical_path(target.path, sigv4.service == "s3"),
        canonical_query(target.query),
        target.body
    );
    let range = format!("{day}/{}/{}/aws4_request", sigv4.region, sigv4.service);
    let hash = hex::encode(digest(&SHA256, request.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{range}\n{hash}");
    let mut key = mac(format!("AWS4{secret}").as_bytes(), day);
    for part in [sigv4.region.as_str(), sigv4.service.as_str(), "aws4_request"] {
        key = mac(key.as_ref(), part);
    }
    let signature = hex::encode(mac(key.as_ref(), &text).as_ref());
    let id = sigv4.key_id.reveal();
    let said =
        format!("AWS4-HMAC-SHA256 Credential={id}/{range}, SignedHeaders={names}, Signature={signature}");
    let mut value = HeaderValue::from_str(&said).map_err(bad)?;
    value.set_sensitive(true);
    fields.insert(AUTHORIZATION, value);
    Ok(())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

/// `20150830T123600Z`.
fn stamp(now: SystemTime) -> String {
    let day = |name: &str| {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        months.iter().position(|month| *month == name).map_or(0, |at| at + 1)
    };
    // Sun, 30 Aug 2015 12:36:00 GMT
    let date = httpdate::fmt_http_date(now);
    let words: Vec<&str> = date.split([' ', ':']).collect();
    let [_, date, month, year, hour, minute, second, _] = words.as_slice() else { return "0".repeat(16) };
    format!("{year}{:02}{date}T{hour}{minute}{second}Z", day(month))
}

/// `host`, `content-type` and all `x-amz-…`: what is signed, by name; others may change on the way.
fn canonical_fields(fields: &HeaderMap, host: Option<&str>) -> (String, String) {
    let mut all: Vec<(&str, String)> = fields
        .keys()
        .filter(|name| **name == HOST || **name == CONTENT_TYPE || name.as_str().starts_with("x-amz-"))
        .map(|name| {
            let values = fields.get_all(name).iter().map(|value| {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
            });
            (name.as_str(), values.collect::<Vec<_>>().join(","))
        })
        .collect();
    if let Some(host) = host.filter(|_| !fields.contains_key(HOST)) {
        all.push((HOST.as_str(), host.to_owned()));
    }
    all.sort_unstable();
    let names = all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines = all.iter().flat_map(|(name, value)| [name, ":", value, "\n"]).collect();
    (names, lines)
}

/// Everywhere but at S3 the path that is sent is encoded once more, without `.`, `..` and empty segments.
fn canonical_path(path: &str, as_it_is: bool) -> String {
    if as_it_is {
        return path.to_owned();
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    let end = if path.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    utf8_percent_encode(&format!("/{}{end}", kept.join("/")), SEGMENT).to_string()
}

fn canonical_query(query: &str) -> String {
    let coded = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encoding::percent_encode(&bytes, ENCODED).to_string()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (coded(name), coded(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::{Target, body_hash, sign};
    use board::SigV4;
    use exchange::Secret;
    use http::HeaderMap;
    use http::header::AUTHORIZATION;
    use std::time::{Duration, SystemTime};

    /// AWS's published test suite, `aws-sig-v4-test-suite`: its credential, region, service and moment.
    #[test]
    fn the_published_vectors_come_out() {
        let sigv4 = SigV4 {
            region: "us-east-1".to_owned(),
            service: "service".to_owned(),
            key_id: Secret::new("AKIDEXAMPLE"),
            session: None,
        };
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160); // 20150830T123600Z
        for (name, method, path, query, media, body, signature) in [
            (
                "get-vanilla",
                "GET",
                "/",
                "",
                None,
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-vanilla",
                "POST",
                "/",
                "",
                None,
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                "get-vanilla-query-order-key-case",
                "GET",
                "/",
                "Param2=value2&Param1=value1",
                None,
                "",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                "get-unreserved",
                "GET",
                "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                "",
                None,
                "",
                "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            ),
            (
                "get-relative",
                "GET",
                "/example/..",
                "",
                None,
                "",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                "post-x-www-form-urlencoded",
                "POST",
                "/",
                "",
                Some("application/x-www-form-urlencoded"),
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            let mut fields = HeaderMap::new();
            fields.insert("host", "example.amazonaws.com".parse().unwrap());
            if let Some(media) = media {
                fields.insert("content-type", media.parse().unwrap());
            }
            let body = body_hash(Some(body.as_bytes()));
            let target = Target { method, path, query, body: &body, host: None };
            sign(&sigv4, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", target, &mut fields, now).unwrap();
            let said = fields[AUTHORIZATION].to_str().unwrap();
            assert!(said.ends_with(&format!("Signature={signature}")), "{name}: {said}");
            // HTTP/2 has no such field, and the signature is the same.
            let mut two = HeaderMap::new();
            two.extend(
                fields
                    .iter()
                    .filter(|(name, _)| *name == "content-type")
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
            let target = Target { host: Some("example.amazonaws.com"), ..target };
            sign(&sigv4, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", target, &mut two, now).unwrap();
            assert_eq!(two[AUTHORIZATION], fields[AUTHORIZATION], "{name}");
            assert!(
                said.contains("Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"),
                "{said}"
            );
        }
    }
}
