//! A key that we issue: how it is made, how a typing error is seen, how it is kept.
//!
//! `sbk_` + 256 random bits + a checksum. Only the SHA-256 digest is stored; a random key needs no
//! slow hash.

use crate::Secret;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;

/// Crockford's alphabet in lower case: no letter that is read as another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PREFIX: &str = "sbk_";
/// 256 bits in letters of 5 bits.
const BODY: usize = 52;
/// 20 bits of checksum in letters of 5 bits.
const SUM: usize = 4;

/// So many letters behind the prefix look like a key: also one that was cut, or mistyped.
const LOOKS: usize = 8;

/// `text` without what looks like a key of ours, whosever it is and whether or not it opens anything.
pub fn without_keys(text: &str) -> Cow<'_, str> {
    if !text.contains(PREFIX) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PREFIX) {
        let (before, own) = rest.split_at(start + PREFIX.len());
        out.push_str(before);
        let end = own.find(|letter: char| !letter.is_ascii_alphanumeric()).unwrap_or(own.len());
        out.push_str(if end >= LOOKS { "***" } else { &own[..end] });
        rest = &own[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A key in clear: exists while it is made and while a caller sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey(Secret);

/// Why text is no key of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It does not look like one.
    #[error("a key begins with `sbk_` and has 60 characters")]
    NotAKey,
    /// A letter is wrong or missing.
    #[error("the key's checksum is wrong: a character was mistyped or lost")]
    Checksum,
}

impl ApiKey {
    /// Makes a key from 32 random bytes.
    pub fn from_entropy(entropy: &[u8; 32]) -> Self {
        let body = letters(entropy, BODY);
        let sum = checksum(&body);
        Self(Secret::new(format!("{PREFIX}{body}{sum}")))
    }

    /// Takes a key as sent and checks its form; whether it was issued, accounts know.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(PREFIX).ok_or(KeyError::NotAKey)?;
        if rest.len() != BODY + SUM || !rest.bytes().all(|letter| ALPHABET.contains(&letter)) {
            return Err(KeyError::NotAKey);
        }
        let (body, sum) = rest.split_at(BODY);
        if checksum(body) != sum {
            return Err(KeyError::Checksum);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The key in clear.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What is stored of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.reveal())
    }

    /// Its last four characters, to tell keys apart in lists.
    pub fn tail(&self) -> &str {
        let text = self.reveal();
        &text[text.len() - 4..]
    }
}

/// SHA-256 of a key: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDigest(pub [u8; 32]);

impl KeyDigest {
    /// Digest of a key as sent, whatever its form: a key of another issuer may be in a board's file.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Reads `sha256:` and 64 hexadecimal digits, as boards write it.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("sha256:")?;
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The short public id of a key: `k_` and the first letters of its digest. Names a key in lists and commands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub String);

impl KeyId {
    /// The id that belongs to a digest.
    pub fn of(digest: &KeyDigest) -> Self {
        Self(format!("k_{}", letters(&digest.0, 8)))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The first `count` letters of 5 bits each.
fn letters(bytes: &[u8], count: usize) -> String {
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| (byte >> (7 - at % 8)) & 1);
    (0..count)
        .map(|letter| {
            let value = (0..5).fold(0, |sum, offset| (sum << 1) | bit(letter * 5 + offset));
            char::from(ALPHABET[usize::from(value)])
        })
        .collect()
}

fn checksum(body: &str) -> String {
    letters(&Sha256::digest(body.as_bytes()), SUM)
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, KeyDigest, KeyError};

    #[test]
    fn what_looks_like_a_key_is_not_kept() {
        assert_eq!(super::without_keys("/a/sbk_0123456789/b sbk_x"), "/a/sbk_***/b sbk_x");
    }

    #[test]
    fn a_key_comes_back_and_a_typing_error_is_seen() {
        let key = ApiKey::from_entropy(&[7; 32]);
        assert_eq!(key.reveal().len(), 60);
        assert_eq!(ApiKey::parse(key.reveal()), Ok(key.clone()));
        let wrong = key.reveal().replacen('0', "1", 1).replacen("sbk_7", "sbk_8", 1);
        assert_ne!(wrong, key.reveal());
        assert_eq!(ApiKey::parse(&wrong), Err(KeyError::Checksum));
        assert_eq!(ApiKey::parse("sbk_short"), Err(KeyError::NotAKey));
        assert_eq!(ApiKey::parse("hello"), Err(KeyError::NotAKey));
    }

    #[test]
    fn a_digest_is_written_as_boards_write_it() {
        let digest = KeyDigest::of("abc");
        assert_eq!(KeyDigest::parse(&digest.to_string()), Some(digest));
        assert_eq!(KeyDigest::parse("sha256:zz"), None);
    }
}
