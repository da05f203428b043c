//! Published contracts in parts that take about as long as each other, so that a part is a test.

use std::path::{Path, PathBuf};

/// How many parts.
const SHARDS: usize = 8;

/// The files of one part: large ones are spread first.
pub(crate) fn files(folder: &Path, shard: usize) -> Vec<PathBuf> {
    let mut all: Vec<(u64, PathBuf)> = std::fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            [".json", ".yaml", ".yml"].iter().any(|ending| name.ends_with(ending))
        })
        .map(|entry| (entry.metadata().expect("its size").len(), entry.path()))
        .collect();
    all.sort();
    all.into_iter().rev().map(|(_, path)| path).skip(shard).step_by(SHARDS).collect()
}
