//! What the pure rooms ask of the world: files, variables, the clock, state folders, `run.sock`.

mod outside;
mod place;

pub(crate) use outside::Disk;
pub(crate) use place::{board_folder, state_folder};
