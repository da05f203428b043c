//! `[ledger]`: where calls, usage, consumers and keys are kept.

use crate::code;
use crate::keys::Keys;
use crate::report::Problem;
use crate::scope::Scope;
use exchange::Secret;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the ledger is, and how long it keeps calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    /// The state folder; default `.switchboard` in the board. With a database it holds what belongs to this machine alone.
    pub folder: PathBuf,
    /// The database that keeps calls, usage and accounts; `None`: files in the folder do.
    pub postgres: Option<LedgerDatabase>,
    /// How long rows and details of calls are kept; default 30 days.
    pub keep: Duration,
    /// How long counts are kept by the minute; default 62 days. Those by hour and day stay.
    pub minutes: Duration,
}

/// A database of PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerDatabase {
    /// Its URL; `None`: the secret is missing, which a board that is loaded whole does not get away with.
    pub url: Option<Secret>,
    /// Where the secret lies, as it is written: `env:DATABASE_URL`.
    pub reference: String,
}

/// Resolves `[ledger]` of the board in `folder`.
pub(crate) fn resolve(root: &Keys<'_, '_>, folder: &Path, scope: &Scope<'_>) -> LedgerSettings {
    let mut settings = LedgerSettings {
        folder: folder.join(".switchboard"),
        postgres: None,
        keep: Duration::from_secs(30 * 86_400),
        minutes: Duration::from_secs(62 * 86_400),
    };
    let keys = root.entry("ledger").and_then(|entry| {
        Keys::open(
            "[ledger]".to_owned(),
            entry,
            &["folder", "postgres", "keep", "minutes"],
            &[],
            scope.report,
        )
    });
    if let Some(keys) = keys {
        let own = keys.text("folder");
        if let Some(text) = own {
            settings.folder = folder.join(text.text);
        }
        if let Some(text) = keys.text("postgres") {
            let had = scope.secrets.get(text, "the ledger", "ledger-url", scope.report);
            if let Some(password) = had.as_ref().and_then(|had| password(had.secret.reveal())) {
                scope.secrets.note(&Secret::new(password));
            }
            settings.postgres = Some(LedgerDatabase {
                reference: had.as_ref().map_or_else(|| text.text.to_owned(), |had| had.reference.clone()),
                url: had.map(|had| had.secret),
            });
            if let Some(own) = own {
                scope.report.add(
                    Problem::warning(
                        &code::LEDGER_IN_DATABASE,
                        "calls, usage and accounts are kept in the database, not in the folder".to_owned(),
                    )
                    .at(text.at, "this counts for them")
                    .at(own.at, "holds `run.sock` only")
                    .help("leave `folder` out, unless that shall lie elsewhere than in `.switchboard`"),
                );
            }
        }
        settings.keep = keys.duration("keep").unwrap_or(settings.keep);
        settings.minutes = keys.duration("minutes").unwrap_or(settings.minutes);
        if settings.minutes < Duration::from_secs(86_400) {
            let at = keys.entry("minutes").map_or(keys.at, |entry| &entry.node.at);
            scope.report.add(
                Problem::error(&code::BAD_DURATION, "`minutes` of [ledger] are less than a day".to_owned())
                    .at(at, "alerts look back for up to a day")
                    .help("write at least \"1d\"; \"62d\" is the default"),
            );
        }
    }
    settings
}

/// The password in a URL, as it is written there (RFC 3986 §3.2.1).
fn password(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    Some(authority.rsplit_once('@')?.0.split_once(':')?.1)
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn a_password_is_found_in_a_url() {
        for (url, found) in [
            ("postgres://acme:hunter22@db.example/ledger", Some("hunter22")),
            ("postgres://acme:hunt:er@db.example", Some("hunt:er")),
            ("postgres://acme@db.example/ledger", None),
            ("postgres://db.example/ledger?x=a:b@c", None),
            ("nothing", None),
        ] {
            assert_eq!(password(url), found, "{url}");
        }
    }
}
