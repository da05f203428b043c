//! What an overlay laid over a contract: which of its places now come from where in which text.
//!
//! A place that nothing was laid on stands where the contract's own text has it, unless items before it
//! were taken away; then it was laid there from its old place.

use crate::Pointer;
use std::collections::BTreeMap;

/// Places of a contract, each with the text it comes from and where it stands in that.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laid(BTreeMap<String, (usize, Pointer)>);

impl Laid {
    /// One place and everything below it.
    pub(crate) fn whole(text: usize, there: Pointer) -> Self {
        Self(BTreeMap::from([(String::new(), (text, there))]))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says that `at` and what is below comes from elsewhere.
    pub(crate) fn set(&mut self, at: &Pointer, text: usize, there: Pointer) {
        self.0.insert(at.as_str().to_owned(), (text, there));
    }

    /// The text and the place in it that `pointer` comes from; `None` if nothing was laid on it.
    pub(crate) fn source(&self, pointer: &Pointer) -> Option<(usize, Pointer)> {
        let whole = pointer.as_str();
        let mut above = whole;
        // The innermost is what counts.
        loop {
            if let Some((text, there)) = self.0.get(above) {
                let there = format!("{}{}", there.as_str(), &whole[above.len()..]);
                return Some((*text, Pointer::parse(&there)?));
            }
            above = above.rsplit_once('/')?.0;
        }
    }

    /// What `at` and the places below it come from, as if `at` were the root.
    pub(crate) fn part(&self, at: &Pointer) -> Self {
        let (text, there) = self.source(at).unwrap_or_else(|| (0, at.clone()));
        let mut part = Self::whole(text, there);
        let start = at.as_str().len();
        part.0.extend(self.below(at).map(|(place, from)| (place[start..].to_owned(), from.clone())));
        part
    }

    /// Lays what stands at `rel` of `said`, with what is below it, on `at`.
    pub(crate) fn lay(&mut self, at: &Pointer, said: &Self, rel: &Pointer) {
        self.forget(at);
        let Some((text, there)) = said.source(rel) else { return };
        self.set(at, text, there);
        let start = rel.as_str().len();
        for (place, from) in said.below(rel) {
            self.0.insert(format!("{}{}", at.as_str(), &place[start..]), from.clone());
        }
    }

    /// Nothing is known any more of `at` and what is below it.
    pub(crate) fn forget(&mut self, at: &Pointer) {
        self.0.remove(at.as_str());
        let below: Vec<String> = self.below(at).map(|(place, _)| place.clone()).collect();
        for place in below {
            self.0.remove(&place);
        }
    }

    /// Texts of overlays have numbers of their own until it is known how many stand before them.
    pub(crate) fn numbered(mut self, first: usize) -> Self {
        for (text, _) in self.0.values_mut() {
            if *text > 0 {
                *text += first - 1;
            }
        }
        self
    }

    fn below(&self, at: &Pointer) -> impl Iterator<Item = (&String, &(usize, Pointer))> {
        // `0` is the character after `/`.
        self.0.range(format!("{}/", at.as_str())..format!("{}0", at.as_str()))
    }
}
