//! Problems as SARIF 2.1.0 (OASIS), one run for everything that was looked at: for code hosts and editors.
//!
//! A place is a file as named from here, with line and column counted from 1 in Unicode code points (§3.14.17).

use board::{Diagnostic, Diagnostics, Severity};
use serde_json::{Value, json};
use std::path::Path;

/// One problem with its place.
#[derive(Clone, Debug)]
pub(super) struct Found {
    level: &'static str,
    code: String,
    text: String,
    places: Vec<Value>,
}

/// Problems so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Vec<Found>);

impl Log {
    /// Problems of the board in `folder`.
    pub(super) fn board(&mut self, folder: &Path, problems: &Diagnostics) {
        self.0.extend(problems.0.iter().map(|problem| of_board(folder, problem)));
    }

    /// A problem of a contract; `line` and `column` from 1, where they are known.
    pub(super) fn contract(
        &mut self,
        level: &'static str,
        code: &str,
        text: &str,
        (file, line, column): (&str, u32, Option<u32>),
    ) {
        let mut region = json!({ "startLine": line.max(1) });
        if let Some(column) = column {
            region["startColumn"] = column.into();
        }
        let places = vec![location(file, &region, None)];
        self.0.push(Found { level, code: code.to_owned(), text: text.to_owned(), places });
    }

    /// The log file's text.
    pub(super) fn text(&self) -> String {
        let mut codes: Vec<&str> = Vec::new();
        for found in &self.0 {
            if !codes.contains(&found.code.as_str()) {
                codes.push(&found.code);
            }
        }
        let rules: Vec<Value> = codes
            .iter()
            .map(|code| match board::explain(code) {
                Some(page) => json!({ "id": code, "fullDescription": { "text": page } }),
                None => json!({ "id": code }),
            })
            .collect();
        let results: Vec<Value> = self
            .0
            .iter()
            .map(|found| {
                let (first, more) = found.places.split_first().map_or((None, &[][..]), |(a, b)| (Some(a), b));
                json!({
                    "ruleId": found.code,
                    "ruleIndex": codes.iter().position(|code| *code == found.code),
                    "level": found.level,
                    "message": { "text": found.text },
                    "locations": first.into_iter().collect::<Vec<_>>(),
                    "relatedLocations": more,
                })
            })
            .collect();
        let log = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": "switchboard",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules,
                }},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        });
        crate::output::pretty::laid_out(&log.to_string(), false)
    }
}

fn of_board(folder: &Path, problem: &Diagnostic) -> Found {
    let places = problem.labels.iter().map(|label| {
        let start = contract::place_of(&label.text, label.span.start);
        let end = contract::place_of(&label.text, label.span.end);
        let region = json!({
            "startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column,
        });
        location(&folder.join(&*label.file).display().to_string(), &region, Some(&label.words))
    });
    let text = match &problem.help {
        Some(help) => format!("{}. {help}", problem.headline),
        None => problem.headline.clone(),
    };
    let level = if problem.severity == Severity::Error { "error" } else { "warning" };
    Found { level, code: problem.code.to_owned(), text, places: places.collect() }
}

fn location(file: &str, region: &Value, words: Option<&str>) -> Value {
    // A URI reference (RFC 3986 §4.1): what no path segment may hold is percent-encoded.
    const PLAIN: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
    let uri = percent_encoding::utf8_percent_encode(file.trim_start_matches("./"), PLAIN).to_string();
    let mut location =
        json!({ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } });
    if let Some(words) = words.filter(|words| !words.is_empty()) {
        location["message"] = json!({ "text": words });
    }
    location
}
