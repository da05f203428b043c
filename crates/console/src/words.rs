//! How numbers, times and outcomes are written for people. Words come before colour.

use contract::Pointer;
use exchange::{By, CallRecord, Fault, Outcome, Reason, Stage};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use std::time::SystemTime;

/// Milliseconds since 1970; a clock before that gives 0.
pub(crate) fn ms(now: SystemTime) -> u64 {
    now.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A point in time: short in the page, whole in its title. UTC; the script shows it in local time.
pub(crate) fn time(ms: u64, now_ms: u64) -> Markup {
    let at = civil(ms);
    let short = if civil(now_ms).date() == at.date() {
        at.strftime("%H:%M:%S").to_string()
    } else {
        at.strftime("%-d %b %H:%M:%S").to_string()
    };
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")) title=(utc(ms)) { (short) } }
}

/// `2026-11-21 06:00:03.123 UTC`.
pub(crate) fn utc(ms: u64) -> String {
    civil(ms).strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string()
}

fn civil(ms: u64) -> jiff::civil::DateTime {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).datetime()
}

/// `420 µs`, `2.4 ms`, `24 ms`, `1.2 s`, `3 min`.
pub(crate) fn took(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        1_000_000..120_000_000 => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
        _ => format!("{} min", us / 60_000_000),
    }
}

/// `0 bytes`, `812 bytes`, `1.2 kB`, `3.4 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Status and what became of the call: `429 Refused`.
pub(crate) fn status(call: &CallRecord) -> Markup {
    let word = if call.open { "Running" } else { outcome(call.outcome) };
    html! {
        span class={ "status " (if call.open { "open" } else { tone(call.outcome) }) } {
            @if call.status > 0 { b { (call.status) } " " }
            (word)
        }
    }
}

/// One word, as a heading has it.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "Succeeded",
        Outcome::Declined => "Declined",
        Outcome::Refused => "Refused",
        Outcome::Failed(_) => "Failed",
        Outcome::Aborted(_) => "Aborted",
        Outcome::Panicked => "Panicked",
    }
}

/// The class that colours it.
pub(crate) const fn tone(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "ok",
        Outcome::Declined => "info",
        Outcome::Refused => "warn",
        Outcome::Failed(_) | Outcome::Aborted(_) | Outcome::Panicked => "err",
    }
}

/// Why it did not succeed, in a few words for the list; empty where it did.
pub(crate) fn why(call: &CallRecord) -> String {
    match (call.reason, call.outcome) {
        (Some(reason), _) => reason.title().to_owned(),
        (None, Outcome::Declined) => "The provider's own no".to_owned(),
        (None, Outcome::Failed(fault)) => format!("The fault is {}", whose(fault)),
        (None, Outcome::Aborted(by)) => format!("Broken off by {}", by.word()),
        (None, Outcome::Panicked) => "A bug in switchboard".to_owned(),
        (None, Outcome::Succeeded | Outcome::Refused) => String::new(),
    }
}

/// What became of the call, as sentences that somebody who was not there understands.
pub(crate) fn story(call: &CallRecord) -> String {
    if call.open {
        return "It was still running when this was written.".to_owned();
    }
    let because = call.reason.map(Reason::title);
    let provider =
        call.api.as_deref().map_or_else(|| "The provider".to_owned(), |api| format!("The provider of {api}"));
    match call.outcome {
        Outcome::Succeeded if call.breaks > 0 => {
            format!(
                "{provider} answered {}, and what was said breaks the contract. It passed as it was.",
                call.status
            )
        }
        Outcome::Succeeded => format!("{provider} answered {} in {}.", call.status, took(call.took_us)),
        Outcome::Declined => {
            format!("{provider} said no with {}. Its answer went to the caller as it was.", call.status)
        }
        Outcome::Refused => format!(
            "{}. {}",
            because.unwrap_or("Switchboard said no"),
            if call.provider_us == 0 {
                "Switchboard answered; the provider was not asked."
            } else {
                "Switchboard answered in the provider's place."
            }
        ),
        Outcome::Failed(fault) => match because {
            Some(because) => format!("{because}. The fault is {}.", whose(fault)),
            None if call.status >= 500 => {
                format!("{provider} answered {}. Its answer went to the caller as it was.", call.status)
            }
            None => format!("It did not work. The fault is {}.", whose(fault)),
        },
        Outcome::Aborted(By::Caller) => "The caller went away before the answer was complete.".to_owned(),
        Outcome::Aborted(By::Provider) => format!("{provider} broke off inside its answer."),
        Outcome::Aborted(By::Us) => {
            "Switchboard broke it off: a stop, or a limit on size or time.".to_owned()
        }
        Outcome::Panicked => "A bug in switchboard ended it. Other calls were not touched.".to_owned(),
    }
}

const fn whose(fault: Fault) -> &'static str {
    match fault {
        Fault::Provider => "the provider's",
        Fault::Network => "the network's, between switchboard and the provider",
        Fault::Ours => "switchboard's own",
        Fault::Caller => "the caller's",
    }
}

/// What a stage asks.
pub(crate) const fn stage(stage: Stage) -> &'static str {
    match stage {
        Stage::Listener => "Listener",
        Stage::Offer => "Offer",
        Stage::Operation => "Operation",
        Stage::Caller => "Caller",
        Stage::Permission => "Permission",
        Stage::Limit => "Limit",
        Stage::Request => "Request",
        Stage::Provider => "Provider",
        Stage::Response => "Response",
    }
}

/// `/items/0/total` as people say it: `items[0].total`; the whole body is `body`.
pub(crate) fn path_of(pointer: &str) -> String {
    let Some(pointer) = Pointer::parse(pointer) else {
        return pointer.to_owned();
    };
    let mut path = String::new();
    for token in pointer.tokens() {
        if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push('[');
            path.push_str(&token);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&token);
        }
    }
    if path.is_empty() { "the whole body".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::{path_of, size, took, utc};

    #[test]
    fn numbers_are_short_and_have_units() {
        for (us, expected) in [
            (0, "0 µs"),
            (420, "420 µs"),
            (9_870, "9.8 ms"),
            (24_100, "24 ms"),
            (1_240_000, "1.2 s"),
            (180_000_000, "3 min"),
        ] {
            assert_eq!(took(us), expected);
        }
        for (bytes, expected) in [(0, "0 bytes"), (1, "1 byte"), (1_234, "1.2 kB"), (5_600_000, "5.6 MB")] {
            assert_eq!(size(bytes), expected);
        }
        assert_eq!(utc(1_795_000_000_123), "2026-11-18 11:06:40.123 UTC");
        assert!(!utc(u64::MAX).is_empty(), "an absurd time is no panic");
    }

    #[test]
    fn a_pointer_is_said_as_a_path() {
        for (pointer, expected) in
            [("", "the whole body"), ("/items/0/total", "items[0].total"), ("/a~1b", "a/b")]
        {
            assert_eq!(path_of(pointer), expected);
        }
    }
}
