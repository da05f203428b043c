//! The number of a subject: a keyed hash, so that nobody can choose subjects that share one.
//!
//! The key is the same in all processes that share rates: a number means the same subject in each. `SipHash` 1-3, as the
//! standard library's own maps use it.

use siphasher::sip::SipHasher13;
use std::hash::{BuildHasher, Hash, RandomState};

/// Hashes with one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubjectHash([u64; 2]);

impl SubjectHash {
    /// With a key that others have too.
    pub(crate) const fn keyed(key: [u64; 2]) -> Self {
        Self(key)
    }

    /// With a key of its own.
    pub(crate) fn random() -> Self {
        Self([RandomState::new().hash_one(0), RandomState::new().hash_one(1)])
    }

    /// The number of a subject of a limit; the lowest bit says whether addresses are told apart by it.
    pub(crate) fn number(self, subject: impl Hash, is_address: bool) -> u64 {
        // 0 is nobody's.
        (self.hash_one(subject) & !1).max(2) | u64::from(is_address)
    }

    /// Whether addresses are told apart by it.
    pub(crate) const fn is_address(number: u64) -> bool {
        number & 1 == 1
    }
}

impl BuildHasher for SubjectHash {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0[0], self.0[1])
    }
}
