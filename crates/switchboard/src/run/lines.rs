//! A live line for each call: a recorder that prints what it hands on. Never waits for the terminal.

use crate::command::line_of;
use crate::terminal::Terminal;
use exchange::{CallId, CallRecord, Detail, KeyDigest, Recorder, Usage};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

/// Lines that may wait for the terminal; more are not printed, and that is said.
const WAITING: usize = 1_024;

#[derive(Debug)]
struct Printing {
    inner: Arc<dyn Recorder>,
    lines: SyncSender<CallRecord>,
}

/// `inner`, with a line on stdout for each call that gets a row.
pub(super) fn printing(inner: Arc<dyn Recorder>, terminal: Terminal) -> Arc<dyn Recorder> {
    let (lines, waiting) = sync_channel::<CallRecord>(WAITING);
    std::thread::spawn(move || {
        for record in waiting {
            terminal.data(line_of(&record, terminal.colour_out));
        }
    });
    Arc::new(Printing { inner, lines })
}

impl Recorder for Printing {
    fn usage(&self, usage: Usage) {
        self.inner.usage(usage);
    }

    fn row(&self, record: CallRecord) {
        if !record.open {
            // A terminal that is too slow misses lines; the ledger does not.
            let _ = self.lines.try_send(record.clone());
        }
        self.inner.row(record);
    }

    fn detail(&self, id: CallId, detail: Detail) {
        self.inner.detail(id, detail);
    }

    fn key_used(&self, key: KeyDigest, minute: u64) {
        self.inner.key_used(key, minute);
    }
}
