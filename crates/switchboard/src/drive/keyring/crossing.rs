//! How secrets cross the bus: encrypted with a key that both sides agree on, so that nobody who listens there has them.
//!
//! Diffie-Hellman in the second Oakley group (RFC 2409 §6.2), a key of it by HKDF with SHA-256 (RFC 5869, no salt, no
//! info), AES-128 in CBC mode with PKCS #7 padding and a new vector for each secret. The Secret Service names no other
//! algorithm; the group's 1,024 bits keep out who listens, not who has years. The bus itself names who is spoken to.
//! Source: freedesktop.org, Secret Service API 0.2, "Transfer of Secrets".

use super::Trouble;
use aws_lc_rs::cipher::{
    AES_128, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use aws_lc_rs::iv::FixedLength;
use num_bigint::BigUint;

/// The algorithm's name on the bus.
pub(super) const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

/// The prime of the group (RFC 2409 §6.2), in bytes.
const PRIME: [u8; 128] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34, 0xc4,
    0xc6, 0x62, 0x8b, 0x80, 0xdc, 0x1c, 0xd1, 0x29, 0x02, 0x4e, 0x08, 0x8a, 0x67, 0xcc, 0x74, 0x02, 0x0b,
    0xbe, 0xa6, 0x3b, 0x13, 0x9b, 0x22, 0x51, 0x4a, 0x08, 0x79, 0x8e, 0x34, 0x04, 0xdd, 0xef, 0x95, 0x19,
    0xb3, 0xcd, 0x3a, 0x43, 0x1b, 0x30, 0x2b, 0x0a, 0x6d, 0xf2, 0x5f, 0x14, 0x37, 0x4f, 0xe1, 0x35, 0x6d,
    0x6d, 0x51, 0xc2, 0x45, 0xe4, 0x85, 0xb5, 0x76, 0x62, 0x5e, 0x7e, 0xc6, 0xf4, 0x4c, 0x42, 0xe9, 0xa6,
    0x37, 0xed, 0x6b, 0x0b, 0xff, 0x5c, 0xb6, 0xf4, 0x06, 0xb7, 0xed, 0xee, 0x38, 0x6b, 0xfb, 0x5a, 0x89,
    0x9f, 0xa5, 0xae, 0x9f, 0x24, 0x11, 0x7c, 0x4b, 0x1f, 0xe6, 0x49, 0x28, 0x66, 0x51, 0xec, 0xe6, 0x53,
    0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// Our half of an agreement.
pub(super) struct Half {
    own: BigUint,
}

/// A key that both sides have.
pub(super) struct Agreed {
    key: [u8; 16],
}

/// The key's length, for HKDF.
struct Sixteen;

impl KeyType for Sixteen {
    fn len(&self) -> usize {
        16
    }
}

impl Half {
    /// A new one, of these random bytes.
    pub(super) fn new(random: &[u8; 32]) -> Self {
        Self { own: BigUint::from_bytes_be(random) }
    }

    /// What the other side is told.
    pub(super) fn public(&self) -> Vec<u8> {
        BigUint::from(2_u8).modpow(&self.own, &BigUint::from_bytes_be(&PRIME)).to_bytes_be()
    }

    /// The key, with what the other side told.
    pub(super) fn agreed(&self, other: &[u8]) -> Result<Agreed, Trouble> {
        let prime = BigUint::from_bytes_be(&PRIME);
        let other = BigUint::from_bytes_be(other);
        let one = BigUint::from(1_u8);
        // RFC 2631 §2.1.5: these would make a key that anybody knows.
        if other <= one || other >= &prime - &one {
            return Err(Trouble("the keyring offers a key that anybody knows".to_owned()));
        }
        let shared = other.modpow(&self.own, &prime).to_bytes_be();
        // As long as the prime: leading zeroes count.
        let mut padded = [0; PRIME.len()];
        padded[PRIME.len() - shared.len()..].copy_from_slice(&shared);
        let mut key = [0; 16];
        let drawn = Salt::new(HKDF_SHA256, &[]).extract(&padded);
        drawn.expand(&[], Sixteen).and_then(|made| made.fill(&mut key)).map_err(|_| broken())?;
        Ok(Agreed { key })
    }
}

impl Agreed {
    /// A secret as it crosses: the vector, and what is sent under it.
    pub(super) fn hidden(&self, secret: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Trouble> {
        let mut bytes = secret.to_vec();
        let key = UnboundCipherKey::new(&AES_128, &self.key).and_then(PaddedBlockEncryptingKey::cbc_pkcs7);
        let context = key.and_then(|key| key.encrypt(&mut bytes)).map_err(|_| broken())?;
        match context {
            DecryptionContext::Iv128(vector) => Ok((vector.as_ref().to_vec(), bytes)),
            _ => Err(broken()),
        }
    }

    /// The secret that crossed.
    pub(super) fn shown(&self, vector: &[u8], mut bytes: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        let vector = FixedLength::try_from(vector).map_err(|_| broken())?;
        let key = UnboundCipherKey::new(&AES_128, &self.key).and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
        let plain = key.and_then(|key| {
            key.decrypt(&mut bytes, DecryptionContext::Iv128(vector)).map(|plain| plain.to_vec())
        });
        plain.map_err(|_| broken())
    }
}

fn broken() -> Trouble {
    Trouble("what the keyring sends cannot be decrypted".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Half, PRIME};

    #[test]
    fn both_sides_agree_and_nobody_else_does() {
        let (one, other, third) = (Half::new(&[1; 32]), Half::new(&[2; 32]), Half::new(&[3; 32]));
        let agreed = |half: &Half, with: &Half| half.agreed(&with.public()).ok().unwrap();
        for secret in [&b""[..], b"hush", b"sixteen bytes ok", &[0xff; 1000]] {
            let (vector, sent) = agreed(&one, &other).hidden(secret).ok().unwrap();
            assert!(sent.len() > secret.len() && sent.len() % 16 == 0);
            let again = agreed(&one, &other).hidden(secret).ok().unwrap();
            assert_ne!(again, (vector.clone(), sent.clone()), "each time another vector");
            assert_eq!(agreed(&other, &one).shown(&vector, sent.clone()).ok().unwrap(), secret);
            assert_ne!(agreed(&third, &one).shown(&vector, sent).ok(), Some(secret.to_vec()));
        }
    }

    #[test]
    fn keys_that_anybody_knows_are_refused() {
        let mut less = PRIME;
        less[127] -= 1;
        for weak in [&[][..], &[0], &[1], &less, &PRIME] {
            assert!(Half::new(&[7; 32]).agreed(weak).is_err());
        }
    }
}
