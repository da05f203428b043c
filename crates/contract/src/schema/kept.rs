//! How schemas are kept in an index: the store of those that are referred to, and those that shapes stand for.
//!
//! Texts are taken as they lie in the index, without being copied or looked at: a schema is parsed when it is first
//! used, as it is of a contract that was read.

use super::Shape;
use super::dialect::Dialect;
use super::store::{Entry, Side, Store};
use crate::Pointer;
use crate::index::{Input, Kept, Out, kept_words};
use crate::openapi::read::Version;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

kept_words!(Version { V2_0, V3_0, V3_1, V3_2 });
kept_words!(Dialect { Draft4, Draft6, Draft7, Draft2019, Draft2020 });
kept_words!(Side { Request, Response });

impl Kept for Shape {
    fn put(&self, out: &mut Out) {
        let Self { at, inner } = self;
        let same = inner.as_ref().is_some_and(|inner| inner.at == *at);
        out.number(match (inner, same) {
            (None, _) => 0,
            (Some(_), false) => 1,
            (Some(_), true) => 2,
        });
        if !same {
            at.put(out);
        }
        if let Some(inner) = inner {
            out.inner(inner);
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::anything(Kept::take(from)?),
            1 => {
                let at = Pointer::take(from)?;
                let number = from.count()?;
                from.inners.get(number)?.referred_at(at)
            }
            2 => {
                let number = from.count()?;
                from.inners.get(number)?.clone()
            }
            _ => return None,
        })
    }
}

/// Writes the store and the schemas that were numbered so far.
pub(crate) fn put_all(store: Option<&Arc<Store>>, out: &mut Out) {
    store.is_some().put(out);
    let Some(store) = store else { return };
    let Store { version, dialect, entries, apart, below, made: _ } = &**store;
    version.put(out);
    dialect.put(out);
    apart.put(out);
    below.put(out);
    out.count(entries.len());
    for (pointer, entry) in entries {
        out.text(pointer);
        out.apart(&entry.text);
    }
    let inners = std::mem::take(&mut out.inners);
    out.count(inners.len());
    for inner in inners {
        inner.at.put(out);
        inner.side.put(out);
        // Most stand in the store, and share its text.
        let entry = store.entries.get(inner.at.as_str());
        let shared = entry.is_some_and(|entry| entry.text.as_ptr() == inner.text.as_ptr());
        shared.put(out);
        if !shared {
            out.apart(&inner.text);
        }
    }
}

/// Takes back what [`put_all`] wrote.
pub(crate) fn take_all(from: &mut Input) -> Option<()> {
    if !bool::take(from)? {
        return Some(());
    }
    let (version, dialect) = (Kept::take(from)?, Kept::take(from)?);
    let (apart, below) = (Kept::take(from)?, Kept::take(from)?);
    let mut entries = Vec::new();
    for _ in 0..from.many()? {
        let pointer = String::take(from)?;
        let text = from.apart()?;
        entries.push((pointer, Entry { text, compiled: Default::default() }));
    }
    let (entries, made) = (entries.into_iter().collect(), AtomicUsize::new(0));
    let store = Arc::new(Store { version, dialect, entries, apart, below, made });
    for _ in 0..from.many()? {
        let (at, side) = (Pointer::take(from)?, Side::take(from)?);
        let text =
            if bool::take(from)? { store.entries.get(at.as_str())?.text.clone() } else { from.apart()? };
        from.inners.push(Shape::of(at.clone(), at, side, text, Arc::clone(&store)));
    }
    Some(())
}
