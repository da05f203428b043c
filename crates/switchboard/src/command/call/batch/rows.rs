//! Rows of a batch: CSV with a header line or JSON lines, read one by one, each made into items.
//!
//! Sources: RFC 4180; JSON Lines. A row is never held longer than its call, and never larger than 16 MiB.

use super::super::item::{Item, Text};
use crate::exit::Failure;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The largest row, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// One row: its number from 1, the header line of CSV not counted, and what it gives.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) number: u64,
    /// The items, or why it cannot be read.
    pub(super) items: Result<Vec<Item>, String>,
}

/// Where rows come from.
pub(super) struct Rows {
    name: String,
    kind: Kind,
    number: u64,
    /// Bytes read so far, and of how many, where that is known.
    read: Arc<AtomicU64>,
    whole: Option<u64>,
}

enum Kind {
    Csv { reader: csv::Reader<Source>, columns: Vec<String> },
    Lines(Source),
}

type Source = BufReader<Counted>;

/// A reader that counts what was read.
struct Counted {
    inner: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Rows {
    /// Opens a file of rows; `-` is standard input. What it is, its name says, else its first character.
    pub(super) fn open(name: &str) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| Failure::usage(format!("`{name}` cannot be read: {error}"));
        let (inner, whole): (Box<dyn Read>, _) = if name == "-" {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(name).map_err(unreadable)?;
            let whole = file.metadata().map_err(unreadable)?.len();
            (Box::new(file), Some(whole))
        };
        let read = Arc::new(AtomicU64::new(0));
        let mut source = BufReader::with_capacity(64 * 1024, Counted { inner, read: Arc::clone(&read) });
        let start = source.fill_buf().map_err(unreadable)?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace()).copied();
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let csv = match ending.as_deref() {
            Some("csv" | "tsv") => true,
            Some("jsonl" | "ndjson") => false,
            _ => first != Some(b'{'),
        };
        let kind = if csv {
            let delimiter = if ending.as_deref() == Some("tsv") { b'\t' } else { b',' };
            let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(source);
            let header = reader
                .headers()
                .map_err(|error| Failure::usage(format!("`{name}` has no header line: {error}")))?;
            // A byte order mark is what spreadsheets write first.
            let columns: Vec<String> =
                header.iter().map(|name| name.trim_start_matches('\u{feff}').trim().to_owned()).collect();
            if let Some(at) = columns.iter().position(String::is_empty) {
                return Err(Failure::usage(format!("column {} of `{name}` has no name", at + 1)));
            }
            Kind::Csv { reader, columns }
        } else {
            Kind::Lines(source)
        };
        Ok(Self { name: name.to_owned(), kind, number: 0, read, whole })
    }

    /// The next row; none at the end.
    ///
    /// # Errors
    /// Rows after this one cannot be read either.
    pub(super) fn next_row(&mut self) -> Result<Option<Row>, Failure> {
        let items = match &mut self.kind {
            Kind::Csv { reader, columns } => {
                let mut record = csv::StringRecord::new();
                match reader.read_record(&mut record) {
                    Ok(false) => return Ok(None),
                    Ok(true) => Ok(of_record(columns, &record)),
                    Err(error) if error.is_io_error() => {
                        return Err(Failure::run(format!("`{}` cannot be read: {error}", self.name)));
                    }
                    Err(error) => Err(error.to_string()),
                }
            }
            Kind::Lines(source) => loop {
                let mut line = Vec::new();
                let count = source
                    .by_ref()
                    .take(LARGEST + 1)
                    .read_until(b'\n', &mut line)
                    .map_err(|error| Failure::run(format!("`{}` cannot be read: {error}", self.name)))?;
                if count == 0 {
                    return Ok(None);
                }
                if count as u64 > LARGEST {
                    return Err(Failure::run(format!(
                        "row {} of `{}` is larger than 16 MiB",
                        self.number + 1,
                        self.name
                    )));
                }
                if !line.trim_ascii().is_empty() {
                    break of_line(&line);
                }
            },
        };
        self.number += 1;
        Ok(Some(Row { number: self.number, items }))
    }

    /// Which part of the rows was read, from 0 to 1, where that is known.
    pub(super) fn done_part(&self) -> Option<f64> {
        let whole = self.whole.filter(|whole| *whole > 0)?;
        #[expect(clippy::cast_precision_loss, reason = "a part for people to look at")]
        let part = self.read.load(Ordering::Relaxed) as f64 / whole as f64;
        Some(part.min(1.0))
    }
}

/// A cell gives a text that the contract types; an empty one gives nothing.
fn of_record(columns: &[String], record: &csv::StringRecord) -> Vec<Item> {
    columns
        .iter()
        .zip(record)
        .filter(|(_, cell)| !cell.is_empty())
        .map(|(name, cell)| Item::Value(name.clone(), Text::Here(cell.to_owned())))
        .collect()
}

/// A member gives its JSON as it is; null gives nothing.
fn of_line(line: &[u8]) -> Result<Vec<Item>, String> {
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(line).map_err(|error| format!("it is no JSON object: {error}"))?;
    let items = members.into_iter().filter(|(_, value)| !value.is_null());
    Ok(items.map(|(name, value)| Item::Json(name, Text::Here(value.to_string()))).collect())
}

#[cfg(test)]
mod tests {
    use super::{Item, Rows, Text};

    fn read(ending: &str, text: &str) -> Vec<Result<Vec<Item>, String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("rows.{ending}"));
        std::fs::write(&path, text).unwrap();
        let mut rows = Rows::open(path.to_str().unwrap()).unwrap();
        let mut found = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            assert_eq!(row.number, found.len() as u64 + 1);
            found.push(row.items);
        }
        found
    }

    fn text(name: &str, text: &str) -> Item {
        Item::Value(name.to_owned(), Text::Here(text.to_owned()))
    }

    #[test]
    fn a_row_of_csv_gives_texts_and_an_empty_cell_nothing() {
        let rows = read("csv", "\u{feff}id,note\n7,\"a, b\"\n8,\n");
        assert_eq!(rows, [Ok(vec![text("id", "7"), text("note", "a, b")]), Ok(vec![text("id", "8")])]);
        assert_eq!(read("tsv", "id\tnote\n7\tx\n"), [Ok(vec![text("id", "7"), text("note", "x")])]);
    }

    #[test]
    fn a_line_of_json_gives_json_and_a_broken_one_costs_itself_only() {
        let rows = read("data", "{\"id\": 7, \"tags\": [\"a\"], \"none\": null}\n\n[1]\n{\"id\": \"8\"}");
        let json = |name: &str, text: &str| Item::Json(name.to_owned(), Text::Here(text.to_owned()));
        assert_eq!(rows[0], Ok(vec![json("id", "7"), json("tags", "[\"a\"]")]));
        assert!(rows[1].is_err(), "{rows:?}");
        assert_eq!(rows[2], Ok(vec![json("id", "\"8\"")]));
    }

    #[test]
    fn a_short_row_of_csv_costs_itself_only() {
        let rows = read("csv", "a,b\n1\n2,3\n");
        assert!(rows[0].is_err());
        assert_eq!(rows[1], Ok(vec![text("a", "2"), text("b", "3")]));
    }
}
