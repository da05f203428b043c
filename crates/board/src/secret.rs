//! `[secrets]`, and references to secrets: where one lies is written down, never the secret itself.
//!
//! Every one that is missing is told in one run, with who uses it. A secret in clear is an error whose frame
//! does not show it.

use crate::Outside;
use crate::code;
use crate::keys::{Keys, Text};
use crate::report::{Problem, Report, closest};
use crate::tree::At;
use exchange::Secret;
use indexmap::IndexMap;
use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

/// Everything known of secrets while a board is resolved.
pub(crate) struct Secrets<'o> {
    outside: &'o dyn Outside,
    base: &'o Path,
    named: IndexMap<String, (String, At)>,
    used: RefCell<HashSet<String>>,
    /// By reference.
    missing: RefCell<IndexMap<String, Missing>>,
    found: RefCell<Vec<Secret>>,
}

/// Why a secret is missing, and where it is used by whom.
struct Missing {
    why: String,
    uses: Vec<(At, String)>,
}

/// A secret that was had, and the reference it was had by.
pub(crate) struct Had {
    pub(crate) secret: Secret,
    pub(crate) reference: String,
}

enum Reference<'t> {
    Variable(&'t str),
    File(&'t str),
    Stored(&'t str),
}

impl<'o> Secrets<'o> {
    /// Reads `[secrets]`.
    pub(crate) fn new(
        root: &Keys<'_, '_>,
        outside: &'o dyn Outside,
        base: &'o Path,
        report: &Report,
    ) -> Self {
        let mut named = IndexMap::new();
        if let Some(entry) = root.entry("secrets")
            && let crate::tree::Value::Table(table) = &entry.node.value
        {
            let known: Vec<&str> = table.keys().map(String::as_str).collect();
            if let Some(keys) = Keys::open("[secrets]".to_owned(), entry, &known, &[], report) {
                for (name, entry) in root.members("secrets") {
                    let Some(Text { text, at }) = keys.text(name) else { continue };
                    match parse(text) {
                        Some(Ok(_)) => {
                            named.insert(name.to_owned(), (text.to_owned(), entry.key.clone()));
                        }
                        Some(Err(fault)) => report.add(bad_reference(text, at, fault)),
                        None => literal(at, name, report),
                    }
                }
            }
        } else {
            root.members("secrets");
        }
        Self {
            outside,
            base,
            named,
            used: RefCell::default(),
            missing: RefCell::default(),
            found: RefCell::default(),
        }
    }

    /// The secret that `text` refers to; `who` uses it, `suggested` is the name it would be stored under.
    pub(crate) fn get(
        &self,
        Text { text, at }: Text<'_>,
        who: &str,
        suggested: &str,
        report: &Report,
    ) -> Option<Had> {
        let reference = if let Some((reference, _)) = self.named.get(text) {
            self.used.borrow_mut().insert(text.to_owned());
            reference.clone()
        } else {
            match parse(text) {
                Some(Ok(_)) => text.to_owned(),
                Some(Err(fault)) => {
                    report.add(bad_reference(text, at, fault));
                    return None;
                }
                None => return self.by_name(text, at, suggested, report),
            }
        };
        let had = match parse(&reference) {
            Some(Ok(Reference::Variable(name))) => {
                self.outside.variable(name).ok_or_else(|| format!("the variable `{name}` is not set"))
            }
            Some(Ok(Reference::File(path))) => self
                .outside
                .secret_file(&self.base.join(path))
                .map_err(|error| format!("`{path}`: {error}"))
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| format!("`{path}` is no text"))),
            Some(Ok(Reference::Stored(name))) => {
                self.outside.stored(name).map_err(|error| format!("`{name}`: {error}"))
            }
            _ => return None,
        };
        // Files and stores often end a secret with a line feed that is no part of it.
        let had = had
            .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
            .and_then(|text| if text.is_empty() { Err(format!("`{reference}` is empty")) } else { Ok(text) });
        match had {
            Ok(text) => Some(self.keep(text, reference)),
            Err(why) => {
                let mut missing = self.missing.borrow_mut();
                let known = missing.entry(reference).or_insert_with(|| Missing { why, uses: Vec::new() });
                known.uses.push((at.clone(), who.to_owned()));
                None
            }
        }
    }

    /// A word without a scheme: a secret stored by `switchboard secret set`, a misspelt name, or a secret in clear.
    fn by_name(&self, text: &str, at: &At, suggested: &str, report: &Report) -> Option<Had> {
        let is_name = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if is_name && let Ok(stored) = self.outside.stored(text) {
            return Some(self.keep(stored, text.to_owned()));
        }
        match closest(text, self.named.keys().map(String::as_str)) {
            Some(name) if is_name => report.add(
                Problem::error(&code::UNKNOWN_SECRET, format!("there is no secret `{text}`"))
                    .at(at, "not under `[secrets]`, and not stored")
                    .at(&self.named[name].1, "did you mean this one?")
                    .help(format!("write \"{name}\"")),
            ),
            _ => literal(at, suggested, report),
        }
        None
    }

    /// Whether a text is a reference or nearly the name of a secret, so that it may be shown.
    pub(crate) fn is_shown(&self, text: &str) -> bool {
        parse(text).is_some() || closest(text, self.named.keys().map(String::as_str)).is_some()
    }

    fn keep(&self, text: String, reference: String) -> Had {
        let secret = Secret::new(text);
        self.note(&secret);
        Had { secret, reference }
    }

    /// Adds a secret that was had in another way, so that it is redacted.
    pub(crate) fn note(&self, secret: &Secret) {
        let mut found = self.found.borrow_mut();
        if !found.contains(secret) {
            found.push(secret.clone());
        }
    }

    /// Names under `[secrets]`.
    pub(crate) fn names(&self) -> Vec<String> {
        self.named.keys().cloned().collect()
    }

    /// Tells what is missing and what is not used; gives all secrets that were had.
    pub(crate) fn finish(self, report: &Report) -> Vec<Secret> {
        for (reference, Missing { why, uses }) in self.missing.into_inner() {
            let who: Vec<&str> = uses.iter().map(|(_, who)| who.as_str()).collect();
            let mut problem = Problem::error(
                &code::MISSING_SECRET,
                format!("a secret is missing: {why}; used by {}", who.join(" and ")),
            );
            for (at, who) in &uses {
                problem = problem.at(at, format!("used by {who}"));
            }
            report.add(problem.help(command(&reference)));
        }
        let used = self.used.into_inner();
        for (name, (_, at)) in self.named.iter().filter(|(name, _)| !used.contains(*name)) {
            report.add(
                Problem::warning(&code::UNUSED_SECRET, format!("nobody uses the secret `{name}`"))
                    .at(at, "not referred to"),
            );
        }
        self.found.into_inner()
    }
}

/// What a reference says; `None`: it has no scheme that we know.
fn parse(text: &str) -> Option<Result<Reference<'_>, &'static str>> {
    let (scheme, rest) = text.split_once(':')?;
    Some(match scheme {
        "env" if rest.is_empty() || rest.contains(['=', ' ', '\0', '$']) => {
            Err("`env:` wants a variable's name")
        }
        "env" => Ok(Reference::Variable(rest)),
        "file" if rest.is_empty() => Err("`file:` wants a path"),
        "file" => Ok(Reference::File(rest)),
        "systemd" if rest.is_empty() || rest.contains('/') => Err("`systemd:` wants a credential's name"),
        "keyring"
            if !rest
                .split_once('/')
                .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty()) =>
        {
            Err("`keyring:` wants a service, a slash and a name")
        }
        "systemd" | "keyring" => Ok(Reference::Stored(text)),
        _ => return None,
    })
}

fn bad_reference(text: &str, at: &At, fault: &str) -> Problem {
    let scheme = text.split(':').next().unwrap_or_default();
    Problem::error(&code::BAD_REFERENCE, format!("a secret's reference with `{scheme}:` is incomplete"))
        .at(at, fault)
        .help("write `env:NAME`, `file:PATH`, `systemd:NAME` or `keyring:SERVICE/NAME`")
}

/// A secret in clear: blacked out, and the command to store it.
fn literal(at: &At, name: &str, report: &Report) {
    report.hide(at);
    report.add(
        Problem::error(&code::LITERAL_SECRET, "a secret does not stand in the file".to_owned())
            .at(at, "neither a reference nor the name of a stored secret")
            .help(format!(
                "run `switchboard secret set {name}`, then write \"{name}\"; or write \"env:NAME\""
            )),
    );
}

/// The command that makes a missing secret be there.
fn command(reference: &str) -> String {
    match parse(reference) {
        Some(Ok(Reference::Variable(name))) => format!("run `export {name}=…`"),
        Some(Ok(Reference::File(path))) => format!("run `install -m 600 /dev/stdin {path}` and type it"),
        _ => match reference.split_once(':') {
            Some(("systemd", name)) => format!("add `LoadCredential={name}:PATH` to the unit"),
            Some(("keyring", rest)) => {
                let (service, name) = rest.split_once('/').unwrap_or((rest, "NAME"));
                format!("run `secret-tool store --label={service} service {service} username {name}`")
            }
            _ => format!("run `switchboard secret set {reference}`"),
        },
    }
}
