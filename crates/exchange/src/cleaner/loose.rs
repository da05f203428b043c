//! Secrets that stand loose in a text: `name=value`, `name: value`, a password within an address.

use super::{Cleaner, decoded};
use base64::Engine as _;
use std::borrow::Cow;

/// Hides what stands behind `name=`, or behind `name:` in quotes; with `lines` all of a line behind `name:`.
pub(super) fn loose(cleaner: &Cleaner<'_>, text: &str, lines: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while let Some(step) = bytes[at..].iter().position(|byte| matches!(byte, b'=' | b':')) {
        let mark = at + step;
        at = mark + 1;
        let before = text[from..mark].trim_end_matches(' ');
        let start = before
            .rfind(|letter| !is_of_name(letter))
            .map_or(0, |end| end + before[end..].chars().next().map_or(1, char::len_utf8));
        let name = &before[start..];
        if name.is_empty() || !cleaner.hides(&decoded(name)) {
            continue;
        }
        let rest = &text[at..];
        let length = match bytes[mark] {
            b'=' => value(rest),
            _ if lines => rest.find(['\r', '\n']).unwrap_or(rest.len()),
            _ if rest.trim_start_matches(' ').starts_with(['"', '\'']) => value(rest),
            _ => 0,
        };
        let value = rest[..length].trim_matches(' ');
        if value.is_empty() {
            continue;
        }
        let bare = value.trim_matches(['"', '\'']);
        out.push_str(&text[from..at]);
        let spaced = bytes[mark] == b':' && lines;
        out.push_str(if spaced { " " } else { "" });
        if bare.len() + 2 == value.len() && bytes[mark] == b'=' {
            // The quotes of an attribute stay.
            let quote = &value[..1];
            out.extend([quote, cleaner.hide(&decoded(bare)), quote]);
        } else {
            out.push_str(cleaner.hide(&decoded(bare)));
        }
        from = at + length;
        at = from;
    }
    out.push_str(&text[from..]);
    out
}

const fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '%' | '[' | ']' | '$')
}

/// How long the value at the start of `text` is: in quotes, or up to what ends it in addresses, headers and markup.
fn value(text: &str) -> usize {
    let spaces = text.len() - text.trim_start_matches(' ').len();
    let own = &text[spaces..];
    for quote in ["\\\"", "\"", "'"] {
        if let Some(inner) = own.strip_prefix(quote) {
            return spaces + inner.find(quote).map_or(own.len(), |end| end + 2 * quote.len());
        }
    }
    let ends =
        |letter: char| letter.is_whitespace() || matches!(letter, '&' | '"' | '\'' | '<' | '>' | '#' | '\\');
    // Behind a space nothing is a value but what is in quotes.
    if spaces > 0 { 0 } else { own.find(ends).unwrap_or(own.len()) }
}

/// Hides the password of addresses: `https://me:hush@host` (RFC 3986 §3.2.1).
pub(super) fn userinfo(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + 3);
        out.push_str(before);
        rest = after;
        let end = after
            .find(|letter: char| letter.is_whitespace() || matches!(letter, '/' | '?' | '#' | '"' | '<'));
        let authority = &after[..end.unwrap_or(after.len())];
        let own = authority.rsplit_once('@').and_then(|(own, _)| Some((own, own.split_once(':')?)));
        if let Some((own, (name, _))) = own {
            out.push_str(name);
            out.push_str(":***");
            rest = &after[own.len()..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The password within what follows `Basic` (RFC 7617 §2).
pub(super) fn password(token: &str) -> Option<String> {
    let pair = base64::prelude::BASE64_STANDARD.decode(token.trim()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{loose, userinfo};
    use crate::cleaner::tests::cleaner;

    #[test]
    fn what_stands_behind_a_name_is_hidden() {
        for (text, lines, expected) in [
            ("a token=x y", false, "a token=*** y"),
            ("password = \"a b\" c", false, "password =\"***\" c"),
            ("token: x y\nz", true, "token: ***\nz"),
            ("token: x y\nz", false, "token: x y\nz"),
            ("a=1&b=2", true, "a=1&b=2"),
            ("password=", true, "password="),
            ("é=1, pin='1'", false, "é=1, pin='***'"),
            ("tokens=5", false, "tokens=5"),
        ] {
            assert_eq!(loose(&cleaner(), text, lines), expected, "{text}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_hidden() {
        assert_eq!(userinfo("a http://b:c@d/e@f x://g:h@i"), "a http://b:***@d/e@f x://g:***@i");
        assert_eq!(userinfo("http://a.example:80/b:c@d"), "http://a.example:80/b:c@d");
    }
}
