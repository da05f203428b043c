//! How a listing is printed: laid out for people, or as data in a format that is the same for every command.

use super::{Format, render};
use crate::exit::Failure;
use crate::terminal::Terminal;
use serde_json::Value;

/// A format of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Layout {
    /// For people.
    Text,
    /// One JSON document, a list.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// YAML.
    Yaml,
    /// Every member in a column, with a head.
    Table,
    /// CSV with a head (RFC 4180).
    Csv,
}

/// `--format` of a listing.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Listing {
    /// How to print it
    #[arg(long, value_enum, default_value_t = Layout::Text, value_name = "FORMAT")]
    pub(crate) format: Layout,
}

impl Listing {
    /// Whether it is for people.
    pub(crate) fn is_text(self) -> bool {
        self.format == Layout::Text
    }

    /// The rows as data; `None`: people are to read it.
    pub(crate) fn data(self, rows: Vec<Value>, terminal: Terminal) -> Result<Option<String>, Failure> {
        let format = match self.format {
            Layout::Text => return Ok(None),
            Layout::Json if !terminal.interactive => return Ok(Some(format!("{}\n", Value::from(rows)))),
            Layout::Json => Format::Json,
            Layout::Ndjson => Format::Ndjson,
            Layout::Yaml => Format::Yaml,
            Layout::Table => Format::Table,
            Layout::Csv => Format::Csv,
        };
        let document = Value::from(rows).to_string();
        render(&[document], format, terminal.colour_out).map(Some)
    }

    /// Prints rows: as data, or as `text` says.
    pub(crate) fn print(
        self,
        rows: Vec<Value>,
        text: impl FnOnce() -> String,
        terminal: Terminal,
    ) -> Result<(), Failure> {
        terminal.data(self.data(rows, terminal)?.unwrap_or_else(text));
        Ok(())
    }
}
