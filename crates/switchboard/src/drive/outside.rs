//! Files, variables and stored secrets, for resolving a board.

use super::whole::{PRIVATE, SHARED, whole};
use crate::exit::Failure;
use board::{Outside, OutsideError};
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};

/// The largest file that is read: contracts of 13 MB exist, ten times that is a mistake.
const LARGEST: u64 = 128 * 1024 * 1024;

/// The real world.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// Where `secret set` keeps secrets.
    pub(crate) secrets: PathBuf,
    /// Whether secrets are needed: commands that send nothing do without.
    pub(crate) need: Need,
}

/// Whether a command needs the board's secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// It calls, or it judges: a missing secret is a problem.
    Secrets,
    /// It only looks: secrets may be missing in this terminal.
    Nothing,
}

/// Stands for a secret that nobody will ask for. With a colon, so that it may stand for `user:password` as well.
pub(crate) const NOT_NEEDED: &str = "not-needed:here";

impl Outside for Disk {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let words = |error: std::io::Error| {
            OutsideError(match error.kind() {
                std::io::ErrorKind::NotFound => "no such file".to_owned(),
                std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
                _ => error.to_string(),
            })
        };
        let file = std::fs::File::open(path).map_err(words)?;
        let mut bytes = Vec::new();
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(words)?;
        if bytes.len() as u64 > LARGEST {
            return Err(OutsideError("larger than 128 MiB".to_owned()));
        }
        Ok(bytes)
    }

    fn fetched(&self, url: &str) -> Result<Vec<u8>, OutsideError> {
        super::remote::get(url).map_err(OutsideError)
    }

    fn now_ms(&self) -> Option<u64> {
        Some(super::now_ms())
    }

    fn variable(&self, name: &str) -> Option<String> {
        let value = std::env::var(name).ok();
        if self.need == Need::Nothing { value.or_else(|| Some(NOT_NEEDED.to_owned())) } else { value }
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        if self.need == Need::Nothing {
            return Ok(NOT_NEEDED.to_owned());
        }
        if let Some(name) = reference.strip_prefix("systemd:") {
            // systemd.exec(5), LoadCredential=: one file each in this folder.
            let folder = std::env::var_os("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| OutsideError("systemd passed no credentials to this process".to_owned()))?;
            return text(&PathBuf::from(folder).join(plain(name)?));
        }
        if let Some((service, name)) =
            reference.strip_prefix("keyring:").and_then(|rest| rest.split_once('/'))
        {
            // As `secret-tool store` and most programs have it.
            let attributes = vec![("service", service.to_owned()), ("username", name.to_owned())];
            let had = super::keyring::get(attributes).map_err(OutsideError)?;
            return had
                .map(|secret| secret.reveal().trim_end_matches(['\r', '\n']).to_owned())
                .ok_or_else(|| OutsideError("the keyring has no such item".to_owned()));
        }
        text(&self.secrets.join(plain(reference)?))
    }

    fn login(&self, name: &str) -> Result<Option<String>, OutsideError> {
        // Beside `BOARD/.switchboard/secrets`.
        let board = self.secrets.parent().and_then(Path::parent);
        let logins = board.filter(|_| self.need == Need::Secrets).map(super::Logins::of);
        logins.map_or(Ok(None), |logins| logins.stored(name)).map_err(OutsideError)
    }
}

/// A name that stays in its folder.
fn plain(name: &str) -> Result<&str, OutsideError> {
    let fine = !name.is_empty()
        && !name.starts_with('.')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    fine.then_some(name)
        .ok_or_else(|| OutsideError("a secret's name has letters, digits, `-`, `_` and `.`".to_owned()))
}

fn text(path: &Path) -> Result<String, OutsideError> {
    let text = std::fs::read_to_string(path).map_err(|_| OutsideError("it is not stored".to_owned()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Replaces a file of the board, at once: nobody sees half of it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    whole(path, SHARED, |file| file.write_all(bytes))
        .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", path.display())))
}

/// Writes a file that only its owner reads, making its folder so too. Whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    whole(path, PRIVATE, |file| {
        file.write_all(bytes)?;
        file.sync_all()
    })
}
