//! `--edit`: the body in the user's editor, from a skeleton or a sample, and from there into the request.
//!
//! What is written is checked like any other body before it is sent. Lines that begin with `//` are comments. The file lies
//! in the state folder (0600) and stays there when the call fails, so that nobody writes twice.

use super::Call;
use super::fill::{self, Sampling};
use super::nearby::Nearby;
use super::session::write_private;
use super::target::{self, Target};
use crate::arguments::Global;
use crate::drive;
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use contract::{In, Operation, Value};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of the command line is about the editor.
#[derive(Debug, clap::Args)]
pub(crate) struct Edit {
    /// Write the body in `$VISUAL` or `$EDITOR`, from a skeleton, from `--sample`, or from `@FILE`
    #[arg(long, conflicts_with_all = ["example", "rows", "data", "form"])]
    edit: bool,
}

/// A body that was written.
#[derive(Debug)]
pub(super) struct Written {
    folder: PathBuf,
    file: PathBuf,
}

impl Call {
    /// The words of the command line, with the body that was written; and where that lies.
    pub(super) fn edited(
        &self,
        mut words: Vec<String>,
        global: &Global,
    ) -> Result<(Vec<String>, Option<Written>), Failure> {
        if !self.editor.edit {
            return Ok((words, None));
        }
        let (target, taken) = target::read(&words, &Nearby::looking(global))?;
        let operation = match target {
            Target::Operation(_, contract, operation) => Some((contract, operation)),
            Target::Url(..) => None,
        };
        let mut items = words.split_off(taken.min(words.len()));
        let sampling = operation.as_ref().filter(|_| self.sample);
        let sampling = sampling.map(|(contract, _)| Sampling::of(contract, self.seed));
        let operation = operation.as_ref().map(|(_, operation)| &**operation);
        let written = Edit::open(operation, &mut items, sampling.as_ref())?;
        words.append(&mut items);
        Ok((words, Some(written)))
    }
}

impl Edit {
    /// Opens the editor on the body of an operation; `words` are items, of which `@FILE` is the beginning.
    fn open(
        operation: Option<&Operation>,
        words: &mut Vec<String>,
        sampling: Option<&Sampling>,
    ) -> Result<Written, Failure> {
        let given = words.iter().position(|word| word.len() > 1 && word.starts_with('@') && word != "@-");
        let text = match (given, operation, sampling) {
            (Some(at), ..) => super::input::text(&words.remove(at)[1..])?,
            (None, Some(operation), Some(sampling)) => sampled(operation, sampling)?,
            (None, Some(operation), None) => fill::skeleton(operation)?,
            (None, None, _) => "{\n}\n".to_owned(),
        };
        let folder = drive::state_folder()?.join("edit").join(std::process::id().to_string());
        let draft = folder.join("draft.json");
        write_private(&draft, text.as_bytes())?;
        run(&draft)?;
        let text = std::fs::read_to_string(&draft)
            .map_err(|error| Failure::run(format!("`{}` cannot be read: {error}", draft.display())))?;
        let body = without_comments(&text);
        if body.trim().is_empty() {
            let _ = std::fs::remove_dir_all(&folder);
            return Err(Failure::usage("the body is empty, nothing was sent"));
        }
        let file = folder.join("body.json");
        write_private(&file, body.as_bytes())?;
        words.push(format!("@{}", file.display()));
        Ok(Written { folder, file: draft })
    }
}

impl Written {
    /// Forgets it after a call that worked, or says where it lies.
    pub(super) fn ended(self, result: Result<Exit, Failure>, terminal: Terminal) -> Result<Exit, Failure> {
        if matches!(result, Ok(Exit::Ok)) {
            let _ = std::fs::remove_dir_all(&self.folder);
            return result;
        }
        terminal.say(format!("what you wrote is kept; to go on with it: `--edit @{}`", self.file.display()));
        result
    }
}

fn sampled(operation: &Operation, sampling: &Sampling) -> Result<String, Failure> {
    let none = || Failure::usage(format!("no sample of the body of `{}` could be made", operation.id));
    let values = sampling.request(operation).ok_or_else(none)?;
    let body = values.0.into_iter().find_map(|(place, _, value)| match value {
        Value::Json(json) if place == In::Body => Some(json),
        _ => None,
    });
    serde_json::to_string_pretty(&body.ok_or_else(none)?).map(|text| text + "\n").map_err(|_| none())
}

/// Runs the editor as git does: its words may have flags, the file is the last one.
fn run(file: &Path) -> Result<(), Failure> {
    let set = |name| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let Some(editor) = set("VISUAL").or_else(|| set("EDITOR")) else {
        return Err(
            Failure::usage("`--edit` needs an editor").help("name one: `EDITOR=vi switchboard call …`")
        );
    };
    let line = format!("{editor} \"$1\"");
    let ended = Command::new("sh").args(["-c", &line, "sh"]).arg(file).status();
    let ended =
        ended.map_err(|error| Failure::run(format!("the editor `{editor}` cannot be run: {error}")))?;
    if ended.success() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the editor `{editor}` ended with {}, nothing was sent",
        ended.code().unwrap_or(-1)
    )))
}

fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}
