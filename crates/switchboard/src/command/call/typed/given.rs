//! What is given with a call by contract: each item goes where the contract has its name, with the type it says.

use super::super::data::{self, Piece};
use super::super::draft::Named;
use super::super::flag::Flag;
use super::super::form::Part;
use super::super::free::{field_wish, pair, read, read_json, whole};
use super::super::item::{Item, Text};
use super::super::payload::Payload;
use super::super::wanted::Wanted;
use super::super::{habits, input, near, nest};
use crate::exit::Failure;
use base64::Engine as _;
use contract::{Codec, In, Kind, Shape, Values};
use serde_json::Value;

/// What was given so far.
pub(super) struct Given<'n> {
    pub(super) named: &'n Named,
    pub(super) names: Vec<contract::Named>,
    pub(super) values: Values,
    pub(super) body: Value,
    /// Files among the items.
    pub(super) parts: Vec<Part>,
    /// What `-F` gave: as curl would send it.
    pub(super) form: Vec<Part>,
    pub(super) whole: Option<Payload>,
    pub(super) query: Vec<String>,
}

impl Given<'_> {
    /// Puts an item where the contract has its name.
    pub(super) fn take(&mut self, item: Item, wanted: &mut Wanted) -> Result<(), Failure> {
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
                let bytes = input::bytes(&path)?;
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
    pub(super) fn flags_body(&mut self, wanted: &Wanted) -> Result<(), Failure> {
        if wanted.shape != habits::Shape::Json {
            return Err(Failure::usage("the contract says how a body is written").help(
                "`--urlencoded` and `--multipart` are for URLs; another media type: `-H 'Content-Type: …'`",
            ));
        }
        if let Some(raw) = &wanted.raw {
            if self.whole.is_some() || !self.body.is_null() || !self.parts.is_empty() {
                return Err(Failure::usage("`--raw` is the whole body: no items can be added to it"));
            }
            self.whole = Some(Payload::Held(raw.clone().into()));
            return self.takes_body("--raw");
        }
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
