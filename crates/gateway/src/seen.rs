//! What is known of a request so far: what the pure decisions of the stages look at.

use crate::client_address;
use crate::under_way::{Bound, Peer};
use crate::wire::Head;
use crate::world::World;
use exchange::{As, Consumer, KeyDigest, KeyEntry, Left};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// What is known so far.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Nanoseconds of the limits' clock.
    pub(crate) now: u64,
    /// Milliseconds since 1970.
    pub(crate) at_ms: u64,
    /// Address of the caller: the rightmost one that is not trusted to forward.
    pub(crate) address: IpAddr,
    /// Whether the limit on guesses leaves it alone.
    pub(crate) trusted: bool,
    /// Whether there is a connection at all; a call from inside has none.
    pub(crate) from_outside: bool,
    /// Whether the caller spoke TLS.
    pub(crate) https: bool,
    /// Index of the listener.
    pub(crate) listener: usize,
    /// Who it is said to be made as.
    pub(crate) who: As,
    /// Index of the offer in the world.
    pub(crate) offer: Option<usize>,
    /// The operation.
    pub(crate) bound: Bound,
    /// Where the path below the offer's address begins.
    pub(crate) below: usize,
    /// Who calls.
    pub(crate) caller: Option<Caller>,
    /// Index of the plan among the offer's.
    pub(crate) plan: Option<usize>,
    /// What each limit of the plan had left, in the plan's order.
    pub(crate) left: Vec<Left>,
    /// Which soft limits of the plan the call went over.
    pub(crate) passed: Vec<usize>,
}

/// Who calls.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Nobody was asked.
    Anonymous,
    /// The holder of a key.
    Key(Arc<KeyEntry>, KeyDigest),
    /// A consumer by name: a call from inside.
    Named(Arc<Consumer>),
}

impl Caller {
    /// The account, where there is one.
    pub(crate) fn consumer(&self) -> Option<&Arc<Consumer>> {
        match self {
            Self::Anonymous => None,
            Self::Key(entry, _) => Some(&entry.consumer),
            Self::Named(consumer) => Some(consumer),
        }
    }
}

impl Seen {
    /// What is known when the head is there.
    pub(crate) fn of(world: &World, head: &Head, peer: Peer, (now, at_ms): (u64, u64), who: As) -> Self {
        let trust = world.board.listeners.get(peer.listener).map_or(&[][..], |listener| &listener.trust);
        let own = peer.address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let client = client_address::find(own, trust, &head.fields);
        Self {
            now,
            at_ms,
            address: client.address,
            trusted: client.trusted || peer.address.is_none(),
            from_outside: peer.address.is_some(),
            https: client.https.unwrap_or(peer.https),
            listener: peer.listener,
            who,
            offer: None,
            bound: Bound::Unknown,
            below: 0,
            caller: None,
            plan: None,
            left: Vec::new(),
            passed: Vec::new(),
        }
    }

    /// The path below the offer's address.
    pub(crate) fn below<'p>(&self, path: &'p str) -> &'p str {
        match path.get(self.below..) {
            Some("") | None => "/",
            Some(rest) => rest,
        }
    }
}
