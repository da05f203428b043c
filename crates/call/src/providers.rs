//! The providers as one thread sees them: pools, paces and turns, kept by what they serve.

use crate::credential::round;
use crate::pace::{LONGEST_WAIT, Paces};
use crate::provider::{Provider, Shared};
use crate::send::Around;
use crate::{Answer, CallError, Dial, ErrorKind, Outgoing, Owner, Patience, allowance, retry};
use board::Upstream;
use exchange::Rate;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Settings that were replaced are forgotten when there are more than this; calls make what they need anew.
const MANY: usize = 1024;

/// Everything one thread knows of providers. Lives as long as the thread; a reload keeps what did not change.
#[derive(Clone, Debug)]
pub struct Providers {
    inner: Rc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dial: Dial,
    paces: Arc<Paces>,
    shared: Shared,
    known: RefCell<HashMap<u64, Rc<Provider>>>,
    keep_heads: Cell<bool>,
}

impl Providers {
    /// Without connections yet, and with paces of its own: for a process that calls from one thread.
    pub fn new(dial: Dial) -> Self {
        Self::with_paces(dial, Arc::default())
    }

    /// Without connections yet; threads that are given the same `paces` share the turns of a provider.
    pub fn with_paces(dial: Dial, paces: Arc<Paces>) -> Self {
        let keep_heads = Cell::new(dial.keep_head);
        let inner = Inner { dial, paces, shared: Shared::default(), known: RefCell::default(), keep_heads };
        Self { inner: Rc::new(inner) }
    }

    /// From the next call on, heads are kept as they were sent, or are not: in place of [`Dial::keep_head`].
    pub fn keep_heads(&self, keep: bool) {
        self.inner.keep_heads.set(keep);
    }

    /// Lets go of every provider whose settings are none of `used` any more, and closes its idle connections. Calls under
    /// way keep theirs to their end.
    pub fn keep_only<'u>(&self, used: impl IntoIterator<Item = &'u Upstream>) {
        let used: HashSet<u64> = used.into_iter().map(|upstream| upstream.fingerprint).collect();
        let gone: Vec<_> =
            self.inner.known.borrow_mut().extract_if(|known, _| !used.contains(known)).collect();
        // Outside of the borrow: what goes may do whatever it likes.
        drop(gone);
        self.inner.shared.let_go(self.inner.known.borrow().values());
    }

    /// Sends a request and gives the answer, its body still coming. A status is never a reason to send again.
    ///
    /// Must run inside a `tokio` `LocalSet` or a `current_thread` runtime's `spawn_local`.
    ///
    /// # Errors
    /// [`CallError`], when there was no answer after the attempts that were allowed.
    pub async fn send(&self, upstream: &Upstream, outgoing: Outgoing<'_>) -> Result<Answer, CallError> {
        self.send_within(upstream, outgoing, LONGEST_WAIT.min(upstream.timeout)).await
    }

    /// Waits at most `longest` for what is left of the provider's own limit, and tells the others what it says of it.
    async fn send_within(
        &self,
        upstream: &Upstream,
        outgoing: Outgoing<'_>,
        longest: Duration,
    ) -> Result<Answer, CallError> {
        let provider = self.provider(upstream)?;
        let Some(allowances) = &self.inner.dial.allowances else {
            let waited = match (&self.inner.dial.leases, &upstream.pace) {
                (Some(leases), Some(rate)) => {
                    let longest = upstream.total_timeout.map_or(longest, |total| longest.min(total));
                    let owner = Owner::of_all(upstream, outgoing.operation);
                    leases.turn(owner, rate, longest).await.map_err(|wait| too_fast(rate, wait))?
                }
                _ => Duration::ZERO,
            };
            let mut answer = round::send(self, &provider, upstream, outgoing).await?;
            answer.sent.waited += waited;
            return Ok(answer);
        };
        let owner = Owner::of(upstream, &outgoing, self.inner.dial.identity.as_ref());
        let longest = upstream.total_timeout.map_or(longest, |total| longest.min(total));
        let begun = Instant::now();
        while let Some(wait) = allowances.take(&owner) {
            if begun.elapsed() + wait > longest {
                let detail = format!("its rate limit is used up for another {wait:.1?}");
                return Err(CallError { kind: ErrorKind::Busy(wait), detail, server: None, attempts: 0 });
            }
            tokio::time::sleep(wait).await;
        }
        if let Some(rate) = &upstream.pace {
            let left = longest.saturating_sub(begun.elapsed());
            match allowances.turns(&owner, rate, left, 1) {
                Ok(waits) => tokio::time::sleep(waits.first().copied().unwrap_or_default()).await,
                Err(wait) => return Err(too_fast(rate, wait)),
            }
        }
        let waited = begun.elapsed();
        let mut answer = round::send(self, &provider, upstream, outgoing).await?;
        answer.sent.waited += waited;
        if let Some(said) = allowance(answer.status, &answer.fields, SystemTime::now()) {
            allowances.learn(&owner, said);
        }
        Ok(answer)
    }

    /// As [`Providers::send`]; an answer that asks to come back later is waited for, where the call may be
    /// repeated. The last answer is given, also if it asks once more.
    ///
    /// # Errors
    /// [`CallError`], when there was no answer after the attempts that were allowed.
    pub async fn send_patiently(
        &self,
        upstream: &Upstream,
        outgoing: Outgoing<'_>,
        patience: Patience,
    ) -> Result<Answer, CallError> {
        let mut next = Some(outgoing);
        let (mut attempts, mut nth) = (0, 0);
        let start = Instant::now();
        loop {
            let Some(outgoing) = next.take() else { return Err(unusable("the request is gone".to_owned())) };
            let spare =
                if nth < patience.times && retry::may_repeat(&outgoing) { outgoing.again() } else { None };
            let mut answer =
                self.send_within(upstream, outgoing, patience.longest).await.map_err(|mut error| {
                    error.attempts += attempts;
                    error
                })?;
            attempts += answer.sent.attempts;
            answer.sent.attempts = attempts;
            let error = answer.status.is_client_error() || answer.status.is_server_error();
            let again = retry::asks_for_patience(answer.status) || (patience.any && error);
            let Some(spare) = spare.filter(|_| again) else {
                return Ok(answer);
            };
            let asked = retry::retry_after(&answer.fields, SystemTime::now());
            if asked.is_some_and(|asked| asked > patience.longest) {
                return Ok(answer);
            }
            // Never earlier than asked for, and a little later, so that not all come back at once.
            let wait = asked.unwrap_or_default() + patience.pause.unwrap_or_else(|| retry::pause(nth));
            if patience.within.is_some_and(|within| start.elapsed() + wait > within) {
                return Ok(answer);
            }
            drop(answer);
            tokio::time::sleep(wait).await;
            next = Some(spare);
            nth += 1;
        }
    }

    /// What every call of this thread shares.
    pub(crate) fn around(&self) -> Around<'_> {
        Around { dial: &self.inner.dial, paces: &self.inner.paces, keep_head: self.inner.keep_heads.get() }
    }

    fn provider(&self, upstream: &Upstream) -> Result<Rc<Provider>, CallError> {
        let mut known = self.inner.known.borrow_mut();
        if let Some(provider) = known.get(&upstream.fingerprint).filter(|provider| provider.is_of(upstream)) {
            return Ok(Rc::clone(provider));
        }
        let Inner { dial, paces, shared, .. } = &*self.inner;
        let made = Rc::new(Provider::new(upstream, shared, dial, paces).map_err(unusable)?);
        if known.len() >= MANY {
            known.clear();
        }
        known.insert(upstream.fingerprint, Rc::clone(&made));
        Ok(made)
    }
}

fn too_fast(rate: &Rate, wait: Duration) -> CallError {
    let (count, period) = (rate.count(), rate.period());
    let detail = format!("its pace of {count} calls in {period:?} is used up for {wait:.1?}");
    CallError { kind: ErrorKind::Busy(wait), detail, server: None, attempts: 0 }
}

fn unusable(detail: String) -> CallError {
    CallError { kind: ErrorKind::Unusable, detail, server: None, attempts: 0 }
}
