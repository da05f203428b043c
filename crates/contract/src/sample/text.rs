//! Texts: words for free ones, and one of each format that has a grammar.
//!
//! Sources: JSON Schema 2020-12 Validation §7.3; OpenAPI 3.0 Data Types (`byte`, `binary`, `password`).

use super::random::Random;
use std::fmt::Write as _;

const WORDS: [&str; 16] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper", "kestrel",
    "linden", "maple", "north", "opal", "prairie",
];

/// A word.
pub(super) fn word(random: &mut Random) -> &'static str {
    WORDS[random.below(WORDS.len())]
}

/// A free text of so many characters.
pub(super) fn free(random: &mut Random, least: usize, most: usize) -> String {
    let mut text = word(random).to_owned();
    while text.len() < least {
        text.push_str(word(random));
    }
    // All words are ASCII: bytes are characters.
    text.truncate(text.len().min(most.max(least)));
    text
}

/// A text of so many characters that stands for bytes in base64; `None` if there is none so long.
pub(super) fn base64(random: &mut Random, least: usize, most: usize) -> Option<String> {
    if most == 0 {
        return Some(String::new());
    }
    let padded = ["YW1iZXI=", "YmlyY2g=", "Y2VkYXI=", "ZGVsdGE="][random.below(4)];
    let whole = least.next_multiple_of(4);
    match whole.max(8) {
        length if length <= most => Some(format!("{}{padded}", "YW1i".repeat(length / 4 - 2))),
        _ if whole.max(4) <= most => Some("YW1i".repeat(whole.max(4) / 4)),
        // Without padding: two or three letters more than a group.
        _ => (least..=most)
            .find(|length| length % 4 > 1)
            .map(|length| "YW1i".repeat(length / 4 + 1)[..length].to_owned()),
    }
}

/// A text of this format; none for formats without a grammar of their own.
pub(super) fn of_format(format: &str, random: &mut Random) -> Option<String> {
    let host = |random: &mut Random| format!("{}.example", word(random));
    Some(match format {
        "date" | "full-date" => date(random),
        "date-time" | "datetime" => format!("{}T{}Z", date(random), time(random)),
        "time" | "partial-time" => format!("{}Z", time(random)),
        "duration" => format!("P{}D", random.between(1, 30)),
        "uuid" | "guid" => uuid(random),
        "email" | "idn-email" => format!("{}@{}", word(random), host(random)),
        "uri" | "url" | "iri" | "uri-template" => format!("https://{}/{}", host(random), word(random)),
        "uri-reference" | "iri-reference" | "json-pointer" => format!("/{}", word(random)),
        "hostname" | "idn-hostname" => host(random),
        // RFC 5737 §3: addresses for documentation.
        "ipv4" | "ip" => format!("192.0.2.{}", random.between(1, 254)),
        // RFC 3849 §2.
        "ipv6" => format!("2001:db8::{:x}", random.between(1, 0xffff)),
        "base64url" => ["YW1iZXI", "YmlyY2g", "Y2VkYXI"][random.below(3)].to_owned(),
        "regex" => format!("^{}$", word(random)),
        _ => return None,
    })
}

fn date(random: &mut Random) -> String {
    format!("20{:02}-{:02}-{:02}", random.between(20, 29), random.between(1, 12), random.between(1, 28))
}

fn time(random: &mut Random) -> String {
    format!("{:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60))
}

/// Version 4 (RFC 9562 §5.4).
fn uuid(random: &mut Random) -> String {
    let (high, low) = (random.next(), random.next());
    let mut text = String::with_capacity(36);
    let _ = write!(
        text,
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        0x8000 | (low >> 48) & 0x3fff,
        low & 0xffff_ffff_ffff
    );
    text
}
