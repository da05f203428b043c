//! curl's `-d` family: pieces of a body, joined in the order they were given.

use super::flag::Flag;
use super::input;
use crate::exit::Failure;
use std::sync::Arc;

/// One piece, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which of the flags.
    pub(crate) flag: Flag,
    /// Its value.
    pub(crate) value: String,
    /// What is in the file that it names, where that was read already.
    pub(super) held: Option<Arc<[u8]>>,
}

impl Piece {
    /// Nothing is read yet.
    pub(crate) const fn new(flag: Flag, value: String) -> Self {
        Self { flag, value, held: None }
    }

    /// Reads the file that it names, once for all requests that it goes into.
    pub(crate) fn hold(&mut self) -> Result<(), Failure> {
        if let Some(name) = self.file() {
            self.held = Some(input::bytes(name)?.into());
        }
        Ok(())
    }

    /// The file that it names.
    fn file(&self) -> Option<&str> {
        match self.flag {
            Flag::DataRaw => None,
            Flag::DataUrlencode => {
                let at = self.value.find(['=', '@'])?;
                self.value[at..].strip_prefix('@')
            }
            _ => self.value.strip_prefix('@'),
        }
    }
}

/// The bytes of all pieces: joined with `&`, JSON pieces without.
pub(crate) fn body(pieces: &[Piece]) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    for (nth, piece) in pieces.iter().enumerate() {
        let bytes = bytes(piece)?;
        // Also after and before what is empty.
        if nth > 0 && piece.flag != Flag::Json {
            body.push(b'&');
        }
        body.extend(bytes);
    }
    Ok(body)
}

fn bytes(piece: &Piece) -> Result<Vec<u8>, Failure> {
    let read = |name: &str| piece.held.as_ref().map_or_else(|| input::bytes(name), |held| Ok(held.to_vec()));
    match (piece.flag, piece.file()) {
        (Flag::DataUrlencode, _) => encoded(&piece.value, &read),
        (_, None) => Ok(piece.value.as_bytes().to_vec()),
        (Flag::DataBinary | Flag::Json, Some(file)) => read(file),
        // curl drops line ends and NUL from a file given to `-d`.
        (_, Some(file)) => {
            let mut bytes = read(file)?;
            bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            Ok(bytes)
        }
    }
}

/// `text`, `=text`, `name=text`, `@file`, `name@file`: only what follows the name is encoded.
fn encoded(value: &str, read: &dyn Fn(&str) -> Result<Vec<u8>, Failure>) -> Result<Vec<u8>, Failure> {
    let (name, content) = match value.find(['=', '@']) {
        None => ("", value.as_bytes().to_vec()),
        Some(at) if value.as_bytes()[at] == b'=' => (&value[..at], value.as_bytes()[at + 1..].to_vec()),
        Some(at) => {
            let content = read(&value[at + 1..])?;
            // curl: an empty file is nothing, also with a name.
            if content.is_empty() {
                return Ok(content);
            }
            (&value[..at], content)
        }
    };
    // As curl since 7.85, and as forms have it: a space is a plus.
    let content = percent_encoding::percent_encode(&content, UNRESERVED).to_string().replace("%20", "+");
    Ok(if name.is_empty() { content } else { format!("{name}={content}") }.into_bytes())
}

/// What `--url-query` adds: as `--data-urlencode`, or as it is after a `+`.
pub(crate) fn url_query(value: &str) -> Result<String, Failure> {
    match value.strip_prefix('+') {
        Some(raw) => Ok(raw.to_owned()),
        None => Ok(String::from_utf8_lossy(&encoded(value, &input::bytes)?).into_owned()),
    }
}

/// Everything but unreserved characters (RFC 3986 §2.3).
pub(crate) const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::{Flag, Piece, body};

    fn joined(pieces: &[(Flag, &str)]) -> String {
        let pieces: Vec<_> =
            pieces.iter().map(|(flag, value)| Piece::new(*flag, (*value).to_owned())).collect();
        String::from_utf8(body(&pieces).unwrap()).unwrap()
    }

    #[test]
    fn pieces_are_joined_as_curl_joins_them() {
        for (pieces, expected) in [
            (vec![(Flag::Data, "a=1"), (Flag::Data, "b=2")], "a=1&b=2"),
            (vec![(Flag::DataRaw, "@a"), (Flag::DataUrlencode, "q=a b&c")], "@a&q=a+b%26c"),
            (vec![(Flag::DataUrlencode, "=a=b")], "a%3Db"),
            (vec![(Flag::DataUrlencode, "a b")], "a+b"),
            (vec![(Flag::Json, "{\"a\":"), (Flag::Json, "1}")], "{\"a\":1}"),
            (vec![(Flag::Data, ""), (Flag::Data, "b")], "&b"),
        ] {
            assert_eq!(joined(&pieces), expected, "{pieces:?}");
        }
    }
}
