//! A fast hash for segments: the keys are a contract's, nobody outside chooses them.

/// The hasher of the trie's tables.
pub(super) type Fast = std::hash::BuildHasherDefault<Folded>;

/// FNV-1a over eight bytes at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded(u64);

impl std::hash::Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        // The table takes its bits from both ends.
        self.0 ^ (self.0 >> 32)
    }
}
