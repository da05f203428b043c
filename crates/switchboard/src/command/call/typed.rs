//! A request by contract: the contract decides where a value goes and which type it has.
//!
//! Unknown names, missing ones and values that cannot be of their type are usage errors, before anything
//! is sent; whether the request keeps the contract otherwise is the check's question.

use super::data::{self, Piece};
use super::draft::{self, Draft, Named};
use super::fill::{self, Sampling};
use super::flag::Flag;
use super::form::{self, Part};
use super::free::{field_wish, multipart, pair, read, read_json, whole};
use super::item::{Item, Text};
use super::near;
use super::nest;
use super::payload::Payload;
use super::redact::{is_secret_member, is_secret_name};
use super::wanted::{FieldWish, Wanted};
use crate::exit::Failure;
use base64::Engine as _;
use board::Upstream;
use contract::{Codec, In, Kind, Shape, Values};
use exchange::Secret;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Makes the request that calls the operation, from words of the command line.
pub(crate) fn draft(
    named: Named,
    upstream: Upstream,
    words: &[String],
    wanted: &mut Wanted,
    sampling: Option<&Sampling>,
) -> Result<Draft, Failure> {
    let items = items(&named, words)?;
    draft_of(named, upstream, items, wanted, sampling)
}

/// Reads items as this operation's names have it.
pub(crate) fn items(named: &Named, words: &[String]) -> Result<Vec<Item>, Failure> {
    let names = named.operation.names();
    let known: Vec<&str> = names.iter().map(|known| known.name.as_str()).collect();
    words.iter().map(|word| Item::read(word, &known)).collect()
}

/// Makes the request that calls the operation, from items.
pub(crate) fn draft_of(
    named: Named,
    upstream: Upstream,
    items: Vec<Item>,
    wanted: &mut Wanted,
    sampling: Option<&Sampling>,
) -> Result<Draft, Failure> {
    let mut given = Given {
        names: named.operation.names(),
        named: &named,
        values: Values::default(),
        body: Value::Null,
        parts: Vec::new(),
        form: Vec::new(),
        whole: None,
        query: Vec::new(),
    };
    for item in items {
        given.take(item, wanted)?;
    }
    given.flags_body(wanted)?;
    if let Some(sampling) = sampling {
        let bodiless = given.whole.is_none() && given.parts.is_empty();
        fill::fill(&named.operation, sampling, &mut given.values, bodiless.then_some(&mut given.body))?;
    }
    given.missing(&upstream, wanted)?;
    let Given { values, body, parts, form, whole, query, .. } = given;
    let secrets = secrets(&values);
    let (request, payload) = encode(&named, values, body, whole, parts, form)?;
    let mut draft = Draft {
        method: wanted.method.clone().unwrap_or(request.method),
        upstream,
        path: request.path,
        query: joined(request.query, query),
        fields: request.fields,
        payload: match payload {
            Some(payload) => payload,
            None => Payload::opened(request.payload)?,
        },
        repeat: named.operation.repeat.clone(),
        named: None,
        secrets,
        login: None,
    };
    let json = named
        .operation
        .outputs
        .iter()
        .flat_map(|output| &output.bodies)
        .any(|body| body.codec == Codec::Json);
    draft.dress(wanted, None, if json { "application/json, */*;q=0.5" } else { "*/*" })?;
    if wanted.fields.contains(&FieldWish::Remove(CONTENT_TYPE)) {
        draft.fields.remove(CONTENT_TYPE);
    }
    if draft.repeat == contract::Repeat::Never {
        draft.repeat = draft::repeat(&draft.method, &draft.fields);
    }
    draft.named = Some(named);
    super::supplied::idempotency(&mut draft, wanted)?;
    Ok(draft)
}

/// Values of parameters whose name says that they are secret.
fn secrets(values: &Values) -> Vec<Secret> {
    let named = values.0.iter().filter(|(place, name, _)| match place {
        In::Body | In::Status => false,
        In::Path => is_secret_member(name),
        In::Query | In::Header | In::Cookie => is_secret_name(name),
    });
    named
        .filter_map(|(_, _, value)| match value {
            contract::Value::Json(Value::String(text)) | contract::Value::Text(text) => {
                Some(Secret::new(text))
            }
            contract::Value::Json(Value::Number(number)) => Some(Secret::new(number.to_string())),
            _ => None,
        })
        .collect()
}

/// The request that carries the values; a whole body and a form are put in by us, as they were given.
fn encode(
    named: &Named,
    mut values: Values,
    body: Value,
    whole: Option<Payload>,
    parts: Vec<Part>,
    form: Vec<Part>,
) -> Result<(contract::Request, Option<Payload>), Failure> {
    let operation = &named.operation;
    let first = operation.input.first();
    let parts_first = first.is_some_and(|body| body.codec == Codec::Multipart);
    let takes_parts = operation.input.iter().any(|body| body.media == "multipart/form-data");
    let mut own = None;
    if let Some(payload) = whole {
        own = Some((payload, first.map_or("application/json", |body| &body.media).to_owned()));
    } else if takes_parts && form.is_empty() && (!parts.is_empty() || (parts_first && !body.is_null())) {
        // The contract's Encoding Objects say what each part is.
        let media = format!("multipart/form-data; boundary={}", form::boundary()?);
        values.push(In::Header, "Content-Type", contract::Value::Text(media));
        let body = if body.is_null() { Value::Object(serde_json::Map::new()) } else { body };
        values.push(In::Body, "", contract::Value::Json(body));
        for part in parts {
            values.push(In::Body, part.name.clone(), part.into_value());
        }
    } else if !parts.is_empty() || !form.is_empty() || (parts_first && !body.is_null()) {
        let mut all: Vec<Part> = Vec::new();
        if let Value::Object(members) = &body {
            all.extend(members.iter().map(|(name, value)| {
                Part::text(name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }));
        }
        all.extend(parts);
        all.extend(form);
        let (payload, media) = multipart(&all)?;
        own = media.map(|media| (payload, media));
    } else if !body.is_null() {
        values.push(In::Body, "", contract::Value::Json(body));
    }
    // `encode` asks for what is required; a body that is put in afterwards is checked as bytes instead, and a field that a
    // flag, a credential or we ourselves give later has been looked for by `missing`.
    let later = |one: &contract::Parameter| {
        one.required && one.place != In::Path && values.get(one.place, &one.name).is_none()
    };
    let relaxed = (own.is_some() || operation.parameters.iter().any(later)).then(|| {
        let mut relaxed = (**operation).clone();
        if own.is_some() {
            relaxed.input = Vec::new();
            relaxed.input_required = false;
        }
        for parameter in &mut relaxed.parameters {
            parameter.required &= !later(parameter);
        }
        relaxed
    });
    let mut request = contract::encode(relaxed.as_ref().unwrap_or(operation), &values).map_err(|found| {
        let lines: Vec<String> =
            found.iter().map(|one| format!("  {one} ({})", named.line(&one.rule))).collect();
        Failure::usage(format!("`{}` cannot be called with these values\n{}", operation.id, lines.join("\n")))
    })?;
    let payload = match own {
        None => None,
        Some((payload, media)) => {
            let media = if media.contains('*') { "application/octet-stream".to_owned() } else { media };
            let value = media.parse().map_err(|_| Failure::usage(format!("`{media}` is no media type")))?;
            request.fields.insert(CONTENT_TYPE, value);
            Some(payload)
        }
    };
    Ok((request, payload))
}

/// What was given so far.
struct Given<'n> {
    named: &'n Named,
    names: Vec<contract::Named>,
    values: Values,
    body: Value,
    /// Files among the items.
    parts: Vec<Part>,
    /// What `-F` gave: as curl would send it.
    form: Vec<Part>,
    whole: Option<Payload>,
    query: Vec<String>,
}

impl Given<'_> {
    fn take(&mut self, item: Item, wanted: &mut Wanted) -> Result<(), Failure> {
        match item {
            Item::Value(name, text) => {
                let text = read(&text)?;
                self.value(&name, |shape| shape.read_text(&text))
            }
            Item::Json(name, text) => {
                let value = read_json(&name, &text)?;
                self.value(&name, |_| value.clone())
            }
            Item::Query(name, text) => self.forced(In::Query, &name, &text, wanted),
            Item::Field(ref name, ref text) if self.known(In::Header, name).is_some() => {
                self.forced(In::Header, name, text, wanted)
            }
            // A text that stands for bytes takes a file as it is, where the body has no parts.
            Item::File(name, path, _) if self.base64(&name).is_some() => {
                let bytes = super::input::bytes(&path)?;
                let text = match self.base64(&name) {
                    Some(true) => base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes),
                    _ => base64::engine::general_purpose::STANDARD.encode(bytes),
                };
                self.value(&name, |_| Value::String(text.clone()))
            }
            Item::File(name, path, media) => {
                self.parts.push(Part::file(&name, &path, media.as_deref())?);
                self.takes_body(&name)
            }
            Item::Body(file) if self.whole.is_none() => {
                self.whole = Some(whole(&file)?);
                self.takes_body(&format!("@{file}"))
            }
            Item::Body(file) => Err(Failure::usage(format!("`@{file}` is a second whole body"))),
            item => {
                wanted.fields.extend(field_wish(&item)?);
                Ok(())
            }
        }
    }

    fn known(&self, place: In, name: &str) -> Option<&contract::Named> {
        let same = |own: &str| if place == In::Header { own.eq_ignore_ascii_case(name) } else { own == name };
        self.names.iter().find(|known| known.place == place && same(&known.name))
    }

    /// `name=` and `name:=`: a parameter, else a member of the body; `body[name]` is always the latter.
    fn value(&mut self, name: &str, make: impl Fn(&Shape) -> Value) -> Result<(), Failure> {
        let parameter =
            self.names.iter().find(|known| known.place != In::Body && known.name == name).cloned();
        if let Some(known) = parameter {
            return self.parameter(&known, make);
        }
        let mut steps = if self.known(In::Body, name).is_some() {
            vec![nest::Step::Member(name.to_owned())]
        } else {
            nest::steps(name).map_err(Failure::usage)?
        };
        let forced = matches!(steps.as_slice(), [nest::Step::Member(body), nest::Step::Member(_), ..] if body == "body")
            && self.known(In::Body, "body").is_none();
        if forced {
            steps.remove(0);
        }
        let Some(shape) = self.body_shape() else { return Err(self.unknown(name)) };
        let members = shape.members();
        if let Some(nest::Step::Member(member)) = steps.first()
            && !forced
            && !members.is_empty()
            && !members.iter().any(|known| known.name == *member)
        {
            return Err(self.unknown(name));
        }
        self.takes_body(name)?;
        let leaf = steps.iter().fold(shape, |shape, step| match step {
            nest::Step::Member(member) => shape
                .members()
                .iter()
                .find(|known| known.name == *member)
                .map_or_else(|| Shape::anything(shape.at().clone()), |known| known.shape.clone()),
            nest::Step::Append | nest::Step::Place(_) => shape.items(),
        });
        let mut value = make(&leaf);
        if leaf.kind() == Kind::Array && !value.is_array() {
            // `tags=a tags=b`: each is one item of the list.
            value = make(&leaf.items());
            fits(name, &leaf.items(), &value, self.named)?;
            steps.push(nest::Step::Append);
        } else {
            fits(name, &leaf, &value, self.named)?;
        }
        nest::put(&mut self.body, &steps, value).map_err(Failure::usage)
    }

    fn parameter(&mut self, known: &contract::Named, make: impl Fn(&Shape) -> Value) -> Result<(), Failure> {
        let mut value = make(&known.shape);
        if known.shape.kind() == Kind::Array && !value.is_array() {
            value = make(&known.shape.items());
            fits(&known.name, &known.shape.items(), &value, self.named)?;
            let already = self
                .values
                .0
                .iter_mut()
                .find(|(place, name, _)| *place == known.place && *name == known.name);
            if let Some((_, _, contract::Value::Json(Value::Array(items)))) = already {
                items.push(value);
                return Ok(());
            }
            value = Value::Array(vec![value]);
        } else {
            fits(&known.name, &known.shape, &value, self.named)?;
            if self.values.get(known.place, &known.name).is_some() {
                return Err(Failure::usage(format!("`{}` is given twice", known.name))
                    .help(format!("it takes one value: {}", self.named.line(&known.at))));
            }
        }
        self.values.push(known.place, known.name.clone(), contract::Value::Json(value));
        Ok(())
    }

    /// `name==value` and `Name:value`: typed if the contract knows it there, else as it is.
    fn forced(&mut self, place: In, name: &str, text: &Text, wanted: &mut Wanted) -> Result<(), Failure> {
        let text = read(text)?;
        if let Some(known) = self.known(place, name).cloned() {
            return self.parameter(&known, |shape| shape.read_text(&text));
        }
        if place == In::Query {
            self.query.push(pair(name, &text));
        } else {
            wanted.fields.extend(field_wish(&Item::Field(name.to_owned(), Text::Here(text)))?);
        }
        Ok(())
    }

    /// Whether a member of the body is bytes in base64, and in which alphabet; a body in parts has files instead.
    fn base64(&self, name: &str) -> Option<bool> {
        let parts = self.named.operation.input.iter().any(|body| body.codec == Codec::Multipart);
        self.known(In::Body, name).filter(|_| !parts)?.shape.base64()
    }

    fn body_shape(&self) -> Option<Shape> {
        let input = &self.named.operation.input;
        let read = input.iter().find(|body| matches!(body.codec, Codec::Json | Codec::Form));
        read.or(input.first()).map(|body| body.shape.clone())
    }

    fn takes_body(&self, name: &str) -> Result<(), Failure> {
        if self.named.operation.input.is_empty() {
            return Err(Failure::usage(format!(
                "`{}` takes no body, so `{name}` has no place",
                self.named.operation.id
            ))
            .help(format!("see {}", self.named.line(&self.named.operation.at))));
        }
        if self.whole.is_some() && (!self.body.is_null() || !self.parts.is_empty()) {
            return Err(Failure::usage("a whole body (`@file`, `-d`) takes no further items"));
        }
        Ok(())
    }

    /// `-d` is the whole body in the contract's media type.
    fn flags_body(&mut self, wanted: &Wanted) -> Result<(), Failure> {
        if wanted.data.is_empty() && wanted.parts.is_empty() {
            return Ok(());
        }
        if self.whole.is_some() || !self.body.is_null() || !self.parts.is_empty() {
            return Err(Failure::usage("`-d` and `-F` are the whole body: no items can be added to it"));
        }
        if wanted.get {
            self.query.push(String::from_utf8_lossy(&data::body(&wanted.data)?).into_owned());
            return Ok(());
        }
        self.form.clone_from(&wanted.parts);
        if !wanted.data.is_empty() {
            // A file's line ends are part of a JSON document or a text: kept, as `--data-binary` does.
            let pieces: Vec<Piece> = wanted
                .data
                .iter()
                .map(|piece| match piece.flag {
                    Flag::Data => Piece { flag: Flag::DataBinary, ..piece.clone() },
                    _ => piece.clone(),
                })
                .collect();
            self.whole = Some(Payload::Held(data::body(&pieces)?.into()));
        }
        self.takes_body("-d")
    }

    /// Says which required names were not given.
    fn missing(&self, upstream: &Upstream, wanted: &Wanted) -> Result<(), Failure> {
        let own_body = self.whole.is_some() || !self.form.is_empty();
        let given = |known: &contract::Named| match known.place {
            In::Body => {
                own_body
                    || self.body.get(&known.name).is_some()
                    || self.parts.iter().any(|part| part.name == known.name)
            }
            In::Header => {
                self.values.get(In::Header, &known.name).is_some()
                    || is_key(&self.named.operation.repeat, &known.name)
                    || known.name.eq_ignore_ascii_case("if-match") // the last GET may know it
                    || wanted.fields.iter().any(|wish| known.name.eq_ignore_ascii_case(wish.name().as_str()))
                    || upstream.credentials.iter().any(|credential| is_for(&credential.place, &known.name))
            }
            place => {
                self.values.get(place, &known.name).is_some()
                    || upstream.credentials.iter().any(|credential| is_for(&credential.place, &known.name))
            }
        };
        let mut missing: Vec<String> = self
            .names
            .iter()
            .filter(|known| known.required && !given(known))
            .map(|known| format!("  {} {} ({})", known.name, place(known.place), self.named.line(&known.at)))
            .collect();
        let no_body = self.body.is_null() && self.parts.is_empty() && !own_body;
        if self.named.operation.input_required
            && no_body
            && missing.iter().all(|line| !line.contains("in the body"))
        {
            missing.push(format!(
                "  a body: `@FILE`, `-d DATA` ({})",
                self.named.line(&self.named.operation.at)
            ));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(format!("`{}` also needs\n{}", self.named.operation.id, missing.join("\n"))))
    }

    fn unknown(&self, name: &str) -> Failure {
        let operation = &self.named.operation;
        let failure = Failure::usage(format!(
            "`{}` has no `{name}` ({})",
            operation.id,
            self.named.line(&operation.at)
        ));
        let names = || self.names.iter().map(|known| known.name.as_str());
        match near::meant(name, names()) {
            Some(meant) => {
                let known = self.names.iter().find(|known| meant.contains(&format!("`{}`", known.name)));
                failure.help(match known {
                    Some(known) => format!("{meant} ({})", self.named.line(&known.at)),
                    None => meant,
                })
            }
            None if self.names.is_empty() => failure.help("it takes no values"),
            None => failure.help(format!("it takes {}", names().collect::<Vec<_>>().join(", "))),
        }
    }
}

/// Whether `value` is of the shape's kind; what else the contract says of it is the check's question.
fn fits(name: &str, shape: &Shape, value: &Value, named: &Named) -> Result<(), Failure> {
    let (fits, wanted) = match shape.kind() {
        Kind::Boolean => (value.is_boolean(), "true or false"),
        Kind::Integer => (
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
            "a whole number",
        ),
        Kind::Number => (value.is_number(), "a number"),
        Kind::String => (value.is_string(), "a text"),
        Kind::Array => (value.is_array(), "a list"),
        Kind::Object => (value.is_object(), "an object"),
        Kind::Any => (true, "anything"),
    };
    // Null beside a kind is a question of nullability: the check knows.
    if fits || value.is_null() {
        return Ok(());
    }
    let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(Failure::usage(format!(
        "`{name}` must be {wanted}, and `{shown}` is not ({})",
        named.line(shape.at())
    )))
}

fn is_for(place: &board::CredentialPlace, name: &str) -> bool {
    match place {
        board::CredentialPlace::Header(own) => name.eq_ignore_ascii_case(own.as_str()),
        board::CredentialPlace::Query(own) | board::CredentialPlace::Cookie(own) => own == name,
        board::CredentialPlace::Certificate(_) => false,
        board::CredentialPlace::Bearer
        | board::CredentialPlace::Basic
        | board::CredentialPlace::Digest
        | board::CredentialPlace::OAuth(_)
        | board::CredentialPlace::SigV4(_) => name.eq_ignore_ascii_case("authorization"),
    }
}

/// Whether a field is the operation's idempotency key, which is made where none is given.
fn is_key(repeat: &contract::Repeat, name: &str) -> bool {
    matches!(repeat, contract::Repeat::WithKey(key) if name.eq_ignore_ascii_case(key.as_str()))
}

const fn place(place: In) -> &'static str {
    match place {
        In::Path => "in the path",
        In::Query => "in the query",
        In::Header => "as a header",
        In::Cookie => "as a cookie",
        In::Body => "in the body",
        In::Status => "as the status",
    }
}

fn joined(query: Option<String>, more: Vec<String>) -> Option<String> {
    let all: Vec<String> = query.into_iter().chain(more).filter(|piece| !piece.is_empty()).collect();
    (!all.is_empty()).then(|| all.join("&"))
}
