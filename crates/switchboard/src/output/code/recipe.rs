//! A request as code in any language needs it: text with references where secrets stand.

use std::fmt::Write as _;

/// Where a secret comes from when the code runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A variable of the environment.
    Variable(String),
    /// A file, without the line end at its end.
    File(String),
}

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it is.
    Text(String),
    /// A secret.
    Secret(Source),
    /// `name:password` in base64 (RFC 7617 §2).
    Base64(Source),
}

/// Text made of stretches.
pub(crate) type Line = Vec<Piece>;

/// A part of a form.
#[derive(Clone, Debug)]
pub(crate) struct FormPart {
    pub(crate) name: String,
    /// Its text, or the path and announced name of its file.
    pub(crate) content: Result<String, (String, String)>,
    pub(crate) media: Option<String>,
}

/// A stretch of a body that is no text, or comes from files.
#[derive(Clone, Debug)]
pub(crate) enum Stretch {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What is in this file.
    File(String),
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Carried {
    Nothing,
    Text(String),
    Form(Vec<FormPart>),
    Pieces(Vec<Stretch>),
}

/// A credential that is worked out from the request or belongs to the connection. Who cannot do so writes the
/// placeholder that stands in the fields.
#[derive(Clone, Debug)]
pub(crate) enum Worked {
    /// `user:password`, which answers a challenge (RFC 7616).
    Digest(Piece),
    /// AWS Signature Version 4: key id, colon, secret key.
    SigV4 { region: String, service: String, login: Line },
    /// The key of a client's certificate.
    Certificate(Source),
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) method: String,
    pub(crate) url: Line,
    pub(crate) fields: Vec<(String, Line)>,
    pub(crate) body: Carried,
    pub(crate) worked: Option<Worked>,
}

impl Recipe {
    /// Fields by name, several of one name joined (RFC 9110 §5.3): for languages that keep one for each name.
    pub(crate) fn joined(&self) -> Vec<(String, Line)> {
        let mut joined: Vec<(String, Line)> = Vec::new();
        for (name, value) in &self.fields {
            match joined.iter_mut().find(|(known, _)| known == name) {
                Some((_, line)) => {
                    line.push(Piece::Text(if name == "cookie" { "; " } else { ", " }.to_owned()));
                    line.extend(value.iter().cloned());
                }
                None => joined.push((name.clone(), value.clone())),
            }
        }
        joined
    }

    /// Whether a reference of this kind stands in it.
    pub(crate) fn has(&self, is: fn(&Piece) -> bool) -> bool {
        let login = match &self.worked {
            Some(Worked::Digest(login)) => std::slice::from_ref(login),
            _ => &[],
        };
        self.url.iter().chain(self.fields.iter().flat_map(|(_, line)| line)).chain(login).any(is)
    }
}

/// Whether a piece is read from a file.
pub(crate) fn is_file(piece: &Piece) -> bool {
    matches!(piece, Piece::Secret(Source::File(_)) | Piece::Base64(Source::File(_)))
}

/// Whether a piece is read from the environment.
pub(crate) fn is_variable(piece: &Piece) -> bool {
    matches!(piece, Piece::Secret(Source::Variable(_)) | Piece::Base64(Source::Variable(_)))
}

/// Whether a piece is made base64 of.
pub(crate) fn is_base64(piece: &Piece) -> bool {
    matches!(piece, Piece::Base64(_))
}

/// A literal that JavaScript, Python and Go read alike: JSON's.
pub(crate) fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Bytes as a literal that Python (after `b`), Go and Rust (after `b`) read alike.
pub(crate) fn bytes_literal(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out + "\""
}

/// A command of POSIX shell that writes a body to standard output.
pub(crate) fn shell(pieces: &[Stretch]) -> String {
    let commands = pieces.iter().map(|piece| match piece {
        Stretch::File(path) => format!("cat {}; ", shell_words::quote(path)),
        Stretch::Bytes(bytes) => {
            let mut text = String::new();
            for (nth, byte) in bytes.iter().enumerate() {
                match byte {
                    // A format that begins with it would be taken for a flag.
                    b'-' if nth == 0 => text.push_str("\\055"),
                    b'%' => text.push_str("%%"),
                    // Octal, as POSIX has it (XCU, printf): no shell changes it, and no zero byte is in the way.
                    b'\\' | b'\'' | 0..=31 | 127.. => {
                        let _ = write!(text, "\\{byte:03o}");
                    }
                    _ => text.push(char::from(*byte)),
                }
            }
            format!("printf '{text}'; ")
        }
    });
    format!("{{ {}}}", commands.collect::<String>())
}

/// Stretches joined by `plus`, each written by `write`.
pub(crate) fn sum(line: &[Piece], plus: &str, write: impl Fn(&Piece) -> String) -> String {
    if line.is_empty() {
        return "\"\"".to_owned();
    }
    line.iter().map(write).collect::<Vec<_>>().join(plus)
}
