//! What of a body is secret by its name: members of JSON, pairs of a form, parts, elements of XML.
//!
//! Only values are learnt, to be hidden wherever they come back; the body itself is shown without them.

use super::{is_secret_member, is_secret_name};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A body this long is not looked into: nobody types a password into it.
const LARGEST: usize = 1024 * 1024;

/// The secret values of a body of this media type; `hides` says more names that are secret.
pub(super) fn secrets(media: &str, body: &[u8], hides: &dyn Fn(&str) -> bool) -> Vec<String> {
    let Some(text) = std::str::from_utf8(body).ok().filter(|text| text.len() <= LARGEST) else {
        return Vec::new();
    };
    let is_secret = |name: &str| is_secret_member(name) || hides(name);
    let mut found = Vec::new();
    if media == "application/x-www-form-urlencoded" {
        pairs(text, hides, &mut found);
    } else if media.starts_with("multipart/") {
        parts(text, &is_secret, &mut found);
    } else if media.ends_with("/xml") || media.ends_with("+xml") {
        elements(text, &is_secret, &mut found);
    } else if let Ok(value) = serde_json::from_str::<Value>(text) {
        members(&value, false, &is_secret, &mut found);
    }
    found
}

fn members(value: &Value, secret: bool, is_secret: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    match value {
        Value::Object(all) => {
            all.iter().for_each(|(name, value)| members(value, secret || is_secret(name), is_secret, found));
        }
        Value::Array(all) => all.iter().for_each(|value| members(value, secret, is_secret, found)),
        Value::String(text) if secret => found.push(text.clone()),
        Value::Number(number) if secret => found.push(number.to_string()),
        _ => {}
    }
}

/// `a=b` pairs as forms and queries have them.
pub(super) fn pairs(text: &str, hides: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    let plain = |coded: &str| percent_decode_str(&coded.replace('+', " ")).decode_utf8_lossy().into_owned();
    for pair in text.split('&') {
        if let Some((name, value)) = pair.split_once('=')
            && (is_secret_name(&plain(name)) || hides(&plain(name)))
        {
            found.push(value.to_owned());
            found.push(plain(value));
        }
    }
}

/// Parts whose name says so (RFC 7578 §4.2).
fn parts(text: &str, is_secret: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    for part in text.split("\r\n--") {
        let Some((head, value)) = part.split_once("\r\n\r\n") else { continue };
        let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split('"').next());
        if name.is_some_and(is_secret) {
            found.push(value.to_owned());
        }
    }
}

/// Elements and attributes whose name says so; nothing is parsed: what looks like one is one.
fn elements(text: &str, is_secret: &dyn Fn(&str) -> bool, found: &mut Vec<String>) {
    let plain = |text: &str| {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&apos;", "'").replace("&#39;", "'").replace("&amp;", "&")
    };
    for piece in text.split('<').skip(1) {
        let Some((tag, value)) = piece.split_once('>') else { continue };
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        if is_secret(name.rsplit(':').next().unwrap_or_default()) && !value.trim().is_empty() {
            found.push(plain(value.trim()));
        }
        for (at, _) in tag.match_indices('=') {
            let name = tag[..at].trim_end().rsplit([' ', '\t', '\n', ':']).next().unwrap_or_default();
            let rest = tag[at + 1..].trim_start();
            let quote = rest.chars().next().filter(|letter| "\"'".contains(*letter));
            if let Some(quote) = quote.filter(|_| is_secret(name))
                && let Some(value) = rest[1..].split(quote).next()
            {
                found.push(plain(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::secrets;

    #[test]
    fn secrets_are_found_by_name_in_every_kind_of_body() {
        for (media, body, expected) in [
            ("application/json", r#"{"user":"ada","password":"p-1","in":[{"apiKey":7}]}"#, &["p-1", "7"][..]),
            ("application/json", r#"{"token":{"access":"t-1"}}"#, &["t-1"]),
            ("application/x-www-form-urlencoded", "a=1&client%5Fsecret=a%2Fb+c", &["a%2Fb+c", "a/b c"]),
            (
                "multipart/form-data; boundary=x",
                "--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\np-2\r\n--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--x--\r\n",
                &["p-2"],
            ),
            (
                "application/xml",
                "<o><n>x</n><s:password type=\"text\">a&amp;b</s:password><k apiKey='k-1'/></o>",
                &["a&b", "k-1"],
            ),
            ("text/plain", "password=x", &[]),
            ("application/xml", "<", &[]),
        ] {
            assert_eq!(
                secrets(&super::super::media::essence(media), body.as_bytes(), &|_| false),
                expected,
                "{body}"
            );
        }
    }
}
