//! Where things lie: the board's folder, and the user's state folder.

use crate::arguments::Global;
use crate::exit::Failure;
use std::path::{Path, PathBuf};

/// The file that makes a folder a board.
pub(crate) const FILE: &str = "switchboard.toml";

/// The board's folder: `--board`, else upwards from here, else the personal board.
pub(crate) fn board_folder(global: &Global) -> Result<PathBuf, Failure> {
    if let Some(folder) = &global.board {
        return if folder.join(FILE).is_file() {
            Ok(folder.clone())
        } else {
            Err(Failure::usage(format!("there is no `{FILE}` in `{}`", folder.display()))
                .help("make one there: `switchboard init`"))
        };
    }
    let here =
        std::env::current_dir().map_err(|error| Failure::run(format!("this folder is gone: {error}")))?;
    if let Some(folder) = nearest(&here) {
        return Ok(folder);
    }
    personal().ok_or_else(|| {
        let running = crate::drive::running().into_iter().next();
        let help = running.map_or_else(
            || "make one: `switchboard init`, or name one: `--board DIR`".to_owned(),
            |entry| format!("the {} that runs has one: `--board {}`", entry.what, entry.board.display()),
        );
        Failure::usage(format!("no board here: there is no `{FILE}` in this folder or above it")).help(help)
    })
}

/// The board's folder for commands that only look and call: without a board near, that of what runs.
///
/// Commands that change something never guess: see [`board_folder`].
pub(crate) fn board_near_or_running(global: &Global) -> Result<PathBuf, Failure> {
    if is_board_near(global) {
        return board_folder(global);
    }
    let Some(entry) = crate::drive::running().into_iter().next() else { return board_folder(global) };
    global.terminal().say(format!(
        "no board here: using the {} that runs at {}",
        entry.what,
        entry.urls.first().map_or("", String::as_str)
    ));
    Ok(entry.board)
}

/// The board's folder, for a command that does without one.
pub(crate) fn board_near(global: &Global) -> Option<PathBuf> {
    if let Some(folder) = &global.board {
        return folder.join(FILE).is_file().then(|| folder.clone());
    }
    nearest(&std::env::current_dir().ok()?).or_else(personal)
}

fn nearest(from: &Path) -> Option<PathBuf> {
    from.ancestors().find(|folder| folder.join(FILE).is_file()).map(Path::to_path_buf)
}

/// Whether a board was named, or lies here or above.
pub(crate) fn is_board_near(global: &Global) -> bool {
    global.board.is_some() || std::env::current_dir().is_ok_and(|here| nearest(&here).is_some())
}

/// The personal board's folder, if there is one: its APIs can be called from every folder.
pub(crate) fn personal() -> Option<PathBuf> {
    let folder = home_folder("XDG_CONFIG_HOME", ".config")?.join("switchboard");
    folder.join(FILE).is_file().then_some(folder)
}

/// The user's state folder (XDG Base Directory: `$XDG_STATE_HOME`, else `~/.local/state`).
pub(crate) fn state_folder() -> Result<PathBuf, Failure> {
    home_folder("XDG_STATE_HOME", ".local/state")
        .map(|folder| folder.join("switchboard"))
        .ok_or_else(|| Failure::run("neither `XDG_STATE_HOME` nor `HOME` is set"))
}

fn home_folder(variable: &str, below: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    set.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(below)))
}
