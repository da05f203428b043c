//! A request without a contract: HTTPie's meaning of items, curl's meaning of flags.

use super::data;
use super::draft::{self, Draft};
use super::form::{self, Content, Part};
use super::habits::Shape;
use super::input;
use super::item::{Item, Text};
use super::nest;
use super::payload::{Chunk, Payload};
use super::url::Url;
use super::wanted::{FieldWish, Wanted, field_name, field_value};
use crate::exit::{Exit, Failure};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;

/// The longest path and query; RFC 9110 §4.1 asks for 8,000 bytes.
const LONGEST: usize = 64_000;

/// Makes the request for `url`.
pub(crate) fn draft(
    method: Option<Method>,
    url: Url,
    items: Vec<Item>,
    wanted: &mut Wanted,
    retries: u32,
) -> Result<Draft, Failure> {
    let has_body = items.iter().any(Item::is_body) || wanted.raw.is_some();
    if has_body && !(wanted.data.is_empty() && wanted.parts.is_empty()) {
        return Err(Failure::usage("`-d` and `-F` are the whole body: no items can be added to it"));
    }
    if let Some(method) = method {
        wanted.method = Some(method);
    }
    let flags_body = data::body(&wanted.data)?;
    let in_query = wanted.get && !wanted.data.is_empty();
    let mut query = url.query;
    let mut added = Vec::new();
    for given in &wanted.transfer.url_query {
        // curl forgets them then.
        if !in_query {
            let pair = data::url_query(given)?;
            if wanted.strict && has_blank(pair.as_bytes()) {
                return Err(no_url());
            }
            added.push(Url::encoded(pair.as_bytes()));
        } else if !wanted.strict {
            return Err(Failure::usage("`-G` with data leaves `--url-query` out, in curl too")
                .help("give all of it to `--url-query`"));
        }
    }
    let mut body = Items { shape: wanted.shape, raw: wanted.raw.clone(), ..Items::default() };
    for item in items {
        match item {
            Item::Query(name, text) => added.push(pair(&name, &read(&text)?)),
            item => body.take(item, wanted)?,
        }
    }
    if in_query {
        if wanted.strict && has_blank(&flags_body) {
            return Err(no_url());
        }
        added.push(Url::encoded(&flags_body));
    }
    if !added.is_empty() {
        query = appended(query, &added.join("&"));
    }
    let length = url.path.len() + query.as_ref().map_or(0, String::len);
    if length > LONGEST {
        return Err(Failure::usage(format!("a URL of {length} bytes is not sent, only up to {LONGEST}"))
            .help("send it as a body: without `-G`")
            .exit(if wanted.strict { Exit::Curl(27) } else { Exit::Usage }));
    }
    let mut draft = Draft {
        method: wanted.method(has_body),
        upstream: draft::upstream(url.server, wanted, retries),
        path: url.path,
        query,
        fields: HeaderMap::new(),
        payload: Payload::Empty,
        repeat: contract::Repeat::Never,
        named: None,
        secrets: Vec::new(),
        login: None,
    };
    if body.is_multipart() {
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
        let is_json = wanted.is_json().then(|| draft.json());
        let (payload, media) = if wanted.parts.is_empty() { body.payload()? } else { form_of(wanted)? };
        draft.payload = payload;
        media.or(is_json)
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

/// A query with something after it, as curl appends: one `&` between, and nothing at all is none.
fn appended(query: Option<String>, more: &str) -> Option<String> {
    let mut query = query.unwrap_or_default();
    if !query.is_empty() && !query.ends_with('&') {
        query.push('&');
    }
    query.push_str(more);
    Some(query).filter(|query| !query.is_empty())
}

/// Whether there is a byte in it that curl takes in no URL.
pub(crate) fn has_blank(text: &[u8]) -> bool {
    text.iter().any(|byte| *byte <= b' ' || *byte == 0x7f)
}

/// As curl says it.
pub(crate) fn no_url() -> Failure {
    Failure::usage("URL using bad/illegal format or missing URL").exit(Exit::Curl(3))
}

/// The media type of `-d`; `--json` also says what it would like back.
fn data_media(wanted: &Wanted, draft: &mut Draft) -> String {
    if wanted.is_json() { draft.json() } else { "application/x-www-form-urlencoded".to_owned() }
}

/// The form of `-F`. A media type of one's own gets the boundary: `multipart/related`, `multipart/mixed`.
fn form_of(wanted: &mut Wanted) -> Result<(Payload, Option<String>), Failure> {
    let own = wanted.fields.iter().position(|wish| *wish.name() == CONTENT_TYPE);
    let Some(at) = own else { return multipart(&wanted.parts) };
    let media = match &wanted.fields[at] {
        FieldWish::Set(_, value) if !value.is_empty() => {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        }
        _ => {
            return Err(Failure::usage(
                "a form in parts cannot go without its `Content-Type`, which names the boundary",
            )
            .help(
                "leave `-H 'Content-Type:'` out, or name another one: `-H 'Content-Type: multipart/mixed'`",
            ));
        }
    };
    let boundary = form::boundary()?;
    let is_form = media.to_ascii_lowercase().starts_with("multipart/form-data");
    let chunks = form::chunks(&wanted.parts, &boundary, if is_form { "form-data" } else { "attachment" })?;
    let value = field_value("content-type", &format!("{media}; boundary={boundary}"))?;
    wanted.fields[at] = FieldWish::Set(CONTENT_TYPE, value);
    Ok((Payload::Chunks(chunks), None))
}

/// Parts as a streamed body, with its media type.
pub(crate) fn multipart(parts: &[Part]) -> Result<(Payload, Option<String>), Failure> {
    let boundary = form::boundary()?;
    let chunks = form::chunks(parts, &boundary, "form-data")?;
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

/// One pair of a form, where a space is a plus (HTML standard, §4.10.22.6).
fn form_pair(part: &Part) -> Option<String> {
    let Content::Held(bytes) = &part.content else { return None };
    let text = std::str::from_utf8(bytes).ok()?;
    Some(pair(&part.name, text).replace("%20", "+"))
}

/// A value as a form has it; what is no text, number or boolean has no place in one.
fn plain(name: &str, value: &Value) -> Result<String, Failure> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(Failure::usage(format!("`{name}:=…` is no text, and a form has nothing else"))
                .help("without `--urlencoded` and `--multipart` items are JSON"))
        }
    }
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
    raw: Option<String>,
    shape: Shape,
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
                // Names of a form are taken as they are.
                if self.shape == Shape::Json {
                    self.put(&name, Value::String(text))?;
                }
            }
            Item::Json(name, text) => {
                let value = read_json(&name, &text)?;
                if self.shape == Shape::Json {
                    self.parts.push(Part::text(&name, value.to_string()));
                    self.put(&name, value)?;
                } else {
                    self.parts.push(Part::text(&name, plain(&name, &value)?));
                }
            }
            Item::File(name, path, media) => {
                self.has_file = true;
                self.parts.push(Part::file(&name, &path, media.as_deref())?);
            }
            Item::Body(file) if self.whole.is_none() => self.whole = Some(file),
            Item::Body(file) => return Err(Failure::usage(format!("`@{file}` is a second whole body"))),
            Item::Query(..) | Item::Field(..) | Item::EmptyField(_) | Item::NoField(_) => {}
        }
        let wholes = usize::from(self.whole.is_some()) + usize::from(self.raw.is_some());
        if wholes + usize::from(!self.parts.is_empty()) > 1 {
            return Err(Failure::usage("a whole body (`@file`, `--raw`) takes no further items"));
        }
        Ok(())
    }

    fn put(&mut self, name: &str, value: Value) -> Result<(), Failure> {
        let steps = nest::steps(name).map_err(Failure::usage)?;
        nest::put(&mut self.json, &steps, value).map_err(Failure::usage)
    }

    fn is_json(&self) -> bool {
        (!self.json.is_null() && !self.has_file) || self.whole.is_some() || self.raw.is_some()
    }

    /// As HTTPie: a file among the items makes it a form in parts.
    fn is_multipart(&self) -> bool {
        self.has_file || (self.shape == Shape::Multipart && !self.parts.is_empty())
    }

    fn payload(&self) -> Result<(Payload, Option<String>), Failure> {
        if let Some(file) = &self.whole {
            let media = mime_guess::from_path(file).first_raw().unwrap_or("application/json");
            return Ok((whole(file)?, Some(media.to_owned())));
        }
        if let Some(raw) = &self.raw {
            return Ok((Payload::Held(raw.clone().into()), Some("application/json".to_owned())));
        }
        if self.is_multipart() {
            return multipart(&self.parts);
        }
        if self.shape == Shape::Urlencoded && !self.parts.is_empty() {
            let pairs: Vec<String> = self.parts.iter().filter_map(form_pair).collect();
            let media = "application/x-www-form-urlencoded; charset=utf-8";
            return Ok((Payload::Held(pairs.join("&").into()), Some(media.to_owned())));
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
