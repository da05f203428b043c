//! A multipart form (RFC 7578): parts from `-F` and `name@file`, files streamed with their sizes known.

use super::input;
use super::payload::Chunk;
use crate::exit::Failure;
use bytes::Bytes;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Name of the field.
    pub(crate) name: String,
    /// Its content.
    pub(crate) content: Content,
    /// Its media type, if it was given or follows from the file's name.
    pub(crate) media: Option<String>,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Bytes.
    Held(Bytes),
    /// A file that is streamed: its path, and the name that is announced.
    File(String, String),
}

impl Part {
    /// A part with a text.
    pub(crate) fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), content: Content::Held(Bytes::from(text.into())), media: None }
    }

    /// A part with a file; standard input is held.
    pub(crate) fn file(name: &str, path: &str, media: Option<&str>) -> Result<Self, Failure> {
        let content = if path == "-" {
            Content::Held(input::bytes("-")?.into())
        } else {
            input::size(path)?;
            let shown =
                std::path::Path::new(path).file_name().map_or(path.into(), |name| name.to_string_lossy());
            Content::File(path.to_owned(), shown.into_owned())
        };
        let media = media.map_or_else(|| guess(path).to_owned(), str::to_owned);
        Ok(Self { name: name.to_owned(), content, media: Some(media) })
    }

    /// As the value that a contract writes.
    pub(crate) fn into_value(self) -> contract::Value {
        match self.content {
            Content::Held(bytes) => contract::Value::Bytes(bytes),
            Content::File(name, shown) => {
                contract::Value::Later(contract::Source { name, media: self.media, shown: Some(shown) })
            }
        }
    }

    /// Reads `name=text`, `name=@file;type=media;filename=name`, `name=<file`; `literal`: without a meaning for `@ < ;`.
    pub(crate) fn read(given: &str, literal: bool) -> Result<Self, Failure> {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{given}` is no part of a form"))
                .help("write `-F name=text` or `-F name=@FILE`")
        })?;
        if literal {
            return Ok(Self::text(name, value));
        }
        let mut pieces = value.split(';');
        let content = pieces.next().unwrap_or_default().to_owned();
        let (mut media, mut shown) = (None, None);
        for piece in pieces {
            match piece.trim_start().split_once('=') {
                Some(("type", given)) => media = Some(given.to_owned()),
                Some(("filename", given)) => shown = Some(given.trim_matches('"').to_owned()),
                _ => {
                    return Err(Failure::usage(format!("`;{piece}` is no setting of a form's part"))
                        .help("to mean a semicolon itself: `--form-string NAME=TEXT`"));
                }
            }
        }
        let mut part = if let Some(path) = content.strip_prefix('@') {
            if path.contains(',') {
                return Err(Failure::usage(format!(
                    "several files in one part (`{path}`) are not built yet"
                )));
            }
            Self::file(name, path, media.as_deref())?
        } else if let Some(path) = content.strip_prefix('<') {
            Self { name: name.to_owned(), content: Content::Held(input::bytes(path)?.into()), media }
        } else {
            Self { media, ..Self::text(name, content) }
        };
        if let (Content::File(_, announced), Some(shown)) = (&mut part.content, shown) {
            *announced = shown;
        }
        Ok(part)
    }

    /// The head of this part, after the boundary's line.
    fn head(&self) -> String {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&self.name));
        if let Content::File(_, shown) = &self.content {
            head.push_str("; filename=\"");
            head.push_str(&quoted(shown));
            head.push('"');
        }
        if let Some(media) = &self.media {
            head.push_str("\r\nContent-Type: ");
            head.push_str(media);
        }
        head.push_str("\r\n\r\n");
        head
    }
}

/// The chunks of a form between these boundaries.
pub(crate) fn chunks(parts: &[Part], boundary: &str) -> Result<Vec<Chunk>, Failure> {
    let mut chunks = Vec::new();
    for part in parts {
        chunks.push(Chunk::Held(format!("--{boundary}\r\n{}", part.head()).into()));
        chunks.push(match &part.content {
            Content::Held(bytes) => Chunk::Held(bytes.clone()),
            Content::File(path, _) => Chunk::File(path.into(), input::size(path)?),
        });
        chunks.push(Chunk::Held(Bytes::from_static(b"\r\n")));
    }
    chunks.push(Chunk::Held(format!("--{boundary}--\r\n").into()));
    Ok(chunks)
}

/// A boundary that no part holds, as likely as not: 96 random bits.
pub(crate) fn boundary() -> Result<String, Failure> {
    let mut random = [0; 12];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::run(format!("the system gives no random bytes: {error}")))?;
    Ok(random.iter().fold("----switchboard".to_owned(), |text, byte| format!("{text}{byte:02x}")))
}

/// A name within quotes, as browsers and curl write it (HTML standard, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The media type that a file's name tells, else bytes.
fn guess(path: &str) -> &'static str {
    match std::path::Path::new(path).extension().and_then(|ending| ending.to_str()) {
        // curl sends plain text without a charset, and knows few names; those it knows are the same here.
        Some("txt") => "text/plain",
        Some("htm" | "html") => "text/html",
        Some("xml") => "application/xml",
        _ => mime_guess::from_path(path).first_raw().unwrap_or("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Part, chunks};

    #[test]
    fn a_form_has_its_parts_between_boundaries() {
        let parts = [Part::read("a=1", false).unwrap(), Part::read("b=@x;type=a/b", true).unwrap()];
        let text: Vec<u8> = chunks(&parts, "B")
            .unwrap()
            .into_iter()
            .flat_map(|chunk| match chunk {
                Chunk::Held(bytes) => bytes.to_vec(),
                Chunk::File(..) => Vec::new(),
            })
            .collect();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
             --B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n@x;type=a/b\r\n--B--\r\n"
        );
    }

    #[test]
    fn settings_of_a_part_are_read() {
        let part = Part::read("a=x;type=text/csv", false).unwrap();
        assert_eq!(part, Part { media: Some("text/csv".into()), ..Part::text("a", "x") });
        assert!(Part::read("a=x;y", false).is_err());
        assert!(Part::read("a", false).is_err());
        assert!(Part::read("a=@/nowhere/at/all", false).is_err());
    }
}
