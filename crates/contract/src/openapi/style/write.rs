//! Writing a value in a style.

use super::super::text::{self, Texts};
use super::{Fault, deep, delimiter};
use crate::{Got, Style};
use serde_json::Value as Json;

/// What becomes of characters that have a meaning where the text is to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::openapi) enum Escape {
    /// Percent-encoded (RFC 3986 §2.1).
    Percent,
    /// Percent-encoded but for the reserved characters that a query may have (`allowReserved`).
    Reserved,
    /// Percent-encoded but for slashes: the rest of a path.
    Rest,
    /// Left as they are: header fields, and cookies in the style of that name.
    Not,
}

/// Writes the values of one parameter.
#[derive(Clone, Copy, Debug)]
pub(in crate::openapi) struct Writer<'n> {
    pub(in crate::openapi) name: &'n str,
    pub(in crate::openapi) style: Style,
    pub(in crate::openapi) explode: bool,
    pub(in crate::openapi) escape: Escape,
}

type Written<T> = Result<T, Box<Fault>>;

impl Writer<'_> {
    /// The pairs of a query, form or cookie, each `name=value`; none for an empty list or object.
    pub(in crate::openapi) fn pairs(&self, value: &Json) -> Written<Vec<String>> {
        if self.style == Style::DeepObject && matches!(value, Json::Object(_) | Json::Array(_)) {
            let leaves = deep::leaves(self.name, value).ok_or_else(nested)?;
            return leaves.iter().map(|(name, text)| self.pair(name, text)).collect();
        }
        if let (true, Json::Object(members)) = (self.explode, value) {
            // A member that is a list is one pair for each item, as a parameter of its own would be.
            let mut pairs = Vec::new();
            for (name, value) in members {
                match text::texts(value) {
                    Some(Texts::One(text)) => pairs.push(self.pair(name, &text)?),
                    Some(Texts::List(items)) => {
                        for item in &items {
                            pairs.push(self.pair(name, item)?);
                        }
                    }
                    _ => return Err(nested().below(name)),
                }
            }
            return Ok(pairs);
        }
        match text::texts(value).ok_or_else(nested)? {
            Texts::One(text) => Ok(vec![self.pair(self.name, &text)?]),
            Texts::List(items) if self.explode => {
                items.iter().map(|item| self.pair(self.name, item)).collect()
            }
            texts => {
                let (between, taken) = delimiter(self.style);
                let joined = self.joined(texts, between, between, &[taken])?;
                Ok(joined.map(|joined| format!("{}={joined}", self.name_text())).into_iter().collect())
            }
        }
    }

    /// The text of a parameter in the path; empty for an empty list or object.
    pub(in crate::openapi) fn segment(&self, value: &Json) -> Written<String> {
        let texts = text::texts(value).ok_or_else(nested)?;
        match self.style {
            Style::Label => self.label(texts),
            Style::Matrix => self.matrix(texts),
            _ => self.line_of(texts),
        }
    }

    /// The text of a header field (style `simple`).
    pub(in crate::openapi) fn line(&self, value: &Json) -> Written<String> {
        self.line_of(text::texts(value).ok_or_else(nested)?)
    }

    fn line_of(&self, texts: Texts) -> Written<String> {
        let gap = if self.explode { "=" } else { "," };
        self.joined(texts, ",", gap, &[',']).map(Option::unwrap_or_default)
    }

    /// RFC 6570 §3.2.5.
    fn label(&self, texts: Texts) -> Written<String> {
        // A dot in an item would end it: unreserved, yet written `%2E` there.
        let (between, gap, taken) = if self.explode { (".", "=", '.') } else { (",", ",", ',') };
        let joined = match texts {
            Texts::One(text) => Some(self.text(&text, &[])?),
            texts => self.joined(texts, between, gap, &[taken])?,
        };
        Ok(joined.map_or_else(String::new, |text| format!(".{text}")))
    }

    /// RFC 6570 §3.2.7: a name without a value has no `=`.
    fn matrix(&self, texts: Texts) -> Written<String> {
        let pair = |name: &str, value: &str| match value {
            "" => format!(";{name}"),
            value => format!(";{name}={value}"),
        };
        let own = self.name_text();
        match texts {
            Texts::One(text) => Ok(pair(&own, &self.text(&text, &[])?)),
            Texts::List(items) if self.explode => {
                items.iter().map(|item| Ok(pair(&own, &self.text(item, &[])?))).collect()
            }
            Texts::Members(members) if self.explode => members
                .iter()
                .map(|(name, value)| Ok(pair(&self.text(name, &['='])?, &self.text(value, &[])?)))
                .collect(),
            texts => {
                let joined = self.joined(texts, ",", ",", &[','])?;
                Ok(joined.map_or_else(String::new, |text| pair(&own, &text)))
            }
        }
    }

    /// Items with `between` between them, names and values with `gap`; `None` where there is nothing.
    fn joined(&self, texts: Texts, between: &str, gap: &str, taken: &[char]) -> Written<Option<String>> {
        match texts {
            Texts::One(text) => self.text(&text, &[]).map(Some),
            Texts::List(items) if items.is_empty() => Ok(None),
            Texts::Members(members) if members.is_empty() => Ok(None),
            Texts::List(items) => {
                let items: Written<Vec<String>> = items.iter().map(|item| self.text(item, taken)).collect();
                items.map(|items| Some(items.join(between)))
            }
            Texts::Members(members) => {
                let pair = |(name, value): &(String, String)| {
                    let name = self.text(name, if gap == "=" { &[',', '=', '.'] } else { taken })?;
                    Ok(format!("{name}{gap}{}", self.text(value, taken)?))
                };
                members.iter().map(pair).collect::<Written<Vec<String>>>().map(|all| Some(all.join(between)))
            }
        }
    }

    fn pair(&self, name: &str, value: &str) -> Written<String> {
        let name = match self.escape {
            Escape::Not => self.text(name, &['='])?,
            _ => text::encoded(name),
        };
        Ok(format!("{name}={}", self.text(value, &[])?))
    }

    fn name_text(&self) -> String {
        if self.escape == Escape::Not { self.name.to_owned() } else { text::encoded(self.name) }
    }

    /// One text; none of the characters `taken` stands in it.
    fn text(&self, text: &str, taken: &[char]) -> Written<String> {
        let unsayable =
            matches!(self.style, Style::SpaceDelimited | Style::TabDelimited | Style::PipeDelimited)
                || self.escape == Escape::Not;
        if unsayable && text.contains(taken) {
            return Err(Fault::new(
                if taken.contains(&',') { "comma" } else { "delimiter" },
                if taken.contains(&',') { "items without a comma" } else { "items without the delimiter" },
                Got::Kind("one with it"),
            ));
        }
        let written = match self.escape {
            Escape::Percent => text::encoded(text),
            Escape::Reserved => text::encoded_reserved(text),
            Escape::Rest => text::encoded_rest(text),
            Escape::Not => return Ok(text.to_owned()),
        };
        // What an encoding leaves as it is and would be taken for a delimiter.
        Ok(taken.iter().fold(written, |written, letter| {
            if written.contains(*letter) {
                written.replace(*letter, &format!("%{:02X}", u32::from(*letter)))
            } else {
                written
            }
        }))
    }
}

fn nested() -> Box<Fault> {
    Fault::new("nested", "a list or object of plain values", Got::Kind("a deeper one"))
}

#[cfg(test)]
mod tests {
    use super::{Escape, Writer};
    use crate::Style;
    use serde_json::{Value, json};

    fn written(style: Style, explode: bool, value: &Value) -> String {
        let escape = if style == Style::Cookie { Escape::Not } else { Escape::Percent };
        let writer = Writer { name: "color", style, explode, escape };
        match style {
            Style::Simple | Style::Label | Style::Matrix => writer.segment(value).unwrap(),
            Style::Cookie => writer.pairs(value).unwrap().join("; "),
            _ => writer.pairs(value).unwrap().join("&"),
        }
    }

    /// OpenAPI 3.2 Parameter Object, *Style Examples*, row by row: empty, string, array, object.
    #[test]
    fn every_row_of_the_table_of_styles_is_written() {
        let rows = [
            (
                Style::Matrix,
                false,
                [";color", ";color=blue", ";color=blue,black,brown", ";color=R,100,G,200,B,150"],
            ),
            (
                Style::Matrix,
                true,
                [";color", ";color=blue", ";color=blue;color=black;color=brown", ";R=100;G=200;B=150"],
            ),
            (Style::Label, false, [".", ".blue", ".blue,black,brown", ".R,100,G,200,B,150"]),
            (Style::Label, true, [".", ".blue", ".blue.black.brown", ".R=100.G=200.B=150"]),
            (Style::Simple, false, ["", "blue", "blue,black,brown", "R,100,G,200,B,150"]),
            (Style::Simple, true, ["", "blue", "blue,black,brown", "R=100,G=200,B=150"]),
            (
                Style::Form,
                false,
                ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"],
            ),
            (
                Style::Form,
                true,
                ["color=", "color=blue", "color=blue&color=black&color=brown", "R=100&G=200&B=150"],
            ),
            (
                Style::SpaceDelimited,
                false,
                ["color=", "color=blue", "color=blue%20black%20brown", "color=R%20100%20G%20200%20B%20150"],
            ),
            (
                Style::PipeDelimited,
                false,
                ["color=", "color=blue", "color=blue%7Cblack%7Cbrown", "color=R%7C100%7CG%7C200%7CB%7C150"],
            ),
            (
                Style::DeepObject,
                true,
                [
                    "color=",
                    "color=blue",
                    "color%5B%5D=blue&color%5B%5D=black&color%5B%5D=brown",
                    "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150",
                ],
            ),
            (
                Style::Cookie,
                false,
                ["color=", "color=blue", "color=blue,black,brown", "color=R,100,G,200,B,150"],
            ),
            (
                Style::Cookie,
                true,
                ["color=", "color=blue", "color=blue; color=black; color=brown", "R=100; G=200; B=150"],
            ),
        ];
        let values = [
            json!(""),
            json!("blue"),
            json!(["blue", "black", "brown"]),
            json!({"R": 100, "G": 200, "B": 150}),
        ];
        for (style, explode, expected) in rows {
            for (value, expected) in values.iter().zip(expected) {
                assert_eq!(written(style, explode, value), expected, "{style:?} {explode} {value}");
            }
        }
    }

    #[test]
    fn what_a_style_cannot_say_is_a_fault() {
        let writer = |style, explode, escape| Writer { name: "a", style, explode, escape };
        let check = |writer: Writer<'_>, value: Value, code: &str| {
            assert_eq!(writer.pairs(&value).unwrap_err().code, code, "{writer:?} {value}");
        };
        check(writer(Style::PipeDelimited, false, Escape::Percent), json!(["a|b"]), "delimiter");
        check(writer(Style::SpaceDelimited, false, Escape::Percent), json!(["a b"]), "delimiter");
        check(writer(Style::Cookie, false, Escape::Not), json!(["a,b"]), "comma");
        check(writer(Style::Form, true, Escape::Percent), json!({"b": {"c": 1}}), "nested");
        check(writer(Style::Form, false, Escape::Percent), json!([[1]]), "nested");
    }

    #[test]
    fn reserved_characters_stand_where_they_are_allowed() {
        let writer = Writer { name: "a", style: Style::Form, explode: true, escape: Escape::Reserved };
        let check = |text: &str, expected: &str| assert_eq!(writer.pairs(&json!(text)).unwrap(), [expected]);
        check("a/b?c:d@e;f=g,h!$'()*", "a=a/b?c:d@e;f=g,h!$'()*");
        // These end a pair or the query, or mean a space, or are no characters of a query.
        check("a&b#c+d[e] %", "a=a%26b%23c%2Bd%5Be%5D%20%25");
        check("a%2Fb%zz", "a=a%2Fb%25zz");
        let one = Writer { explode: false, ..writer };
        assert_eq!(one.pairs(&json!(["a,b", "c"])).unwrap(), ["a=a%2Cb,c"]);
    }
}
