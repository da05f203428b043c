//! Writing values as bytes and taking them back: what of a contract is kept in its index.
//!
//! The bytes come from a disk: nothing in them is believed. Every length is held against what is left, so
//! that damage costs no more than the bytes it is in; whatever cannot be taken is `None`, never a panic.

use crate::schema::{Inner, Shape};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::Arc;

/// A value that can be kept.
pub(crate) trait Kept: Sized {
    /// Writes it.
    fn put(&self, out: &mut Out);
    /// Takes it back; `None` where the bytes are not what [`Kept::put`] wrote.
    fn take(from: &mut Input) -> Option<Self>;
}

/// Where values are written: small ones in a row, the texts of schemas apart.
#[derive(Debug, Default)]
pub(crate) struct Out {
    pub(super) row: Vec<u8>,
    pub(super) texts: Vec<u8>,
    /// The schemas that shapes share, numbered as they are met.
    pub(crate) inners: Vec<Arc<Inner>>,
    known: HashMap<*const Inner, usize>,
}

impl Out {
    /// A number: seven bits a byte, the lowest first.
    pub(crate) fn number(&mut self, mut number: u64) {
        while number > 0x7f {
            self.row.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.row.push(number.to_le_bytes()[0]);
    }

    /// A length or a place.
    pub(crate) fn count(&mut self, count: usize) {
        self.number(count as u64);
    }

    /// A text of the row.
    pub(crate) fn text(&mut self, text: &str) {
        self.count(text.len());
        self.row.extend_from_slice(text.as_bytes());
    }

    /// A text of its own, of which only the place stands in the row.
    pub(crate) fn apart(&mut self, text: &[u8]) {
        self.count(self.texts.len());
        self.count(text.len());
        self.texts.extend_from_slice(text);
    }

    /// The number of a schema.
    pub(crate) fn inner(&mut self, inner: &Arc<Inner>) {
        let next = self.inners.len();
        let number = *self.known.entry(Arc::as_ptr(inner)).or_insert(next);
        if number == next {
            self.inners.push(Arc::clone(inner));
        }
        self.count(number);
    }
}

/// Where values are taken from.
#[derive(Debug)]
pub(crate) struct Input {
    row: Bytes,
    texts: Bytes,
    at: usize,
    /// The schemas behind shapes, by number.
    pub(crate) inners: Vec<Shape>,
}

impl Input {
    pub(super) fn new(row: Bytes, texts: Bytes) -> Self {
        Self { row, texts, at: 0, inners: Vec::new() }
    }

    pub(super) fn is_at_its_end(&self) -> bool {
        self.at == self.row.len()
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.row.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// A length or a place.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// How many values follow; each takes a byte at least.
    pub(crate) fn many(&mut self) -> Option<usize> {
        self.count().filter(|count| *count <= self.row.len() - self.at)
    }

    /// A text of the row.
    pub(crate) fn text(&mut self) -> Option<&str> {
        let length = self.many()?;
        let start = self.at;
        self.at += length;
        std::str::from_utf8(self.row.get(start..self.at)?).ok()
    }

    /// A text of its own; nothing is copied.
    pub(crate) fn apart(&mut self) -> Option<Bytes> {
        let start = self.count()?;
        let end = start.checked_add(self.count()?)?;
        (end <= self.texts.len()).then(|| self.texts.slice(start..end))
    }
}

impl Kept for bool {
    fn put(&self, out: &mut Out) {
        out.number(u64::from(*self));
    }

    fn take(from: &mut Input) -> Option<Self> {
        match from.number()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Kept for usize {
    fn put(&self, out: &mut Out) {
        out.count(*self);
    }

    fn take(from: &mut Input) -> Option<Self> {
        from.count()
    }
}

impl Kept for String {
    fn put(&self, out: &mut Out) {
        out.text(self);
    }

    fn take(from: &mut Input) -> Option<Self> {
        from.text().map(str::to_owned)
    }
}

impl<T: Kept> Kept for Vec<T> {
    fn put(&self, out: &mut Out) {
        out.count(self.len());
        for one in self {
            one.put(out);
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        let count = from.many()?;
        // A count that lies is found out before it has cost much: room is made for what is usual.
        let mut all = Self::with_capacity(count.min(64));
        for _ in 0..count {
            all.push(T::take(from)?);
        }
        Some(all)
    }
}

impl<T: Kept> Kept for Option<T> {
    fn put(&self, out: &mut Out) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(if bool::take(from)? { Some(T::take(from)?) } else { None })
    }
}

impl<T: Kept> Kept for Arc<T> {
    fn put(&self, out: &mut Out) {
        T::put(self, out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

impl<A: Kept, B: Kept> Kept for (A, B) {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?))
    }
}

impl<A: Kept, B: Kept, C: Kept> Kept for (A, B, C) {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
        self.1.put(out);
        self.2.put(out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some((A::take(from)?, B::take(from)?, C::take(from)?))
    }
}

/// Keeps a struct, member by member; the compiler names one that is forgotten.
macro_rules! kept {
    ($type:ident { $($member:ident),* $(,)? }) => {
        impl $crate::index::Kept for $type {
            fn put(&self, out: &mut $crate::index::Out) {
                let Self { $($member),* } = self;
                $($crate::index::Kept::put($member, out);)*
            }

            fn take(from: &mut $crate::index::Input) -> Option<Self> {
                Some(Self { $($member: $crate::index::Kept::take(from)?),* })
            }
        }
    };
}

/// Keeps an enum of plain words by the number of each; the compiler names one that is forgotten.
macro_rules! kept_words {
    ($type:ident { $($word:ident),* $(,)? }) => {
        impl $crate::index::Kept for $type {
            fn put(&self, out: &mut $crate::index::Out) {
                enum Numbered { $($word),* }
                out.number(match self { $(Self::$word => Numbered::$word as u64),* });
            }

            fn take(from: &mut $crate::index::Input) -> Option<Self> {
                const WORDS: &[$type] = &[$($type::$word),*];
                WORDS.get(from.count()?).copied()
            }
        }
    };
}

pub(crate) use {kept, kept_words};
