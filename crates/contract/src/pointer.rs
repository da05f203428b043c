//! A JSON pointer: where in a document or a body something stands (RFC 6901).

use std::fmt;

/// A JSON pointer in its text form, for example `/paths/~1orders/get`. The empty text is the whole document.
///
/// Source: RFC 6901 §3.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Takes a pointer as written, for example from a `$ref` whose percent-encoding was removed.
    ///
    /// Gives `None` unless it is empty or begins with `/`.
    pub fn parse(text: &str) -> Option<Self> {
        (text.is_empty() || text.starts_with('/')).then(|| Self(text.to_owned()))
    }

    /// The pointer to member or element `token` below this one; `token` is not yet escaped.
    #[must_use]
    pub fn at(&self, token: &str) -> Self {
        let mut text = String::with_capacity(self.0.len() + token.len() + 1);
        text.push_str(&self.0);
        text.push('/');
        for letter in token.chars() {
            match letter {
                '~' => text.push_str("~0"), // RFC 6901 §3
                '/' => text.push_str("~1"),
                other => text.push(other),
            }
        }
        Self(text)
    }

    /// The pointer to element `index` below this one.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// The pointer to what `below` points to in what this one points to.
    #[must_use]
    pub(crate) fn join(&self, below: &Self) -> Self {
        Self(format!("{self}{below}"))
    }

    /// Every pointer on the way to this one, the shortest that is not the whole document first, this one last.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        let text = self.as_str();
        let ends = text.bytes().enumerate().skip(1).filter(|(_, byte)| *byte == b'/').map(|(end, _)| end);
        ends.chain([text.len()]).map(|end| &text[..end])
    }

    /// The pointer that has these tokens.
    pub(crate) fn of(path: &[Token<'_>]) -> Self {
        path.iter().fold(Self::root(), |at, token| match token {
            Token::Name(name) => at.at(name),
            Token::Index(index) => at.index(*index),
        })
    }

    /// The reference tokens, unescaped, outermost first.
    pub fn tokens(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")) // RFC 6901 §4: ~1 first
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A reference token (RFC 6901 §3) of a walk through a tree: borrowed, as most walks tell of few places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'t> {
    /// To a member.
    Name(&'t str),
    /// To an element.
    Index(usize),
}

impl fmt::Display for Pointer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    #[test]
    fn tokens_are_escaped_and_come_back() {
        let pointer = Pointer::root().at("paths").at("/a~b/{c}").index(2);
        assert_eq!(pointer.as_str(), "/paths/~1a~0b~1{c}/2");
        assert_eq!(pointer.tokens().collect::<Vec<_>>(), ["paths", "/a~b/{c}", "2"]);
    }
}
