//! Fingerprints of settings: equal for equal settings, also after a reload and in the next process.
//!
//! FNV-1a with 64 bits: tells revisions apart, and is no proof against somebody who forges one. No secret goes in.

/// The fingerprint of nothing.
pub(crate) const START: u64 = 0xcbf2_9ce4_8422_2325;

/// The fingerprint of what was before, then `bytes`, then an end mark.
pub(crate) fn add(before: u64, bytes: &[u8]) -> u64 {
    let step = |sum: u64, byte: u8| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let sum = bytes.iter().fold(before, |sum, byte| step(sum, *byte));
    // Without an end mark, `a` `bc` and `ab` `c` would be the same.
    step(step(sum, 0xff), 0)
}
