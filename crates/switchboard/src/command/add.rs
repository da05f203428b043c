//! `switchboard add`: puts an API on the board: its contract, where it is, and to whom it is offered.
//!
//! The file is changed with its comments kept, and the change is shown. A contract given by URL is fetched
//! once and kept under `contracts/`, with where it came from beside it; nothing that it refers to is fetched.

use crate::arguments::Global;
use crate::drive::{
    Disk, FILE, Need, Reading, board_folder, fetch, runtime, secrets_folder, source, unreadable, write,
};
use crate::exit::{Exit, Failure};
use board::edit::{EditError, Edited, NewApi, NewOffer, add_api, add_offer, add_plan_if_missing, patch};
use board::{Auth, ServerUrl};
use contract::{Contract, Server};
use std::path::{Path, PathBuf};

/// The limit of a plan that `--offer` has to make.
pub(super) const FIRST_LIMIT: &str = "60/min";

/// Arguments of `add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// A contract (file, or URL ending in .json, .yaml or .yml), or the URL of an API without one
    #[arg(value_name = "CONTRACT|URL")]
    what: String,
    /// Where the API is; default: what its contract says
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// Offer it to holders of this plan; one that is missing is made, with a key and 60/min
    #[arg(long, value_name = "PLAN")]
    offer: Vec<String>,
    /// Where it is offered; default: `/NAME`
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
    /// What it is called on the board; default: from its title or host
    #[arg(long)]
    name: Option<String>,
}

/// What is to be added.
struct Found {
    name: String,
    /// As the board will refer to it.
    contract: Option<String>,
    upstream: Option<String>,
    operations: usize,
    warnings: usize,
    /// A fetched contract, to be written when the board has taken the change.
    keep: Option<(PathBuf, fetch::Fetched)>,
}

impl Add {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = board_folder(global)?;
        let file = folder.join(FILE);
        let before = std::fs::read_to_string(&file)
            .map_err(|error| Failure::run(format!("cannot read `{}`: {error}", file.display())))?;
        let found = self.find(&folder)?;
        let after = self.edit(&before, &found)?;
        if let Some((path, fetched)) = &found.keep {
            write(path, &fetched.bytes)?;
        }
        let disk = Disk { secrets: secrets_folder(&folder), need: Need::Nothing };
        let terminal = global.terminal();
        write(&file, after.as_bytes())?;
        let judged = board::load(&folder, global.env.as_deref(), &disk);
        if let Err(problems) = judged {
            // The board that was there is worth more than a change that breaks it.
            write(&file, before.as_bytes())?;
            if let Some((path, _)) = &found.keep {
                let _ = std::fs::remove_file(path);
            }
            terminal.complain(problems.render(terminal.colour_err).trim_end());
            return Err(Failure::usage("with this the board could not run: nothing was changed"));
        }
        if let Some((path, fetched)) = &found.keep {
            source::note(path, &source::Source { url: self.what.clone(), etag: fetched.etag.clone() })?;
        }
        terminal.data(patch(&before, &after));
        terminal.say(format!(
            "added {}: {} operations, {} warnings",
            found.name, found.operations, found.warnings
        ));
        if self.offer.is_empty() {
            terminal.say(
                "nobody can call it yet: add an offer, or call it yourself: switchboard call API OPERATION",
            );
        } else {
            terminal.say(format!("run it: {} serve", super::paste()));
        }
        Ok(Exit::Ok)
    }

    fn find(&self, folder: &Path) -> Result<Found, Failure> {
        if self.what.contains("://") {
            let path = self.what.split(['?', '#']).next().unwrap_or_default().to_lowercase();
            let is_contract = [".json", ".yaml", ".yml"].iter().any(|ending| path.ends_with(ending));
            return if is_contract { self.fetched(folder) } else { self.open() };
        }
        let path = Path::new(&self.what);
        let contract = Reading::default().contract(path)?;
        let shown = relative(folder, path)?;
        Ok(self.with(
            &contract,
            shown,
            path.file_stem().map(|stem| stem.to_string_lossy().into_owned()),
            None,
        ))
    }

    /// An API of which only the address is known.
    fn open(&self) -> Result<Found, Failure> {
        let server = ServerUrl::parse(&self.what).map_err(Failure::usage)?;
        let name = self.name.clone().unwrap_or_else(|| slug(host_word(&server.host)));
        let upstream = self.upstream.clone().unwrap_or_else(|| server.to_string());
        Ok(Found { name, contract: None, upstream: Some(upstream), operations: 0, warnings: 0, keep: None })
    }

    fn fetched(&self, folder: &Path) -> Result<Found, Failure> {
        let fetched = runtime()?.block_on(fetch::get(&self.what, fetch::Bounds::CONTRACT, None))?;
        let fetched = fetched.ok_or_else(|| Failure::run(format!("`{}` answered nothing", self.what)))?;
        let contract = Contract::read(&self.what, &fetched.bytes)
            .map_err(|error| unreadable(&error, &self.what, &fetched.bytes))?;
        let mut found = self.with(&contract, String::new(), None, Some(&self.what));
        let ending = if self.what.to_lowercase().contains(".json") { "json" } else { "yaml" };
        let shown = format!("contracts/{}.{ending}", found.name);
        let path = folder.join(&shown);
        if path.exists() {
            return Err(Failure::usage(format!("`{}` is there already", path.display()))
                .help("choose another `--name`"));
        }
        found.contract = Some(shown);
        found.keep = Some((path, fetched));
        Ok(found)
    }

    fn with(&self, contract: &Contract, shown: String, stem: Option<String>, fetched: Option<&str>) -> Found {
        let from = if contract.title.is_empty() { stem.unwrap_or_default() } else { contract.title.clone() };
        let name = self.name.clone().unwrap_or_else(|| slug(&from));
        // A server that is relative is meant from where the contract was fetched.
        let absolute = contract.servers.iter().any(|server| server.url.contains("://"));
        let upstream = self.upstream.clone().or_else(|| {
            fetched.filter(|_| !absolute).and_then(|url| ServerUrl::parse(url.split('?').next()?).ok()).map(
                |server| {
                    ServerUrl {
                        base: contract
                            .servers
                            .first()
                            .map_or_else(String::new, Server::address)
                            .trim_end_matches('/')
                            .into(),
                        ..server
                    }
                    .to_string()
                },
            )
        });
        Found {
            name,
            contract: Some(shown),
            upstream,
            operations: contract.operations.len(),
            warnings: contract.warnings.len(),
            keep: None,
        }
    }

    fn edit(&self, before: &str, found: &Found) -> Result<String, Failure> {
        let failed = |error: EditError| Failure::usage(error.to_string());
        let text = |edited: Edited| edited.text;
        let api = NewApi {
            name: &found.name,
            contract: found.contract.as_deref(),
            upstream: found.upstream.as_deref(),
        };
        let mut after = add_api(before, &api).map(text).map_err(failed)?;
        if !self.offer.is_empty() {
            for plan in &self.offer {
                after = add_plan_if_missing(&after, plan, Auth::Key, Some(FIRST_LIMIT))
                    .map(text)
                    .map_err(failed)?;
            }
            let plans: Vec<&str> = self.offer.iter().map(String::as_str).collect();
            let at = self.at.clone().unwrap_or_else(|| format!("/{}", found.name));
            let offer = NewOffer { api: &found.name, name: "public", at: &at, plans: &plans, only: &[] };
            after = add_offer(&after, &offer).map(text).map_err(failed)?;
        }
        Ok(after)
    }
}

/// The path as the board writes it: relative to the board where that is possible.
fn relative(folder: &Path, file: &Path) -> Result<String, Failure> {
    let gone = |error: std::io::Error| Failure::usage(format!("cannot find `{}`: {error}", file.display()));
    let (from, to) = (folder.canonicalize().map_err(gone)?, file.canonicalize().map_err(gone)?);
    let same = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let ups = from.components().count() - same;
    let mut path: PathBuf = std::iter::repeat_n("..", ups).collect();
    path.extend(to.components().skip(same));
    Ok(path.to_string_lossy().into_owned())
}

/// A name for the board: `a-z 0-9 -`, short.
fn slug(text: &str) -> String {
    let words: Vec<String> = text
        .to_lowercase()
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && !matches!(*word, "api" | "the" | "rest" | "openapi"))
        .take(3)
        .map(str::to_owned)
        .collect();
    let name: String = words.join("-").chars().take(32).collect();
    if name.is_empty() { "api".to_owned() } else { name }
}

/// `weather` of `api.weather.example`.
fn host_word(host: &str) -> &str {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return "";
    }
    host.split('.').rev().nth(1).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn a_name_is_made_of_the_words_that_say_something() {
        for (title, name) in [
            ("Acme Orders API", "acme-orders"),
            ("The Weather", "weather"),
            ("API", "api"),
            ("Größe & Maß 2", "gr-e-ma"),
        ] {
            assert_eq!(slug(title), name);
        }
    }
}
