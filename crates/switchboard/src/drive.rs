//! What the pure rooms ask of the world: files, variables, the clock, entropy, state folders, `run.sock`.

mod allowances;
mod books;
mod clock;
pub(crate) mod fetch;
mod files;
mod index;
mod keyring;
mod logins;
mod outside;
mod place;
pub(crate) mod port;
pub(crate) mod remote;
mod running;
pub(crate) mod socket;
pub(crate) mod source;
mod stamp;
mod store;
mod traced;
mod user;
mod whole;

pub(crate) use allowances::allowances;
pub(crate) use books::{Books, LedgerAt};
pub(crate) use clock::{now_ms, period};
pub(crate) use files::{Reading, Unread, code_of, unreadable};
pub(crate) use index::Index;
pub(crate) use logins::{Lies, Logins};
pub(crate) use outside::{Disk, NOT_NEEDED, Need, write, write_private};
pub(crate) use place::{
    FILE, board_folder, board_near, board_near_or_running, is_board_near, personal, state_folder,
};
pub(crate) use running::{Entry, Listed, list as running, sockets_of};
pub(crate) use store::{
    author, details, entropy, judged_board, ledger_place, load_board, load_board_with, look_at_board,
    open_ledger, read_ledger, runtime, secrets_folder, stored, unusable, with_ledger,
};
pub(crate) use traced::{Files, Traced};
pub(crate) use whole::{PRIVATE, SHARED, whole};
