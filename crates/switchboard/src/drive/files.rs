//! How commands read a contract that is named on the command line: its other files, overlays, allowed hosts.

use super::{Disk, Index, Need, remote};
use crate::exit::Failure;
use board::Outside;
use contract::{Contract, Document, DocumentError, Files, Overlay, Reach};
use std::path::{Path, PathBuf};

/// What a contract given on the command line is read with.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Reading {
    /// Lay this OpenAPI Overlay over the contract's file; repeatable, laid in order
    #[arg(long, value_name = "FILE")]
    overlay: Vec<PathBuf>,
    /// A host that references of the contract's file may lead to; repeatable, none by default
    #[arg(long, value_name = "HOST")]
    refs_from: Vec<String>,
    /// Fetch what references lead to again, instead of taking what is kept of it
    #[arg(long)]
    fetch_refs: bool,
}

impl Reading {
    /// The overlays, as they were given.
    pub(crate) fn overlays(&self) -> &[PathBuf] {
        &self.overlay
    }

    /// The allowed hosts, as they were given.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.refs_from
    }

    /// Says how documents of other hosts are had, for everything that is read from now on.
    pub(crate) fn begin(&self) {
        if self.fetch_refs {
            remote::anew();
        }
    }

    /// The document in a file.
    ///
    /// # Errors
    /// What cannot be read, with file, line and column.
    pub(crate) fn document(&self, file: &Path) -> Result<Document, Failure> {
        self.read(file).map_err(Failure::from)
    }

    /// As [`Reading::document`], for whoever tells of it in another form.
    pub(crate) fn read(&self, file: &Path) -> Result<Document, Unread> {
        self.begin();
        let name = file.display().to_string();
        let bytes = bytes_of(file)?;
        let overlay =
            |file: &PathBuf| Ok(Overlay { name: file.display().to_string(), bytes: bytes_of(file)? });
        let overlays = self.overlay.iter().map(overlay).collect::<Result<Vec<_>, Failure>>()?;
        let files = Beside(Reach::around(&name).and_hosts(&self.refs_from));
        Document::read_over(&name, &bytes, &overlays, &files).map_err(|error| {
            let over = overlays.iter().find(|over| over.name == error.name()).cloned();
            let (name, bytes) = over.map_or((name.clone(), bytes.clone()), |over| (over.name, over.bytes));
            Unread::Document { error: Box::new(error), name, bytes }
        })
    }

    /// The contract in a file, as [`Reading::document`] reads it.
    pub(crate) fn contract(&self, file: &Path) -> Result<Contract, Failure> {
        // As it was read before, unless something is laid over it or other hosts have a say.
        let plain = self.overlay.is_empty() && self.refs_from.is_empty() && !self.fetch_refs;
        if let Some(index) = Index::of_user().filter(|_| plain)
            && let Some(contract) = index.contract(Path::new(""), &file.display().to_string())
        {
            return Ok(contract);
        }
        self.document(file).map(Document::contract)
    }
}

/// Why there is no document.
#[derive(Debug)]
pub(crate) enum Unread {
    /// A file could not be read.
    File(Failure),
    /// What is in this file is none.
    Document {
        /// What is wrong with it.
        error: Box<DocumentError>,
        /// The file: the contract's own, or an overlay's.
        name: String,
        /// What is in it.
        bytes: Vec<u8>,
    },
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self::File(failure)
    }
}

impl From<Unread> for Failure {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::File(failure) => failure,
            Unread::Document { error, name, bytes } => unreadable(&error, &name, &bytes),
        }
    }
}

fn bytes_of(file: &Path) -> Result<Vec<u8>, Failure> {
    let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
    disk.file(file).map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", file.display())))
}

/// The slug of a document's error.
pub(crate) const fn code_of(error: &DocumentError) -> &'static str {
    match error {
        DocumentError::NotBuiltYet { .. } => "not-built-yet",
        DocumentError::TooLarge { .. } => "contract-too-large",
        DocumentError::NoOverlay { .. } => "bad-overlay",
        _ => "contract-unreadable",
    }
}

/// A document's error with file, line and column.
pub(crate) fn unreadable(error: &DocumentError, name: &str, bytes: &[u8]) -> Failure {
    let at = error.at();
    let code = code_of(error);
    let place = contract::place_of(&String::from_utf8_lossy(bytes), at.start);
    Failure::usage(format!("[{code}] {error}\n  --> {name}:{}:{}", place.line, place.column))
}

/// The files that a contract given on the command line may refer to.
#[derive(Debug)]
struct Beside(Reach);

impl Files for Beside {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        if name.contains("://") {
            return remote::get(name);
        }
        let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
        disk.file(Path::new(name)).map_err(|error| error.to_string())
    }

    fn reach(&self) -> &Reach {
        &self.0
    }
}
