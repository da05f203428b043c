//! Cutting a body at its boundaries.
//!
//! Source: RFC 2046 §5.1.1. Readers differ in what they take for a delimiter; a body that could be cut in
//! two ways (a bare line feed before it, anything behind it) is refused, so that what is checked is
//! what the provider reads.

use super::disposition::{self, Disposition};
use super::{LONGEST_HEAD, MOST_PARTS};
use crate::Got;
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

/// One part.
#[derive(Debug)]
pub(super) struct Piece<'b> {
    pub(super) said: Disposition,
    pub(super) fields: HeaderMap,
    pub(super) content: &'b [u8],
    /// Where its content begins in the body.
    pub(super) byte: usize,
}

/// Why a body cannot be cut.
#[derive(Debug, PartialEq)]
pub(super) struct Uncut {
    pub(super) code: &'static str,
    pub(super) expected: &'static str,
    pub(super) got: Got,
    pub(super) byte: usize,
}

fn uncut(expected: &'static str, got: &'static str, byte: usize) -> Uncut {
    Uncut { code: "syntax", expected, got: Got::Kind(got), byte }
}

/// The parts between the delimiters.
pub(super) fn cut<'b>(bytes: &'b [u8], boundary: &str) -> Result<Vec<Piece<'b>>, Uncut> {
    let dashed = format!("--{boundary}");
    let mut pieces = Vec::new();
    // Where the part under way begins; none yet in the preamble.
    let mut open: Option<usize> = None;
    let mut closed = false;
    for at in memmem::find_iter(bytes, dashed.as_bytes()) {
        let before = &bytes[..at];
        if !before.is_empty() && !before.ends_with(b"\r\n") {
            if before.ends_with(b"\n") || before.ends_with(b"\r") {
                return Err(uncut("a line end of CR and LF before a boundary", "another one", at));
            }
            continue;
        }
        if closed {
            return Err(uncut("nothing after the last boundary", "another one", at));
        }
        if let Some(start) = open {
            // The line end before a delimiter belongs to it; a part may be as short as that line end.
            let end = at.saturating_sub(2).max(start);
            if pieces.len() >= MOST_PARTS {
                let got = Got::Kind("more");
                return Err(Uncut { code: "size", expected: "at most 1000 parts", got, byte: at });
            }
            pieces.push(piece(bytes, start, end)?);
        }
        let rest = &bytes[at + dashed.len()..];
        if rest.starts_with(b"--") {
            closed = true;
            continue;
        }
        let padding = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if !rest[padding..].starts_with(b"\r\n") {
            return Err(uncut("a line end after a boundary", "something else", at + dashed.len() + padding));
        }
        open = Some(at + dashed.len() + padding + 2);
    }
    if !closed {
        let got = if open.is_some() { "no end of the last part" } else { "none of its boundaries" };
        return Err(uncut("parts between boundaries, and one that ends them", got, bytes.len()));
    }
    Ok(pieces)
}

fn piece(bytes: &[u8], start: usize, end: usize) -> Result<Piece<'_>, Uncut> {
    let whole = &bytes[start..end];
    let (head, byte) = if whole.starts_with(b"\r\n") {
        (&whole[..0], start + 2)
    } else {
        let within = &whole[..whole.len().min(LONGEST_HEAD)];
        match memmem::find(within, b"\r\n\r\n") {
            Some(at) => (&whole[..at], start + at + 4),
            None if whole.len() > within.len() => {
                let got = Got::Kind("a longer one");
                return Err(Uncut {
                    code: "size",
                    expected: "a part's head of at most 16 KiB",
                    got,
                    byte: start,
                });
            }
            // Nothing but a head.
            None => return Err(uncut("an empty line after a part's head", "none", start)),
        }
    };
    let fields = fields(head).ok_or_else(|| uncut("header fields of a part", "something else", start))?;
    let said = disposition::read(&fields)
        .ok_or_else(|| uncut("a Content-Disposition with one name", "something else", start))?;
    Ok(Piece { said, fields, content: &bytes[byte..end], byte })
}

fn fields(head: &[u8]) -> Option<HeaderMap> {
    let mut fields = HeaderMap::new();
    let text = std::str::from_utf8(head).ok()?;
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        let value = HeaderValue::from_bytes(value.trim_matches([' ', '\t']).as_bytes()).ok()?;
        fields.append(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(fields)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_body_is_cut_at_its_boundaries_and_nowhere_else() {
        let check = |body: &str, expected: Result<&[&str], usize>| {
            let found = cut(body.as_bytes(), "B").map_err(|uncut| uncut.byte);
            let found = found.map(|all| {
                let text = |content| std::str::from_utf8(content).unwrap();
                all.iter().map(|piece| text(piece.content)).collect::<Vec<_>>()
            });
            assert_eq!(found, expected.map(<[&str]>::to_vec), "{body:?}");
        };
        check("--B\r\n\r\n1\r\n--B\r\nA: b\r\n\r\n2\r\n\r\n--B--\r\n", Ok(&["1", "2\r\n"]));
        check("before\r\n--B \t\r\n\r\n\r\n--B--after", Ok(&[""]));
        check("--B\r\n\r\nx--By\r\n--B--", Ok(&["x--By"]));
        check("--B--", Ok(&[]));
        check("", Err(0));
        check("--B\r\n\r\n1", Err(8));
        check("--B\r\n\r\n1\n--B--", Err(9));
        check("--B\r\n\r\n1\r\n--Bx\r\n--B--", Err(13));
        check("--B\r\n\r\n1\r\n--B--\r\n--B\r\n", Err(17));
        check("--B\r\nA: b\r\n--B--", Err(5));
        check("--B\r\nA b\r\n\r\n--B--", Err(5));
        check("--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n--B--", Err(5));
        let long = format!("--B\r\nA: {}\r\n\r\n\r\n--B--", "x".repeat(17 << 10));
        check(&long, Err(5));
        let many = "--B\r\n\r\n\r\n".repeat(1001) + "--B--";
        assert_eq!(cut(many.as_bytes(), "B").unwrap_err().code, "size");
    }
}
