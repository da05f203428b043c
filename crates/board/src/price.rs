//! `price` of a plan: what a call costs, as a decimal number and never as a float.
//!
//! `"0.001 EUR"` is per call, `"1.50 EUR/1000"` per thousand calls. Nothing is rounded but the sum of a line, and that to
//! the currency's minor unit (ISO 4217), half to even. Currencies are not converted and never added up with others.

use crate::code;
use crate::keys::Keys;
use crate::report::{Problem, closest};
use std::fmt;

/// Digits before the point, and behind it: with every call that can be counted a sum stays below 2^127.
const WHOLE: usize = 9;
const FRACTION: usize = 9;

/// Codes of currencies that can be paid with (ISO 4217), by how many decimals their minor unit has.
const CURRENCIES: [(u32, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE \
         CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR \
         KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB \
         PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY \
         TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

/// What a call costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// The number without its point.
    units: u64,
    /// How many digits of it stand behind the point.
    scale: u32,
    /// Three letters.
    currency: &'static str,
    /// Decimals of the currency's minor unit.
    minor: u32,
    /// Whether it is for a thousand calls.
    thousand: bool,
}

/// A sum of money, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    units: u128,
    scale: u32,
}

impl Price {
    /// Reads `0.001 EUR`, `1.50 EUR/1000`.
    ///
    /// # Errors
    /// In words: what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) =
            text.trim().split_once(' ').ok_or("a number, a space and a currency are wanted")?;
        let (letters, per) = rest
            .trim()
            .split_once('/')
            .map_or((rest.trim(), None), |(letters, per)| (letters.trim(), Some(per.trim())));
        let thousand = match per {
            None | Some("1") => false,
            Some("1000") => true,
            Some(_) => return Err("a price is per call, or `/1000`".to_owned()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str, most| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, WHOLE) || !digits(fraction, FRACTION) {
            return Err(format!(
                "a number with at most {WHOLE} digits before the point and {FRACTION} behind it is wanted"
            ));
        }
        // `1` and `1.50` keep the digits that were written; `0` behind a missing point is none.
        let fraction = if number.contains('.') { fraction } else { "" };
        let units = format!("{whole}{fraction}").parse().map_err(|_| "the number is too large".to_owned())?;
        let (minor, currency) = currency(letters).ok_or_else(|| match nearest(letters) {
            Some(word) => format!("`{letters}` is no currency of ISO 4217: `{word}`?"),
            None => format!("`{letters}` is no currency of ISO 4217"),
        })?;
        Ok(Self { units, scale: u32::try_from(fraction.len()).unwrap_or(0), currency, minor, thousand })
    }

    /// The three letters of its currency.
    pub const fn currency(&self) -> &'static str {
        self.currency
    }

    /// What so many calls cost, to the last digit.
    pub fn of(&self, calls: u64) -> Amount {
        let scale = self.scale + if self.thousand { 3 } else { 0 };
        Amount { units: u128::from(self.units) * u128::from(calls), scale }
    }

    /// A sum as it is paid: in the currency's minor unit, half to even.
    pub fn due(&self, amount: Amount) -> Amount {
        amount.rounded(self.minor)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = Amount { units: self.units.into(), scale: self.scale };
        write!(out, "{number} {}{}", self.currency, if self.thousand { "/1000" } else { "" })
    }
}

impl Amount {
    /// Both together; `None`: more than can be counted.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let units = self.at(scale)?.checked_add(other.at(scale)?)?;
        Some(Self { units, scale })
    }

    fn at(self, scale: u32) -> Option<u128> {
        self.units.checked_mul(10_u128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    /// With so many decimals, half to even (as ISO/IEC 60559 rounds decimals).
    fn rounded(self, decimals: u32) -> Self {
        if self.scale <= decimals {
            return Self { units: self.at(decimals).unwrap_or(self.units), scale: decimals };
        }
        let unit = 10_u128.pow(self.scale - decimals);
        let (whole, rest) = (self.units / unit, self.units % unit);
        let up = match (rest * 2).cmp(&unit) {
            std::cmp::Ordering::Less => 0,
            std::cmp::Ordering::Equal => whole % 2,
            std::cmp::Ordering::Greater => 1,
        };
        Self { units: whole + up, scale: decimals }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scale == 0 {
            return write!(out, "{}", self.units);
        }
        let unit = 10_u128.pow(self.scale);
        let width = usize::try_from(self.scale).unwrap_or(usize::MAX);
        write!(out, "{}.{:0width$}", self.units / unit, self.units % unit)
    }
}

fn currency(letters: &str) -> Option<(u32, &'static str)> {
    CURRENCIES.into_iter().find_map(|(minor, all)| {
        all.split_whitespace().find(|known| *known == letters).map(|known| (minor, known))
    })
}

fn nearest(letters: &str) -> Option<&'static str> {
    closest(letters, CURRENCIES.into_iter().flat_map(|(_, all)| all.split_whitespace()))
}

/// Reads `price` of a plan.
pub(crate) fn resolve(keys: &Keys<'_, '_>, report: &crate::report::Report) -> Option<Price> {
    keys.entry("price")?;
    let text = keys.text("price")?;
    match Price::parse(text.text) {
        Ok(price) => Some(price),
        Err(why) => {
            report.add(
                Problem::error(&code::BAD_PRICE, format!("`price` of {} is no price", keys.name))
                    .at(text.at, why)
                    .help("write it like `\"0.001 EUR\"` for a call, or `\"1.50 EUR/1000\"` for a thousand"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Price;

    #[test]
    fn a_price_is_applied_to_the_last_digit_and_rounded_once_half_to_even() {
        for (price, calls, exact, due) in [
            ("0.001 EUR", 1_234, "1.234", "1.23"),
            ("1.50 EUR/1000", 1_234, "1.85100", "1.85"),
            ("0.005 EUR", 1, "0.005", "0.00"),
            ("0.005 EUR", 3, "0.015", "0.02"),
            ("0.005 EUR", 5, "0.025", "0.02"),
            ("5 JPY/1000", 1_500, "7.500", "8"),
            ("5 JPY/1000", 500, "2.500", "2"),
            ("0.1 KWD", 7, "0.7", "0.700"),
            ("0 EUR", 9, "0", "0.00"),
            ("0.000000001 EUR/1000", u64::MAX, "18446744.073709551615", "18446744.07"),
            (
                "999999999.999999999 USD",
                u64::MAX,
                "18446744073709551596553255926.290448385",
                "18446744073709551596553255926.29",
            ),
        ] {
            let read = Price::parse(price).unwrap();
            assert_eq!(
                (read.of(calls).to_string(), read.due(read.of(calls)).to_string()),
                (exact.into(), due.into()),
                "{price} × {calls}"
            );
            assert_eq!(read.to_string(), price);
        }
    }

    #[test]
    fn sums_of_different_precision_add_up() {
        let (one, other) = (Price::parse("0.001 EUR").unwrap(), Price::parse("2.5 EUR/1000").unwrap());
        assert_eq!(one.of(7).plus(other.of(3)).unwrap().to_string(), "0.0145");
    }

    #[test]
    fn what_is_no_price_is_told_why() {
        for (text, why) in [
            ("0.10", "a space and a currency"),
            ("-1 EUR", "a number with at most"),
            ("1,50 EUR", "a number with at most"),
            (".5 EUR", "a number with at most"),
            ("1. EUR", "a number with at most"),
            ("1e3 EUR", "a number with at most"),
            ("1 EURO", "no currency of ISO 4217"),
            ("1 eur", "`EUR`?"),
            ("1 EUR/100", "`/1000`"),
            ("12345678901 EUR", "at most 9 digits"),
        ] {
            let said = Price::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }
}
