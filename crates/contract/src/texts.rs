//! The texts a contract was read from, and in which of them a pointer stands.

use crate::gather::FILES;
use crate::laid::Laid;
use crate::{Pointer, Span, Syntax, locate, place_of};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Gives the texts of a contract that was had from an index, when a place in them is wanted.
pub trait Recall: Send + Sync {
    /// The text of the file with this name, if it is still the one that the contract was read from.
    fn text(&self, name: &str) -> Option<Arc<str>>;
}

/// One text, with the name that messages give it.
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) syntax: Syntax,
    content: OnceLock<Option<Arc<str>>>,
    recall: Option<Arc<dyn Recall>>,
}

impl fmt::Debug for Text {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Text").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Text {
    /// A text that was read.
    pub(crate) fn held(name: String, content: Arc<str>, syntax: Syntax) -> Self {
        Self { name, syntax, content: OnceLock::from(Some(content)), recall: None }
    }

    /// A text that is read again when it is wanted.
    pub(crate) fn recalled(name: String, syntax: Syntax, recall: &Arc<dyn Recall>) -> Self {
        Self { name, syntax, content: OnceLock::new(), recall: Some(Arc::clone(recall)) }
    }

    /// What stands in it, as bytes; none where it cannot be had any more.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.content().map_or_else(Vec::new, |content| content.as_bytes().to_vec())
    }

    /// What stands in it; `None` where it cannot be had any more.
    pub(crate) fn content(&self) -> Option<&Arc<str>> {
        self.content.get_or_init(|| self.recall.as_ref()?.text(&self.name)).as_ref()
    }
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
    /// The contract's own text; empty where it cannot be had any more.
    pub(crate) fn own(&self) -> &str {
        self.list.first().and_then(Text::content).map_or("", |content| content)
    }

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
        self.by_text(pointers, |_, text, content, asked, there| {
            let spans = locate::spans(content, text.syntax, there);
            for (index, span) in asked.iter().zip(spans) {
                let stand = |span| Stand { file: text.name.clone(), text: Arc::clone(content), span };
                stands[*index] = span.map(stand);
            }
        });
        stands
    }

    /// In which text pointers stand, and at which of its lines (from 1): one scan and one count of lines of each text.
    pub(crate) fn places(&self, pointers: &[Pointer]) -> Vec<Option<(usize, u32)>> {
        let mut places = vec![None; pointers.len()];
        self.by_text(pointers, |file, text, content, asked, there| {
            let lines = locate::lines(content, text.syntax, there);
            for (index, line) in asked.iter().zip(lines) {
                places[*index] = (line > 0).then_some((file, line));
            }
        });
        places
    }

    /// Lines (from 1) of pointers, each in its own file; 0 where one leads nowhere.
    pub(crate) fn lines(&self, pointers: &[Pointer]) -> Vec<u32> {
        self.places(pointers).into_iter().map(|place| place.map_or(0, |(_, line)| line)).collect()
    }

    /// Does something for each text that pointers stand in: its number, which of the pointers, and where in it they lead.
    fn by_text(
        &self,
        pointers: &[Pointer],
        mut does: impl FnMut(usize, &Text, &Arc<str>, &[usize], &[Pointer]),
    ) {
        let mut asked: Vec<(usize, usize, Pointer)> = Vec::with_capacity(pointers.len());
        for (index, pointer) in pointers.iter().enumerate() {
            let (file, there) = self.source(pointer);
            asked.push((file, index, there));
        }
        asked.sort_by_key(|(file, ..)| *file);
        for group in asked.chunk_by(|one, other| one.0 == other.0) {
            let file = group[0].0;
            let Some(text) = self.list.get(file) else { continue };
            let Some(content) = text.content() else { continue };
            let which: Vec<usize> = group.iter().map(|(_, index, _)| *index).collect();
            let there: Vec<Pointer> = group.iter().map(|(_, _, there)| there.clone()).collect();
            does(file, text, content, &which, &there);
        }
    }
}
