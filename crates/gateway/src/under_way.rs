//! A call under way: head, payload, the one world it sees, and its open record.
//!
//! Stages take `&mut Exchange` and hand tokens on. Dropping an exchange closes its record, so that no
//! way out of the pipeline, not even a panic or a caller who goes away, leaves none or two.

use crate::gauges::Place;
use crate::purses::Spent;
use crate::seen::Seen;
use crate::wire::{Body, Head, Tap, Upgrade};
use crate::worker::Worker;
use crate::world::World;
use board::DetailsWanted;
use bytes::Bytes;
use contract::{Report, Violation};
use exchange::{As, By, CallId, Fault, Finding, Outcome, Reason, Refusal, Stage};
use http::{HeaderMap, Method, StatusCode};
use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Index of the listener.
    pub(crate) listener: usize,
    /// Its address; none for a call that was started inside.
    pub(crate) address: Option<IpAddr>,
    /// Whether the connection is TLS.
    pub(crate) https: bool,
}

/// What follows the head.
#[derive(Debug)]
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// A body as it comes in.
    Stream(Body),
    /// A body in memory.
    Held(Bytes),
    /// No body, and a connection that may become another protocol's.
    Upgrade(Upgrade),
    /// It was handed on.
    Taken,
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// To a provider, through every stage.
    Api(crate::route::Routed),
    /// A page's question whether it may (Fetch standard, CORS preflight).
    Preflight(usize),
    /// To us.
    Own(crate::local::Local),
}

/// Which operation a request is; more than one candidate comes with protocols that say it in the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// This one, by index into the contract's operations.
    One(usize),
    /// None: no contract, or undeclared and passed on.
    Unknown,
}

/// One call under way.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) head: Head,
    pub(crate) payload: Payload,
    pub(crate) world: Rc<World>,
    pub(crate) worker: Rc<Worker>,
    pub(crate) facts: Facts,
}

/// What became known of a call: its open record.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) id: CallId,
    pub(crate) started: Instant,
    pub(crate) seen: Seen,
    pub(crate) stage: Stage,
    pub(crate) status: u16,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) provider_us: u64,
    pub(crate) body: Option<Rc<Tap>>,
    pub(crate) bytes_out: u64,
    pub(crate) findings: Vec<Finding>,
    pub(crate) breaks: u32,
    pub(crate) unchecked: bool,
    pub(crate) answer: AnswerFacts,
    pub(crate) sent: Option<Box<call::Sent>>,
    /// Places that limits on calls at once gave it: free again when the call is over.
    pub(crate) places: Vec<Place>,
    /// What it spent of quotas: given back unless the provider gets it.
    pub(crate) spent: Vec<Spent>,
    closed: bool,
    open_row: bool,
}

/// What is learnt of an answer while it passes.
#[derive(Debug, Default)]
pub(crate) struct AnswerFacts {
    pub(crate) fields: Option<HeaderMap>,
    pub(crate) keep: usize,
    pub(crate) kept: Vec<Bytes>,
    /// What the check that watches it found, once it has ended.
    pub(crate) report: Option<Rc<RefCell<Option<Report>>>>,
    pub(crate) head_only: bool,
}

impl Exchange {
    /// Opens a call.
    pub(crate) fn begin(
        worker: &Rc<Worker>,
        peer: Peer,
        started: Instant,
        (head, payload): (Head, Payload),
        who: As,
    ) -> Box<Self> {
        let world = worker.world();
        let id = worker.next_id();
        let now = (worker.shared().nanos(started), id.at_ms());
        let seen = Seen::of(&world, &head, peer, now, who);
        let body = match &payload {
            Payload::Stream(body) => {
                let tap = body.tap();
                if world.board.record.details != DetailsWanted::None {
                    tap.keep.set(crate::detail::KEPT);
                }
                Some(tap)
            }
            _ => None,
        };
        let facts = Facts {
            id,
            started,
            seen,
            stage: Stage::Listener,
            status: 0,
            outcome: None,
            refusal: None,
            provider_us: 0,
            body,
            bytes_out: 0,
            findings: Vec::new(),
            breaks: 0,
            unchecked: false,
            answer: AnswerFacts::default(),
            sent: None,
            places: Vec::new(),
            spent: Vec::new(),
            closed: false,
            open_row: false,
        };
        Box::new(Self { head, payload, world, worker: Rc::clone(worker), facts })
    }

    /// A stage begins: the record says where the call is.
    pub(crate) fn enter(&mut self, stage: Stage) {
        self.facts.stage = stage;
        if let Some(watch) = &self.worker.settings().on_stage {
            watch(stage, self.head.shown_path());
        }
    }

    /// Adds violations to the record.
    pub(crate) fn found(&mut self, direction: &str, violations: &[Violation]) {
        let facts = &mut self.facts;
        facts.breaks = facts.breaks.saturating_add(u32::try_from(violations.len()).unwrap_or(u32::MAX));
        facts.findings.extend(violations.iter().map(|violation| Finding::new(direction, violation)));
    }

    /// Whether the answer has a head only (RFC 9110 §6.4.1).
    pub(crate) fn sends_no_body(&self) -> bool {
        self.facts.answer.head_only
    }

    /// Notes which answer goes to the caller.
    pub(crate) fn answering(&mut self, status: StatusCode) {
        self.facts.status = status.as_u16();
        self.facts.answer.head_only = self.head.method == Method::HEAD
            || status.is_informational()
            || matches!(status.as_u16(), 204 | 205 | 304);
    }

    /// A piece of the answer's body went by.
    pub(crate) fn answer_bytes(&mut self, bytes: &Bytes) {
        let facts = &mut self.facts;
        facts.bytes_out += bytes.len() as u64;
        if facts.answer.keep > 0 {
            let part = bytes.slice(..bytes.len().min(facts.answer.keep));
            facts.answer.keep -= part.len();
            facts.answer.kept.push(part);
        }
    }

    /// The tunnel is over: so many bytes went to the provider, so many came from it.
    pub(crate) fn tunnelled(&mut self, sent: u64, received: u64) {
        let tap = Rc::new(Tap::default());
        tap.bytes.set(sent);
        self.facts.body = Some(tap);
        self.facts.bytes_out += received;
    }

    /// When the row of a call that is still running is due; `None`: it was written.
    pub(crate) fn open_row_due(&self) -> Option<Instant> {
        (!self.facts.open_row).then(|| self.facts.started + self.worker.settings().open_row_after)
    }

    /// Writes the row of a call that is still running.
    pub(crate) fn write_open_row(&mut self) {
        if !std::mem::replace(&mut self.facts.open_row, true) {
            let row = crate::closing::row(self, Outcome::Succeeded, true);
            self.worker.recorder().row(row);
        }
    }

    /// Closes the record. `outcome` overrules what the stages found: the body broke off.
    pub(crate) fn close(&mut self, outcome: Option<Outcome>) {
        if std::mem::replace(&mut self.facts.closed, true) {
            return;
        }
        // The recorder is foreign code, and this may run while a panic unwinds: a second one would abort.
        let closing = std::panic::AssertUnwindSafe(|| crate::closing::close(self, outcome));
        if std::panic::catch_unwind(closing).is_err() {
            self.worker.shared().lost_record();
        }
    }

    /// The provider got the call, or did not: what it cost of quotas is spent, or goes back at its end.
    pub(crate) fn spend(&mut self, spent: bool) {
        self.facts.spent.iter_mut().for_each(|part| part.keep(spent));
    }

    /// How long the call has taken.
    pub(crate) fn elapsed(&self) -> Duration {
        self.facts.started.elapsed()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Dropped unanswered: a panic unwinds, the caller went away, or the thread stops.
        let outcome = if std::thread::panicking() {
            Outcome::Panicked
        } else if self.worker.is_cutting() {
            Outcome::Aborted(By::Us)
        } else {
            Outcome::Aborted(By::Caller)
        };
        self.close(Some(outcome));
        self.worker.call_over();
    }
}

/// What became of a call that was refused for this reason by a stage that said nothing more exact.
pub(crate) const fn outcome_of(reason: Reason) -> Outcome {
    match reason {
        Reason::Internal | Reason::CredentialRefused => Outcome::Failed(Fault::Ours),
        Reason::ResponseBreaksContract
        | Reason::ProviderBroken
        | Reason::ProviderSilent
        | Reason::ProviderUntrusted => Outcome::Failed(Fault::Provider),
        Reason::ProviderUnreachable => Outcome::Failed(Fault::Network),
        _ => Outcome::Refused,
    }
}
