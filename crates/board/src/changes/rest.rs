//! What no other rule looks at, told from the files' own tables: a key that is not known here is never passed over.

use super::words::list;
use super::{Change, Effect, Pair};
use std::collections::BTreeSet;

/// Keys that the other rules compare in what is meant by them; `*` is any name, `**` all that is below.
const COMPARED: &[&str] = &[
    "listen.*.bind",
    "listen.*.url",
    "listen.*.tls.**",
    "listen.*.trust",
    "listen.*.guesses",
    "listen.*.head-timeout",
    "listen.*.idle-timeout",
    "apis.*.undeclared",
    "apis.*.check.**",
    "apis.*.mock.**",
    "apis.*.connection.**",
    "apis.*.upstream.urls",
    "apis.*.upstream.credential.**",
    "apis.*.upstream.ca",
    "apis.*.upstream.connect-timeout",
    "apis.*.upstream.timeout",
    "apis.*.upstream.total-timeout",
    "apis.*.upstream.pace",
    "apis.*.upstream.retries",
    "apis.*.offer.*.on",
    "apis.*.offer.*.at",
    "apis.*.offer.*.host",
    "apis.*.offer.*.plans",
    "apis.*.offer.*.only",
    "apis.*.offer.*.except",
    "apis.*.offer.*.cost.**",
    "apis.*.offer.*.cors",
    "apis.*.offer.*.max-body",
    "apis.*.offer.*.upgrade",
    "plans.*.auth",
    "plans.*.limit",
    "plans.*.quota",
    "plans.*.terms",
    "plans.*.price",
    "consumers.*.plans",
    "consumers.*.keys",
    "consumers.*.suspended",
    "record.rows",
    "record.details",
    "record.redact",
    "console.**",
];

/// Keys that are told as they are: what they do is told by other rules, or nobody who calls sees it.
const TOLD: &[&str] = &[
    "apis.*.contract",
    "apis.*.overlay",
    "apis.*.refs-from",
    "apis.*.batch.**",
    "ledger.**",
    "secrets.*",
    "alerts.**",
    "consumers.*.owner",
    "consumers.*.notes",
];

/// Tables that have nothing in them: others tell whether they are there.
const TABLES: &[&str] = &[
    "listen",
    "listen.*",
    "apis",
    "apis.*",
    "apis.*.upstream",
    "apis.*.offer",
    "apis.*.offer.*",
    "plans",
    "plans.*",
    "consumers",
    "consumers.*",
    "record",
    "secrets",
    "ledger",
];

pub(super) fn compare(pair: &Pair<'_>, found: &mut Vec<Change>) {
    let (was, is) = (pair.was.leaves(), pair.is.leaves());
    let paths: BTreeSet<&Vec<String>> = was.keys().chain(is.keys()).collect();
    for path in paths.into_iter().filter(|path| was.get(*path) != is.get(*path)) {
        if COMPARED.iter().chain(TABLES).any(|pattern| matches(pattern, path)) {
            continue;
        }
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let named = written(&keys);
        let change = if TOLD.iter().any(|pattern| matches(pattern, path)) {
            // What an API that is new or gone was made of is no change of it.
            if keys[0] == "apis" && !both_have(pair, &keys) {
                continue;
            }
            let (old, new) = (pair.was.texts(&keys), pair.is.texts(&keys));
            let more: Vec<String> = new.into_iter().filter(|host| !old.contains(host)).collect();
            let does = match (was.contains_key(path), is.contains_key(path)) {
                (true, false) => "is not written any more",
                (false, true) => "is new",
                _ => "is another",
            };
            if keys.last() == Some(&"refs-from") && !more.is_empty() {
                let what = format!("{named} {does}: the contract may refer to {}", list(&more));
                Change::new(Effect::Opens, "refs-from", what)
            } else {
                Change::new(Effect::Other, "setting", format!("{named} {does}"))
            }
        } else {
            let what = format!("{named} is another, and what that opens is not known here");
            Change::new(Effect::Opens, "not-known", what)
        };
        found.push(change.at(pair.place(&keys)));
    }
}

fn both_have(pair: &Pair<'_>, keys: &[&str]) -> bool {
    keys.get(1).is_some_and(|name| pair.old.api(name).is_some() && pair.new.api(name).is_some())
}

/// `` `contract` of `[apis.orders]` ``.
fn written(keys: &[&str]) -> String {
    match keys {
        [only] => format!("`{only}`"),
        [table @ .., key] => format!("`{key}` of `[{}]`", table.join(".")),
        [] => String::new(),
    }
}

/// Whether a path is among those of a pattern.
fn matches(pattern: &str, path: &[String]) -> bool {
    let mut left = path.iter();
    for part in pattern.split('.') {
        match (part, left.next()) {
            ("**", _) => return true,
            ("*", Some(_)) => {}
            (part, Some(key)) if part == key => {}
            _ => return false,
        }
    }
    left.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::tree::SourceFile;
    use crate::{Board, Effect, Outside, OutsideError, changes};
    use std::path::Path;
    use std::sync::Arc;

    struct Nothing;

    impl Outside for Nothing {
        fn file(&self, _: &Path) -> Result<Vec<u8>, OutsideError> {
            Err(OutsideError("no such file".to_owned()))
        }

        fn variable(&self, _: &str) -> Option<String> {
            None
        }

        fn stored(&self, _: &str) -> Result<String, OutsideError> {
            Err(OutsideError("not stored".to_owned()))
        }
    }

    /// A board whose file says more than this version knows.
    fn board(more: &str) -> Board {
        let folder = Path::new("/board");
        let mut board = crate::resolve::load_text(folder, folder, "console = false", &Nothing).unwrap();
        let text = format!("console = false\n{more}");
        board.made_of.files =
            vec![Arc::new(SourceFile { name: "switchboard.toml".into(), text: text.into() })];
        board
    }

    #[test]
    fn a_key_that_is_not_known_opens() {
        let (old, new) = (board("[guard]\nmode = 'on'"), board("[guard]\nmode = 'off'"));
        let found = changes(&old, &new, &[]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].effect, found[0].rule), (Effect::Opens, "not-known"));
        assert_eq!(found[0].what, "`mode` of `[guard]` is another, and what that opens is not known here");
        assert_eq!(found[0].at.as_ref().unwrap().1.line, 3);
        assert_eq!(changes(&board(""), &new, &[])[0].rule, "not-known");
    }

    #[test]
    fn a_pattern_names_keys_by_their_path() {
        for (pattern, path, expected) in [
            ("plans.*.limit", "plans free limit", true),
            ("plans.*.limit", "plans free quota", false),
            ("plans.*.limit", "plans free limit x", false),
            ("plans.*.limit", "plans free", false),
            ("apis.*.check.**", "apis orders check", true),
            ("apis.*.check.**", "apis orders check requests", true),
            ("ledger.**", "ledger", true),
        ] {
            let path: Vec<String> = path.split(' ').map(str::to_owned).collect();
            assert_eq!(matches(pattern, &path), expected, "{pattern} {path:?}");
        }
    }
}
