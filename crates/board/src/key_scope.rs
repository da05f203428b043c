//! What the words of a key's scope name, and whether they name anything at all.
//!
//! The words are those of an offer's `only`; a key may go over several APIs, so that a word must name something in one of them.

use crate::report::closest;
use crate::rule::Test;
use contract::{Contract, Operation};
use exchange::KeyScope;

/// Whether a word of a scope, or of an offer's `only`, names this operation.
pub fn word_names(word: &str, operation: &Operation) -> bool {
    Test::of(word).is_some_and(|test| test.names(operation))
}

/// A word of a scope that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdleWord {
    /// The word.
    pub word: String,
    /// Whether it was to be an API.
    pub api: bool,
    /// What it may have meant, or what there is.
    pub near: Vec<String>,
}

impl std::fmt::Display for IdleWord {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.api {
            write!(out, "there is no API `{}` on this board", self.word)
        } else {
            write!(out, "`{}` names no operation in any contract that the key is for", self.word)
        }
    }
}

impl IdleWord {
    /// What to write.
    pub fn help(&self) -> String {
        match self.near.as_slice() {
            [] => "name an operation by its id, `tag:NAME`, `GET *`, `GET /path` or `/path/*`".to_owned(),
            [only] => format!("did you mean `{only}`?"),
            all => format!(
                "there are {}",
                crate::keys::list(&all.iter().map(String::as_str).collect::<Vec<_>>())
            ),
        }
    }
}

/// Every word of a scope that names nothing: no API of the board, no operation of a contract that it is for.
pub fn idle_words(scope: &KeyScope, apis: &[(&str, Option<&Contract>)]) -> Vec<IdleWord> {
    let unknown = scope.apis.iter().filter(|name| !apis.iter().any(|(known, _)| known == name)).map(|name| {
        let names = || apis.iter().map(|(known, _)| *known);
        let near = closest(name, names()).map_or_else(|| names().take(12).collect(), |near| vec![near]);
        IdleWord { word: name.clone(), api: true, near: near.into_iter().map(str::to_owned).collect() }
    });
    let operations = || {
        let contracts =
            apis.iter().filter(|(name, _)| scope.has_api(name)).filter_map(|(_, contract)| *contract);
        contracts.flat_map(|contract| &contract.operations)
    };
    // Where none of its APIs is known, nothing can be said of its words.
    let known = scope.apis.is_empty() || apis.iter().any(|(name, _)| scope.has_api(name));
    let words = if known { scope.only.as_slice() } else { &[] };
    let idle = words.iter().filter(|word| !operations().any(|one| word_names(word, one))).map(|word| {
        let mut names: Vec<String> = operations()
            .flat_map(|one| {
                let tags = one.tags.iter().map(|tag| format!("tag:{tag}"));
                tags.chain([one.id.to_string(), format!("{} {}", one.method(), one.template())])
            })
            .collect();
        names.sort_unstable();
        let near = closest(word, names.iter().map(String::as_str)).map(str::to_owned);
        IdleWord { word: word.clone(), api: false, near: near.into_iter().collect() }
    });
    unknown.chain(idle).collect()
}
