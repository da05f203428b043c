//! The limit on guesses: wrong keys and unknown addresses, per address of the caller.
//!
//! Looked at before a key is, paid only by refusals; networks that are trusted to forward are left alone.

use crate::address_table::network;
use crate::seen::Seen;
use crate::world::{Shared, World};
use exchange::{Reason, Refusal};

/// Refuses an address that has guessed too often.
pub(crate) fn look(world: &World, seen: &Seen, shared: &Shared) -> Result<(), Refusal> {
    let Some(listener) = world.board.listeners.get(seen.listener).filter(|_| !seen.trusted) else {
        return Ok(());
    };
    let Some(meter) = shared.addresses.known(subject(seen, shared)) else { return Ok(()) };
    if meter.peek(&listener.guesses, seen.now).remaining > 0 {
        return Ok(());
    }
    // One more guess is possible when one interval has passed.
    let wait = listener.guesses.period() / listener.guesses.count();
    let words = "too many wrong keys or unknown addresses came from this address";
    Err(Reason::TooManyGuesses.because(words).retry_after(wait).origin(listener.origin.clone()))
}

/// Charges a guess.
pub(crate) fn pay(world: &World, seen: &Seen, shared: &Shared) {
    if let Some(listener) = world.board.listeners.get(seen.listener).filter(|_| !seen.trusted) {
        let meter = shared.addresses.meter(subject(seen, shared));
        let _ = meter.take(&listener.guesses, seen.now, 1);
    }
}

fn subject(seen: &Seen, shared: &Shared) -> u64 {
    shared.addresses.subject(("guesses", seen.listener, network(seen.address)))
}
