//! `[ledger]`: where calls, usage, consumers and keys are kept.

use crate::keys::Keys;
use crate::scope::Scope;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the ledger is, and how long it keeps calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSettings {
    /// The state folder; default `.switchboard` in the board.
    pub folder: PathBuf,
    /// How long rows and details of calls are kept; default 30 days.
    pub keep: Duration,
}

/// Resolves `[ledger]` of the board in `folder`.
pub(crate) fn resolve(root: &Keys<'_, '_>, folder: &Path, scope: &Scope<'_>) -> LedgerSettings {
    let mut settings =
        LedgerSettings { folder: folder.join(".switchboard"), keep: Duration::from_secs(30 * 86_400) };
    let keys = root.entry("ledger").and_then(|entry| {
        Keys::open("[ledger]".to_owned(), entry, &["folder", "keep"], &["url", "postgres"], scope.report)
    });
    if let Some(keys) = keys {
        if let Some(text) = keys.text("folder") {
            settings.folder = folder.join(text.text);
        }
        settings.keep = keys.duration("keep").unwrap_or(settings.keep);
    }
    settings
}
