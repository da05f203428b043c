//! How what is known of an operation's pages is kept.

use super::kept::{Input, Kept, Out, kept};
use crate::paging::{Paging, Rule, Slot, Step, Trail};

kept!(Paging { rule, items, why, at });
kept!(Slot { place, name });

impl Kept for Rule {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Link => out.number(0),
            Self::Url(field) => {
                out.number(1);
                field.put(out);
            }
            Self::Cursor { into, from } => {
                out.number(2);
                into.put(out);
                from.put(out);
            }
            Self::Page { into, first } => {
                out.number(3);
                into.put(out);
                out.number(*first);
            }
            Self::Offset { into, first } => {
                out.number(4);
                into.put(out);
                out.number(*first);
            }
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::Link,
            1 => Self::Url(Trail::take(from)?),
            2 => Self::Cursor { into: Slot::take(from)?, from: Trail::take(from)? },
            3 => Self::Page { into: Slot::take(from)?, first: from.number()? },
            4 => Self::Offset { into: Slot::take(from)?, first: from.number()? },
            _ => return None,
        })
    }
}

impl Kept for Trail {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        Vec::take(from).map(Self)
    }
}

impl Kept for Step {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Name(name) => {
                out.number(0);
                name.put(out);
            }
            Self::At(place) => {
                out.number(1);
                out.number(place.cast_unsigned());
            }
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::Name(String::take(from)?),
            1 => Self::At(from.number()?.cast_signed()),
            _ => return None,
        })
    }
}
