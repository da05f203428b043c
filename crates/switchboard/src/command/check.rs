//! `switchboard check`: every problem of a board or a contract, at once. Sends nothing.

mod sarif;

use crate::arguments::Global;
use crate::drive::{Disk, FILE, Need, Reading, Unread, board_folder, code_of, secrets_folder};
use crate::exit::{Exit, Failure};
use board::{Board, Diagnostics};
use std::path::{Path, PathBuf};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Boards and contracts; default: the nearest board
    paths: Vec<PathBuf>,
    /// How to print the problems
    #[arg(long, value_parser = ["text", "json", "sarif"], default_value = "text")]
    format: String,
    #[command(flatten)]
    reading: Reading,
}

/// What a path turned out to be.
enum Kind {
    Board(PathBuf),
    Contract(PathBuf),
}

impl Check {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        self.reading.begin();
        let kinds = if self.paths.is_empty() {
            vec![Kind::Board(board_folder(global)?)]
        } else {
            self.paths.iter().map(|path| kind(path)).collect::<Result<_, _>>()?
        };
        let mut failed = false;
        let mut log = sarif::Log::default();
        for kind in kinds {
            failed |= match kind {
                Kind::Board(folder) => self.board(&folder, &mut log, global)?,
                Kind::Contract(file) => self.contract(&file, &mut log, global)?,
            };
        }
        if self.format == "sarif" {
            global.terminal().line(log.text());
        }
        Ok(if failed { Exit::Usage } else { Exit::Ok })
    }

    /// Whether the board has errors.
    fn board(&self, folder: &Path, log: &mut sarif::Log, global: &Global) -> Result<bool, Failure> {
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
        match board::load(folder, global.env.as_deref(), &disk) {
            Ok(board) => {
                self.print(&board.warnings, global);
                log.board(folder, &board.warnings);
                keep_schema(folder, &board)?;
                let terminal = global.terminal();
                let operations: usize = board
                    .apis
                    .iter()
                    .filter_map(|api| api.contract.as_ref())
                    .map(|c| c.operations.len())
                    .sum();
                let offers: usize = board.apis.iter().map(|api| api.offers.len()).sum();
                terminal.say(format!(
                    "ok: APIs {}, operations {operations}, offers {offers}, plans {}, warnings {}",
                    board.apis.len(),
                    board.plans.len(),
                    board.warnings.0.len()
                ));
                Ok(false)
            }
            Err(problems) => {
                self.print(&problems, global);
                log.board(folder, &problems);
                Ok(true)
            }
        }
    }

    fn print(&self, problems: &Diagnostics, global: &Global) {
        let terminal = global.terminal();
        if self.format == "json" {
            terminal.line(problems.to_json().to_string());
        } else if self.format == "text" && !problems.0.is_empty() {
            terminal.complain(problems.render(terminal.colour_err).trim_end());
        }
    }

    /// Whether the contract cannot be read; what is left out or not enforced is listed.
    fn contract(&self, file: &Path, log: &mut sarif::Log, global: &Global) -> Result<bool, Failure> {
        let terminal = global.terminal();
        let name = file.display().to_string();
        let document = match self.reading.read(file) {
            Ok(document) => document,
            Err(Unread::Document { error, name, bytes }) if self.format == "sarif" => {
                let at = contract::place_of(&String::from_utf8_lossy(&bytes), error.at().start);
                let place = (&*name, at.line, Some(at.column));
                log.contract("error", code_of(&error), &error.to_string(), place);
                return Ok(true);
            }
            Err(unread) => return Err(unread.into()),
        };
        let contract = document.contract();
        let mut warnings = contract.warnings.clone();
        warnings.extend(contract.unenforced());
        warnings.extend(contract.unchecked());
        let places: Vec<_> = warnings.iter().map(|warning| warning.at.clone()).collect();
        let stands = contract.stands(&places);
        if self.format == "sarif" {
            for (warning, stand) in warnings.iter().zip(&stands) {
                let file = stand.as_ref().map_or(name.as_str(), |stand| stand.file.as_str());
                let line = stand.as_ref().map_or(1, contract::Stand::line);
                log.contract("warning", warning.code, &warning.text, (file, line, None));
            }
        } else if self.format == "json" {
            let rows: Vec<_> = warnings
                .iter()
                .zip(&stands)
                .map(|(warning, stand)| {
                    serde_json::json!({
                        "severity": "warning", "code": warning.code, "headline": warning.text,
                        "file": stand.as_ref().map_or(&name, |stand| &stand.file),
                        "line": stand.as_ref().map(contract::Stand::line), "pointer": warning.at.as_str(),
                    })
                })
                .collect();
            terminal.line(serde_json::Value::from(rows).to_string());
        } else {
            for (warning, stand) in warnings.iter().zip(&stands) {
                let place = super::contract::place(stand.as_ref(), &name);
                terminal.complain(format!("warning[{}]: {}\n  --> {place}", warning.code, warning.text));
            }
        }
        terminal.say(format!(
            "ok: {} {}, operations {}, warnings {}",
            contract.title,
            contract.version,
            contract.operations.len(),
            warnings.len()
        ));
        Ok(false)
    }
}

fn kind(path: &Path) -> Result<Kind, Failure> {
    if path.is_dir() {
        return if path.join(FILE).is_file() {
            Ok(Kind::Board(path.to_path_buf()))
        } else {
            Err(Failure::usage(format!("there is no `{FILE}` in `{}`", path.display())))
        };
    }
    if path.file_name().is_some_and(|name| name == FILE) {
        return Ok(Kind::Board(path.parent().map(Path::to_path_buf).unwrap_or_default()));
    }
    if path.to_string_lossy().contains(".arazzo.") {
        return Err(super::not_built_yet("flows"));
    }
    Ok(Kind::Contract(path.to_path_buf()))
}

/// Writes the editor's schema, specialised to this board, beside its state.
fn keep_schema(folder: &Path, board: &Board) -> Result<(), Failure> {
    let file = folder.join(".switchboard").join("board.schema.json");
    let schema = serde_json::to_vec_pretty(&board::editor_schema(board)).unwrap_or_default();
    crate::drive::write_private(&file, &schema)
        .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", file.display())))
}
