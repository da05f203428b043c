//! Where fetched contracts came from: `sources.toml` beside them, so that they can be fetched anew.
//!
//! A file of its own, kept with the contracts in the repository: whoever checks them out can update them.

use crate::exit::Failure;
use std::path::{Path, PathBuf};
use toml_edit::{DocumentMut, Item, Table, value};

/// The file beside the contracts.
const FILE: &str = "sources.toml";

/// What a new file begins with.
const HEAD: &str =
    "# Where the contracts of this folder came from: `switchboard contract update` fetches them anew.\n";

/// Where a contract came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its address.
    pub(crate) url: String,
    /// The validator that came with it, to be asked with (RFC 9110 §8.8.3).
    pub(crate) etag: Option<String>,
}

fn place(contract: &Path) -> Result<(PathBuf, String), Failure> {
    let name = contract.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Failure::usage(format!("`{}` is no file", contract.display())))?;
    Ok((contract.with_file_name(FILE), name))
}

fn open(file: &Path) -> Result<DocumentMut, Failure> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => HEAD.to_owned(),
        Err(error) => return Err(Failure::run(format!("cannot read `{}`: {error}", file.display()))),
    };
    text.parse().map_err(|error| Failure::usage(format!("`{}` is no TOML: {error}", file.display())))
}

/// Where this contract came from, if that is known.
pub(crate) fn of(contract: &Path) -> Result<Option<Source>, Failure> {
    let (file, name) = place(contract)?;
    let document = open(&file)?;
    let Some(entry) = document.get(&name) else { return Ok(None) };
    let text = |key: &str| entry.get(key).and_then(Item::as_str).map(str::to_owned);
    let url = text("url")
        .ok_or_else(|| Failure::usage(format!("`{}` has no `url` for `{name}`", file.display())))?;
    Ok(Some(Source { url, etag: text("etag") }))
}

/// Notes where a contract came from; what stands in the file already keeps its place and its comments.
pub(crate) fn note(contract: &Path, source: &Source) -> Result<(), Failure> {
    let (file, name) = place(contract)?;
    let mut document = open(&file)?;
    let entry = document.entry(&name).or_insert_with(|| Item::Table(Table::new()));
    entry["url"] = value(&source.url);
    match (&source.etag, entry.as_table_like_mut()) {
        (Some(etag), _) => entry["etag"] = value(etag),
        (None, Some(table)) => drop(table.remove("etag")),
        (None, None) => {}
    }
    super::write(&file, document.to_string().as_bytes())
}
