//! The rate limits of providers, shared by the processes of a user: one small file under the state folder.
//!
//! It holds what is left and until when, under an HMAC of credential and origin with a key of its own, so that it tells
//! neither. It is read and written under a lock. What cannot be read is begun anew, and a state folder that cannot be
//! had means that every process waits for itself: a file here must never keep a call from going.

use crate::drive::place::state_folder;
use crate::drive::{entropy, now_ms};
use call::{Allowance, Allowances, Budget, Lease, Owner, next_turns};
use exchange::Rate;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Budgets that are kept; those that end first are forgotten first.
const MOST: usize = 512;

/// A file that is larger is not one of ours.
const LARGEST: u64 = 256 * 1024;

/// Blocks of SHA-256 in bytes, for HMAC (RFC 2104 §2).
const BLOCK: usize = 64;

/// The budgets of a user's processes.
#[derive(Debug)]
pub(crate) struct SharedAllowances {
    path: PathBuf,
    leases: Mutex<HashMap<String, Lease>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Known {
    key: [u8; 32],
    /// What is left, and until when, in milliseconds since 1970.
    budgets: BTreeMap<String, (u64, u64)>,
    /// Until when turns at a pace of our own are given away, in microseconds since 1970.
    #[serde(default)]
    turns: BTreeMap<String, u64>,
}

/// The budgets of this user; none where there is no state folder.
pub(crate) fn allowances() -> Option<Arc<dyn Allowances>> {
    let path = state_folder().ok()?.join("allowances.json");
    Some(Arc::new(SharedAllowances { path, leases: Mutex::default() }))
}

impl SharedAllowances {
    /// Does something with what is known, under the lock, and keeps it if that says so.
    fn with<T>(&self, does: impl FnOnce(&mut Known) -> (T, bool)) -> io::Result<T> {
        let mut file = self.open()?;
        file.lock()?;
        let mut text = Vec::new();
        (&file).take(LARGEST).read_to_end(&mut text)?;
        let mut known = match serde_json::from_slice(&text) {
            Ok(known) => known,
            Err(_) => Known {
                key: entropy().map_err(|failure| io::Error::other(failure.message))?,
                budgets: BTreeMap::new(),
                turns: BTreeMap::new(),
            },
        };
        let (result, changed) = does(&mut known);
        if changed {
            let text = serde_json::to_vec(&known)?;
            file.rewind()?;
            file.set_len(0)?;
            file.write_all(&text)?;
        }
        Ok(result)
    }

    fn open(&self) -> io::Result<File> {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        if let Some(folder) = self.path.parent() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.path)
    }

    /// A call of a lease that this process has.
    fn leased(&self, owner: &str, now: u64) -> bool {
        // A panic elsewhere leaves the map whole: every change to it is a single one.
        let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|_, lease| lease.until_ms > now && lease.calls > 0);
        leases.get_mut(owner).map(|lease| lease.calls -= 1).is_some()
    }
}

impl Allowances for SharedAllowances {
    fn take(&self, owner: &Owner) -> Option<Duration> {
        let now = now_ms();
        let name = id(owner);
        if self.leased(&name, now) {
            return None;
        }
        let taken = self.with(|known| {
            let name = known.name(owner);
            let Some((remaining, until_ms)) = known.budgets.get(&name).copied() else {
                return (Ok(None), false);
            };
            let mut budget = Budget { remaining, until_ms };
            if budget.is_over(now) {
                known.budgets.remove(&name);
                return (Ok(None), true);
            }
            let lease = budget.lease(now);
            known.budgets.insert(name, (budget.remaining, budget.until_ms));
            (lease.map(Some), lease.is_ok())
        });
        match taken {
            Ok(Err(wait)) => Some(Duration::from_millis(wait)),
            Ok(Ok(Some(Lease { calls, until_ms }))) if calls > 1 => {
                let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
                leases.insert(name, Lease { calls: calls - 1, until_ms });
                None
            }
            // Without the file everybody waits for itself.
            Ok(Ok(_)) | Err(_) => None,
        }
    }

    fn learn(&self, owner: &Owner, said: Allowance) {
        let now = now_ms();
        if said.remaining == 0 {
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            leases.remove(&id(owner));
        }
        // As in `take`: what cannot be kept is not shared.
        let _ = self.with(|known| {
            let name = known.name(owner);
            known.budgets.retain(|_, (_, until)| *until > now);
            let before = known
                .budgets
                .get(&name)
                .map(|(remaining, until_ms)| Budget { remaining: *remaining, until_ms: *until_ms });
            let budget = Budget::after(before, said, now);
            known.budgets.insert(name, (budget.remaining, budget.until_ms));
            while known.budgets.len() > MOST {
                let first = known.budgets.iter().min_by_key(|(_, (_, until))| *until);
                let Some(first) = first.map(|(name, _)| name.clone()) else { break };
                known.budgets.remove(&first);
            }
            ((), true)
        });
    }

    fn turns(
        &self,
        owner: &Owner,
        rate: &Rate,
        longest: Duration,
        many: u32,
    ) -> Result<Vec<Duration>, Duration> {
        let now = now_ms().saturating_mul(1_000);
        let booked = self.with(|known| {
            let name = known.name(owner);
            let before = known.turns.get(&name).copied().unwrap_or_default();
            known.turns.retain(|_, until| *until > now);
            match next_turns(before, rate, now, longest, many) {
                Ok((until, waits)) => {
                    known.turns.insert(name, until);
                    while known.turns.len() > MOST {
                        known.turns.pop_first();
                    }
                    (Ok(waits), true)
                }
                Err(wait) => (Err(wait), false),
            }
        });
        // Without the file everybody keeps to the pace for itself.
        booked.unwrap_or_else(|_| Ok(vec![Duration::ZERO; many as usize]))
    }
}

impl Known {
    fn name(&self, owner: &Owner) -> String {
        let mut text = owner.origin.clone().into_bytes();
        text.push(0);
        text.extend(owner.credential.reveal().as_bytes());
        hex::encode(&hmac(&self.key, &text)[..16])
    }
}

/// The owner as this process's own leases have it: never written down.
fn id(owner: &Owner) -> String {
    format!("{}\0{}", owner.origin, hex::encode(Sha256::digest(owner.credential.reveal())))
}

/// HMAC-SHA-256 (RFC 2104); the key is shorter than a block.
fn hmac(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{SharedAllowances, hmac};
    use call::{Allowance, Allowances as _, Owner};
    use exchange::Secret;
    use std::sync::Mutex;
    use std::time::Duration;

    #[test]
    fn processes_share_what_is_left_and_the_file_tells_neither_origin_nor_credential() {
        let folder = tempfile::tempdir().unwrap();
        let process = || SharedAllowances { path: folder.path().join("a.json"), leases: Mutex::default() };
        let (one, two) = (process(), process());
        let owner = |credential: &str| Owner {
            origin: "https://api.acme.example".to_owned(),
            credential: Secret::new(credential),
        };
        let ours = owner("hunter22");
        assert_eq!(one.take(&ours), None, "nothing is known");
        one.learn(&ours, Allowance { remaining: 2, reset: Duration::from_secs(3_600) });
        assert_eq!((one.take(&ours), two.take(&ours)), (None, None));
        for process in [&one, &two] {
            assert!(process.take(&ours).unwrap() > Duration::from_secs(3_000), "both are spent");
        }
        assert_eq!(two.take(&owner("other")), None, "another credential has a budget of its own");
        let text = std::fs::read_to_string(folder.path().join("a.json")).unwrap();
        assert!(!text.contains("hunter22") && !text.contains("acme"), "{text}");
        std::fs::write(folder.path().join("a.json"), "{\"key\":[").unwrap();
        assert_eq!(two.take(&ours), None, "what cannot be read is begun anew");
    }

    #[test]
    fn processes_share_the_turns_of_a_pace() {
        use exchange::Rate;
        use std::num::NonZeroU32;
        let folder = tempfile::tempdir().unwrap();
        let process = || SharedAllowances { path: folder.path().join("a.json"), leases: Mutex::default() };
        let owner = |origin: &str| Owner { origin: origin.to_owned(), credential: Secret::new("") };
        let rate = Rate::new(NonZeroU32::MIN, Duration::from_secs(100)).with_burst(NonZeroU32::MIN);
        let (one, two, ours) = (process(), process(), owner("https://api.acme.example"));
        let longest = Duration::from_secs(150);
        assert_eq!(one.turns(&ours, &rate, longest, 1), Ok(vec![Duration::ZERO]));
        // Two are asked for, one comes in time.
        let second = two.turns(&ours, &rate, longest, 2).unwrap();
        assert!(second.len() == 1 && second[0] > Duration::from_secs(90), "{second:?}");
        assert!(one.turns(&ours, &rate, longest, 1).unwrap_err() > longest);
        let other = one.turns(&owner("https://other.example"), &rate, longest, 2).unwrap();
        assert_eq!(other, [Duration::ZERO, Duration::from_secs(100)]);
    }

    #[test]
    fn the_hmac_is_the_standards_own() {
        // RFC 4231 §4.2, its key of 20 bytes filled up with zeroes as RFC 2104 §2 has it.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            hex::encode(hmac(&key, b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
