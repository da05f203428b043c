//! What a terminal is shown: text without the controls that strangers may have put into it.
//!
//! Paths, bodies, names and notes come from outside, and a terminal obeys what it reads: titles, the clipboard, what was
//! written before. Line feeds, tabs and colours (ECMA-48 §8.3.117, SGR) pass; every other control of C0 and C1, and what
//! turns the direction of writing, stands there as its escape. Pipes and files get what is there.

use std::borrow::Cow;

/// The same bytes, fit for a terminal.
pub(super) fn shown(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = (0..bytes.len()).find(|at| stops(&bytes[*at..])) else { return Cow::Borrowed(bytes) };
    let mut out = bytes[..first].to_vec();
    let mut rest = &bytes[first..];
    while let [byte, tail @ ..] = rest {
        if !stops(rest) {
            let length = colour(rest).unwrap_or(1);
            out.extend_from_slice(&rest[..length]);
            rest = &rest[length..];
        } else if *byte < 0x80 {
            out.extend(format!("\\x{byte:02x}").bytes());
            rest = tail;
        } else {
            let length = if *byte == 0xc2 { 2 } else { 3 };
            let letter = str::from_utf8(&rest[..length]).ok().and_then(|text| text.chars().next());
            out.extend(letter.unwrap_or('\u{fffd}').escape_unicode().to_string().bytes());
            rest = &rest[length..];
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal must not read what begins here.
fn stops(bytes: &[u8]) -> bool {
    match bytes {
        [b'\n' | b'\t', ..] => false,
        [0x1b, ..] => colour(bytes).is_none(),
        [0..=0x1f | 0x7f, ..]
        // U+0080 to U+009F.
        | [0xc2, 0x80..=0x9f, ..]
        // U+202A to U+202E, U+2066 to U+2069.
        | [0xe2, 0x80, 0xaa..=0xae, ..]
        | [0xe2, 0x81, 0xa6..=0xa9, ..] => true,
        _ => false,
    }
}

/// The length of a colour that begins here.
fn colour(bytes: &[u8]) -> Option<usize> {
    let inside = bytes.strip_prefix(b"\x1b[")?;
    let length = inside.iter().take(16).take_while(|byte| matches!(byte, b'0'..=b'9' | b';')).count();
    // Hidden text (8) hides what somebody wants read.
    let hidden = inside[..length].split(|byte| *byte == b';').any(|word| word == b"8");
    (inside.get(length) == Some(&b'm') && !hidden).then_some(length + 3)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_terminal_obeys_nobody_else() {
        for (text, wanted) in [
            ("plain\tönd\n", "plain\tönd\n"),
            ("\x1b[1;31merror\x1b[0m: no", "\x1b[1;31merror\x1b[0m: no"),
            ("\x1b]0;PWNED\x07x", "\\x1b]0;PWNED\\x07x"),
            ("a\x1b[2Jb\x1b[", "a\\x1b[2Jb\\x1b["),
            ("x\u{9b}31m", "x\\u{9b}31m"),
            ("\x1b[8mgone\x1b[31;8m", "\\x1b[8mgone\\x1b[31;8m"),
            ("one\rtwo\x08\x7f\0", "one\\x0dtwo\\x08\\x7f\\x00"),
            ("a\u{202e}b\u{2066}c\u{2065}", "a\\u{202e}b\\u{2066}c\u{2065}"),
        ] {
            assert_eq!(String::from_utf8_lossy(&shown(text.as_bytes())), wanted);
        }
        assert_eq!(*shown(b"\xff\xe2\x80"), *b"\xff\xe2\x80", "what is no text is left");
        assert_eq!(*shown(b"\xc2"), *b"\xc2");
    }
}
