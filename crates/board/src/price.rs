//! What a call costs in money, exactly: digits and where the point stands, never a binary fraction.

use std::fmt;

/// A price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Its digits without the point: 150 of `1.50`.
    pub amount: u64,
    /// How many of them stand behind the point: 2 of `1.50`.
    pub scale: u8,
    /// The currency, three capital letters (ISO 4217).
    pub currency: Currency,
    /// For how many calls it is; 1: for each.
    pub per: u32,
}

/// Three capital letters (ISO 4217); which of them are in use is not looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// As it is written on a board.
impl fmt::Display for Price {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0width$}", self.amount, width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(out, "{whole}{point}{fraction} {}", self.currency.as_str())?;
        if self.per > 1 { write!(out, "/{}", self.per) } else { Ok(()) }
    }
}

/// Reads `0.001 EUR`, `1.50 EUR/1000`: at most 18 digits, 12 of them behind the point.
pub(crate) fn read(text: &str) -> Option<Price> {
    let (number, rest) = text.trim().split_once(' ')?;
    let (currency, per) = match rest.trim().split_once('/') {
        Some((currency, per)) => (currency.trim(), whole(per.trim()).filter(|per| *per > 0)?),
        None => (rest.trim(), 1),
    };
    let letters: [u8; 3] = currency.as_bytes().try_into().ok()?;
    let (before, behind) =
        number.split_once('.').map_or((number, None), |(before, behind)| (before, Some(behind)));
    let fraction = behind.unwrap_or_default();
    let fine = letters.iter().all(u8::is_ascii_uppercase)
        && !before.is_empty()
        && behind.is_none_or(|behind| !behind.is_empty() && behind.len() <= 12)
        && before.len() + fraction.len() <= 18;
    if !fine {
        return None;
    }
    let amount = whole(&[before, fraction].concat())?;
    Some(Price {
        amount,
        scale: u8::try_from(fraction.len()).ok()?,
        currency: Currency(letters),
        per: per.try_into().ok()?,
    })
}

/// Digits and nothing else: `+1` is none.
fn whole(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_price_is_kept_as_it_is_written() {
        for (text, amount, scale, per) in [
            ("0.001 EUR", 1, 3, 1),
            ("1.50 EUR/1000", 150, 2, 1000),
            ("3 USD", 3, 0, 1),
            ("0.00 CHF", 0, 2, 1),
            ("123456.123456789012 EUR", 123_456_123_456_789_012, 12, 1),
        ] {
            let price = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((price.amount, price.scale, price.per), (amount, scale, per), "{text}");
            assert_eq!(price.to_string(), text);
        }
        assert_eq!(read(" 1.5  EUR / 100 ").unwrap().to_string(), "1.5 EUR/100");
        for wrong in [
            "",
            "1",
            "EUR",
            "-1 EUR",
            "+1 EUR",
            "1. EUR",
            ".5 EUR",
            "1,5 EUR",
            "1 eur",
            "1 EURO",
            "1 EUR/0",
            "1 EUR/",
            "1 EUR/-5",
            "1e3 EUR",
            "1 EUR/5000000000",
            "1.0000000000001 EUR",
            "1234567890123456789 EUR",
            "٣ EUR",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
