//! What the contract asks of a request and a program can give as well as a person: an idempotency key.
//!
//! One key for each call, the same over its repetitions, so that a provider sees one call however often it was sent
//! (draft-ietf-httpapi-idempotency-key-header-07 §2.1). It is a UUID (RFC 9562), which every provider takes.

use super::draft::Draft;
use super::wanted::{FieldWish, Wanted};
use crate::drive::entropy;
use crate::exit::Failure;
use contract::Repeat;
use http::HeaderValue;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// Adds a key where the operation takes one and none was given or taken away.
pub(super) fn idempotency(draft: &mut Draft, wanted: &Wanted) -> Result<(), Failure> {
    let Repeat::WithKey(name) = &draft.repeat else { return Ok(()) };
    let said = draft.fields.contains_key(name) || wanted.fields.contains(&FieldWish::Remove(name.clone()));
    if said {
        return Ok(());
    }
    let bytes: [u8; 32] = entropy()?;
    let mut random = [0; 16];
    random.copy_from_slice(&bytes[..16]);
    let key = HeaderValue::from_str(&uuid(random, 4)).map_err(|error| Failure::run(error.to_string()))?;
    draft.fields.insert(name.clone(), key);
    Ok(())
}

/// A key that is the same for the same pieces, in their order.
pub(super) fn derived(pieces: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for piece in pieces {
        hasher.update(piece);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    uuid(bytes, 8)
}

/// A UUID of this version: 4 is random, 8 of one's own making (RFC 9562 §5.4, §5.8).
fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 9562 §4.1
    let mut text = String::with_capacity(36);
    for (nth, byte) in bytes.iter().enumerate() {
        if matches!(nth, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn a_uuid_says_its_version_and_variant() {
        assert_eq!(uuid([0xff; 16], 4), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(uuid([0; 16], 8), "00000000-0000-8000-8000-000000000000");
    }
}
