//! The texts a contract was read from, and in which of them a pointer stands.

use crate::gather::FILES;
use crate::laid::Laid;
use crate::{Pointer, Span, Syntax, locate, place_of};
use std::sync::Arc;

/// One text, with the name that messages give it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) content: Arc<str>,
    pub(crate) syntax: Syntax,
}

/// Where a pointer stands, in which of a contract's files.
#[derive(Clone, Debug)]
pub struct Stand {
    /// Name of the file.
    pub file: String,
    /// The text of the file, shared.
    pub text: Arc<str>,
    /// Where in it.
    pub span: Span,
}

impl Stand {
    /// Line in the file, from 1.
    pub fn line(&self) -> u32 {
        place_of(&self.text, self.span.start).line
    }
}

/// The texts of a contract; the first is its own, those after it the files it refers to, then its overlays.
#[derive(Debug)]
pub(crate) struct Texts {
    pub(crate) list: Vec<Text>,
    /// What overlays said: which place comes from where in which text.
    pub(crate) laid: Laid,
    /// How many overlays stand at the end of the list.
    pub(crate) overlays: usize,
}

impl Texts {
    /// In which text a pointer leads where.
    fn source(&self, pointer: &Pointer) -> (usize, Pointer) {
        if let Some(found) = self.laid.source(pointer) {
            return found;
        }
        let text = pointer.as_str();
        let inside = text.strip_prefix('/').and_then(|text| text.strip_prefix(FILES));
        if let Some(rest) = inside.and_then(|rest| rest.strip_prefix('/')) {
            let (number, _) = rest.split_once('/').unwrap_or((rest, ""));
            if let (Ok(index), Some(there)) = (number.parse::<usize>(), Pointer::parse(&rest[number.len()..]))
                && index + 1 < self.list.len()
            {
                return (index + 1, there);
            }
        }
        (0, pointer.clone())
    }

    /// Where pointers stand: one scan of each text that is needed.
    pub(crate) fn stands(&self, pointers: &[Pointer]) -> Vec<Option<Stand>> {
        let mut stands: Vec<Option<Stand>> = vec![None; pointers.len()];
        let mut asked: Vec<(usize, usize, Pointer)> = Vec::with_capacity(pointers.len());
        for (index, pointer) in pointers.iter().enumerate() {
            let (file, there) = self.source(pointer);
            asked.push((file, index, there));
        }
        asked.sort_by_key(|(file, ..)| *file);
        for group in asked.chunk_by(|one, other| one.0 == other.0) {
            let Some(text) = group.first().and_then(|(file, ..)| self.list.get(*file)) else { continue };
            let there: Vec<Pointer> = group.iter().map(|(_, _, there)| there.clone()).collect();
            let spans = locate::spans(&text.content, text.syntax, &there);
            for ((_, index, _), span) in group.iter().zip(spans) {
                let stand = |span| Stand { file: text.name.clone(), text: Arc::clone(&text.content), span };
                stands[*index] = span.map(stand);
            }
        }
        stands
    }

    /// Lines (from 1) of pointers, each in its own file; 0 where one leads nowhere.
    pub(crate) fn lines(&self, pointers: &[Pointer]) -> Vec<u32> {
        match self.list.as_slice() {
            // One scan, and one count of lines.
            [only] if self.laid.is_empty() => locate::lines(&only.content, only.syntax, pointers),
            _ => self.stands(pointers).iter().map(|stand| stand.as_ref().map_or(0, Stand::line)).collect(),
        }
    }
}
