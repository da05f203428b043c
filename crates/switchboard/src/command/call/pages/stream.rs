//! Items on their way out: line by line, as one JSON list, as rows, or through a program; a page at a time is held.
//!
//! Only a table is held to its end, because its columns are as wide as their widest cell; it is bounded.

use super::super::asked::Asked;
use super::super::outcome::hidden;
use crate::exit::Failure;
use crate::output::{self, CsvStream, Format, jq, pretty};
use crate::terminal::Terminal;
use serde_json::Value;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{self, Write};

/// The largest table.
const LARGEST_TABLE: usize = 64 * 1024 * 1024;

/// Where items go, and how they look there.
pub(super) struct Stream<'a> {
    asked: &'a Asked<'a>,
    jq: Option<String>,
    format: Option<Format>,
    terminal: Terminal,
    file: Option<&'a mut (String, File)>,
    /// Items that were written.
    count: u64,
    csv: CsvStream,
    table: Vec<String>,
    table_size: usize,
    /// Nobody reads any more.
    pub(super) closed: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn new(
        asked: &'a Asked<'a>,
        terminal: Terminal,
        file: Option<&'a mut (String, File)>,
    ) -> Self {
        // A page is one document: the program is asked about each of its items, and compiled once.
        let jq = asked.jq.map(|program| format!(".[] | (\n{program}\n)"));
        let format = asked.format;
        Self {
            asked,
            jq,
            format,
            terminal,
            file,
            count: 0,
            csv: CsvStream::default(),
            table: Vec::new(),
            table_size: 0,
            closed: false,
        }
    }

    /// Writes the items of a page.
    pub(super) fn page(&mut self, items: &[&RawValue]) -> Result<(), Failure> {
        let Some(program) = &self.jq else {
            let items: Vec<String> = items.iter().map(|item| item.get().to_owned()).collect();
            return self.items(items);
        };
        let page = format!("[{}]", items.iter().map(|item| item.get()).collect::<Vec<_>>().join(","));
        let given = jq::run(program, page.as_bytes())?;
        if self.format.is_some() {
            return self.items(given.iter().map(jq::Given::json).collect());
        }
        let mut text = String::new();
        for one in &given {
            match one {
                // Without a format a text is given as it is, as `jq -r` does.
                jq::Given::Text(own) => text.push_str(own),
                jq::Given::Json(json) => text.push_str(&self.laid_out(json)),
            }
            text.push('\n');
        }
        self.write(&text)
    }

    fn items(&mut self, items: Vec<String>) -> Result<(), Failure> {
        let mut text = String::new();
        match self.format {
            Some(Format::Csv) => text = self.csv.rows(&values(&items)?)?,
            Some(Format::Table) => {
                self.table_size += items.iter().map(String::len).sum::<usize>();
                if self.table_size > LARGEST_TABLE {
                    return Err(Failure::run("the table is larger than 64 MiB")
                        .help("rows one by one need no room: `--format csv` or `--format ndjson`"));
                }
                self.table.extend(items);
                return Ok(());
            }
            Some(Format::Yaml) => {
                for item in items {
                    text.push_str(if self.count == 0 { "" } else { "---\n" });
                    text.push_str(&output::render(&[item], Format::Yaml, false)?);
                    self.count += 1;
                }
            }
            Some(Format::Json) => {
                for item in items {
                    text.push_str(if self.count == 0 { "[\n" } else { ",\n" });
                    let laid = pretty::laid_out(&item, self.coloured());
                    let lines: Vec<String> = laid.lines().map(|line| format!("  {line}")).collect();
                    text.push_str(&lines.join("\n"));
                    self.count += 1;
                }
            }
            _ => {
                for item in items {
                    text.push_str(&self.laid_out(&item));
                    text.push('\n');
                }
            }
        }
        self.write(&text)
    }

    /// Writes what belongs to the end, also after a failure: what came is kept.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        match self.format {
            Some(Format::Json) => {
                let end = if self.count == 0 { "[]\n" } else { "\n]\n" };
                self.write(end)
            }
            Some(Format::Table) => {
                // As one list: each item is a row, also one that has a list of its own.
                let list = format!("[{}]", std::mem::take(&mut self.table).join(","));
                let table = output::render(&[list], Format::Table, false)?;
                self.write(&table)
            }
            Some(Format::Csv) if !self.csv.left_out.is_empty() => {
                let names: Vec<&str> = self.csv.left_out.iter().take(20).map(String::as_str).collect();
                Err(Failure::run(format!(
                    "columns that only later pages have are left out: {}",
                    names.join(", ")
                ))
                .help("with all of them: `--format ndjson`, or choose the columns: `--jq '{…}'`"))
            }
            _ => Ok(()),
        }
    }

    fn coloured(&self) -> bool {
        self.terminal.colour_out && self.file.is_none()
    }

    /// On a terminal laid out, elsewhere one line for each.
    fn laid_out(&self, json: &str) -> String {
        if self.format.is_none() && self.terminal.interactive && self.file.is_none() {
            return pretty::laid_out(json, self.coloured());
        }
        // An item as it came may have line ends in it.
        if json.contains('\n') {
            return serde_json::from_str::<Value>(json)
                .map_or_else(|_| json.to_owned(), |value| value.to_string());
        }
        json.to_owned()
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        let text = hidden(text, self.asked, self.terminal);
        let (name, result) = match &mut self.file {
            Some((name, file)) => (name.as_str(), file.write_all(text.as_bytes())),
            None => ("stdout", {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }),
        };
        match result {
            // `| head`: who reads has enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            Err(error) => return Err(Failure::run(format!("`{name}` cannot be written: {error}"))),
            Ok(()) => {}
        }
        Ok(())
    }
}

fn values(items: &[String]) -> Result<Vec<Value>, Failure> {
    let read = |text: &String| {
        serde_json::from_str(text).map_err(|error| Failure::run(format!("an item is no JSON: {error}")))
    };
    items.iter().map(read).collect()
}
