//! A board as it stands in a revision of git: its files are read from the repository's objects.
//!
//! `git cat-file` runs no hook, no filter and no `textconv` program, and is told to fetch nothing.

use super::given::Given;
use super::{Other, load};
use crate::arguments::Global;
use crate::drive::{Disk, FILE, Need};
use crate::exit::Failure;
use board::{Outside as _, OutsideError};
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

/// The largest file that is read, as from the disk.
const LARGEST: u64 = 128 * 1024 * 1024;

/// A repository, and a commit in it.
struct Repository {
    top: PathBuf,
    commit: String,
}

/// The board of `folder` as it stood in a revision; `said`: the user named it.
pub(super) fn board(folder: &Path, revision: &str, said: bool, global: &Global) -> Result<Other, Failure> {
    let folder = folder
        .canonicalize()
        .map_err(|error| Failure::run(format!("cannot read `{}`: {error}", folder.display())))?;
    let Ok(top) = git(&folder, &["rev-parse", "--show-toplevel"])? else {
        return Err(if said {
            Failure::usage(format!("`{revision}` is no file, and this board lies in no git repository"))
        } else {
            Failure::usage(
                "this board does not run, and lies in no git repository: there is nothing to compare with",
            )
        }
        .help("name what to compare with: switchboard diff --against FOLDER"));
    };
    let top = PathBuf::from(top);
    // A word that begins like a flag is no revision (gitrevisions(7)), and must not become one of git's flags.
    let found = if revision.starts_with('-') {
        None
    } else {
        git(&top, &["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?.ok()
    };
    let commit = found.ok_or_else(|| {
        let failure = Failure::usage(format!(
            "`{revision}` is no file, and no revision of the repository in `{}`",
            top.display()
        ));
        failure.help("list revisions: git log --oneline; or name a folder with a board")
    })?;
    let repository = Repository { top, commit };
    let own = |name: &str| repository.file(&folder.join(name)).is_ok();
    if !own(FILE) {
        return Err(Failure::usage(format!(
            "there is no `{FILE}` in `{}` at `{revision}`",
            folder.display()
        ))
        .help("name a revision that has it: git log --oneline -- switchboard.toml"));
    }
    let env = global.env.clone().filter(|env| own(&format!("switchboard.{env}.toml")));
    let given = Given::new(|path: &Path| repository.file(path));
    let short = repository.commit.get(..12).unwrap_or(&repository.commit);
    let words = if repository.commit.starts_with(revision) {
        format!("commit {short}")
    } else {
        format!("`{revision}`, commit {short}")
    };
    let board = load(&folder, env.as_deref(), &given, &format!("the board at `{revision}`"), global)?;
    Ok(Other { board, words, env: global.env.clone() })
}

impl Repository {
    /// The bytes of a file in the commit; of one outside the repository, which has no revisions, what lies on the disk.
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let path = tidy(path);
        let Ok(inside) = path.strip_prefix(&self.top) else {
            return Disk { secrets: PathBuf::new(), need: Need::Nothing }.file(&path);
        };
        let name = format!("{}:{}", self.commit, inside.display());
        let mut child = command(&self.top)
            .args(["cat-file", "blob", &name])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| OutsideError(format!("git cannot be run: {error}")))?;
        let mut bytes = Vec::new();
        let read = child.stdout.take().map(|out| out.take(LARGEST + 1).read_to_end(&mut bytes));
        // The pipe is closed: a git that has more to say ends.
        let status = child.wait();
        if bytes.len() as u64 > LARGEST {
            return Err(OutsideError("larger than 128 MiB".to_owned()));
        }
        match (read, status) {
            (Some(Ok(_)), Ok(status)) if status.success() => Ok(bytes),
            _ => Err(OutsideError("no such file in that revision".to_owned())),
        }
    }
}

/// What git says in one line, or that it says no.
fn git(folder: &Path, arguments: &[&str]) -> Result<Result<String, ()>, Failure> {
    let output = command(folder).args(arguments).output().map_err(|error| {
        Failure::run(format!("git cannot be run: {error}")).help("install git, or compare with a folder")
    })?;
    if !output.status.success() {
        return Ok(Err(()));
    }
    Ok(Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned()))
}

/// git, without network, hooks, questions and messages.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command.args(["--no-optional-locks", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]);
    command.args(["-c", "protocol.allow=never"]);
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1");
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command
}

/// A path without `.` and `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}
