//! `switchboard contract`: what a contract says.

mod sample;

use crate::arguments::Global;
use crate::drive::{Beside, Disk, Need};
use crate::exit::{Exit, Failure};
use board::Outside;
use clap::Subcommand;
use contract::{Document, DocumentError, Outline, Stand};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Arguments of `contract`.
#[derive(Debug, clap::Args)]
pub(crate) struct Contract {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the operations of a contract
    Operations {
        /// The contract's file
        file: PathBuf,
        /// How to print them
        #[arg(long, value_parser = ["text", "json"], default_value = "text")]
        format: String,
    },
    /// Not built yet
    #[command(hide = true)]
    Diff {
        #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Make a request or an answer of an operation, by examples and schemas
    Sample(sample::Sample),
}

impl Contract {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        match self.verb {
            Verb::Operations { file, format } => operations(&file, &format, global),
            Verb::Diff { .. } => Err(super::not_built_yet("contract diff")),
            Verb::Sample(sample) => sample.run(global),
        }
    }
}

fn operations(file: &Path, format: &str, global: &Global) -> Result<Exit, Failure> {
    let terminal = global.terminal();
    let name = file.display().to_string();
    let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
    let bytes = disk.file(file).map_err(|error| Failure::usage(format!("cannot read `{name}`: {error}")))?;
    let document = Document::read_with(&name, &bytes, &Beside::of(&name))
        .map_err(|error| unreadable(&error, &name, &bytes))?;
    let (outlines, warnings) = document.outline();
    let pointers: Vec<_> = outlines.iter().map(|outline| outline.at.clone()).collect();
    let stands = document.stands(&pointers);
    if format == "json" {
        let rows: Vec<_> = outlines
            .iter()
            .zip(&stands)
            .map(|(outline, stand)| as_json(outline, stand.as_ref(), &name))
            .collect();
        terminal.line(serde_json::Value::from(rows).to_string());
    } else {
        terminal.data(super::columns(outlines.iter().zip(&stands).map(|(outline, stand)| {
            let note = if outline.deprecated { "deprecated" } else { "" };
            let place = place(stand.as_ref(), &name);
            vec![
                outline.id.to_string(),
                outline.method.to_string(),
                outline.path.clone(),
                place,
                format!(
                    "{}{}{note}",
                    outline.summary,
                    if note.is_empty() || outline.summary.is_empty() { "" } else { " " }
                ),
            ]
        })));
    }
    let places: Vec<_> = warnings.iter().map(|warning| warning.at.clone()).collect();
    for (warning, stand) in warnings.iter().zip(document.stands(&places)) {
        let place = place(stand.as_ref(), &name);
        terminal.say(format!("warning[{}]: {place}: {}", warning.code, warning.text));
    }
    Ok(Exit::Ok)
}

/// File and line; of what stands nowhere, the contract's own name.
pub(super) fn place(stand: Option<&Stand>, name: &str) -> String {
    stand.map_or_else(|| format!("{name}:0"), |stand| format!("{}:{}", stand.file, stand.line()))
}

fn as_json(outline: &Outline, stand: Option<&Stand>, name: &str) -> serde_json::Value {
    let security: Vec<Vec<&str>> = outline
        .security
        .0
        .iter()
        .map(|all| all.iter().map(|requirement| requirement.scheme.as_str()).collect())
        .collect();
    json!({
        "id": outline.id.as_str(),
        "method": outline.method.as_str(),
        "path": outline.path,
        "deprecated": outline.deprecated,
        "security": security,
        "file": stand.map_or(name, |stand| stand.file.as_str()),
        "line": stand.map_or(0, Stand::line),
    })
}

/// A document's error with file, line and column.
pub(super) fn unreadable(error: &DocumentError, name: &str, bytes: &[u8]) -> Failure {
    let at = error.at();
    let code = match error {
        DocumentError::NotBuiltYet { .. } => "not-built-yet",
        DocumentError::TooLarge { .. } => "contract-too-large",
        _ => "contract-unreadable",
    };
    let place = contract::place_of(&String::from_utf8_lossy(bytes), at.start);
    Failure::usage(format!("[{code}] {error}\n  --> {name}:{}:{}", place.line, place.column))
}
