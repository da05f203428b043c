//! A path template: literals and parameters, several of them in one segment if need be.
//!
//! Source: OpenAPI 3.1 Paths Object (path templating); `{+name}` and `{name*}` from RFC 6570 are
//! found in published contracts and take the rest of the path.

use std::fmt;

/// A path template, cut into segments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PathTemplate {
    text: String,
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Segment(pub Vec<Piece>);

/// A piece of a segment. Two parameters never touch: a literal stands between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// Text that must be there, normalised as paths are.
    Literal(String),
    /// A parameter: at least one character, no slash.
    Parameter(String),
    /// A parameter that takes the rest of the path, slashes included (`{+name}`).
    Rest(String),
}

/// Why a path is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace is not closed or not opened.
    #[error("a brace has no partner")]
    Unbalanced,
    /// A parameter without a name.
    #[error("a parameter has no name")]
    Nameless,
    /// Two parameters touch, so nobody could say where one ends.
    #[error("two parameters touch each other")]
    Touching,
    /// It does not begin with a slash.
    #[error("a path begins with `/`")]
    NoSlash,
}

impl PathTemplate {
    /// Reads a template such as `/orders/{id}/lines/{from}-{to}:export`.
    ///
    /// A query or fragment in the key is not part of the path: see [`PathTemplate::query`]. So is `{?name}`
    /// (RFC 6570 §3.2.8), which stands for parameters that are declared anyway.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let path = text.split("{?").next().and_then(|text| text.split(['?', '#']).next()).unwrap_or_default();
        let Some(rest) = path.strip_prefix('/') else {
            return Err(TemplateError::NoSlash);
        };
        // A slash inside braces belongs to the parameter's name in no contract seen; cut at every slash.
        let segments = rest.split('/').map(segment).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: text.to_owned(), segments })
    }

    /// The template as the document writes it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pairs of a query that stands in the key, as written; without those that hold a parameter.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query =
            self.text.split_once('?').filter(|(path, _)| !path.ends_with('{')).map(|(_, query)| query);
        let query = query.and_then(|query| query.split('#').next()).unwrap_or_default();
        query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.contains(['{', '}']))
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// What follows `#` in the key. It is never sent: it tells operations with one path apart for a reader.
    pub fn fragment(&self) -> Option<&str> {
        self.text.split_once('#').map(|(_, fragment)| fragment)
    }

    /// Its segments; `/` has one that is empty.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Names of its parameters, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| &segment.0).filter_map(|piece| match piece {
            Piece::Literal(_) => None,
            Piece::Parameter(name) | Piece::Rest(name) => Some(name.as_str()),
        })
    }

    /// The parameters' values in `path`, still percent-encoded, or `None` if it does not match.
    pub fn capture<'p>(&self, path: &'p str) -> Option<Vec<(&str, &'p str)>> {
        let mut rest = Some(path.strip_prefix('/')?);
        let mut found = Vec::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let text = rest?;
            if let Some((name, suffix)) = segment.rest() {
                let tail = &self.segments[index + 1..];
                let (value, mut after) = cut(text, suffix, tail.len())?;
                found.push((name, value));
                for segment in tail {
                    let own = after.strip_prefix('/')?;
                    let end = own.find('/').unwrap_or(own.len());
                    segment.capture(&own[..end], &mut found)?;
                    after = &own[end..];
                }
                return Some(found);
            }
            let (own, after) = match text.split_once('/') {
                Some((own, after)) => (own, Some(after)),
                None => (text, None),
            };
            segment.capture(own, &mut found)?;
            rest = after;
        }
        rest.is_none().then_some(found)
    }
}

/// Cuts the text at a rest parameter: its value, and the last `tail` segments with their slashes.
///
/// The value has at least one character, but at the very end of a template, where nothing is a rest too.
fn cut<'p>(text: &'p str, suffix: &str, tail: usize) -> Option<(&'p str, &'p str)> {
    let mut end = text.len();
    for _ in 0..tail {
        end = text[..end].rfind('/')?;
    }
    let value = text[..end].strip_suffix(suffix)?;
    (!value.is_empty() || tail == 0 && suffix.is_empty()).then_some((value, &text[end..]))
}

impl fmt::Display for PathTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Segment {
    /// Whether it has no parameter.
    pub fn is_literal(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Literal(_)))
    }

    /// Name and suffix, where the segment is `{+name}` or `{+name}:suffix`: it takes several segments of a path.
    pub fn rest(&self) -> Option<(&str, &str)> {
        match self.0.as_slice() {
            [Piece::Rest(name)] => Some((name, "")),
            [Piece::Rest(name), Piece::Literal(suffix)] => Some((name, suffix)),
            _ => None,
        }
    }

    /// Adds the parameters' values in `text` to `found`, or gives `None` if it does not match.
    pub fn capture<'t, 'p>(&'t self, text: &'p str, found: &mut Vec<(&'t str, &'p str)>) -> Option<()> {
        let mut rest = text;
        let mut open: Option<&str> = None;
        let mut left = self.0.iter().peekable();
        while let Some(piece) = left.next() {
            match piece {
                Piece::Parameter(name) | Piece::Rest(name) => open = Some(name),
                Piece::Literal(literal) => match open.take() {
                    None => rest = rest.strip_prefix(literal.as_str())?,
                    // The last literal is a suffix: `{name}:cancel` on `a:cancel:cancel` is `a:cancel`.
                    Some(name) if left.peek().is_none() => {
                        let value = rest.strip_suffix(literal.as_str()).filter(|value| !value.is_empty())?;
                        found.push((name, value));
                        return Some(());
                    }
                    Some(name) => {
                        // A parameter takes at least one character, then as few as can be.
                        let from = rest.chars().next()?.len_utf8();
                        let at = rest[from..].find(literal.as_str())? + from;
                        found.push((name, &rest[..at]));
                        rest = &rest[at + literal.len()..];
                    }
                },
            }
        }
        match open {
            Some(_) if rest.is_empty() => None,
            Some(name) => {
                found.push((name, rest));
                Some(())
            }
            None => rest.is_empty().then_some(()),
        }
    }
}

fn segment(text: &str) -> Result<Segment, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('{') {
            let (name, after) = inside.split_once('}').ok_or(TemplateError::Unbalanced)?;
            if matches!(pieces.last(), Some(Piece::Parameter(_) | Piece::Rest(_))) {
                return Err(TemplateError::Touching);
            }
            pieces.push(parameter(name)?);
            rest = after;
        } else {
            let end = rest.find('{').unwrap_or(rest.len());
            let literal = &rest[..end];
            if literal.contains('}') {
                return Err(TemplateError::Unbalanced);
            }
            pieces.push(Piece::Literal(literal.to_owned()));
            rest = &rest[end..];
        }
    }
    Ok(Segment(pieces))
}

fn parameter(name: &str) -> Result<Piece, TemplateError> {
    let (bare, rest) = match (name.strip_prefix('+'), name.strip_suffix('*')) {
        (Some(bare), _) | (None, Some(bare)) => (bare, true),
        (None, None) => (name, false),
    };
    if bare.is_empty() {
        return Err(TemplateError::Nameless);
    }
    Ok(if rest { Piece::Rest(bare.to_owned()) } else { Piece::Parameter(bare.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::PathTemplate;

    fn check(template: &str, path: &str, expected: Option<&[(&str, &str)]>) {
        let template = PathTemplate::parse(template).unwrap();
        assert_eq!(template.capture(path).as_deref(), expected, "{template} on {path}");
    }

    #[test]
    fn paths_are_matched_segment_by_segment() {
        check("/orders", "/orders", Some(&[]));
        check("/orders", "/orders/", None);
        check("/orders/{id}", "/orders/7", Some(&[("id", "7")]));
        check("/orders/{id}", "/orders/", None);
        check("/orders/{id}", "/orders/7/lines", None);
        check("/", "/", Some(&[]));
    }

    #[test]
    fn several_parameters_share_a_segment() {
        check("/a/{from}-{to}.csv", "/a/1-2.csv", Some(&[("from", "1"), ("to", "2")]));
        check("/v1/{name}:cancel", "/v1/job:cancel", Some(&[("name", "job")]));
        check("/v1/{name}:cancel", "/v1/job:cancel:cancel", Some(&[("name", "job:cancel")]));
        check("/v1/{name}:cancel", "/v1/job", None);
        check("/v1/{name}:cancel", "/v1/:cancel", None);
        check("/v1/{+name}", "/v1/a/b/c", Some(&[("name", "a/b/c")]));
        check("/v1/{+name}:cancel", "/v1/a/b:cancel", Some(&[("name", "a/b")]));
        check("/v1/{+parent}/brands", "/v1/a/b/brands", Some(&[("parent", "a/b")]));
        check("/v1/{+parent}/brands/{id}", "/v1/a/b/brands/7", Some(&[("parent", "a/b"), ("id", "7")]));
        check("/v1/{+parent}/brands", "/v1/brands", None);
        check("/v1/{+parent}/brands", "/v1//brands", None);
        check("/v1/{+parent}/brands", "/v1/a/b", None);
    }
}
