//! A live line on stdout for each call that ends.

use super::calls::Calls;
use crate::command::line_of;
use crate::terminal::Terminal;
use ledger::CallFilter;

/// Prints from now on. A terminal that is too slow misses lines; the ledger does not.
pub(super) fn print(calls: &Calls, terminal: Terminal) {
    let Some(mut watch) = calls.watch(CallFilter::default()) else { return };
    std::thread::spawn(move || {
        while let Some(record) = watch.next_here() {
            if !record.open {
                terminal.data(line_of(&record, terminal.colour_out));
            }
        }
    });
}
