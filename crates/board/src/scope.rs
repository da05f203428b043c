//! What resolving has at hand: the world outside, the problems so far, secrets, and contracts read once each.

use crate::code::{self, Code};
use crate::keys::Text;
use crate::report::{Problem, Report};
use crate::secret::Secrets;
use crate::tree::{At, SourceFile};
use crate::{Outside, fingerprint};
use contract::{Contract, DocumentError, Operation, Pointer, Span, Warning};
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// So many warnings of one contract are told; the rest is a number.
pub(crate) const TOLD: usize = 10;

/// What resolving has at hand.
pub(crate) struct Scope<'o> {
    pub(crate) outside: &'o dyn Outside,
    /// What paths in the file are relative to.
    pub(crate) base: &'o Path,
    pub(crate) report: &'o Report,
    pub(crate) secrets: Secrets<'o>,
    contracts: RefCell<HashMap<PathBuf, Option<Rc<Sheet>>>>,
    revision: Cell<u64>,
}

/// A contract, and its text for frames.
pub(crate) struct Sheet {
    pub(crate) contract: Arc<Contract>,
    file: OnceCell<Arc<SourceFile>>,
}

impl<'o> Scope<'o> {
    pub(crate) fn new(
        outside: &'o dyn Outside,
        base: &'o Path,
        report: &'o Report,
        secrets: Secrets<'o>,
    ) -> Self {
        Self {
            outside,
            base,
            report,
            secrets,
            contracts: RefCell::default(),
            revision: Cell::new(fingerprint::START),
        }
    }

    /// Something the board is made from.
    pub(crate) fn made_from(&self, bytes: &[u8]) {
        self.revision.set(fingerprint::add(self.revision.get(), bytes));
    }

    /// Fingerprint of everything it was made from.
    pub(crate) fn revision(&self) -> u64 {
        self.revision.get()
    }

    /// The bytes of a file that the board names, or a problem.
    pub(crate) fn bytes(&self, Text { text, at }: Text<'_>, code: &Code, what: &str) -> Option<Vec<u8>> {
        match self.outside.file(&self.base.join(text)) {
            Ok(bytes) => {
                self.made_from(&bytes);
                Some(bytes)
            }
            Err(why) => {
                self.report.add(
                    Problem::error(code, format!("{what} cannot be read: {why}"))
                        .at(at, format!("{why}"))
                        .help("paths are relative to the folder of `switchboard.toml`"),
                );
                None
            }
        }
    }

    /// The contract that the board names, read once however often it is named.
    pub(crate) fn contract(&self, named: Text<'_>) -> Option<Rc<Sheet>> {
        let path = self.base.join(named.text);
        if let Some(known) = self.contracts.borrow().get(&path) {
            return known.clone();
        }
        let sheet = self.read_contract(named).map(Rc::new);
        self.contracts.borrow_mut().insert(path, sheet.clone());
        sheet
    }

    fn read_contract(&self, named: Text<'_>) -> Option<Sheet> {
        let bytes = self.bytes(named, &code::CONTRACT_UNREADABLE, "the contract")?;
        match Contract::read(named.text, &bytes) {
            Ok(contract) => {
                let sheet = Sheet { contract: Arc::new(contract), file: OnceCell::new() };
                self.forward_warnings(&sheet, named.at);
                Some(sheet)
            }
            Err(error) => {
                self.report.add(unreadable(&error, named, &bytes));
                None
            }
        }
    }

    fn forward_warnings(&self, sheet: &Sheet, at: &At) {
        // What a contract demands and we cannot enforce is named when it is loaded.
        let warnings: Vec<Warning> =
            sheet.contract.warnings.iter().cloned().chain(sheet.contract.unenforced()).collect();
        let told: Vec<Pointer> = warnings.iter().take(TOLD).map(|warning| warning.at.clone()).collect();
        for (warning, place) in warnings.iter().zip(sheet.at_all(&told)) {
            let problem = Problem::warning(&code::CONTRACT_WARNING, warning.text.clone());
            let words = warning.code.replace('-', " ");
            self.report.add(match place {
                Some(place) => problem.at(&place, words),
                None => problem.at(at, words),
            });
        }
        if warnings.len() > TOLD {
            let more = warnings.len() - TOLD;
            let name = &sheet.contract.name;
            self.report.add(
                Problem::warning(&code::CONTRACT_WARNING, format!("{more} more warnings about {name}"))
                    .at(at, "this contract")
                    .help(format!("run `switchboard check {name}`")),
            );
        }
    }
}

impl Sheet {
    /// Where a pointer leads in the contract's text.
    pub(crate) fn at(&self, pointer: &Pointer) -> Option<At> {
        self.contract.locate(pointer).map(|span| self.stretch(span))
    }

    /// Where many pointers lead: one scan of the text, however many.
    fn at_all(&self, pointers: &[Pointer]) -> Vec<Option<At>> {
        if pointers.is_empty() {
            return Vec::new();
        }
        let places = self.contract.locate_all(pointers);
        places.into_iter().map(|span| span.map(|span| self.stretch(span))).collect()
    }

    /// Where an operation says its id, else where it stands.
    pub(crate) fn at_operation(&self, operation: &Operation) -> Option<At> {
        self.at_operations(&[operation]).pop().flatten()
    }

    /// The same of several operations, in one scan.
    pub(crate) fn at_operations(&self, operations: &[&Operation]) -> Vec<Option<At>> {
        let pointers: Vec<Pointer> = operations
            .iter()
            .flat_map(|operation| [operation.at.at("operationId"), operation.at.clone()])
            .collect();
        let places = if pointers.is_empty() { Vec::new() } else { self.contract.locate_all(&pointers) };
        let place = |(operation, found): (&&Operation, &[Option<Span>])| {
            let (id, own) = (found.first()?, found.get(1)?);
            self.at_id(operation, *id).or_else(|| own.map(|span| self.stretch(span)))
        };
        operations.iter().zip(places.chunks(2)).map(place).collect()
    }

    fn at_id(&self, operation: &Operation, key: Option<Span>) -> Option<At> {
        key.map(|key| {
            // The key was found; the id itself stands soon after it.
            let text = self.contract.text();
            let id = operation.id.as_str();
            let after = text.get(key.end..).unwrap_or_default();
            let near = after.find(id).filter(|at| *at < 80).map(|at| key.end + at);
            self.stretch(near.map_or(key, |start| Span { start, end: start + id.len() }))
        })
    }

    fn stretch(&self, span: Span) -> At {
        let file = self.file.get_or_init(|| {
            Arc::new(SourceFile {
                name: self.contract.name.as_str().into(),
                text: self.contract.shared_text(),
            })
        });
        At { file: Arc::clone(file), span }
    }
}

/// A contract that is none, with its own place where it has one.
fn unreadable(error: &DocumentError, named: Text<'_>, bytes: &[u8]) -> Problem {
    let (place, words) = match error {
        DocumentError::Syntax { at, .. } | DocumentError::NoContract { at, .. } => (Some(*at), "here"),
        DocumentError::NotBuiltYet { at, .. } => (Some(*at), "says so here"),
        DocumentError::TooLarge { .. } => (None, ""),
    };
    let code = match error {
        DocumentError::NotBuiltYet { .. } => &code::NOT_BUILT_YET,
        _ => &code::CONTRACT_UNREADABLE,
    };
    let problem = Problem::error(code, error.to_string()).at(named.at, "the contract that is named here");
    match place {
        Some(span) => {
            let text = String::from_utf8_lossy(bytes).into_owned().into();
            let file = Arc::new(SourceFile { name: named.text.into(), text });
            problem.at(&At { file, span }, words)
        }
        None => problem,
    }
}
