//! The board near this command, looked for only when a word of the command line needs it.

use crate::arguments::Global;
use crate::drive;
use crate::exit::Failure;
use board::{Api, Board, Listener};
use std::cell::OnceCell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The board near this command.
#[derive(Debug)]
pub(crate) struct Nearby<'g> {
    global: &'g Global,
    reading: drive::Reading,
    need: drive::Need,
    found: OnceCell<Result<Option<Board>, Failure>>,
    folder: OnceCell<Result<Option<PathBuf>, Failure>>,
    own: OnceCell<Result<Option<(PathBuf, Board)>, Failure>>,
}

impl<'g> Nearby<'g> {
    /// Nothing is looked for yet.
    pub(crate) fn new(global: &'g Global) -> Self {
        Self {
            global,
            reading: drive::Reading::default(),
            need: drive::Need::Secrets,
            found: OnceCell::new(),
            folder: OnceCell::new(),
            own: OnceCell::new(),
        }
    }

    /// As [`Nearby::new`], to look only: secrets are not read.
    pub(crate) fn looking(global: &'g Global) -> Self {
        Self { need: drive::Need::Nothing, ..Self::new(global) }
    }

    /// The flags it was looked for with.
    pub(crate) const fn global(&self) -> &Global {
        self.global
    }

    /// Where this command says things.
    pub(crate) fn terminal(&self) -> crate::terminal::Terminal {
        self.global.terminal()
    }

    /// With how a contract's file is read.
    pub(crate) fn with(self, reading: &drive::Reading) -> Self {
        Self { reading: reading.clone(), ..self }
    }

    /// How a contract's file is read.
    pub(crate) const fn reading(&self) -> &drive::Reading {
        &self.reading
    }

    /// The board, if a word of the command line needed it.
    pub(crate) fn loaded(&self) -> Option<&Board> {
        self.found.get().and_then(|found| found.as_ref().ok()).and_then(Option::as_ref)
    }

    /// The board, if there is one near; one that was asked for by name must be there.
    pub(crate) fn board(&self) -> Result<Option<&Board>, Failure> {
        match self.found.get_or_init(|| self.load()) {
            Ok(found) => Ok(found.as_ref()),
            Err(failure) => Err(failure.clone()),
        }
    }

    fn load(&self) -> Result<Option<Board>, Failure> {
        let Some(folder) = self.folder()? else { return Ok(None) };
        // A proxy of flags alone has no file to read: then there is no board, only an address.
        if !folder.join(drive::FILE).is_file() {
            return Ok(None);
        }
        self.load_from(folder).map(Some)
    }

    fn load_from(&self, folder: &Path) -> Result<Board, Failure> {
        if let Ok(board) = drive::look_at_board(folder, self.global.env.as_deref(), self.need) {
            return Ok(board);
        }
        let colour = self.global.terminal().colour_err;
        drive::judged_board(folder, self.global, self.need).map_err(|problems| {
            Failure::usage(format!(
                "the board in `{}` has problems\n{}",
                folder.display(),
                problems.render(colour).trim_end()
            ))
        })
    }

    /// The personal board, unless another one was asked for by name or it is the one near here.
    fn own(&self) -> Result<Option<(&Path, &Board)>, Failure> {
        let found = self.own.get_or_init(|| {
            let Some(folder) = drive::personal().filter(|_| self.global.board.is_none()) else {
                return Ok(None);
            };
            if drive::is_board_near(self.global) && self.folder()? == Some(folder.as_path()) {
                return Ok(None);
            }
            let board = self.load_from(&folder)?;
            Ok(Some((folder, board)))
        });
        let found = found.as_ref().map_err(Clone::clone)?;
        Ok(found.as_ref().map(|(folder, board)| (folder.as_path(), board)))
    }

    /// The API of this name: on the board near here, else on the personal one, which serves every folder, else on
    /// that of what runs elsewhere. Its logins are those of its board.
    pub(crate) fn api(&self, name: &str) -> Result<Option<&Arc<Api>>, Failure> {
        let near = drive::is_board_near(self.global);
        for here in [near, !near] {
            let place = if here { self.folder()?.zip(self.board()?) } else { self.own()? };
            if let Some((folder, board)) = place
                && let Some(api) = board.api(name)
            {
                drive::Logins::of(folder).keep();
                return Ok(Some(api));
            }
        }
        Ok(None)
    }

    /// The board that the history of calls made here is of, if it was loaded.
    pub(crate) fn loaded_here(&self) -> Option<&Board> {
        if drive::is_board_near(self.global) { self.loaded() } else { self.loaded_own() }
    }

    fn loaded_own(&self) -> Option<&Board> {
        self.own.get().and_then(|own| own.as_ref().ok()?.as_ref()).map(|(_, board)| board)
    }

    /// The board that an API is of: that near here, or the personal one.
    pub(crate) fn board_of(&self, api: &Arc<Api>) -> Option<&Board> {
        let mut known = self.loaded().into_iter().chain(self.loaded_own());
        known.find(|board| board.apis.iter().any(|known| Arc::ptr_eq(known, api)))
    }

    /// All APIs that can be called by name, those near here first.
    pub(crate) fn apis(&self) -> Vec<&Arc<Api>> {
        let here = self.board().ok().flatten();
        let own = self.own().ok().flatten().map(|(_, board)| board);
        let mut all: Vec<&Arc<Api>> = Vec::new();
        for api in here.into_iter().chain(own).flat_map(|board| &board.apis) {
            if !all.iter().any(|known| known.name == api.name) {
                all.push(api);
            }
        }
        all
    }

    /// The folder of the board near here, or of what runs elsewhere, which is said once.
    fn folder(&self) -> Result<Option<&Path>, Failure> {
        let found = self.folder.get_or_init(|| match drive::board_near_or_running(self.global) {
            Ok(folder) => Ok(Some(folder)),
            Err(failure) if self.global.board.is_some() => Err(failure),
            Err(_) => Ok(None),
        });
        found.as_ref().map(Option::as_deref).map_err(Clone::clone)
    }

    /// Names of these APIs.
    pub(crate) fn api_names(&self) -> Vec<String> {
        self.apis().iter().map(|api| api.name.to_string()).collect()
    }

    /// The address of this board's first listener, else of what runs elsewhere; without a slash at the end.
    pub(crate) fn first_listener(&self) -> Result<String, Failure> {
        // First where it runs, not where its file says: a demo whose port was taken listens on the next one.
        if let Some(folder) = self.folder()? {
            let running = drive::running().into_iter().find(|entry| entry.board == folder);
            if let Some(url) = running.as_ref().and_then(|entry| entry.urls.first()) {
                return Ok(url.trim_end_matches('/').to_owned());
            }
        }
        if let Some(listener) = self.board()?.and_then(|board| board.listeners.first()) {
            return Ok(address(listener));
        }
        Err(Failure::usage("a path alone needs a board with a listener, and there is none here")
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
