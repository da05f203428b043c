//! The board near this command, looked for only when a word of the command line needs it.

use crate::arguments::Global;
use crate::drive;
use crate::exit::Failure;
use board::{Board, Listener};
use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// The board near this command.
#[derive(Debug)]
pub(crate) struct Nearby<'g> {
    global: &'g Global,
    found: OnceCell<Result<Option<Board>, Failure>>,
    running: OnceCell<Option<drive::Entry>>,
}

impl<'g> Nearby<'g> {
    /// Nothing is looked for yet.
    pub(crate) fn new(global: &'g Global) -> Self {
        Self { global, found: OnceCell::new(), running: OnceCell::new() }
    }

    /// The board, if there is one near; one that was asked for by name must be there.
    pub(crate) fn board(&self) -> Result<Option<&Board>, Failure> {
        match self.found.get_or_init(|| self.load()) {
            Ok(found) => Ok(found.as_ref()),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn load(&self) -> Result<Option<Board>, Failure> {
        match drive::board_folder(self.global) {
            Ok(folder) => self.read(&folder, self.global.env.as_deref()).map(Some),
            Err(failure) if self.global.board.is_some() => Err(failure),
            // A proxy of flags alone has no file to read: then there is no board, only an address.
            Err(_) => Ok(self.elsewhere().and_then(|entry| {
                let board = self.read(&entry.board, entry.env.as_deref()).ok()?;
                self.say_where(entry);
                Some(board)
            })),
        }
    }

    fn read(&self, folder: &Path, env: Option<&str>) -> Result<Board, Failure> {
        let disk = drive::Disk { secrets: drive::secrets_folder(folder), need: drive::Need::Secrets };
        let colour = self.global.terminal().colour_err;
        board::load(folder, env, &disk).map_err(|problems| {
            Failure::usage(format!("the board has problems\n{}", problems.render(colour).trim_end()))
        })
    }

    /// What was started last and still runs, when no board is near.
    fn elsewhere(&self) -> Option<&drive::Entry> {
        self.running.get_or_init(|| drive::running().into_iter().next()).as_ref()
    }

    fn say_where(&self, entry: &drive::Entry) {
        let at = entry.urls.first().map_or("", String::as_str);
        self.global.terminal().say(format!("no board here: taking the {} that runs at {at}", entry.what));
    }

    /// Names of the board's APIs; none without a board.
    pub(crate) fn api_names(&self) -> Vec<String> {
        let board = self.board().ok().flatten();
        board.map(|board| board.apis.iter().map(|api| api.name.to_string()).collect()).unwrap_or_default()
    }

    /// The address of this board's first listener, else of what runs elsewhere; without a slash at the end.
    pub(crate) fn first_listener(&self) -> Result<String, Failure> {
        if drive::board_folder(self.global).is_ok() {
            if let Some(listener) = self.board()?.and_then(|board| board.listeners.first()) {
                return Ok(address(listener));
            }
            return Err(Failure::usage("this board has no listener").help("write the whole address"));
        }
        // Not from its file: a demo whose port was taken listens on the next one.
        let entry = self.elsewhere().filter(|_| self.global.board.is_none());
        if let Some((entry, url)) = entry.and_then(|entry| Some((entry, entry.urls.first()?))) {
            self.say_where(entry);
            return Ok(url.trim_end_matches('/').to_owned());
        }
        Err(Failure::usage("a path alone needs a board, and there is none here")
            .help("write the whole address, or name the board: `--board DIR`"))
    }
}

/// How this machine reaches a listener: what callers see where it speaks TLS, for the certificate's name.
fn address(listener: &Listener) -> String {
    if listener.tls.is_some() {
        return listener.url.trim_end_matches('/').to_owned();
    }
    let mut bind = listener.bind;
    if bind.ip().is_unspecified() {
        bind.set_ip(match bind.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{bind}")
}
