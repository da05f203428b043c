//! The forms in which a secret travels: what a redactor looks for.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in an address: all that is not unreserved (RFC 3986 §2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What is encoded in `application/x-www-form-urlencoded` (WHATWG URL), a space aside.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// A secret in every form it is sent or written in; most are the text itself.
pub(super) fn forms(text: &str) -> Vec<String> {
    let (coded, of_url) = (BASE64_STANDARD.encode(text), BASE64_URL_SAFE.encode(text));
    let bare = |coded: &str| coded.trim_end_matches('=').to_owned();
    let percent = |kept| utf8_percent_encode(text, kept).to_string();
    let usual = percent(UNRESERVED);
    let mut all = vec![
        text.to_owned(),
        bare(&coded),
        bare(&of_url),
        coded,
        of_url,
        // `application/x-www-form-urlencoded` writes a space as a plus, and some encode all but letters.
        usual.replace("%20", "+"),
        percent(FORM).replace("%20", "+"),
        lower(&usual),
        percent(NON_ALPHANUMERIC),
        usual,
        json(text, |letter| letter == '/' || !letter.is_ascii()),
        json(text, |letter| "<>&'".contains(letter) || !letter.is_ascii()),
        json(text, |letter| "<>&".contains(letter)),
        json(text, |letter| letter == '/'),
        json(text, |letter| !letter.is_ascii()),
        json(text, |_| false),
        xml(text, "&quot;", "'"),
        xml(text, "&quot;", "&#39;"),
        xml(text, "&quot;", "&apos;"),
        xml(text, "\"", "'"),
    ];
    if text.len() >= WITHIN {
        all.extend((0..3).flat_map(|before| {
            [within(text, before, &BASE64_STANDARD), within(text, before, &BASE64_URL_SAFE)]
        }));
    }
    all.sort_unstable();
    all.dedup();
    all.retain(|form| form.len() >= super::Redactor::SHORTEST);
    all
}

/// From this length on a secret is looked for within base64 of something longer.
const WITHIN: usize = 8;

/// The letters of base64 that a secret alone decides, when so many bytes (of three) stand before it: `Basic` has a name there.
fn within(text: &str, before: usize, engine: &impl base64::Engine) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let coded = engine.encode(&bytes);
    // Six bits a letter: those that share a bit with what stands around are not known.
    let (from, to) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    coded.get(from..to).unwrap_or_default().to_owned()
}

/// Percent-encoded text with small hexadecimal digits: equal by RFC 3986 §6.2.2.1.
fn lower(percent: &str) -> String {
    let mut out = String::with_capacity(percent.len());
    let mut digits = 0;
    for letter in percent.chars() {
        digits = if letter == '%' { 3_u8 } else { digits };
        out.push(if digits > 0 { letter.to_ascii_lowercase() } else { letter });
        digits = digits.saturating_sub(1);
    }
    out
}

/// As it stands inside a JSON string (RFC 8259 §7); some writers escape more than they must.
fn json(text: &str, more: impl Fn(char) -> bool) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '/' if more('/') => out.push_str("\\/"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if u32::from(letter) < 0x20 || more(letter) => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            letter => out.push(letter),
        }
    }
    out
}

/// As it stands in XML or HTML (XML 1.0 §2.4).
fn xml(text: &str, quote: &str, apostrophe: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', quote).replace('\'', apostrophe)
}
