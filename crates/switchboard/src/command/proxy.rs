//! `switchboard proxy URL`: a board made of flags, before any HTTP server.

use crate::arguments::Global;
use crate::command::paste;
use crate::drive::{
    Disk, FILE, Need, author, entropy, open_ledger, port, runtime, secrets_folder, stored, write_private,
};
use crate::exit::{Exit, Failure};
use crate::run::{Plan, run};
use board::{Board, ProxyFlags};
use exchange::{ApiKey, PlanName};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The consumer that a proxy's key belongs to.
const CONSUMER: &str = "caller";

/// Arguments of `proxy`.
#[derive(Debug, clap::Args)]
pub(crate) struct Proxy {
    /// The server that is put behind it
    url: String,
    /// Its contract: requests are checked against it
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,
    /// Callers need a key; one is made and printed
    #[arg(long)]
    key: bool,
    /// How much may be called: `60/min`
    #[arg(long, value_name = "RATE")]
    limit: Option<String>,
    /// A page of this origin may call; `*`: any
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,
    /// The server's credential: `env:NAME`, `file:PATH`
    #[arg(long, value_name = "REFERENCE")]
    credential: Option<String>,
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Write it as a board into this folder
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Proxy {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        let (listen, passed) =
            port::next_free(self.listen).map_err(|taken| Failure::run(taken.to_string()))?;
        for taken in passed {
            terminal.say(format!("{taken}: using {listen}"));
        }
        let place = super::Place::new(self.keep.as_deref())?;
        let folder = place.folder();
        let (board, text) = self.board(folder, listen, global)?;
        let file = folder.join(FILE);
        if file.exists() {
            return Err(Failure::usage(format!("there is a board in `{}` already", folder.display()))
                .help(format!("run it: {} --board {} serve", paste(), folder.display())));
        }
        write_private(&file, text.as_bytes())
            .map_err(|error| Failure::run(format!("cannot write `{}`: {error}", file.display())))?;
        if self.keep.is_some() {
            // Keys and secrets lie in there: nobody should commit them.
            let _ = std::fs::write(folder.join(".gitignore"), ".switchboard/\n");
        }
        let key = if self.key { Some(first_key(folder, &board)?) } else { None };
        let plan = Plan {
            what: "proxy",
            folder: folder.to_path_buf(),
            threads: None,
            lines: !global.quiet,
            watch: false,
        };
        run(&plan, global, |started| {
            let url = started.listeners.first().map_or_else(String::new, |(_, url)| url.clone());
            terminal.line(format!("  {url}  →  {}", self.url));
            let header = key.as_ref().map_or_else(String::new, |key| {
                terminal.line(format!("  key       {}   shown once, as X-Api-Key or bearer", key.reveal()));
                format!("-H 'X-Api-Key: {}' ", key.reveal())
            });
            terminal.line(format!("  try       curl -i {header}{url}/"));
            terminal.line(format!("            {} log -f", paste()));
            if self.keep.is_some() {
                terminal.line(format!("  board     {}", file.display()));
            }
            Ok(None)
        })
    }

    fn board(&self, folder: &Path, listen: SocketAddr, global: &Global) -> Result<(Board, String), Failure> {
        let contract = match &self.contract {
            // The board lies elsewhere: the path has to hold from there too.
            Some(file) => Some(
                std::fs::canonicalize(file)
                    .map_err(|error| Failure::usage(format!("cannot read `{}`: {error}", file.display())))?,
            ),
            None => None,
        };
        let flags = ProxyFlags {
            url: self.url.clone(),
            contract,
            key: self.key,
            limit: self.limit.clone(),
            cors: self.cors.clone(),
            credential: self.credential.clone(),
            listen,
            folder: folder.join(".switchboard"),
        };
        let disk = Disk { secrets: secrets_folder(folder), need: Need::Secrets };
        let terminal = global.terminal();
        board::proxy(&flags, &disk).map_err(|problems| {
            terminal.complain(problems.render(terminal.colour_err).trim_end());
            Failure::usage("these flags make no board")
        })
    }
}

/// Makes the consumer and its first key in the board's ledger.
fn first_key(folder: &Path, board: &Board) -> Result<ApiKey, Failure> {
    let mut board = board.clone();
    board.ledger.folder = folder.join(".switchboard");
    runtime()?.block_on(async {
        let ledger = open_ledger(&board).await?;
        let plans: Vec<PlanName> = board.plans.iter().map(|plan| plan.name.clone()).collect();
        let made = async {
            let name = ledger.add_consumer(CONSUMER, &plans, author()).await?;
            Ok::<_, ledger::StoreError>(name)
        };
        let name = made.await.map_err(|error| stored(&error))?;
        let key = ledger.new_key(&name, entropy()?, author()).await.map_err(|error| stored(&error))?;
        ledger.close().await.map_err(|error| stored(&error))?;
        Ok(key)
    })
}
