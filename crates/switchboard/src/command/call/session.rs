//! `--session NAME`: header fields and cookies that go from call to call, one file for each origin and name.
//!
//! The file holds secrets: it lies in the user's state folder and only its owner may read it (0600). As with HTTPie,
//! fields about the body (`Content-*`) and conditions (`If-*`) are not kept.

use super::cookie::{Cookie, Cookies};
use super::draft::Draft;
use super::wanted::{FieldWish, Wanted, field_name, field_value};
use crate::drive;
use crate::exit::Failure;
use http::header::AUTHORIZATION;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    headers: BTreeMap<String, String>,
    cookies: Vec<Cookie>,
}

/// A session of one origin.
pub(crate) struct Session {
    file: PathBuf,
    kept: Kept,
}

impl Session {
    /// Opens the session of this name for the draft's origin; one that is not there yet is empty.
    pub(crate) fn open(name: &str, draft: &Draft) -> Result<Self, Failure> {
        let plain = |letter: char| letter.is_alphanumeric() || "-_.@".contains(letter);
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(Failure::usage(format!("`{name}` is no name of a session"))
                .help("letters, digits, `-`, `_`, `.` and `@`"));
        }
        let origin = draft.server().map(|server| format!("{}_{}", server.host, server.port));
        let origin = origin.unwrap_or_default().replace([':', '/'], "_");
        let file = drive::state_folder()?.join("sessions").join(origin).join(format!("{name}.json"));
        let kept = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                Failure::usage(format!("the session `{}` cannot be read: {error}", file.display()))
                    .help("remove the file to begin anew")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => return Err(Failure::run(format!("`{}` cannot be read: {error}", file.display()))),
        };
        Ok(Self { file, kept })
    }

    /// Adds what was kept to a draft: what this command line says wins.
    pub(crate) fn apply(
        &self,
        draft: &mut Draft,
        wanted: &Wanted,
        cookies: &mut Cookies,
    ) -> Result<(), Failure> {
        for (name, value) in &self.kept.headers {
            let name = field_name(name)?;
            let said = wanted.fields.iter().any(|wish| *wish.name() == name)
                || (name == AUTHORIZATION && draft.fields.contains_key(AUTHORIZATION));
            if !said {
                let value = field_value(name.as_str(), value)?;
                draft.fields.insert(name, value);
            }
        }
        cookies.keeps = true;
        cookies.jar.cookies.extend(self.kept.cookies.iter().cloned());
        Ok(())
    }

    /// Keeps what this call had and what its answers set.
    pub(crate) fn save(mut self, draft: &Draft, wanted: &Wanted, cookies: &Cookies) -> Result<(), Failure> {
        for wish in &wanted.fields {
            let name = wish.name().as_str();
            if name.starts_with("content-") || name.starts_with("if-") || name == "cookie" || name == "host" {
                continue;
            }
            match wish {
                FieldWish::Set(_, value) => {
                    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    self.kept.headers.insert(name.to_owned(), value);
                }
                FieldWish::Remove(_) => drop(self.kept.headers.remove(name)),
            }
        }
        if let Some(login) = draft.fields.get(AUTHORIZATION).and_then(|value| value.to_str().ok()) {
            self.kept.headers.insert(AUTHORIZATION.to_string(), login.to_owned());
        }
        self.kept.cookies.clone_from(&cookies.jar.cookies);
        let text = serde_json::to_vec_pretty(&self.kept)
            .map_err(|error| Failure::run(format!("the session cannot be written: {error}")))?;
        write_private(&self.file, &text)
    }
}

/// Writes a file that only its owner may read, whole or not at all; folders are made.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::run(format!("`{}` cannot be written: {error}", file.display()));
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // Something that is no file (`/dev/null`) is written to, not replaced.
    if file.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(file, bytes).map_err(failed);
    }
    drive::whole(file, drive::PRIVATE, |made| made.write_all(bytes)).map_err(failed)
}
