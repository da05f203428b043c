//! The board near this command, looked for only when a word of the command line needs it.

use crate::arguments::Global;
use crate::drive;
use crate::exit::Failure;
use board::{Board, Listener};
use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The board near this command.
#[derive(Debug)]
pub(crate) struct Nearby<'g> {
    global: &'g Global,
    found: OnceCell<Result<Option<Board>, Failure>>,
}

impl<'g> Nearby<'g> {
    /// Nothing is looked for yet.
    pub(crate) fn new(global: &'g Global) -> Self {
        Self { global, found: OnceCell::new() }
    }

    /// The board, if there is one near; one that was asked for by name must be there.
    pub(crate) fn board(&self) -> Result<Option<&Board>, Failure> {
        match self.found.get_or_init(|| self.load()) {
            Ok(found) => Ok(found.as_ref()),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn load(&self) -> Result<Option<Board>, Failure> {
        let folder = match drive::board_folder(self.global) {
            Ok(folder) => folder,
            Err(_) if self.global.board.is_none() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        let disk = drive::Disk { secrets: drive::secrets_folder(&folder), need: drive::Need::Secrets };
        let colour = self.global.terminal().colour_err;
        board::load(&folder, self.global.env.as_deref(), &disk).map(Some).map_err(|problems| {
            Failure::usage(format!("the board has problems\n{}", problems.render(colour).trim_end()))
        })
    }

    /// Names of the board's APIs; none without a board.
    pub(crate) fn api_names(&self) -> Vec<String> {
        let board = self.board().ok().flatten();
        board.map(|board| board.apis.iter().map(|api| api.name.to_string()).collect()).unwrap_or_default()
    }

    /// The address of this board's first listener, else of what runs elsewhere; without a slash at the end.
    pub(crate) fn first_listener(&self) -> Result<String, Failure> {
        if let Some(listener) = self.board()?.and_then(|board| board.listeners.first()) {
            return Ok(address(listener));
        }
        of_what_runs().ok_or_else(|| {
            Failure::usage("a path alone needs a board, and there is none here")
                .help("write the whole address, or name the board: `--board DIR`")
        })
    }
}

/// The listener of a demo or a proxy that runs without a board near: the seam for the state folder's list.
fn of_what_runs() -> Option<String> {
    None
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
