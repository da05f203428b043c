//! The clock, and periods as people write them.

use crate::exit::Failure;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Reads `90s`, `15m`, `24h`, `7d`.
pub(crate) fn period(text: &str) -> Result<Duration, Failure> {
    let wrong = || Failure::usage(format!("`{text}` is no period")).help("write `90s`, `15m`, `24h` or `7d`");
    let (number, seconds) = match text.chars().last() {
        Some('s') => (&text[..text.len() - 1], 1),
        Some('m') => (&text[..text.len() - 1], 60),
        Some('h') => (&text[..text.len() - 1], 3_600),
        Some('d') => (&text[..text.len() - 1], 86_400),
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::period;
    use std::time::Duration;

    #[test]
    fn a_period_has_a_number_and_a_unit() {
        assert_eq!(period("15m").unwrap(), Duration::from_secs(900));
        assert_eq!(period("7d").unwrap(), Duration::from_secs(604_800));
        for wrong in ["", "m", "15", "1.5h", "-1s", "99999999999d", "3ü"] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }
}
