//! Positions in a text: bytes for machines, line and column for people.

/// A stretch of a text, in bytes: `start` included, `end` not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Where a person looks: line and column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Line and column of byte `byte` of `text`; a byte past the end gives the end.
pub fn place_of(text: &str, byte: usize) -> Place {
    let mut upto = byte.min(text.len());
    while !text.is_char_boundary(upto) {
        upto -= 1;
    }
    let before = &text[..upto];
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        line: u32::try_from(line + 1).unwrap_or(u32::MAX),
        column: u32::try_from(before[start..].chars().count() + 1).unwrap_or(u32::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, place_of};

    #[test]
    fn a_column_counts_characters_not_bytes() {
        assert_eq!(place_of("a\nöb", 4), Place { line: 2, column: 2 });
        assert_eq!(place_of("a", 99), Place { line: 1, column: 2 });
    }
}
