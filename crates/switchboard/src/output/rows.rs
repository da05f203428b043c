//! Rows and columns: objects become rows, their names columns in the order they first appear.

use crate::exit::Failure;
use serde_json::Value;

/// A table for people, without lines; within `width` columns where the terminal has so many.
pub(crate) fn table(elements: &[Value], width: Option<u16>) -> String {
    let columns = columns(elements);
    let head = (!columns.is_empty()).then(|| columns.clone());
    let shown = |element| cells(element, &columns).iter().map(|cell| printable(cell)).collect();
    within(head.into_iter().chain(elements.iter().map(shown)), width)
}

/// A cell without what would break the table, or talk to the terminal.
fn printable(cell: &str) -> String {
    cell.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Rows as aligned columns, two spaces between them.
pub(crate) fn aligned(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    within(rows, None)
}

fn within(rows: impl IntoIterator<Item = Vec<String>>, width: Option<u16>) -> String {
    let mut table = comfy_table::Table::new();
    if let Some(width) = width {
        table.set_width(width);
    }
    let arrangement = match width {
        Some(_) => comfy_table::ContentArrangement::Dynamic,
        None => comfy_table::ContentArrangement::Disabled,
    };
    table.load_style(comfy_table::presets::NOTHING).set_content_arrangement(arrangement).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut out = String::new();
    for line in table.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// CSV with a head (RFC 4180, lines ended by LF).
pub(crate) fn csv(elements: &[Value]) -> Result<String, Failure> {
    CsvStream::default().rows(elements)
}

/// CSV whose rows come bit by bit: the first ones say which columns there are.
#[derive(Debug, Default)]
pub(crate) struct CsvStream {
    columns: Option<Vec<String>>,
    /// Columns that only later rows have, and that are therefore not there.
    pub(crate) left_out: std::collections::BTreeSet<String>,
}

impl CsvStream {
    /// Further rows, the head before the first.
    pub(crate) fn rows(&mut self, elements: &[Value]) -> Result<String, Failure> {
        let failed = |error: csv::Error| Failure::run(format!("this cannot be written as CSV: {error}"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        let here = columns(elements);
        if self.columns.is_none() && !here.is_empty() {
            writer.write_record(&here).map_err(failed)?;
        }
        let columns = self.columns.get_or_insert_with(|| here.clone());
        let known: std::collections::HashSet<&str> = columns.iter().map(String::as_str).collect();
        self.left_out.extend(here.into_iter().filter(|name| !known.contains(name.as_str())));
        for element in elements {
            writer.write_record(cells(element, columns)).map_err(failed)?;
        }
        let bytes = writer.into_inner().map_err(|error| Failure::run(error.to_string()))?;
        String::from_utf8(bytes).map_err(|error| Failure::run(error.to_string()))
    }
}

fn columns(elements: &[Value]) -> Vec<String> {
    let mut found = indexed();
    for element in elements {
        if let Value::Object(members) = element {
            for name in members.keys() {
                found.entry(name.clone()).or_insert(Value::Null);
            }
        }
    }
    found.keys().cloned().collect()
}

fn indexed() -> serde_json::Map<String, Value> {
    serde_json::Map::new()
}

/// One row; what is no object has one cell.
fn cells(element: &Value, columns: &[String]) -> Vec<String> {
    match element {
        Value::Object(members) => columns.iter().map(|name| cell(members.get(name))).collect(),
        other => {
            let mut row = vec![cell(Some(other))];
            row.resize(columns.len().max(1), String::new());
            row
        }
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::table;
    use serde_json::json;

    #[test]
    fn a_table_keeps_within_the_terminal_and_says_nothing_to_it() {
        let rows = [json!({"id": 1, "text": "word ".repeat(30)}), json!({"id": 2, "text": "a\u{1b}[31m\nb"})];
        let narrow = table(&rows, Some(40));
        assert!(
            narrow.lines().count() > 4 && narrow.lines().all(|line| line.chars().count() <= 40),
            "{narrow}"
        );
        let wide = table(&rows, None);
        assert!(wide.lines().count() == 3 && !wide.contains('\u{1b}'), "{wide}");
    }
}
