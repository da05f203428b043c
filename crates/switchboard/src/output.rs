//! How data is shown: as it came, laid out, as another format, cut down by a jq program, or as code.

pub(crate) mod code;
pub(crate) mod jq;
pub(crate) mod listing;
pub(crate) mod pretty;
mod rows;

pub(crate) use rows::{CsvStream, aligned, csv};

use crate::exit::Failure;
use serde_json::Value;

/// A format of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// JSON, laid out.
    Json,
    /// One line of JSON for each element.
    Ndjson,
    /// YAML.
    Yaml,
    /// A table, one row for each element.
    Table,
    /// CSV with a head (RFC 4180).
    Csv,
    /// The bytes as they came.
    Raw,
    /// Request, response, checks, timings, retries; secrets as `***`.
    Envelope,
}

/// Writes JSON documents in a format. `coloured` counts for JSON only.
pub(crate) fn render(documents: &[String], format: Format, coloured: bool) -> Result<String, Failure> {
    let mut out = String::new();
    match format {
        Format::Json | Format::Envelope => {
            for document in documents {
                out.push_str(&pretty::laid_out(document, coloured));
                out.push('\n');
            }
        }
        Format::Raw => {
            for document in documents {
                out.push_str(document);
                out.push('\n');
            }
        }
        Format::Ndjson => {
            for element in elements(documents)? {
                out.push_str(&element.to_string());
                out.push('\n');
            }
        }
        Format::Yaml => {
            for (nth, value) in values(documents)?.iter().enumerate() {
                let text = serde_saphyr::to_string(&contract::Native(value))
                    .map_err(|error| Failure::run(format!("this cannot be written as YAML: {error}")))?;
                if nth > 0 {
                    out.push_str("---\n");
                }
                out.push_str(text.trim_end());
                out.push('\n');
            }
        }
        Format::Table => out = rows::table(&elements(documents)?, crate::terminal::width()),
        Format::Csv => out = csv(&elements(documents)?)?,
    }
    Ok(out)
}

fn values(documents: &[String]) -> Result<Vec<Value>, Failure> {
    let read = |text: &String| {
        serde_json::from_str(text).map_err(|error| Failure::run(format!("this is no JSON: {error}")))
    };
    documents.iter().map(read).collect()
}

/// The rows in the documents: the elements of lists, those of the only list in an object, or the document itself.
fn elements(documents: &[String]) -> Result<Vec<Value>, Failure> {
    let mut found = Vec::new();
    for value in values(documents)? {
        match value {
            Value::Array(elements) => found.extend(elements),
            Value::Object(mut members) => {
                let lists: Vec<String> = members
                    .iter()
                    .filter(|(_, value)| value.is_array())
                    .map(|(name, _)| name.clone())
                    .collect();
                match lists.as_slice() {
                    // A page: `{"items": […], "next": …}`.
                    [name] => match members.remove(name) {
                        Some(Value::Array(elements)) => found.extend(elements),
                        _ => found.push(Value::Object(members)),
                    },
                    _ => found.push(Value::Object(members)),
                }
            }
            value => found.push(value),
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{Format, render};

    #[test]
    fn one_answer_in_every_format() {
        let page = [r#"{"items":[{"id":1,"name":"a,b"},{"id":2,"tags":["x"]}],"next":null}"#.to_owned()];
        for (format, expected) in [
            (Format::Ndjson, "{\"id\":1,\"name\":\"a,b\"}\n{\"id\":2,\"tags\":[\"x\"]}\n"),
            (Format::Csv, "id,name,tags\n1,\"a,b\",\n2,,\"[\"\"x\"\"]\"\n"),
            (
                Format::Raw,
                "{\"items\":[{\"id\":1,\"name\":\"a,b\"},{\"id\":2,\"tags\":[\"x\"]}],\"next\":null}\n",
            ),
            (Format::Table, "id  name  tags\n1   a,b\n2         [\"x\"]\n"),
        ] {
            assert_eq!(render(&page, format, false).unwrap(), expected, "{format:?}");
        }
        let yaml = render(&page, Format::Yaml, false).unwrap();
        assert!(yaml.contains("items:") && yaml.contains("name: a,b"), "{yaml}");
        assert!(render(&["<p>".to_owned()], Format::Csv, false).is_err());
    }
}
