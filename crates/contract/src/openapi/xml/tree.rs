//! An XML document as a tree, within bounds.
//!
//! Source: XML 1.0. Bounds: 64 levels, 100000 elements and attributes.

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Deepest nesting.
const DEEPEST: usize = 64;

/// Most elements and attributes.
const MOST: usize = 100_000;

/// An element. Names are without prefixes.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
    /// `xsi:nil` (XML Schema 1.0 §2.6.2).
    pub(super) nil: bool,
}

/// Why a text is no such document.
#[derive(Debug, PartialEq)]
pub(super) struct Fault {
    pub(super) code: &'static str,
    pub(super) expected: &'static str,
    pub(super) byte: usize,
}

fn byte(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Element, Fault> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut count = 0;
    loop {
        let at = byte(reader.buffer_position());
        let wrong = |code, expected| Fault { code, expected, byte: at };
        let syntax = || wrong("syntax", "well-formed XML");
        let event = reader.read_event().map_err(|_| syntax())?;
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() => {
                return Err(wrong("syntax", "one root element"));
            }
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(wrong("depth", "nesting of at most 64"));
                }
                let element = element(&start, &mut count).ok_or_else(syntax)?;
                open.push(element);
            }
            Event::Empty(start) => {
                let element = element(&start, &mut count).ok_or_else(syntax)?;
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(syntax)?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => put(&text.xml10_content(), &mut open).ok_or_else(syntax)?,
            Event::CData(text) => put(&text.xml10_content(), &mut open).ok_or_else(syntax)?,
            Event::GeneralRef(name) => {
                let letter = match name.resolve_char_ref() {
                    Ok(Some(letter)) => Some(letter),
                    Ok(None) => predefined(&name.xml10_content()),
                    Err(_) => None,
                };
                let letter = letter.ok_or_else(|| wrong("entity", "no entities but those of XML itself"))?;
                put(letter.encode_utf8(&mut [0; 4]), &mut open).ok_or_else(syntax)?;
            }
            Event::Comment(_) => {}
            Event::Decl(_) if at == 0 => {}
            Event::DocType(_) => return Err(wrong("document-type", "no document type")),
            Event::Decl(_) | Event::PI(_) => return Err(wrong("syntax", "no processing instructions")),
            Event::Eof => {
                return match root {
                    Some(root) if open.is_empty() => Ok(root),
                    _ => Err(wrong("syntax", "a root element that ends")),
                };
            }
        }
        if count > MOST {
            return Err(wrong("size", "at most 100000 elements and attributes"));
        }
    }
}

/// XML 1.0 §4.6.
fn predefined(name: &str) -> Option<char> {
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

fn put(text: &str, open: &mut [Element]) -> Option<()> {
    if !text.chars().all(is_char) {
        return None;
    }
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = Some(element),
    }
}

fn element(start: &BytesStart<'_>, count: &mut usize) -> Option<Element> {
    *count += 1;
    let name = start.local_name();
    let mut element = Element { name: name.as_ref().to_owned(), ..Element::default() };
    if !is_name(&element.name) {
        return None;
    }
    for attribute in start.attributes() {
        *count += 1;
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        let whole: &str = attribute.key.as_ref();
        if whole == "xmlns" || whole.starts_with("xmlns:") {
            continue;
        }
        let local: &str = whole.split_once(':').map_or(whole, |(_, local)| local);
        if whole.starts_with("xsi:") {
            element.nil |= local == "nil" && matches!(value.as_ref(), "true" | "1");
            continue;
        }
        if element.attributes.iter().any(|(known, _)| known == local) {
            return None;
        }
        element.attributes.push((local.to_owned(), value.into_owned()));
    }
    Some(element)
}

/// XML 1.0 §2.2.
pub(super) const fn is_char(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// XML 1.0 §2.3, without a colon.
pub(super) fn is_name(name: &str) -> bool {
    let start = |letter: char| letter.is_alphabetic() || letter == '_';
    let inner = |letter: char| start(letter) || letter.is_numeric() || matches!(letter, '-' | '.' | '\u{B7}');
    name.chars().next().is_some_and(start) && name.chars().all(inner)
}
