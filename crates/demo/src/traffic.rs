//! The demo's callers: made-up companies that use the board, about two calls a second, the same for the same seed.
//!
//! Most calls are right, some are not, and one consumer goes over its limit every few minutes.
//! They speak plain HTTP/1.1 to one address on a connection that is kept; an answer is read and let go.

mod line;
mod plan;

use crate::random::Random;
use exchange::ApiKey;
use line::Line;
use plan::Ask;
use std::fmt;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

/// Who goes over its limit; its plan admits 20 calls a minute.
const GREEDY: &str = "acme-shop";
/// Calls of a greedy spell: more than the plan's burst.
const SPELL: u32 = 26;
/// Weather calls of a burst.
const WEATHER_AT_ONCE: u32 = 6;
/// Between two calls, on average; each waits between half of it and half more.
const GAP: Duration = Duration::from_millis(500);
/// Ordinary calls before the first greedy spell, and between spells: half a minute, then three.
const FIRST_SPELL: u64 = 60;
const SPELL_EACH: u64 = 360;
/// After the gateway could not be reached.
const PAUSE: Duration = Duration::from_secs(1);

/// A consumer with its key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) key: ApiKey,
}

/// The callers of one run.
pub struct Traffic {
    callers: Vec<Caller>,
    random: Random,
    line: Line,
    asked: u64,
}

impl fmt::Debug for Traffic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Traffic")
            .field("callers", &self.callers.len())
            .field("asked", &self.asked)
            .finish_non_exhaustive()
    }
}

impl Traffic {
    /// Callers with their keys, by the names of [`crate::board::CONSUMERS`]. The first ones call most.
    pub fn new(gateway: SocketAddr, keys: Vec<(String, ApiKey)>, seed: u64) -> Self {
        let callers = keys.into_iter().map(|(name, key)| Caller { name, key }).collect();
        Self { callers, random: Random::new(seed), line: Line::to(gateway), asked: 0 }
    }

    /// Calls made so far, answered or not.
    pub fn asked(&self) -> u64 {
        self.asked
    }

    /// Makes `count` ordinary calls one after the other, so that there is something to see at once.
    ///
    /// Gives the number of answers; stops early when the gateway cannot be reached.
    pub async fn burst(&mut self, count: u32) -> u32 {
        let mut weather = 0;
        for done in 0..count {
            let mut ask = self.ordinary();
            weather += u32::from(ask.is_weather());
            if ask.is_weather() && weather > WEATHER_AT_ONCE {
                // The weather provider bears ten calls a second, and somebody at the terminal wants some too.
                // In turn, so that every consumer is seen.
                let by = usize::try_from(weather).unwrap_or(0).checked_rem(self.callers.len());
                ask = Ask::an_order(&mut self.random, by);
            }
            if !self.make(&ask).await {
                return done;
            }
        }
        count
    }

    /// Calls until `stop` is there; a call that was begun is ended.
    pub async fn run(&mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        for turn in 1_u64.. {
            let reached = if is_spell(turn) {
                self.spell().await
            } else {
                let ask = self.ordinary();
                self.make(&ask).await
            };
            let wait = if reached { GAP.mul_f64(0.5 + self.random.unit()) } else { PAUSE };
            tokio::select! {
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One consumer forgets its limit for a moment.
    async fn spell(&mut self) -> bool {
        let greedy = self.callers.iter().position(|caller| caller.name == GREEDY);
        for _ in 0..SPELL {
            let ask = Ask::an_order(&mut self.random, greedy);
            if !self.make(&ask).await {
                return false;
            }
        }
        true
    }

    fn ordinary(&mut self) -> Ask {
        Ask::ordinary(&mut self.random, self.callers.len())
    }

    async fn make(&mut self, ask: &Ask) -> bool {
        self.asked += 1;
        let caller = ask.by.and_then(|index| self.callers.get(index));
        self.line.call(ask, caller).await.is_ok()
    }
}

/// Whether this turn is one of the greedy consumer.
fn is_spell(turn: u64) -> bool {
    turn % SPELL_EACH == FIRST_SPELL
}

#[cfg(test)]
mod tests {
    use super::{GREEDY, SPELL, Traffic, is_spell};
    use crate::Provider;
    use exchange::ApiKey;

    #[test]
    fn the_first_spell_is_after_half_a_minute_and_then_every_three() {
        assert_eq!((1..=1_000).filter(|turn| is_spell(*turn)).collect::<Vec<_>>(), [60, 420, 780]);
    }

    #[tokio::test]
    async fn a_spell_is_more_than_the_plan_admits_at_once_by_one_consumer() {
        let gateway = Provider::echo().start().await;
        let keys = ["globex", GREEDY].map(|name| (name.to_owned(), ApiKey::from_entropy(&[9; 32])));
        let mut traffic = Traffic::new(gateway.address(), keys.into(), 1);
        assert!(traffic.spell().await);
        assert!(crate::board::SWITCHBOARD_TOML.contains("limit = \"20/min\"") && SPELL > 20);
        let seen = gateway.requests();
        assert_eq!(seen.len(), 26);
        assert!(seen.iter().all(|request| request.field("user-agent") == Some("acme-shop/1.0")));
    }
}
