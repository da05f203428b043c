//! Texts that stand for bytes in base64 (RFC 4648 §4, §5; OpenAPI 3.0 Data Types, `byte`; JSON Schema 2020-12
//! Validation §8.3, `contentEncoding`): what no decoder takes is refused.
//!
//! A value stays the text that it is. Published contracts say `byte` and send the alphabet for URLs, lines of 76
//! characters (RFC 2045 §6.8), or no padding: each of them is read by some decoder, and passes. Where a document names its
//! dialect of JSON Schema, `contentEncoding` is the annotation that the dialect has it be.

use jsonschema::{Keyword, ValidationError};
use serde_json::Value;

/// The keyword that stands for `contentEncoding` in a lowered schema.
pub(super) const ENCODED: &str = "switchboard-content-encoding";

/// What a text that is no base64 should have been.
pub(super) const EXPECTED: &str = "text in base64";

/// Formats that say so.
pub(in crate::schema) const FORMATS: [&str; 3] = ["byte", "base64", "base64url"];

/// Whether what an author wrote after `contentEncoding` says so.
pub(super) fn names(value: &Value) -> bool {
    let word = value.as_str().map(str::to_ascii_lowercase);
    word.is_some_and(|word| ["base64", "base64url"].contains(&word.as_str()))
}

/// Whether a decoder takes it: letters of either alphabet in lines, then padding that closes a group of four, or none.
pub(super) fn is_base64(text: &str) -> bool {
    let (mut letters, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' if padding == 0 => {
                letters += 1;
            }
            b'=' => padding += 1,
            b'\r' | b'\n' => {}
            _ => return false,
        }
    }
    // Six bits alone are no byte.
    letters % 4 != 1 && (padding == 0 || (padding <= 2 && (letters + padding).is_multiple_of(4)))
}

/// `contentEncoding` as a keyword of the engine.
pub(super) struct Encoded;

impl<'i> Keyword<'i> for Encoded {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) { Ok(()) } else { Err(ValidationError::custom(EXPECTED)) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_str().is_none_or(is_base64)
    }
}

#[cfg(test)]
mod tests {
    use super::is_base64;

    #[test]
    fn what_some_decoder_takes_is_base64() {
        for text in
            ["", "YQ==", "YW0=", "YW1i", "YQ", "YW0", "-_-_", "+/+/", "YW1i\r\nYW1i\n", "YW1iYQ\n==\n"]
        {
            assert!(is_base64(text), "{text:?}");
        }
        for text in
            ["Y", "YW1iY", "YQ=", "YQ===", "YW1i=", "YW0==", "=", "YQ==YQ==", "Y W 1 i", "amber!", "é"]
        {
            assert!(!is_base64(text), "{text:?}");
        }
    }
}
