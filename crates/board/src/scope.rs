//! What resolving has at hand: the world outside, the problems so far, secrets, and contracts read once each.

use crate::code::{self, Code};
use crate::keys::Text;
use crate::report::{Problem, Report};
use crate::secret::Secrets;
use crate::tree::{At, SourceFile};
use crate::{Known, Outside, fingerprint, made_of};
use contract::{Contract, DocumentError, Files, Operation, Overlay, Pointer, Reach, Span, Stand, Warning};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;
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
    known: Option<Known<'o>>,
    contracts: RefCell<HashMap<Vec<String>, Option<Rc<Sheet>>>>,
    papers: RefCell<Vec<(String, Arc<[u8]>)>>,
    revision: Cell<u64>,
}

/// A contract, and its text for frames.
pub(crate) struct Sheet {
    pub(crate) contract: Arc<Contract>,
    /// It was handed in as known: nobody will see its warnings, and no place in its texts is looked for.
    known: bool,
    files: RefCell<HashMap<String, Arc<SourceFile>>>,
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
            known: None,
            contracts: RefCell::default(),
            papers: RefCell::default(),
            revision: Cell::new(fingerprint::START),
        }
    }

    /// With contracts that need not be read: their warnings are not told, and the revision does not say what stands in them.
    pub(crate) fn knowing(self, known: Option<Known<'o>>) -> Self {
        Self { known, ..self }
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

    /// As [`Scope::bytes`], of a certificate or an authority, which the board keeps.
    pub(crate) fn paper(&self, text: Text<'_>, code: &Code, what: &str) -> Option<Arc<[u8]>> {
        let bytes: Arc<[u8]> = self.bytes(text, code, what)?.into();
        self.papers.borrow_mut().push((text.text.to_owned(), made_of::certificates(&bytes)));
        Some(bytes)
    }

    /// Certificates and authorities that were read.
    pub(crate) fn papers(&self) -> Vec<(String, Arc<[u8]>)> {
        self.papers.take()
    }

    /// The contract that the board names, read once however often it is named in the same way.
    pub(crate) fn contract(&self, sources: &Sources<'_>) -> Option<Rc<Sheet>> {
        let key = sources.key();
        if let Some(known) = self.contracts.borrow().get(&key) {
            return known.clone();
        }
        let sheet = self.read_contract(sources).map(Rc::new);
        self.contracts.borrow_mut().insert(key, sheet.clone());
        sheet
    }

    fn read_contract(&self, sources: &Sources<'_>) -> Option<Sheet> {
        let named = sources.contract;
        // What is laid over it, and what other hosts say, is read each time.
        if sources.overlays.is_empty()
            && sources.hosts.is_empty()
            && let Some(contract) = self.known.and_then(|known| known(self.base, named.text))
        {
            self.made_from(named.text.as_bytes());
            return Some(Sheet { contract: Arc::new(contract), known: true, files: RefCell::default() });
        }
        let bytes = self.bytes(named, &code::CONTRACT_UNREADABLE, "the contract");
        let overlays: Vec<Option<Overlay>> = sources
            .overlays
            .iter()
            .map(|over| {
                let bytes = self.bytes(*over, &code::BAD_OVERLAY, "the overlay")?;
                Some(Overlay { name: over.text.to_owned(), bytes })
            })
            .collect();
        let bytes = bytes?;
        let overlays = overlays.into_iter().collect::<Option<Vec<_>>>()?;
        let files = Beside { scope: self, reach: Reach::around(named.text).and_hosts(&sources.hosts) };
        match Contract::read_over(named.text, &bytes, &overlays, &files) {
            Ok(contract) => {
                let sheet = Sheet { contract: Arc::new(contract), known: false, files: RefCell::default() };
                self.forward_warnings(&sheet, named.at);
                Some(sheet)
            }
            Err(error) => {
                let over = overlays.iter().zip(&sources.overlays).find(|(over, _)| over.name == error.name());
                self.report.add(match over {
                    Some((over, typed)) => unreadable(&error, *typed, &over.bytes),
                    None => unreadable(&error, named, &bytes),
                });
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

/// What a contract of the board is read from.
#[derive(Debug)]
pub(crate) struct Sources<'t> {
    pub(crate) contract: Text<'t>,
    /// Overlays, in the order they are laid.
    pub(crate) overlays: Vec<Text<'t>>,
    /// Hosts that its references may lead to.
    pub(crate) hosts: Vec<String>,
}

impl Sources<'_> {
    fn key(&self) -> Vec<String> {
        let texts = std::iter::once(&self.contract).chain(&self.overlays).map(|text| text.text.to_owned());
        // No path has a NUL.
        texts.chain(std::iter::once("\0".to_owned())).chain(self.hosts.iter().cloned()).collect()
    }
}

/// The files that a contract of the board may refer to.
struct Beside<'s, 'o> {
    scope: &'s Scope<'o>,
    reach: Reach,
}

impl Files for Beside<'_, '_> {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let bytes = if name.contains("://") {
            self.scope.outside.fetched(name)
        } else {
            self.scope.outside.file(&self.scope.base.join(name))
        };
        let bytes = bytes.map_err(|why| why.to_string())?;
        self.scope.made_from(&bytes);
        Ok(bytes)
    }

    fn reach(&self) -> &Reach {
        &self.reach
    }
}

impl Sheet {
    /// Where a pointer leads in the contract's texts.
    pub(crate) fn at(&self, pointer: &Pointer) -> Option<At> {
        self.at_all(std::slice::from_ref(pointer)).pop().flatten()
    }

    /// Where many pointers lead: one scan of each text, however many.
    fn at_all(&self, pointers: &[Pointer]) -> Vec<Option<At>> {
        if pointers.is_empty() {
            return Vec::new();
        }
        if self.known {
            return vec![None; pointers.len()];
        }
        let stands = self.contract.stands(pointers).into_iter();
        stands.map(|stand| stand.map(|stand| self.place(&stand, stand.span))).collect()
    }

    /// Where an operation says its id, else where it stands.
    pub(crate) fn at_operation(&self, operation: &Operation) -> Option<At> {
        self.at_operations(&[operation]).pop().flatten()
    }

    /// The same of several operations, in one scan.
    pub(crate) fn at_operations(&self, operations: &[&Operation]) -> Vec<Option<At>> {
        if self.known {
            return vec![None; operations.len()];
        }
        let pointers: Vec<Pointer> = operations
            .iter()
            .flat_map(|operation| [operation.at.at("operationId"), operation.at.clone()])
            .collect();
        let stands = if pointers.is_empty() { Vec::new() } else { self.contract.stands(&pointers) };
        let place = |(operation, found): (&&Operation, &[Option<Stand>])| {
            let (id, own) = (found.first()?, found.get(1)?);
            let id = id.as_ref().map(|key| self.at_id(operation, key));
            id.or_else(|| own.as_ref().map(|own| self.place(own, own.span)))
        };
        operations.iter().zip(stands.chunks(2)).map(place).collect()
    }

    fn at_id(&self, operation: &Operation, key: &Stand) -> At {
        // The key was found; the id itself stands soon after it.
        let id = operation.id.as_str();
        let end = key.span.end;
        let after = key.text.get(end..).unwrap_or_default();
        let near = after.find(id).filter(|at| *at < 80).map(|at| end + at);
        self.place(key, near.map_or(key.span, |start| Span { start, end: start + id.len() }))
    }

    fn place(&self, stand: &Stand, span: Span) -> At {
        let mut files = self.files.borrow_mut();
        let file = files.entry(stand.file.clone()).or_insert_with(|| {
            Arc::new(SourceFile { name: stand.file.as_str().into(), text: Arc::clone(&stand.text) })
        });
        At { file: Arc::clone(file), span }
    }
}

/// A contract that is none, with its own place where it has one.
fn unreadable(error: &DocumentError, named: Text<'_>, bytes: &[u8]) -> Problem {
    let (place, words) = match error {
        DocumentError::Syntax { at, .. }
        | DocumentError::NoContract { at, .. }
        | DocumentError::NoOverlay { at, .. } => (Some(*at), "here"),
        DocumentError::NotBuiltYet { at, .. } => (Some(*at), "says so here"),
        DocumentError::TooLarge { .. } => (None, ""),
    };
    let code = match error {
        DocumentError::NotBuiltYet { .. } => &code::NOT_BUILT_YET,
        DocumentError::NoOverlay { .. } => &code::BAD_OVERLAY,
        _ => &code::CONTRACT_UNREADABLE,
    };
    let problem = Problem::error(code, error.to_string()).at(named.at, "the document that is named here");
    match place {
        Some(span) => {
            let text = String::from_utf8_lossy(bytes).into_owned().into();
            let file = Arc::new(SourceFile { name: named.text.into(), text });
            problem.at(&At { file, span }, words)
        }
        None => problem,
    }
}
