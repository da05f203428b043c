//! A contract document: its text, its tree while it is read, and the contract that remains.

use crate::files::{Files, Kept};
use crate::laid::Laid;
use crate::openapi::{lower, outline, read};
use crate::overlay::{self, Overlay};
use crate::texts::{Stand, Text, Texts};
use crate::{Operation, OperationId, Pointer, Security, SecurityScheme, Server, Shape, Span, gather, reader};
use http::Method;
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The syntax a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Syntax {
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
}

/// A document that was parsed and whose version is known; its tree is still there.
pub struct Document {
    name: String,
    texts: Texts,
    version: read::Version,
    tree: Value,
    warnings: Vec<Warning>,
}

impl fmt::Debug for Document {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Text and tree are megabytes that nobody wants to see.
        let mut out = out.debug_struct("Document");
        out.field("name", &self.name).field("syntax", &self.syntax()).field("version", &self.version);
        out.finish_non_exhaustive()
    }
}

impl DocumentError {
    /// Where in the document.
    pub const fn at(&self) -> Span {
        match self {
            Self::Syntax { at, .. }
            | Self::NoContract { at, .. }
            | Self::NotBuiltYet { at, .. }
            | Self::NoOverlay { at, .. }
            | Self::TooLarge { at, .. } => *at,
        }
    }

    /// The document it is about: the contract, or an overlay of it.
    pub fn name(&self) -> &str {
        match self {
            Self::Syntax { name, .. }
            | Self::NoContract { name, .. }
            | Self::NotBuiltYet { name, .. }
            | Self::NoOverlay { name, .. }
            | Self::TooLarge { name, .. } => name,
        }
    }
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
    /// It cannot be laid over the contract.
    #[error("{name} cannot be laid over the contract: {why}")]
    NoOverlay {
        /// Name of the overlay.
        name: String,
        /// What is wrong with it.
        why: String,
        /// Where in the overlay.
        at: Span,
    },
    /// It is larger, deeper or has more nodes than is allowed.
    #[error("{name} is too large: {why}")]
    TooLarge {
        /// Name of the document.
        name: String,
        /// Which bound, and what it is.
        why: String,
        /// Where the bound was passed.
        at: Span,
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

impl Warning {
    /// Tells each once: the same place may be read from many operations.
    pub(crate) fn once(all: &mut Vec<Self>) {
        let mut told = HashSet::new();
        all.retain(|warning| told.insert((warning.code, warning.at.clone())));
    }
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
    ///
    /// Members that stand twice become warnings of the [`Document::outline`]; the last one counts.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::read_parsed(name, bytes, &[])
    }

    /// As [`Document::read`], with the other files that the document refers to.
    ///
    /// What cannot be read of them becomes a warning where it is referred to.
    pub fn read_with(name: &str, bytes: &[u8], files: &dyn Files) -> Result<Self, DocumentError> {
        Self::read_over(name, bytes, &[], files)
    }

    /// As [`Document::read_with`], with overlays laid over the document, in order, before anything else
    /// is made of it.
    ///
    /// # Errors
    /// Also what of an overlay cannot be understood, or does not fit the document.
    pub fn read_over(
        name: &str,
        bytes: &[u8],
        overlays: &[Overlay],
        files: &dyn Files,
    ) -> Result<Self, DocumentError> {
        let mut document = Self::read_parsed(name, bytes, overlays)?;
        let more = gather::gather(name, &mut document.tree, files, &mut document.warnings);
        let own = document.texts.list.len() - overlays.len();
        document.texts.laid = document.texts.laid.numbered(own + more.len());
        document.texts.list.splice(own..own, more);
        Ok(document)
    }

    /// The document that a contract was made of, again.
    pub(crate) fn again(contract: &Contract) -> Result<Self, DocumentError> {
        let (own, rest) = contract.texts.list.split_first().ok_or_else(|| DocumentError::NoContract {
            name: contract.name.clone(),
            why: "it has no text".to_owned(),
            at: Span::default(),
        })?;
        let (files, overlays) = rest.split_at(rest.len().saturating_sub(contract.texts.overlays));
        let overlays: Vec<Overlay> =
            overlays.iter().map(|text| Overlay { name: text.name.clone(), bytes: text.bytes() }).collect();
        Self::read_over(&contract.name, &own.bytes(), &overlays, &Kept::of(files))
    }

    fn read_parsed(name: &str, bytes: &[u8], overlays: &[Overlay]) -> Result<Self, DocumentError> {
        let reader::Parsed { text, syntax, mut tree, mut warnings } = reader::parse(name, bytes)?;
        let (more, laid) = if overlays.is_empty() {
            (Vec::new(), Laid::default())
        } else {
            overlay::lay(&mut tree, overlays, &mut warnings)?
        };
        let version = match read::version(&tree) {
            Ok(version) => version,
            Err(unfit) => return Err(unfit.located(name, &text, syntax)),
        };
        let name = name.to_owned();
        let mut list = vec![Text::held(name.clone(), text, syntax)];
        list.extend(more);
        Ok(Self { name, texts: Texts { list, laid, overlays: overlays.len() }, version, tree, warnings })
    }

    /// The syntax it is written in.
    pub fn syntax(&self) -> Syntax {
        self.texts.list.first().map_or(Syntax::Json, |own| own.syntax)
    }

    /// What was read; its references still stand.
    pub(crate) const fn tree(&self) -> &Value {
        &self.tree
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        self.texts.own()
    }

    /// The operations, in the order of the document, without their schemas.
    pub fn outline(&self) -> (Vec<Outline>, Vec<Warning>) {
        let mut warnings = self.warnings.clone();
        let found = outline::outline(&self.tree, &mut warnings);
        Warning::once(&mut warnings);
        (found, warnings)
    }

    /// Lines (from 1) of many pointers in one scan of the text; 0 where a pointer leads nowhere.
    pub fn lines(&self, pointers: &[Pointer]) -> Vec<u32> {
        self.texts.lines(pointers)
    }

    /// Where many pointers stand, in which file.
    pub fn stands(&self, pointers: &[Pointer]) -> Vec<Option<Stand>> {
        self.texts.stands(pointers)
    }

    /// Lowers every operation; the tree is given up.
    pub fn contract(self) -> Contract {
        let Self { name, texts, version, mut tree, mut warnings } = self;
        let secrets = crate::secrets::names(&tree);
        crate::schema::identify(&mut tree, texts.list.iter().filter_map(Text::content).map(|text| &**text));
        let lowered = lower::lower(&tree, version, &mut warnings);
        drop(tree);
        Contract {
            name,
            title: lowered.title,
            version: lowered.version,
            servers: lowered.servers,
            operations: lowered.operations,
            schemes: lowered.schemes,
            schemas: lowered.schemas,
            secrets,
            warnings,
            texts,
            places: OnceLock::new(),
        }
    }
}

/// In which text each operation stands, and at which line.
pub(crate) type Places = Box<[Option<(usize, u32)>]>;

/// A contract ready for use: lowered operations, and the text for positions. The tree is gone.
pub struct Contract {
    /// Name of the document: path or address, as it was given.
    pub name: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// Where it is served.
    pub servers: Vec<Server>,
    /// Operations, in the order of the document.
    pub operations: Vec<Arc<Operation>>,
    /// The schemas that it names, each with where it stands.
    pub schemas: Vec<(String, Pointer)>,
    /// Security schemes.
    pub schemes: Vec<SecurityScheme>,
    /// Names, in lower case, of members and parameters whose values it calls secret: `format: password`.
    pub secrets: Vec<String>,
    /// What was left out, and why.
    pub warnings: Vec<Warning>,
    pub(crate) texts: Texts,
    /// Where its operations stand, once somebody has asked.
    pub(crate) places: OnceLock<Places>,
}

impl fmt::Debug for Contract {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = out.debug_struct("Contract");
        out.field("name", &self.name).field("operations", &self.operations.len());
        out.field("warnings", &self.warnings).finish_non_exhaustive()
    }
}

impl Contract {
    /// Reads and lowers a document.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self, DocumentError> {
        Document::read(name, bytes).map(Document::contract)
    }

    /// As [`Contract::read`], with the other files that the document refers to.
    pub fn read_with(name: &str, bytes: &[u8], files: &dyn Files) -> Result<Self, DocumentError> {
        Document::read_with(name, bytes, files).map(Document::contract)
    }

    /// As [`Contract::read_with`], with overlays laid over the document.
    pub fn read_over(
        name: &str,
        bytes: &[u8],
        overlays: &[Overlay],
        files: &dyn Files,
    ) -> Result<Self, DocumentError> {
        Document::read_over(name, bytes, overlays, files).map(Document::contract)
    }

    /// Every text it was read from, by the name that messages give it: its own file, those it refers to, its overlays.
    /// One that cannot be had any more is left out.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &Arc<str>)> {
        self.texts.list.iter().filter_map(|text| Some((text.name.as_str(), text.content()?)))
    }

    /// The operation with this id.
    pub fn operation(&self, id: &str) -> Option<&Arc<Operation>> {
        self.operations.iter().find(|operation| operation.id.as_str() == id)
    }

    /// What of the contract's schemas cannot be enforced, each with its place. Looks at every schema.
    pub fn unenforced(&self) -> Vec<Warning> {
        let mut found = Vec::new();
        let mut stores = HashSet::new();
        for shape in self.shapes() {
            shape.unenforced(&mut found);
            if let Some(store) = shape.store()
                && stores.insert(Arc::as_ptr(store))
            {
                store.unenforced(&mut found);
            }
        }
        Warning::once(&mut found);
        found
    }

    /// Compiles every schema now instead of at its first use; gives what cannot be enforced.
    ///
    /// Costs memory for all of a contract's operations; [`Contract::unenforced`] does not.
    pub fn warm(&self) -> Vec<Warning> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for shape in self.shapes() {
            shape.warm_once(&mut seen, &mut found);
        }
        Warning::once(&mut found);
        found
    }

    /// Every shape that an operation names: of parameters, bodies, answers and their fields.
    pub fn shapes(&self) -> impl Iterator<Item = &Shape> {
        self.operations.iter().flat_map(|operation| {
            let parameters = operation.parameters.iter().map(|one| &one.shape);
            let input = operation.input.iter().map(|one| &one.shape);
            let output = operation.outputs.iter().flat_map(|output| {
                let fields = output.fields.iter().map(|one| &one.shape);
                fields.chain(output.bodies.iter().map(|one| &one.shape))
            });
            parameters.chain(input).chain(output)
        })
    }

    /// The text of the document.
    pub fn text(&self) -> &str {
        self.texts.own()
    }

    /// Where `pointer` stands, in which file: the member's key if it has one, else the value.
    pub fn stand(&self, pointer: &Pointer) -> Option<Stand> {
        self.stands(std::slice::from_ref(pointer)).pop().flatten()
    }

    /// Where many pointers stand, in which file: one scan of each text that is needed.
    pub fn stands(&self, pointers: &[Pointer]) -> Vec<Option<Stand>> {
        self.texts.stands(pointers)
    }

    /// Lines (from 1) of many pointers in one scan of the text; 0 where a pointer leads nowhere.
    pub fn lines(&self, pointers: &[Pointer]) -> Vec<u32> {
        self.texts.lines(pointers)
    }

    /// Line (from 1) where `pointer` stands. A scan of the text: not for every call.
    pub fn line(&self, pointer: &Pointer) -> Option<u32> {
        self.stand(pointer).map(|stand| stand.line())
    }

    /// File and line (from 1) where the operation of this index stands. All are found in one scan, at the first question.
    pub fn operation_place(&self, index: usize) -> Option<(&str, u32)> {
        let places = self.places.get_or_init(|| {
            let pointers: Vec<_> = self.operations.iter().map(|operation| operation.at.clone()).collect();
            self.texts.places(&pointers).into()
        });
        let (file, line) = places.get(index).copied().flatten()?;
        Some((self.texts.list.get(file)?.name.as_str(), line))
    }
}
