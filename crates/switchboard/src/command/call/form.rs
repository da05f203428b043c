//! A multipart form (RFC 7578): parts from `-F` and `name@file`, files streamed with their sizes known.

mod words;

use super::input;
use super::payload::Chunk;
use crate::exit::Failure;
use bytes::Bytes;
use words::Words;

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Name of the field.
    pub(crate) name: String,
    /// Its content.
    pub(crate) content: Content,
    /// Its media type, if it was given or follows from the file's name.
    pub(crate) media: Option<String>,
    /// The file's name that is announced for what is held.
    pub(crate) shown: Option<String>,
}

/// What a part holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Bytes.
    Held(Bytes),
    /// A file that is streamed: its path, and the name that is announced.
    File(String, String),
    /// Parts of its own, and the boundary between them.
    Many(Vec<Part>, String),
}

impl Part {
    /// A part with a text.
    pub(crate) fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), content: Content::Held(Bytes::from(text.into())), media: None, shown: None }
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
        Ok(Self { name: name.to_owned(), content, media: Some(media), shown: None })
    }

    /// As the value that a contract writes.
    pub(crate) fn into_value(self) -> contract::Value {
        match self.content {
            Content::Held(bytes) => contract::Value::Bytes(bytes),
            Content::File(name, shown) => {
                contract::Value::Later(contract::Source { name, media: self.media, shown: Some(shown) })
            }
            // Only `-F` makes such a part, which is sent as it is.
            Content::Many(..) => contract::Value::Bytes(Bytes::new()),
        }
    }

    /// Reads `name=text`, `name=@file;type=media;filename=name`, `name=<file`; `literal`: without a meaning for `@ < ;`.
    pub(crate) fn read(given: &str, literal: bool) -> Result<Self, Failure> {
        let (name, value) = given.split_once('=').ok_or_else(|| {
            Failure::usage(format!("`{given}` is no part of a form"))
                .help("write `-F name=text` or `-F name=@FILE`; HTTPie's `--form` is `--urlencoded` here")
        })?;
        if literal {
            return Ok(Self::text(name, value));
        }
        if let Some(files) = value.trim_start().strip_prefix('@') {
            return Self::files(name, files);
        }
        let Words { content, media, shown, .. } = words::read(value, false)?;
        let media = media.or_else(|| shown.as_deref().and_then(known).map(str::to_owned));
        let content = match content.strip_prefix('<') {
            Some(path) => Content::Held(input::bytes(path)?.into()),
            None => Content::Held(Bytes::from(content)),
        };
        Ok(Self { name: name.to_owned(), content, media, shown })
    }

    /// A file, or several parted by commas, which make one part of parts (RFC 2388 §4.2; RFC 7578 §4.3 would rather have
    /// the name once more for each).
    fn files(name: &str, files: &str) -> Result<Self, Failure> {
        let (mut parts, mut next) = (Vec::new(), Some(files.to_owned()));
        while let Some(text) = next.take() {
            let Words { content: path, media, shown, more } = words::read(&text, true)?;
            let mut part = Self::file(name, &path, media.as_deref())?;
            if media.is_none() {
                let by_name = shown.as_deref().and_then(known).or_else(|| known(&path));
                part.media = Some(by_name.unwrap_or("application/octet-stream").to_owned());
            }
            match (&mut part.content, shown) {
                (Content::File(_, announced), Some(shown)) => *announced = shown,
                (Content::Held(_), shown) => part.shown = Some(shown.unwrap_or(path)),
                (Content::File(..) | Content::Many(..), _) => {}
            }
            parts.push(part);
            next = more;
        }
        if parts.len() == 1
            && let Some(one) = parts.pop()
        {
            return Ok(one);
        }
        let boundary = boundary()?;
        let media = Some(format!("multipart/mixed; boundary={boundary}"));
        Ok(Self { name: name.to_owned(), content: Content::Many(parts, boundary), media, shown: None })
    }

    /// The head of this part, after the boundary's line.
    fn head(&self, disposition: &str, inner: bool) -> String {
        let mut head = format!("Content-Disposition: {disposition}");
        // RFC 2388 §4.2: only the outer part is a field.
        if !inner {
            head.push_str("; name=\"");
            head.push_str(&quoted(&self.name));
            head.push('"');
        }
        let file = if let Content::File(_, shown) = &self.content { Some(shown) } else { None };
        if let Some(shown) = file.or(self.shown.as_ref()) {
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

/// The chunks of a form between these boundaries, each part with this disposition.
pub(crate) fn chunks(parts: &[Part], boundary: &str, disposition: &str) -> Result<Vec<Chunk>, Failure> {
    let mut all = Vec::new();
    put(parts, boundary, disposition, &mut all, false)?;
    Ok(all)
}

fn put(
    parts: &[Part],
    boundary: &str,
    disposition: &str,
    all: &mut Vec<Chunk>,
    inner: bool,
) -> Result<(), Failure> {
    for part in parts {
        all.push(Chunk::Held(format!("--{boundary}\r\n{}", part.head(disposition, inner)).into()));
        match &part.content {
            Content::Held(bytes) => all.push(Chunk::Held(bytes.clone())),
            Content::File(path, _) => all.push(Chunk::File(path.into(), input::size(path)?)),
            Content::Many(parts, boundary) => put(parts, boundary, "attachment", all, true)?,
        }
        all.push(Chunk::Held(Bytes::from_static(b"\r\n")));
    }
    all.push(Chunk::Held(format!("--{boundary}--\r\n").into()));
    Ok(())
}

/// A boundary that no part holds, as likely as not: 96 random bits.
pub(crate) fn boundary() -> Result<String, Failure> {
    let mut random = [0; 12];
    getrandom::fill(&mut random)
        .map_err(|error| Failure::run(format!("the system gives no random bytes: {error}")))?;
    Ok(format!("----switchboard{}", hex::encode(random)))
}

/// A name within quotes, as browsers and curl write it (HTML standard, multipart/form-data encoding).
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// The media type that a file's name tells, else bytes: for items, which are not curl's.
fn guess(path: &str) -> &'static str {
    known(path).or_else(|| mime_guess::from_path(path).first_raw()).unwrap_or("application/octet-stream")
}

/// The few names that curl knows (plain text without a charset).
fn known(path: &str) -> Option<&'static str> {
    let ending = std::path::Path::new(path).extension()?.to_str()?.to_ascii_lowercase();
    Some(match ending.as_str() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Part, chunks};

    #[test]
    fn a_form_has_its_parts_between_boundaries() {
        let parts = [Part::read("a=1", false).unwrap(), Part::read("b=@x;type=a/b", true).unwrap()];
        let text: Vec<u8> = chunks(&parts, "B", "form-data")
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
        assert_eq!(Part::read("a=x;filename=b.TXT", false).unwrap().media.as_deref(), Some("text/plain"));
        let part = Part::read("a=x;type=text/csv", false).unwrap();
        assert_eq!(part, Part { media: Some("text/csv".into()), ..Part::text("a", "x") });
        assert!(Part::read("a=x;y", false).is_err());
        assert!(Part::read("a", false).is_err());
        assert!(Part::read("a=@/nowhere/at/all", false).is_err());
    }
}
