//! The id of a call: sortable by time, unique over processes, short enough to be read out.
//!
//! 63 bits: milliseconds since 1970 `<< 22 | writer (10 bits) | sequence (12 bits)`, shown as `c_` and 13
//! characters of Crockford's alphabet.

use std::fmt;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LETTERS: u32 = 13;

/// The id of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(pub u64);

impl CallId {
    /// Reads `c_…` as it was shown; upper case and Crockford's look-alikes (`i l o`) are read too.
    pub fn parse(text: &str) -> Option<Self> {
        let letters = text.strip_prefix("c_").or_else(|| text.strip_prefix("C_"))?;
        if letters.len() != LETTERS as usize {
            return None;
        }
        letters
            .bytes()
            .try_fold(0_u64, |sum, letter| {
                let letter = match letter.to_ascii_lowercase() {
                    b'o' => b'0',
                    b'i' | b'l' => b'1',
                    other => other,
                };
                let value = ALPHABET.iter().position(|known| *known == letter)?;
                sum.checked_mul(32)?.checked_add(value as u64)
            })
            .map(Self)
    }

    /// When the call began, in milliseconds since 1970.
    pub const fn at_ms(self) -> u64 {
        self.0 >> 22
    }

    /// Who made it: the number that a thread of a process leased.
    pub const fn writer(self) -> u16 {
        // 10 bits above the sequence.
        (self.0 >> 12 & 0x3ff) as u16
    }

    /// The smallest id of a call that began at this millisecond: a bound for searches by time.
    pub const fn first_at(ms: u64) -> Self {
        Self(ms << 22)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In one piece: every answer carries it.
        let mut text = *b"c_0000000000000";
        for (place, letter) in (0..LETTERS).rev().zip(&mut text[2..]) {
            *letter = ALPHABET[((self.0 >> (5 * place)) & 31) as usize];
        }
        out.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Makes ids for one writer (a thread). Never goes back, also when the clock does.
#[derive(Debug)]
pub struct CallIds {
    writer: u64,
    last: u64,
}

impl CallIds {
    /// `writer` is leased by whoever starts the thread; its low 10 bits count.
    pub fn new(writer: u16) -> Self {
        Self { writer: u64::from(writer & 0x3ff), last: 0 }
    }

    /// The next id at this time; more than 4,096 in a millisecond borrow from the next one.
    pub fn next(&mut self, now_ms: u64) -> CallId {
        // `last` counts milliseconds and sequence together, so that it only ever grows.
        let now = now_ms << 12;
        self.last = if now > self.last { now } else { self.last + 1 };
        CallId(((self.last >> 12) << 22) | (self.writer << 12) | (self.last & 0xfff))
    }
}

#[cfg(test)]
mod tests {
    use super::{CallId, CallIds};

    #[test]
    fn an_id_comes_back_from_its_text() {
        let id = CallIds::new(5).next(1_795_000_000_123);
        assert_eq!(CallId::parse(&id.to_string()), Some(id));
        assert_eq!(CallId::parse(&id.to_string().to_uppercase()), Some(id));
        assert_eq!(id.at_ms(), 1_795_000_000_123);
        assert_eq!(CallId::parse("c_nonsense"), None);
        assert_eq!(CallId::parse("c_zzzzzzzzzzzzz"), None, "more than 64 bits");
    }

    #[test]
    fn an_id_says_who_made_it() {
        for writer in [0, 1, 700, 1023] {
            let mut ids = CallIds::new(writer);
            for now in [1, 1_795_000_000_123, 1_795_000_000_123] {
                assert_eq!(ids.next(now).writer(), writer);
            }
        }
    }

    #[test]
    fn ids_grow_also_when_the_clock_goes_back() {
        let mut ids = CallIds::new(1);
        let mut last = ids.next(1000);
        for now in std::iter::repeat_n(1000, 5000).chain([999, 500]) {
            let next = ids.next(now);
            assert!(next > last);
            last = next;
        }
    }
}
