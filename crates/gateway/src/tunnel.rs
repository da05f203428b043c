//! A connection that became another protocol's: bytes both ways, until either end is done.
//!
//! The task owns the call, so that its record is closed when the tunnel ends, whoever ends it. Its
//! ticket was spent at the 101. Nothing is looked at inside.

use crate::under_way::Exchange;
use crate::wire::Upgrade;
use exchange::{By, Outcome};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// Both ends of a tunnel, before they have been let go by HTTP.
#[derive(Debug)]
pub(crate) struct Ends {
    pub(crate) own: Upgrade,
    pub(crate) theirs: hyper::upgrade::OnUpgrade,
}

/// Carries bytes until an end closes; then closes the record.
pub(crate) async fn run(mut call: Box<Exchange>, ends: Ends) {
    call.write_open_row();
    let outcome = match (ends.own.0.await, ends.theirs.await) {
        (Ok(own), Ok(theirs)) => {
            let (mut own, mut theirs) = (TokioIo::new(own), TokioIo::new(theirs));
            match copy_bidirectional(&mut own, &mut theirs).await {
                Ok((sent, received)) => {
                    call.tunnelled(sent, received);
                    Outcome::Succeeded
                }
                Err(_) => Outcome::Aborted(By::Caller),
            }
        }
        (Err(_), _) => Outcome::Aborted(By::Caller),
        (_, Err(_)) => Outcome::Aborted(By::Provider),
    };
    call.close(Some(outcome));
}
