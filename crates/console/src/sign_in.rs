//! Signing in: a link that works once, and the session that it opens.
//!
//! No password exists that could be guessed or left at its default. Only digests are kept, in memory: a
//! restart signs everybody out. What is random is handed in (256 bits each); sessions are derived from
//! that and a counter, so that no request has to ask the system for entropy.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use exchange::Secret;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How long a link that was not used works.
pub(crate) const LINK_LIFE: Duration = Duration::from_secs(30 * 60);
/// How long a session lasts.
pub(crate) const SESSION_LIFE: Duration = Duration::from_secs(12 * 3600);
/// Links that may wait to be used; the oldest goes first.
const MOST_LINKS: usize = 16;
/// Sessions at once; the oldest goes first.
const MOST_SESSIONS: usize = 64;

/// Who may look at the console: links that were given out, and sessions that they opened. Cheap to clone.
#[derive(Clone)]
pub struct SignIn {
    inner: Arc<Inner>,
}

struct Inner {
    seed: [u8; 32],
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Digest of the token, and when it ends; oldest first.
    links: Vec<([u8; 32], SystemTime)>,
    /// Digest of the session, and when it ends; oldest first.
    sessions: Vec<([u8; 32], SystemTime)>,
    opened: u64,
}

/// A link that signs one browser in, once, within 30 minutes. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct OneTimeLink(Secret);

impl OneTimeLink {
    /// The link, below the console's address: `http://127.0.0.1:8088` gives `http://127.0.0.1:8088/in/…`.
    pub fn at(&self, base: &str) -> String {
        format!("{}/in/{}", base.trim_end_matches('/'), self.0.reveal())
    }
}

impl SignIn {
    /// Nobody is signed in. `entropy` must be 256 bits from the system's generator.
    pub fn new(entropy: [u8; 32]) -> Self {
        Self { inner: Arc::new(Inner { seed: entropy, state: Mutex::default() }) }
    }

    /// Gives out a link. `entropy` must be fresh: 256 bits from the system's generator.
    ///
    /// At most 16 links wait at a time; one more takes the place of the oldest.
    pub fn issue(&self, entropy: [u8; 32], now: SystemTime) -> OneTimeLink {
        // 144 bits are far beyond guessing, and keep the link short enough for a terminal's line.
        let token = BASE64_URL_SAFE_NO_PAD.encode(&entropy[..18]);
        let mut state = self.state();
        keep(&mut state.links, MOST_LINKS, digest(token.as_bytes()), now + LINK_LIFE);
        OneTimeLink(Secret::new(token))
    }

    /// Uses a link up, and opens the session that belongs to it; `None`: unknown, used or too old.
    pub(crate) fn redeem(&self, token: &str, now: SystemTime) -> Option<Secret> {
        let wanted = digest(token.as_bytes());
        let mut state = self.state();
        let place = state.links.iter().position(|(link, _)| *link == wanted)?;
        let (_, ends) = state.links.remove(place);
        if ends <= now {
            return None;
        }
        state.opened += 1;
        let mut hash = Sha256::new();
        hash.update(self.inner.seed);
        hash.update(state.opened.to_be_bytes());
        hash.update(wanted);
        let session = BASE64_URL_SAFE_NO_PAD.encode(hash.finalize());
        keep(&mut state.sessions, MOST_SESSIONS, digest(session.as_bytes()), now + SESSION_LIFE);
        Some(Secret::new(session))
    }

    /// Whether this is the text of a session that still lasts.
    pub(crate) fn is_open(&self, session: &str, now: SystemTime) -> bool {
        // Digests are compared, so that the time taken says nothing about the text.
        let wanted = digest(session.as_bytes());
        self.state().sessions.iter().any(|(session, ends)| *session == wanted && *ends > now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each change is one step: a panic in between leaves nothing half done.
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        out.debug_struct("SignIn")
            .field("links", &state.links.len())
            .field("sessions", &state.sessions.len())
            .finish_non_exhaustive()
    }
}

fn keep(list: &mut Vec<([u8; 32], SystemTime)>, most: usize, digest: [u8; 32], ends: SystemTime) {
    if list.len() >= most {
        list.remove(0);
    }
    list.push((digest, ends));
}

fn digest(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

#[cfg(test)]
mod tests {
    use super::{LINK_LIFE, MOST_LINKS, SESSION_LIFE, SignIn};
    use std::time::{Duration, SystemTime};

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn token(link: &super::OneTimeLink) -> String {
        link.at("").trim_start_matches("/in/").to_owned()
    }

    #[test]
    fn a_link_opens_one_session_and_no_second_one() {
        let sign_in = SignIn::new([1; 32]);
        let link = sign_in.issue([2; 32], NOW);
        assert!(link.at("http://127.0.0.1:8088/").starts_with("http://127.0.0.1:8088/in/"));
        assert_eq!(format!("{link:?}"), "OneTimeLink(***)");
        let session = sign_in.redeem(&token(&link), NOW).unwrap();
        assert!(sign_in.is_open(session.reveal(), NOW));
        assert!(sign_in.redeem(&token(&link), NOW).is_none(), "it was used");
        assert!(!sign_in.is_open(&token(&link), NOW), "the token is no session");
    }

    #[test]
    fn links_and_sessions_end() {
        let sign_in = SignIn::new([1; 32]);
        let late = sign_in.issue([2; 32], NOW);
        assert!(sign_in.redeem(&token(&late), NOW + LINK_LIFE).is_none());
        let link = sign_in.issue([3; 32], NOW);
        let session = sign_in.redeem(&token(&link), NOW).unwrap();
        assert!(sign_in.is_open(session.reveal(), NOW + SESSION_LIFE - Duration::from_secs(1)));
        assert!(!sign_in.is_open(session.reveal(), NOW + SESSION_LIFE));
    }

    #[test]
    fn two_links_open_two_sessions_and_the_oldest_link_gives_way() {
        let sign_in = SignIn::new([1; 32]);
        let first = sign_in.issue([200; 32], NOW);
        let links: Vec<_> =
            (0..MOST_LINKS).map(|place| sign_in.issue([u8::try_from(place).unwrap(); 32], NOW)).collect();
        assert!(sign_in.redeem(&token(&first), NOW).is_none());
        let one = sign_in.redeem(&token(&links[0]), NOW).unwrap();
        let two = sign_in.redeem(&token(&links[1]), NOW).unwrap();
        assert_ne!(one, two);
    }
}
