//! The record of bytes that never became a request.

use super::Worker;
use crate::under_way::Peer;
use exchange::{By, CallRecord, Outcome, Reason, Usage, UsageKey};

impl Worker {
    /// Keeps the record of bytes that never became a request.
    pub(crate) fn unreadable(&self, peer: Peer, reason: Reason) {
        let (id, world) = (self.next_id(), self.world());
        self.call_over();
        let outcome =
            if reason == Reason::CallerTooSlow { Outcome::Aborted(By::Us) } else { Outcome::Refused };
        self.recorder.usage(Usage {
            key: UsageKey {
                minute: id.at_ms() / 60_000,
                api: world.nothing(),
                operation: world.nothing(),
                consumer: None,
                plan: None,
                price: None,
                outcome,
                class: 4,
            },
            bytes: 0,
            took_us: 0,
        });
        self.recorder.row(CallRecord {
            id,
            parent: None,
            via: world.listener_name(peer.listener),
            api: None,
            offer: None,
            operation: None,
            consumer: None,
            plan: None,
            address: peer.address,
            method: String::new(),
            path: String::new(),
            status: reason.status().as_u16(),
            outcome,
            reason: Some(reason),
            took_us: 0,
            provider_us: 0,
            bytes_in: 0,
            bytes_out: 0,
            breaks: 0,
            weight: 1,
            open: false,
        });
    }
}
