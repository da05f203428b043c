//! `switchboard contract update`: fetches a contract anew from where it came, and shows what changed.
//!
//! It is written when nothing breaks, or when `--write` asks for it all the same. A board that could not run with
//! the new contract keeps the old one. Only `https` and this machine are asked, and nothing that it refers to.

use super::diff::{as_text, read};
use crate::arguments::Global;
use crate::drive::source::{self, Source};
use crate::drive::{Disk, Need, board_folder, fetch, load_board, runtime, secrets_folder, unreadable, write};
use crate::exit::{Exit, Failure};
use board::ServerUrl;
use contract::{Contract, Verdict, compare};
use std::path::{Path, PathBuf};

/// Arguments of `contract update`.
#[derive(Debug, clap::Args)]
pub(super) struct Update {
    /// The API of the board, or the contract's file
    #[arg(value_name = "API|FILE")]
    contract: String,
    /// Fetch it from here, and from now on
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Write it although something breaks
    #[arg(long, conflicts_with = "dry_run")]
    write: bool,
    /// Only show what changed
    #[arg(long)]
    dry_run: bool,
}

impl Update {
    /// Runs it.
    pub(super) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        let (file, board) = self.file(global)?;
        let shown = file.display().to_string();
        let source = self.source(&file)?;
        // A validator belongs to what lies here: without the file's bytes it would say nothing.
        let known = source.etag.as_deref().filter(|_| self.from.is_none());
        let Some(fetched) = runtime()?.block_on(fetch::get(&source.url, fetch::Bounds::CONTRACT, known))?
        else {
            terminal.say(format!("`{shown}` is as it was at {}", source.url));
            return Ok(Exit::Ok);
        };
        let new_source = Source { url: source.url.clone(), etag: fetched.etag.clone() };
        let before =
            std::fs::read(&file).map_err(|error| Failure::run(format!("cannot read `{shown}`: {error}")))?;
        if before == fetched.bytes {
            if !self.dry_run {
                source::note(&file, &new_source)?;
            }
            terminal.say(format!("`{shown}` is as it was at {}", source.url));
            return Ok(Exit::Ok);
        }
        let new = Contract::read(&source.url, &fetched.bytes)
            .map_err(|error| unreadable(&error, &source.url, &fetched.bytes))?;
        let changes = compare(&read(&file)?, &new);
        terminal.data(as_text(&changes, &shown, &source.url, terminal.colour_out));
        if self.dry_run {
            return Ok(Exit::Ok);
        }
        if changes.first().is_some_and(|change| change.verdict == Verdict::Breaking) && !self.write {
            terminal.say("something breaks: nothing was written; with `--write` it is");
            return Ok(Exit::Assertion);
        }
        write(&file, &fetched.bytes)?;
        if let Some(folder) = &board {
            let disk = Disk { secrets: secrets_folder(folder), need: Need::Nothing };
            if let Err(problems) = board::load(folder, global.env.as_deref(), &disk) {
                write(&file, &before)?;
                terminal.complain(problems.render(terminal.colour_err).trim_end());
                return Err(Failure::usage(
                    "with this contract the board could not run: nothing was changed",
                ));
            }
        }
        source::note(&file, &new_source)?;
        terminal.say(format!(
            "wrote `{shown}`: {} operations, {} warnings",
            new.operations.len(),
            new.warnings.len()
        ));
        Ok(Exit::Ok)
    }

    /// The contract's file, and the board that must be able to run with it.
    fn file(&self, global: &Global) -> Result<(PathBuf, Option<PathBuf>), Failure> {
        let path = Path::new(&self.contract);
        if path.is_file() {
            return Ok((path.to_path_buf(), None));
        }
        let folder = board_folder(global)?;
        let board = load_board(&folder, global)?;
        let Some(api) = board.api(&self.contract) else {
            let failure = Failure::usage(format!("`{}` is no file, and no API of the board", self.contract));
            let names = board.apis.iter().map(|api| api.name.as_str());
            return Err(match crate::command::nearest(&self.contract, names) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure,
            });
        };
        let contract = api.contract.as_ref();
        let contract =
            contract.ok_or_else(|| Failure::usage(format!("API `{}` has no contract", self.contract)))?;
        let file = folder.join(&contract.name);
        Ok((file, Some(folder)))
    }

    /// Where it comes from; only `https`, or this machine.
    fn source(&self, file: &Path) -> Result<Source, Failure> {
        let source = match &self.from {
            Some(url) => Source { url: url.clone(), etag: None },
            None => source::of(file)?.ok_or_else(|| {
                Failure::usage(format!("nobody knows where `{}` came from", file.display()))
                    .help("say it once: `--from URL`")
            })?,
        };
        let address = source.url.split(['?', '#']).next().unwrap_or_default();
        let server = ServerUrl::parse(address).map_err(Failure::usage)?;
        if server.is_safe() {
            return Ok(source);
        }
        Err(Failure::usage(format!(
            "`{}` is not `https`: anybody on the way could change the contract",
            source.url
        ))
        .help("give its `https` address: `--from https://…`"))
    }
}
