//! `switchboard mock CONTRACT`: a provider that says what its contract says.
//!
//! A board made of flags: requests are checked, recorded and refused as the gateway does it.

use crate::arguments::Global;
use crate::command::paste;
use crate::drive::{Disk, FILE, Need, Reading, port, secrets_folder, write_private};
use crate::exit::{Exit, Failure};
use crate::run::{Plan, run};
use board::{Board, MockFlags};
use contract::{Operation, Payload, Want};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Arguments of `mock`.
#[derive(Debug, clap::Args)]
#[command(after_help = PREFER)]
pub(crate) struct Mock {
    /// The contract
    contract: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The same number gives the same answers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u32,
    /// Hold every answer back: `200ms`
    #[arg(long, value_name = "TIME")]
    delay: Option<String>,
    /// Let calls go wrong: `error`, `drop`, `drop:10%`
    #[arg(long, value_name = "FAULT")]
    fault: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

const PREFER: &str = "A caller may ask, by the field `Prefer`:
  code=404        the answer with this status     example=NAME   this example of the contract
  dynamic         other values in each answer     seed=7         the values of this seed
  wait=2          after 2 seconds (at most 60)    fault=drop     or `error`";

impl Mock {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        let (listen, passed) =
            port::next_free(self.listen).map_err(|taken| Failure::run(taken.to_string()))?;
        for taken in passed {
            terminal.say(format!("{taken}: using {listen}"));
        }
        let place = super::Place::new(None)?;
        let folder = place.folder();
        let (board, text) = self.board(folder, listen, global)?;
        let file = folder.join(FILE);
        write_private(&file, text.as_bytes())
            .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", file.display())))?;
        let plan = Plan {
            what: "mock",
            folder: folder.to_path_buf(),
            threads: None,
            lines: !global.quiet,
            watch: false,
        };
        run(&plan, global, |started| {
            let url = started.listeners.first().map_or_else(String::new, |(_, url)| url.clone());
            terminal.line(format!("  {url}  →  {}", self.contract.display()));
            let operations = board.apis.first().and_then(|api| api.contract.as_ref());
            let operations = operations.map(|contract| contract.operations.as_slice()).unwrap_or_default();
            let tried = operations
                .iter()
                .filter(|operation| *operation.method() == http::Method::GET)
                .chain(operations)
                .find_map(|operation| Some((operation, try_line(operation, &url, self.seed.into())?)));
            if let Some((operation, line)) = tried {
                terminal.line(format!("  try       {line}"));
                // The contract's own servers are the real ones: a call here has to say that it means this one.
                let file = self.contract.display().to_string();
                let words = ["call", &file, operation.id.as_str(), "--sample", "--server", &url];
                let words: Vec<_> = words.iter().map(|word| shell_words::quote(word)).collect();
                terminal.line(format!("            {} {}", paste(), words.join(" ")));
            }
            terminal.line(format!("            {} log -f", paste()));
            Ok(None)
        })
    }

    fn board(&self, folder: &Path, listen: SocketAddr, global: &Global) -> Result<(Board, String), Failure> {
        let whole = |file: &PathBuf| {
            std::fs::canonicalize(file)
                .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", file.display())))
        };
        let flags = MockFlags {
            contract: whole(&self.contract)?,
            overlays: self.reading.overlays().iter().map(whole).collect::<Result<_, _>>()?,
            refs_from: self.reading.hosts().to_vec(),
            seed: self.seed,
            delay: self.delay.clone(),
            fault: self.fault.clone(),
            listen,
            folder: folder.join(".switchboard"),
        };
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
        let terminal = global.terminal();
        board::mocked(&flags, &disk).map_err(|problems| {
            terminal.complain(problems.render(terminal.colour_err).trim_end());
            Failure::usage("these flags make no board")
        })
    }
}

/// A line to paste that this operation answers.
fn try_line(operation: &Operation, url: &str, seed: u64) -> Option<String> {
    let values = contract::sample_request(operation, seed, Want::Minimal)?;
    let request = contract::encode(operation, &values).ok()?;
    let mut words = vec!["curl".to_owned(), "-i".to_owned()];
    if request.method != http::Method::GET {
        words.extend(["-X".to_owned(), request.method.to_string()]);
    }
    for (name, value) in &request.fields {
        words.extend(["-H".to_owned(), format!("{name}: {}", value.to_str().ok()?)]);
    }
    if let Payload::Bytes(bytes) = &request.payload {
        words.extend(["--data-raw".to_owned(), std::str::from_utf8(bytes).ok()?.to_owned()]);
    }
    let query = request.query.map_or_else(String::new, |query| format!("?{query}"));
    words.push(format!("{url}{}{query}", request.path));
    Some(words.iter().map(|word| shell_words::quote(word)).collect::<Vec<_>>().join(" "))
}
