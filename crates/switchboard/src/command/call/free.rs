//! A request without a contract: HTTPie's meaning of items, curl's meaning of flags.

use super::data;
use super::draft::{self, Draft};
use super::flag::Flag;
use super::form::{self, Part};
use super::input;
use super::item::{Item, Text};
use super::nest;
use super::payload::{Chunk, Payload};
use super::url::Url;
use super::wanted::{FieldWish, Wanted, field_name, field_value};
use crate::exit::Failure;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

/// Makes the request for `url`.
pub(crate) fn draft(
    method: Option<Method>,
    url: Url,
    items: Vec<Item>,
    wanted: &mut Wanted,
    retries: u32,
) -> Result<Draft, Failure> {
    let has_body = items.iter().any(Item::is_body);
    if has_body && !(wanted.data.is_empty() && wanted.parts.is_empty()) {
        return Err(Failure::usage("`-d` and `-F` are the whole body: no items can be added to it"));
    }
    if let Some(method) = method {
        wanted.method = Some(method);
    }
    let mut query: Vec<String> = url.query.iter().cloned().collect();
    for given in &wanted.transfer.url_query {
        query.push(data::url_query(given)?);
    }
    let mut body = Items::default();
    for item in items {
        match item {
            Item::Query(name, text) => query.push(pair(&name, &read(&text)?)),
            item => body.take(item, wanted)?,
        }
    }
    let flags_body = data::body(&wanted.data)?;
    if wanted.get && !wanted.data.is_empty() {
        query.push(String::from_utf8_lossy(&flags_body).into_owned());
    }
    let mut draft = Draft {
        method: wanted.method(has_body),
        upstream: draft::upstream(url.server, wanted, retries),
        path: url.path,
        query: (!query.is_empty()).then(|| query.join("&")),
        fields: HeaderMap::new(),
        payload: Payload::Empty,
        repeat: contract::Repeat::Never,
        named: None,
        secrets: Vec::new(),
        login: None,
    };
    if body.has_file {
        // Kept as what they are, for code that is printed.
        wanted.parts.clone_from(&body.parts);
    }
    let accept = if body.is_json() { "application/json, */*;q=0.5" } else { "*/*" };
    let media = if let Some(file) = &wanted.transfer.upload {
        if has_body {
            return Err(Failure::usage("`-T` is the whole body: no items can be added to it"));
        }
        // As curl: a URL that ends with a slash takes the file's name.
        if draft.path.ends_with('/')
            && let Some(name) = std::path::Path::new(file).file_name().filter(|_| file != "-")
        {
            let name = name.to_string_lossy();
            draft.path.push_str(&percent_encoding::utf8_percent_encode(&name, data::UNRESERVED).to_string());
        }
        draft.payload = if file == "-" {
            Payload::Held(input::bytes("-")?.into())
        } else {
            Payload::Chunks(vec![Chunk::File(file.into(), input::size(file)?)])
        };
        None
    } else if wanted.get || wanted.data.is_empty() {
        let (payload, media) =
            if wanted.parts.is_empty() { body.payload()? } else { multipart(&wanted.parts)? };
        draft.payload = payload;
        media
    } else {
        draft.payload = Payload::Held(flags_body.into());
        Some(data_media(wanted, &mut draft))
    };
    draft.dress(wanted, url.user.as_ref(), accept)?;
    if let Some(media) = media.filter(|_| !wanted.fields.contains(&FieldWish::Remove(CONTENT_TYPE))) {
        draft.media(&media)?;
    }
    draft.repeat = draft::repeat(&draft.method, &draft.fields);
    Ok(draft)
}

/// The media type of `-d`; `--json` also says what it would like back.
fn data_media(wanted: &Wanted, draft: &mut Draft) -> String {
    if wanted.data.iter().any(|piece| piece.flag == Flag::Json) {
        draft.default_field(ACCEPT, HeaderValue::from_static("application/json"));
        "application/json".to_owned()
    } else {
        "application/x-www-form-urlencoded".to_owned()
    }
}

/// Parts as a streamed body, with its media type.
pub(crate) fn multipart(parts: &[Part]) -> Result<(Payload, Option<String>), Failure> {
    let boundary = form::boundary()?;
    let chunks = form::chunks(parts, &boundary)?;
    Ok((Payload::Chunks(chunks), Some(format!("multipart/form-data; boundary={boundary}"))))
}

/// The text of an item.
pub(crate) fn read(text: &Text) -> Result<String, Failure> {
    match text {
        Text::Here(text) => Ok(text.clone()),
        Text::In(file) => input::text(file),
    }
}

/// The JSON of an item.
pub(crate) fn read_json(name: &str, text: &Text) -> Result<Value, Failure> {
    let text = read(text)?;
    let value = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("`{name}:=…` is no JSON: {error}"))
            .help(format!("for a text write `{name}={text}`"))
    })?;
    if has_larger(&text) {
        return Err(Failure::usage(format!(
            "`{name}:=…` has a whole number of more than 64 bits, which would become another one"
        ))
        .help("give the whole body, which is sent as it is: `@body.json`"));
    }
    Ok(value)
}

/// Whether a JSON text has a whole number that 64 bits do not hold: it would be read as a float.
fn has_larger(text: &str) -> bool {
    let (mut inside, mut escaped) = (false, false);
    // What stands in strings is no number.
    let bare: String = text
        .chars()
        .map(|letter| {
            let was = inside;
            inside ^= letter == '"' && !escaped;
            escaped = was && letter == '\\' && !escaped;
            if was || inside { ' ' } else { letter }
        })
        .collect();
    let numbers = bare.split(|letter: char| !(letter.is_ascii_digit() || "+-.eE".contains(letter)));
    numbers.filter(|word| word.bytes().any(|byte| byte.is_ascii_digit())).any(|word| {
        !word.contains(['.', 'e', 'E']) && word.parse::<i64>().is_err() && word.parse::<u64>().is_err()
    })
}

/// One pair of a query, percent-encoded.
pub(crate) fn pair(name: &str, value: &str) -> String {
    let encode = |text| percent_encoding::utf8_percent_encode(text, data::UNRESERVED).to_string();
    format!("{}={}", encode(name), encode(value))
}

/// A header item as a wish about a field.
pub(crate) fn field_wish(item: &Item) -> Result<Option<FieldWish>, Failure> {
    Ok(Some(match item {
        Item::Field(name, text) => FieldWish::Set(field_name(name)?, field_value(name, read(text)?.trim())?),
        Item::EmptyField(name) => FieldWish::Set(field_name(name)?, HeaderValue::from_static("")),
        Item::NoField(name) => FieldWish::Remove(field_name(name)?),
        _ => return Ok(None),
    }))
}

/// A whole body from a file or standard input: large files are streamed.
pub(crate) fn whole(file: &str) -> Result<Payload, Failure> {
    const HELD: u64 = 8 * 1024 * 1024;
    if file != "-" {
        let size = input::size(file)?;
        if size > HELD {
            return Ok(Payload::Chunks(vec![Chunk::File(file.into(), size)]));
        }
    }
    Ok(Payload::Held(input::bytes(file)?.into()))
}

/// The body that items make.
#[derive(Debug, Default)]
struct Items {
    json: Value,
    parts: Vec<Part>,
    has_file: bool,
    whole: Option<String>,
}

impl Items {
    fn take(&mut self, item: Item, wanted: &mut Wanted) -> Result<(), Failure> {
        if let Some(wish) = field_wish(&item)? {
            wanted.fields.push(wish);
            return Ok(());
        }
        match item {
            Item::Value(name, text) => {
                // As HTTPie: a file's text is data as it is; only queries and fields lose the line end.
                let text = match &text {
                    Text::In(file) => input::whole_text(file)?,
                    Text::Here(_) => read(&text)?,
                };
                self.parts.push(Part::text(&name, &text));
                self.put(&name, Value::String(text))?;
            }
            Item::Json(name, text) => {
                let value = read_json(&name, &text)?;
                self.parts.push(Part::text(&name, value.to_string()));
                self.put(&name, value)?;
            }
            Item::File(name, path, media) => {
                self.has_file = true;
                self.parts.push(Part::file(&name, &path, media.as_deref())?);
            }
            Item::Body(file) if self.whole.is_none() => self.whole = Some(file),
            Item::Body(file) => return Err(Failure::usage(format!("`@{file}` is a second whole body"))),
            Item::Query(..) | Item::Field(..) | Item::EmptyField(_) | Item::NoField(_) => {}
        }
        if self.whole.is_some() && !self.parts.is_empty() {
            return Err(Failure::usage("a whole body (`@file`) takes no further items"));
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), Failure> {
        let steps = nest::steps(name).map_err(Failure::usage)?;
        nest::put(&mut self.json, &steps, value).map_err(Failure::usage)
    }

    fn is_json(&self) -> bool {
        (!self.json.is_null() && !self.has_file) || self.whole.is_some()
    }

    fn payload(&self) -> Result<(Payload, Option<String>), Failure> {
        if let Some(file) = &self.whole {
            let media = mime_guess::from_path(file).first_raw().unwrap_or("application/json");
            return Ok((whole(file)?, Some(media.to_owned())));
        }
        // As HTTPie: a file among the items makes it a form.
        if self.has_file {
            return multipart(&self.parts);
        }
        if self.json.is_null() {
            return Ok((Payload::Empty, None));
        }
        Ok((Payload::Held(self.json.to_string().into()), Some("application/json".to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::has_larger;

    #[test]
    fn whole_numbers_of_more_than_64_bits_are_seen_outside_texts() {
        for (text, yes) in [
            ("18446744073709551615", false),
            ("-9223372036854775808", false),
            ("18446744073709551616", true),
            ("[1, {\"a\": -9223372036854775809}]", true),
            ("\"18446744073709551616\"", false),
            ("\"\\\"18446744073709551616\"", false),
            ("{\"18446744073709551616\": 1e400}", false),
            ("123456789012345678901234567890.5", false),
        ] {
            assert_eq!(has_larger(text), yes, "{text}");
        }
    }
}
