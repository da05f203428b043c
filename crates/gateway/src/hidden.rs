//! What is not kept of calls to an offer, by name: the board's words, the API's, its contract's, and the offer's places for a key.
//!
//! Prepared once for each offer. Which operations have such a name in their path is known beforehand, so that other
//! paths cost nothing.

use board::{Api, KeyPlace, Offer};
use exchange::{Cleaner, Redactor};
use std::borrow::Cow;
use std::collections::HashMap;

/// Names that are not kept.
#[derive(Debug)]
pub(crate) struct Hidden {
    /// In lower case.
    pub(crate) names: Vec<String>,
    /// Operations, by index, with the hidden parameters of their paths.
    paths: HashMap<usize, Vec<String>>,
}

impl Hidden {
    /// What is hidden of calls to this offer; `redact` is for all of the board.
    pub(crate) fn new(offer: &Offer, api: &Api, redact: &[String]) -> Self {
        let mut names: Vec<String> = redact.iter().map(|name| name.to_lowercase()).collect();
        names.extend(api.redact.iter().cloned());
        names.extend(offer.key_places.iter().filter_map(|place| match place {
            KeyPlace::Header(name) => Some(name.as_str().to_owned()),
            KeyPlace::Query(name) | KeyPlace::Cookie(name) => Some(name.to_lowercase()),
            KeyPlace::Bearer => None,
        }));
        names.sort_unstable();
        names.dedup();
        let cleaner = Cleaner::new(Cow::Owned(Redactor::default()), &names[..]);
        let operations = api.contract.iter().flat_map(|contract| &contract.operations);
        let paths = operations
            .enumerate()
            .filter_map(|(index, operation)| {
                let hidden = operation.template().names().filter(|name| cleaner.hides(name));
                let hidden: Vec<String> = hidden.map(str::to_owned).collect();
                (!hidden.is_empty()).then_some((index, hidden))
            })
            .collect();
        Self { names, paths }
    }

    /// Hides parameters in the path of an operation's call: `below` is where the operation's own path begins.
    pub(crate) fn path<'p>(
        &self,
        operation: usize,
        template: &contract::PathTemplate,
        (path, below): (&'p str, usize),
        mut found: impl FnMut(&str),
    ) -> Cow<'p, str> {
        let Some(names) = self.paths.get(&operation) else { return Cow::Borrowed(path) };
        let (before, own) = path.split_at_checked(below).unwrap_or((path, ""));
        let Some(values) = template.capture(own) else { return format!("{before}/***").into() };
        let mut out = path.to_owned();
        for (_, value) in values.iter().rev().filter(|(name, _)| names.iter().any(|hidden| hidden == name)) {
            found(value);
            let start = value.as_ptr().addr() - path.as_ptr().addr();
            out.replace_range(start..start + value.len(), "***");
        }
        out.into()
    }
}
