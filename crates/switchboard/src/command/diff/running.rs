//! The boards that run: every process of this board is asked over its socket for the texts it was made from.
//!
//! Only what differs from what lies here is sent over: a text whose digest is that of the file is read from the file.

use super::given::Given;
use super::{Other, load};
use crate::arguments::Global;
use crate::drive::{Disk, Need, runtime, socket, sockets_of};
use crate::exit::Failure;
use crate::run::digest;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use board::{Outside as _, OutsideError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// Processes of one board that are asked.
const MOST: usize = 64;
/// Files of one board that are looked at.
const MOST_FILES: usize = 10_000;

/// What a process says of its board.
#[derive(Debug, Deserialize)]
struct Said {
    pid: u32,
    revision: String,
    env: Option<String>,
    files: Vec<Told>,
}

#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    sha256: String,
}

/// The boards of the processes that run the board in `folder`, one for each revision, with their process ids.
pub(super) fn boards(folder: &Path, global: &Global) -> Result<Vec<(Vec<u32>, Other)>, Failure> {
    let runtime = runtime()?;
    let mut by_revision: BTreeMap<String, (Vec<u32>, PathBuf, Said)> = BTreeMap::new();
    for place in sockets_of(folder, None).into_iter().take(MOST) {
        let Some(said) =
            runtime.block_on(socket::ask_at(&place, socket::Route::Board, &Value::Null, PATIENCE))
        else {
            continue;
        };
        let said: Said = serde_json::from_value(said?)
            .map_err(|_| Failure::run("the running board is of another version: restart it"))?;
        // Two with one revision may still have been started with different overlays.
        let key = format!("{} {}", said.revision, said.env.as_deref().unwrap_or_default());
        let pid = said.pid;
        by_revision.entry(key).or_insert_with(|| (Vec::new(), place, said)).0.push(pid);
    }
    let mut found = Vec::new();
    for (_, (pids, place, said)) in by_revision {
        let texts = runtime.block_on(texts(folder, &place, &said))?;
        let given = Given::new(|path: &Path| {
            texts
                .get(path)
                .cloned()
                .ok_or_else(|| OutsideError("the running board was not made from it".to_owned()))
        })
        .fetching(|url: &str| {
            let text = texts.get(Path::new(url)).cloned();
            text.ok_or_else(|| OutsideError("the running board did not fetch it".to_owned()))
        });
        let named: Vec<String> = pids.iter().map(u32::to_string).collect();
        let words = match named.as_slice() {
            [one] => format!("what runs: process {one}, revision {}", said.revision),
            many => format!("what runs: processes {}, revision {}", many.join(", "), said.revision),
        };
        let board = load(folder, said.env.as_deref(), &given, "the board that runs", global)?;
        found.push((pids, Other { board, words }));
    }
    Ok(found)
}

/// The texts of a board that runs, by the path they are read at.
async fn texts(folder: &Path, place: &Path, said: &Said) -> Result<HashMap<PathBuf, Vec<u8>>, Failure> {
    if said.files.len() > MOST_FILES {
        return Err(Failure::run(format!("the running board is made from more than {MOST_FILES} files")));
    }
    let disk = Disk { secrets: PathBuf::new(), need: Need::Nothing };
    let mut texts = HashMap::new();
    for Told { name, sha256 } in &said.files {
        let path = if name.contains("://") { PathBuf::from(name) } else { folder.join(name) };
        if let Ok(bytes) = disk.file(&path)
            && digest(&bytes) == *sha256
        {
            texts.insert(path, bytes);
            continue;
        }
        let question = json!({ "name": name, "revision": said.revision });
        let answer = socket::ask_at(place, socket::Route::Board, &question, PATIENCE).await;
        let answer = answer.ok_or_else(|| Failure::run("the running board was stopped meanwhile"))??;
        let text = answer["text"].as_str().and_then(|text| BASE64_STANDARD.decode(text).ok());
        let bytes =
            text.ok_or_else(|| Failure::run("the running board is of another version: restart it"))?;
        texts.insert(path, bytes);
    }
    Ok(texts)
}
