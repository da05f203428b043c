//! A contract document: its text, its tree while it is read, and the contract that remains.

use crate::{Operation, OperationId, Pointer, Security, SecurityScheme, Span};
use http::Method;
use std::sync::Arc;

/// The syntax a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
}

/// A document that was parsed and whose version is known; its tree is still there.
#[derive(Debug)]
pub struct Document {
    name: String,
    text: Arc<str>,
    syntax: Syntax,
}

/// Why a document is no contract. Faults inside one are [`Warning`]s and drop the smallest object instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be parsed.
    #[error("{name} cannot be read: {why}")]
    Syntax {
        /// Name of the document.
        name: String,
        /// What the parser says.
        why: String,
        /// Where.
        at: Span,
    },
    /// It is no contract that we know of.
    #[error("{name} is no API contract: {why}")]
    NoContract {
        /// Name of the document.
        name: String,
        /// What is missing.
        why: String,
        /// Where.
        at: Span,
    },
    /// It is one that is known and not built yet.
    #[error("{name} is {what}: not built yet")]
    NotBuiltYet {
        /// Name of the document.
        name: String,
        /// What it is: `OpenAPI 2.0`.
        what: String,
        /// Where it says so.
        at: Span,
    },
    /// It is larger, deeper or has more nodes than is allowed.
    #[error("{name} is too large: {why}")]
    TooLarge {
        /// Name of the document.
        name: String,
        /// Which bound, and what it is.
        why: String,
    },
}

/// Something in a document that was not understood, and was left out or is not enforced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable slug: `reference-nowhere`, `duplicate-operation-id`, `pattern-not-enforced`.
    pub code: &'static str,
    /// In plain words.
    pub text: String,
    /// Where in the document.
    pub at: Pointer,
}

/// One operation in a listing: known without lowering its schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its id.
    pub id: OperationId,
    /// Whether the document gave the id.
    pub id_declared: bool,
    /// Its method.
    pub method: Method,
    /// Its path as the document writes it.
    pub path: String,
    /// Announced as going away.
    pub deprecated: bool,
    /// Who may call it.
    pub security: Security,
    /// One line about it.
    pub summary: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Where it stands: its operationId, else its method.
    pub at: Pointer,
}

impl Document {
    /// Parses a document (JSON, else YAML) and finds out what it is.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { name: name.to_owned(), text: text.into(), syntax: Syntax::Json })
    }

    /// The operations, in the order of the document, without their schemas.
    pub fn outline(&self) -> (Vec<Outline>, Vec<Warning>) {
        (Vec::new(), Vec::new())
    }

    /// Lines (from 1) of many pointers in one scan of the text; 0 where a pointer leads nowhere.
    pub fn lines(&self, pointers: &[Pointer]) -> Vec<u32> {
        vec![0; pointers.len()]
    }

    /// Lowers every operation; the tree is given up.
    pub fn contract(self) -> Contract {
        Contract {
            name: self.name,
            title: String::new(),
            version: String::new(),
            servers: Vec::new(),
            operations: Vec::new(),
            schemes: Vec::new(),
            warnings: Vec::new(),
            text: self.text,
            syntax: self.syntax,
        }
    }
}

/// A contract ready for use: lowered operations, and the text for positions. The tree is gone.
#[derive(Debug)]
pub struct Contract {
    /// Name of the document: path or address, as it was given.
    pub name: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// Server URLs with their variables' defaults filled in; may be relative.
    pub servers: Vec<String>,
    /// Operations, in the order of the document.
    pub operations: Vec<Arc<Operation>>,
    /// Security schemes.
    pub schemes: Vec<SecurityScheme>,
    /// What was left out, and why.
    pub warnings: Vec<Warning>,
    text: Arc<str>,
    syntax: Syntax,
}

impl Contract {
    /// Reads and lowers a document.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        Document::read(name, bytes).map(Document::contract)
    }

    /// The operation with this id.
    pub fn operation(&self, id: &str) -> Option<&Arc<Operation>> {
        self.operations.iter().find(|operation| operation.id.as_str() == id)
    }

    /// The text of the document.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where `pointer` stands in the text: the member's key if it has one, else the value. One scan.
    pub fn locate(&self, pointer: &Pointer) -> Option<Span> {
        let _ = (pointer, self.syntax);
        None
    }

    /// Line (from 1) where `pointer` stands.
    pub fn line(&self, pointer: &Pointer) -> Option<u32> {
        self.locate(pointer).map(|span| crate::place_of(&self.text, span.start).line)
    }
}
