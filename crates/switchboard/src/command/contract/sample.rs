//! `switchboard contract sample`: a request or an answer as the contract allows it, or does not.

use crate::arguments::Global;
use crate::command::call::draft::AGENT;
use crate::drive::Reading;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use contract::{
    Asked, Chunk, Contract, Examples, Head, Need, Operation, Payload, Request, Value, Values, Violation, Want,
};
use serde_json::{Map, json};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Arguments of `contract sample`.
#[derive(Debug, clap::Args)]
pub(super) struct Sample {
    /// The contract's file, or an API of the board
    contract: String,
    /// The operation
    operation: String,
    /// The same number gives the same sample
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// An answer with this status instead of a request; `any`: the first that says it went well
    #[arg(long, value_name = "STATUS")]
    answer: Option<String>,
    /// At the bounds: even seeds as small as may be, odd ones as large
    #[arg(long, conflicts_with_all = ["negative", "answer"])]
    boundary: bool,
    /// A request that must be refused
    #[arg(long, conflicts_with = "answer")]
    negative: bool,
    /// How to print it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
    #[command(flatten)]
    reading: Reading,
}

impl Sample {
    /// Runs it.
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let contract = named(&self.contract, &self.reading, global)?;
        let operation = crate::command::known::operation_of(&contract, &self.contract, &self.operation)?;
        let terminal = global.terminal();
        let text = match &self.answer {
            Some(status) => self.answer_text(&contract, operation, status)?,
            None => self.request_text(&contract, operation, terminal)?,
        };
        terminal.data(text);
        Ok(Exit::Ok)
    }

    fn request_text(
        &self,
        contract: &Contract,
        operation: &Operation,
        terminal: Terminal,
    ) -> Result<String, Failure> {
        let want = match (self.boundary, self.negative) {
            (true, _) => Want::Boundary(self.seed),
            (_, true) => Want::Negative(self.seed),
            _ => Want::Plain,
        };
        let examples = Examples::read(contract);
        let values = contract::sample_request_by(operation, self.seed, want, &examples).ok_or_else(|| {
            let what = if self.negative { "nothing that must be refused" } else { "no sample" };
            Failure::run(format!("{what} of `{}` could be made in bounded tries", operation.id))
        })?;
        let request = contract::encode(operation, &values);
        if self.negative
            && let Ok(request) = &request
        {
            // What is wrong goes to stderr: the request itself stays one that can be piped.
            for violation in broken(operation, request) {
                terminal.say(format!("breaks {}: {violation}", violation.rule));
            }
        }
        if self.format == "json" {
            let request = request.ok().map(|request| shown(&request));
            return Ok(format!("{}\n", json!({ "values": by_place(&values), "request": request })));
        }
        match request {
            Ok(request) => Ok(head(&request)),
            // What is wrong may be what a client would not even write.
            Err(found) => {
                let lines: Vec<String> = found.iter().map(|one| format!("# {one}")).collect();
                Ok(format!("{:#}\n{}\n", by_place(&values), lines.join("\n")))
            }
        }
    }

    fn answer_text(
        &self,
        contract: &Contract,
        operation: &Operation,
        status: &str,
    ) -> Result<String, Failure> {
        let status = match status {
            "any" => None,
            code => Some(code.parse::<u16>().map_err(|_| Failure::usage(format!("`{code}` is no status")))?),
        };
        let examples = Examples::read(contract);
        let asked = Asked { status, seed: self.seed, examples: Some(&examples), ..Asked::default() };
        let sampled =
            contract::sample_answer(operation, &asked).map_err(|why| Failure::run(why.to_string()))?;
        let body = String::from_utf8_lossy(&sampled.body).into_owned();
        let fields: Map<String, serde_json::Value> = sampled
            .fields
            .iter()
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
            })
            .collect();
        if self.format == "json" {
            let body = serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body));
            let all = json!({ "status": sampled.status.as_u16(), "fields": fields, "body": body });
            return Ok(format!("{all}\n"));
        }
        let lines: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.as_str().unwrap_or_default()))
            .collect();
        Ok(format!("HTTP/1.1 {}\n{}\n{body}\n", sampled.status, lines.concat()))
    }
}

/// The contract of a file, or of an API of the board.
fn named(name: &str, reading: &Reading, global: &Global) -> Result<Arc<Contract>, Failure> {
    let file = Path::new(name);
    if file.is_file() {
        return reading.contract(file).map(Arc::new);
    }
    let api = crate::command::call::nearby_api(name, global)?;
    api.contract.clone().ok_or_else(|| Failure::usage(format!("API `{name}` has no contract")))
}

/// What of a request breaks the contract.
fn broken(operation: &Operation, request: &Request) -> Vec<Violation> {
    let mut fields = request.fields.clone();
    let bytes = match &request.payload {
        Payload::Bytes(bytes) => bytes.to_vec(),
        Payload::Chunks(_) => body(request).unwrap_or_default().into_bytes(),
        Payload::Empty | Payload::Later(_) => Vec::new(),
    };
    fields.insert(http::header::CONTENT_LENGTH, http::HeaderValue::from(bytes.len()));
    let head = Head {
        method: &request.method,
        path: &request.path,
        query: request.query.as_deref(),
        fields: &fields,
    };
    let (mut found, need) = contract::check_head(operation, &head);
    if let Need::Whole(check) | Need::Watch(check) = need {
        found.extend(check.whole(&bytes).found);
    }
    found
}

/// A request as it would be sent, without a server.
fn head(request: &Request) -> String {
    let query = request.query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
    let mut text = format!("{} {}{query} HTTP/1.1\n", request.method, request.path);
    for (name, value) in &request.fields {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let _ = writeln!(text, "user-agent: {AGENT}\n");
    if let Some(body) = body(request) {
        text.push_str(&body);
        text.push('\n');
    }
    text
}

/// The body as text; samples have no files.
fn body(request: &Request) -> Option<String> {
    match &request.payload {
        Payload::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Payload::Chunks(chunks) => {
            let held = chunks.iter().map(|chunk| match chunk {
                Chunk::Held(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Chunk::Later(source) => format!("@{}", source.name),
            });
            Some(held.collect())
        }
        Payload::Empty | Payload::Later(_) => None,
    }
}

fn shown(request: &Request) -> serde_json::Value {
    let fields: Map<String, serde_json::Value> = request
        .fields
        .iter()
        .map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned().into())
        })
        .collect();
    let body = body(request);
    json!({
        "method": request.method.as_str(), "path": request.path, "query": request.query,
        "fields": fields, "body": body,
    })
}

fn by_place(values: &Values) -> serde_json::Value {
    let mut places: Map<String, serde_json::Value> = Map::new();
    for (place, name, value) in &values.0 {
        let value = match value {
            Value::Json(json) => json.clone(),
            Value::Text(text) => text.clone().into(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
            Value::Later(source) => source.name.clone().into(),
        };
        if name.is_empty() {
            places.insert(place.word().to_owned(), value);
        } else if let Some(place) = places.entry(place.word()).or_insert_with(|| json!({})).as_object_mut() {
            place.insert(name.clone(), value);
        }
    }
    serde_json::Value::Object(places)
}
