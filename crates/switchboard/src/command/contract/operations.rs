//! `switchboard contract operations`: what can be called, each with its line.

use super::place;
use crate::arguments::Global;
use crate::command::columns;
use crate::drive::Reading;
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use contract::{Outline, Stand};
use serde_json::json;
use std::path::Path;

/// Runs it.
pub(super) fn run(
    file: &Path,
    listing: Listing,
    reading: &Reading,
    global: &Global,
) -> Result<Exit, Failure> {
    let terminal = global.terminal();
    let name = file.display().to_string();
    let document = reading.document(file)?;
    let (outlines, warnings) = document.outline();
    let pointers: Vec<_> = outlines.iter().map(|outline| outline.at.clone()).collect();
    let stands = document.stands(&pointers);
    let text = || {
        columns(outlines.iter().zip(&stands).map(|(outline, stand)| {
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
        }))
    };
    let both = || outlines.iter().zip(&stands);
    let rows: Vec<_> = if listing.is_text() {
        Vec::new()
    } else {
        both().map(|(outline, stand)| as_json(outline, stand.as_ref(), &name)).collect()
    };
    listing.print(rows, text, terminal)?;
    let places: Vec<_> = warnings.iter().map(|warning| warning.at.clone()).collect();
    for (warning, stand) in warnings.iter().zip(document.stands(&places)) {
        let place = place(stand.as_ref(), &name);
        terminal.say(format!("warning[{}]: {place}: {}", warning.code, warning.text));
    }
    Ok(Exit::Ok)
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
