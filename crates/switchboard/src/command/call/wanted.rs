//! What curl's flags ask for, each in its own type; the order of data and parts is kept.

mod connection;
mod transfer;

use super::config;
use super::data::Piece;
use super::flag::{Flag, Flags, Given};
use super::form::Part;
use super::input;
use crate::exit::Failure;
pub(crate) use connection::Connection;
use exchange::Secret;
use http::{HeaderName, HeaderValue, Method};
use std::time::Duration;
pub(crate) use transfer::{Resume, Transfer};

/// What curl's flags ask for.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of curl's, on or off as the user wrote it"
)]
pub(crate) struct Wanted {
    pub(crate) method: Option<Method>,
    pub(crate) fields: Vec<FieldWish>,
    pub(crate) data: Vec<Piece>,
    pub(crate) parts: Vec<Part>,
    /// `name:password`.
    pub(crate) user: Option<Secret>,
    pub(crate) output: Option<Destination>,
    pub(crate) include: bool,
    pub(crate) head: bool,
    pub(crate) insecure: bool,
    pub(crate) max_time: Option<Duration>,
    pub(crate) silent: bool,
    pub(crate) show_error: bool,
    pub(crate) verbose: bool,
    pub(crate) fail: bool,
    pub(crate) fail_with_body: bool,
    pub(crate) get: bool,
    pub(crate) write_out: Option<String>,
    pub(crate) authority: Option<Vec<u8>>,
    /// As `switchboard curl`: what curl passes over is no error.
    pub(crate) strict: bool,
    pub(crate) transfer: Transfer,
    pub(crate) connection: Connection,
}

/// Where the body goes, if not to stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// This file; `-` is stdout.
    File(String),
    /// A file named as the URL's last part.
    Remote,
}

/// What is wished of a header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldWish {
    /// There, with this value.
    Set(HeaderName, HeaderValue),
    /// Not there, though it would be by default.
    Remove(HeaderName),
}

impl Wanted {
    /// Reads the flags.
    pub(crate) fn read(flags: &Flags) -> Result<Self, Failure> {
        let mut wanted = Self::default();
        for given in &config::expanded(&flags.0)? {
            wanted.take(given)?;
        }
        wanted.connection.complete()?;
        let upload = wanted.transfer.upload.is_some();
        let bodies = [!wanted.data.is_empty(), !wanted.parts.is_empty(), wanted.head && !wanted.get, upload];
        if bodies.iter().filter(|asked| **asked).count() > 1 {
            return Err(Failure::usage(
                "only one of `-d`, `-F`, `-T` and `-I` says what kind of request it is",
            ));
        }
        Ok(wanted)
    }

    fn take(&mut self, given: &Given) -> Result<(), Failure> {
        let value = given.value.as_str();
        match given.flag {
            Flag::Request => self.method = Some(method(value)?),
            Flag::Header => match value.strip_prefix('@') {
                Some(file) => {
                    for line in input::text(file)?.lines().filter(|line| !line.is_empty()) {
                        self.fields.extend(FieldWish::read(line)?);
                    }
                }
                None => self.fields.extend(FieldWish::read(value)?),
            },
            Flag::Data | Flag::DataRaw | Flag::DataBinary | Flag::DataUrlencode | Flag::Json => {
                self.data.push(Piece::new(given.flag, value.to_owned()));
            }
            Flag::Form => self.parts.push(Part::read(value, false)?),
            Flag::FormString => self.parts.push(Part::read(value, true)?),
            Flag::User if value.contains(':') => self.user = Some(Secret::new(value)),
            Flag::User => {
                return Err(Failure::usage(format!("`-u {value}` has no password, and none is asked for"))
                    .help(format!("write `-u {value}:PASSWORD`")));
            }
            Flag::Output => self.output = Some(Destination::File(value.to_owned())),
            Flag::RemoteName => self.output = Some(Destination::Remote),
            Flag::Include => self.include = true,
            Flag::Head => self.head = true,
            Flag::Insecure => self.insecure = true,
            Flag::MaxTime => self.max_time = Some(seconds(value)?),
            Flag::Silent => self.silent = true,
            Flag::ShowError => self.show_error = true,
            Flag::Verbose => self.verbose = true,
            Flag::Fail => self.fail = true,
            Flag::Get => self.get = true,
            Flag::WriteOut => {
                self.write_out = Some(match value.strip_prefix('@') {
                    Some(file) => input::text(file)?,
                    None => value.to_owned(),
                });
            }
            Flag::CaCert => self.authority = Some(input::bytes(value)?),
            Flag::FailWithBody => self.fail_with_body = true,
            _ if self.connection.take(given)? => {}
            _ => self.transfer.take(given)?,
        }
        Ok(())
    }

    /// Whether `--json` is among the data.
    pub(crate) fn is_json(&self) -> bool {
        self.data.iter().any(|piece| piece.flag == Flag::Json)
    }

    /// The method that the flags make, where none is named.
    pub(crate) fn method(&self, has_body: bool) -> Method {
        match &self.method {
            Some(method) => method.clone(),
            None if has_body && self.kind() == Method::GET && !self.get => Method::POST,
            None => self.kind(),
        }
    }

    /// The method that the flags make but for `-X`.
    pub(crate) fn kind(&self) -> Method {
        match self {
            _ if self.head => Method::HEAD,
            _ if self.transfer.upload.is_some() => Method::PUT,
            // As curl: `-G` is about data, not about parts.
            _ if !self.parts.is_empty() => Method::POST,
            _ if self.get => Method::GET,
            _ if !self.data.is_empty() => Method::POST,
            _ => Method::GET,
        }
    }
}

impl FieldWish {
    /// Reads `Name: value`, `Name:` (removes) and `Name;` (empty). A line that is none of these is left out, as curl does.
    pub(crate) fn read(line: &str) -> Result<Option<Self>, Failure> {
        let Some((name, value)) = line.split_once(':') else {
            return match line.strip_suffix(';') {
                Some(name) => Ok(Some(Self::Set(field_name(name)?, HeaderValue::from_static("")))),
                None => Ok(None),
            };
        };
        let value = value.trim();
        if value.is_empty() {
            return Ok(Some(Self::Remove(field_name(name)?)));
        }
        Ok(Some(Self::Set(field_name(name)?, field_value(name, value)?)))
    }

    /// The field it is about.
    pub(crate) const fn name(&self) -> &HeaderName {
        match self {
            Self::Set(name, _) | Self::Remove(name) => name,
        }
    }
}

/// A method (RFC 9110 §9.1: a token).
pub(crate) fn method(text: &str) -> Result<Method, Failure> {
    Method::from_bytes(text.as_bytes()).map_err(|_| Failure::usage(format!("`{text}` is no method")))
}

/// A name of a header field.
pub(crate) fn field_name(text: &str) -> Result<HeaderName, Failure> {
    HeaderName::from_bytes(text.trim().as_bytes())
        .map_err(|_| Failure::usage(format!("`{text}` is no name of a header field")))
}

/// A value of a header field; values of fields that carry secrets are marked so.
pub(crate) fn field_value(name: &str, text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        Failure::usage(format!("the value of `{name}` has a character that no header field can have"))
    })?;
    value.set_sensitive(super::redact::is_secret_name(name));
    Ok(value)
}

pub(crate) fn seconds(text: &str) -> Result<Duration, Failure> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| Failure::usage(format!("`{text}` is no number of seconds")))
        // curl: zero is no limit.
        .map(|limit| if limit.is_zero() { Duration::from_secs(u64::from(u32::MAX)) } else { limit })
}

#[cfg(test)]
mod tests {
    use super::FieldWish;

    #[test]
    fn a_field_is_set_emptied_or_removed() {
        let read = |line| match FieldWish::read(line).unwrap() {
            Some(FieldWish::Set(name, value)) => format!("{name}={}", value.to_str().unwrap()),
            Some(FieldWish::Remove(name)) => format!("-{name}"),
            None => "ignored".to_owned(),
        };
        for (line, expected) in
            [("A: b:c", "a=b:c"), ("A:b", "a=b"), ("A:", "-a"), ("A;", "a="), ("A", "ignored")]
        {
            assert_eq!(read(line), expected, "{line}");
        }
        assert!(FieldWish::read("a b: c").is_err());
    }
}
