//! `switchboard init`: makes a folder a board.

use crate::arguments::Global;
use crate::drive::FILE;
use crate::exit::{Exit, Failure};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder; default: this one
    folder: Option<PathBuf>,
}

impl Init {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = self.folder.or_else(|| global.board.clone()).unwrap_or_else(|| PathBuf::from("."));
        let absolute = std::path::absolute(&folder)
            .map_err(|error| Failure::run(format!("this folder is gone: {error}")))?;
        let name = absolute.file_name().map(|name| name.to_string_lossy().into_owned());
        let text = board::edit::starter(&name.unwrap_or_else(|| "this folder".to_owned()));
        create(&folder.join(FILE), text.as_bytes())?;
        std::fs::create_dir_all(folder.join("contracts"))
            .map_err(|error| Failure::run(format!("cannot make `contracts`: {error}")))?;
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            create(&ignore, b".switchboard/\n")?;
        }
        let terminal = global.terminal();
        terminal.line(format!(
            "  {}   {} lines, commented",
            folder.join(FILE).display(),
            text.lines().count()
        ));
        terminal.line(format!("  {}      put API contracts here", folder.join("contracts").display()));
        terminal.say(format!(
            "next: {} add openapi.yaml --upstream http://127.0.0.1:9001 --offer free",
            super::paste()
        ));
        Ok(Exit::Ok)
    }
}

/// Writes a new file; one that is there is left as it is.
fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::run(format!("cannot make `{}`: {error}", folder.display())))?;
    }
    let file = std::fs::File::create_new(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            Failure::usage(format!("`{}` is there already", path.display())).help("it was left as it is")
        } else {
            Failure::run(format!("cannot write `{}`: {error}", path.display()))
        }
    })
}
