//! A normalised path: what is matched, authorised, limited, logged and forwarded is the same bytes.
//!
//! Source: RFC 3986 §6.2.2 (case, percent-encoding, dot segments), §5.2.4, §2.2, §3.3. Refused instead of
//! guessed: what two readers could understand differently.

use std::fmt;

/// A path that went through [`NormalPath::parse`] exactly once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NormalPath(String);

/// Why a path is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with `/`.
    #[error("a path begins with `/`")]
    NoSlash,
    /// A percent sign is not followed by two hexadecimal digits.
    #[error("`%` is not followed by two hexadecimal digits")]
    Percent,
    /// A control character, a space, a backslash or another byte that has to be encoded.
    #[error("a character in it has to be percent-encoded")]
    RawByte,
    /// An encoded zero byte or control character.
    #[error("an encoded control character is not passed on")]
    Control,
    /// An encoded `/`, `\`, `;`, `?` or `#`: a provider may read it as a delimiter.
    #[error("an encoded `/`, `\\`, `;`, `?` or `#` is not passed on")]
    Delimiter,
    /// `..` climbs above the root.
    #[error("`..` climbs above the root")]
    AboveRoot,
    /// Longer than 8 KiB.
    #[error("it is longer than 8 KiB")]
    TooLong,
}

impl NormalPath {
    /// The longest path that is looked at, in bytes.
    pub const LONGEST: usize = 8 * 1024;

    /// Normalises a path (without query), or says why it is not passed on.
    pub fn parse(path: &str) -> Result<Self, PathError> {
        if path.len() > Self::LONGEST {
            return Err(PathError::TooLong);
        }
        if !path.starts_with('/') {
            return Err(PathError::NoSlash);
        }
        if is_normal(path) {
            return Ok(Self(path.to_owned()));
        }
        let encoded = encoding(path)?;
        dots(&encoded).map(Self)
    }

    /// The path, percent-encoded, beginning with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path with encoded delimiters of a segment decoded (`%3A` is `:`), where it has any.
    ///
    /// RFC 3986 §2.2: not equal to this path, so it is not what is handed on; but many providers decode
    /// before they match, and to them it is. Whoever lets a path pass by a template asks about both.
    pub fn decoded_by_others(&self) -> Option<Self> {
        if !self.0.contains('%') {
            return None;
        }
        let mut out = String::with_capacity(self.0.len());
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let value = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            match value {
                Some(byte) if b"!$&'()*+,=:@".contains(&byte) => {
                    out.push(char::from(byte));
                    rest = &after[2..];
                }
                _ => {
                    out.push('%');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        (out != self.0).then_some(Self(out))
    }

    /// What follows `prefix` if that is a prefix of whole segments; begins with `/` or is `/`.
    ///
    /// `prefix` is normalised and has no slash at its end; `/v1` is a prefix of `/v1` and `/v1/x`, not of `/v10`.
    pub fn below<'p>(&'p self, prefix: &str) -> Option<&'p str> {
        match self.0.strip_prefix(prefix)? {
            "" => Some("/"),
            rest if rest.starts_with('/') => Some(rest),
            _ => None,
        }
    }
}

impl fmt::Display for NormalPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Whether it certainly is what normalising it would give: plain letters, and no segment begins with a dot.
fn is_normal(path: &str) -> bool {
    let mut last = 0;
    path.bytes().all(|byte| {
        let plain = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' | b'/' => true,
            b'.' => last != b'/',
            _ => false,
        };
        last = byte;
        plain
    })
}

/// Upper-case hexadecimal digits, unreserved characters decoded; refuses what must not pass.
fn encoding(path: &str) -> Result<String, PathError> {
    let bytes = path.as_bytes();
    let mut out = String::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            // RFC 3986 §3.3: pchar and `/`; everything else has to be encoded.
            if !(byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte)) {
                return Err(PathError::RawByte);
            }
            out.push(char::from(byte));
            at += 1;
            continue;
        }
        let digits = bytes.get(at + 1..at + 3).ok_or(PathError::Percent)?;
        let value = hex(digits[0]).zip(hex(digits[1])).map(|(high, low)| high * 16 + low);
        match value.ok_or(PathError::Percent)? {
            0..=0x1f | 0x7f => return Err(PathError::Control),
            b'/' | b'\\' | b';' | b'?' | b'#' => return Err(PathError::Delimiter), // RFC 3986 §2.2: not equal to the bare one
            // RFC 3986 §6.2.2.2: only unreserved characters are decoded.
            plain if plain.is_ascii_alphanumeric() || b"-._~".contains(&plain) => out.push(char::from(plain)),
            _ => {
                out.push('%');
                // RFC 3986 §6.2.2.1: upper-case digits.
                out.extend(digits.iter().map(|digit| char::from(digit.to_ascii_uppercase())));
            }
        }
        at += 3;
    }
    Ok(out)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Removes dot segments once (RFC 3986 §5.2.4); empty segments stay (§3.3).
fn dots(path: &str) -> Result<String, PathError> {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." if last => kept.push(""),
            "." => {}
            ".." => {
                kept.pop().ok_or(PathError::AboveRoot)?;
                if last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    Ok(format!("/{}", kept.join("/")))
}

#[cfg(test)]
mod tests {
    use super::{NormalPath, PathError};

    fn check(path: &str, expected: Result<&str, PathError>) {
        assert_eq!(
            NormalPath::parse(path).as_ref().map(NormalPath::as_str),
            expected.as_ref().copied(),
            "{path}"
        );
    }

    #[test]
    fn the_short_way_gives_what_the_long_way_gives() {
        for path in [
            "/", "/a/b", "/a//b/", "/a.b/c.d", "/a/.", "/./a", "/a/..", "/.a", "/a/b.", "/~-_", "/a..b",
            "/a%41", "/a b",
        ] {
            let long = super::encoding(path).and_then(|path| super::dots(&path));
            assert!(!super::is_normal(path) || long.as_deref() == Ok(path), "{path}");
            assert_eq!(NormalPath::parse(path), long.map(NormalPath), "{path}");
        }
        assert!(super::is_normal("/a.b/c") && !super::is_normal("/.a"));
    }

    #[test]
    fn equal_paths_become_equal_bytes() {
        check("/a%2d%7Eb", Ok("/a-~b"));
        check("/caf%c3%a9", Ok("/caf%C3%A9"));
        check("/a/./b/../c", Ok("/a/c"));
        check("/a/b/..", Ok("/a/"));
        check("/a//b/", Ok("/a//b/"));
        check("/api%2e%2e/x", Ok("/api../x"));
        check("/a/%2e%2E/b", Ok("/b"));
        check("/", Ok("/"));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        check("/a%2Fb", Err(PathError::Delimiter));
        check("/a%5cb", Err(PathError::Delimiter));
        check("/a\\b", Err(PathError::RawByte));
        check("/a%00", Err(PathError::Control));
        check("/a b", Err(PathError::RawByte));
        check("/a%zz", Err(PathError::Percent));
        check("/a%2", Err(PathError::Percent));
        check("/..", Err(PathError::AboveRoot));
        check("/%2e%2e/etc", Err(PathError::AboveRoot));
        check("a", Err(PathError::NoSlash));
        check("/ä", Err(PathError::RawByte));
    }

    #[test]
    fn what_others_decode_is_known() {
        for (path, expected) in [
            ("/orders/1:export", None),
            ("/orders/1%3aexport", Some("/orders/1:export")),
            ("/a%2Cb/%25/%C3%A9%40", Some("/a,b/%25/%C3%A9@")),
            ("/%253A", None),
        ] {
            let other = NormalPath::parse(path).unwrap().decoded_by_others();
            assert_eq!(other.as_ref().map(NormalPath::as_str), expected, "{path}");
        }
    }

    #[test]
    fn normalising_twice_changes_nothing() {
        for path in ["/a%2525", "/%41%2E", "/x/../y/./z"] {
            let once = NormalPath::parse(path).unwrap();
            assert_eq!(NormalPath::parse(once.as_str()).unwrap(), once);
        }
    }

    #[test]
    fn a_prefix_is_whole_segments() {
        let path = NormalPath::parse("/v1/orders").unwrap();
        assert_eq!(path.below("/v1"), Some("/orders"));
        assert_eq!(path.below("/v1/orders"), Some("/"));
        assert_eq!(path.below("/v"), None);
        assert_eq!(path.below(""), Some("/v1/orders"));
    }
}
