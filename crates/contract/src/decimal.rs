//! Numbers as JSON writes them, compared and counted with exactly, however long (RFC 8259 §6).
//!
//! Values themselves keep the text of their numbers (`docs/decisions/numbers.md`). What a stranger can write is
//! bounded: the work on a number grows with the square of its digits, and `1e999999` has few characters and many.

use num_bigint::{BigInt, Sign};
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Longest number that is read, in characters.
const LONGEST: usize = 1_000;

/// Largest power of ten that is read; an `f64` ends at 308 and at -324.
const FARTHEST: u32 = 400;

/// Digits and zeros up to which a number costs what any number costs.
const LIGHT: u64 = 40;

/// What the numbers of one message may cost together: digits and zeros, squared, of those that are not light. Ten
/// thousand numbers near the end of an `f64`; about a second of the validator's exact fractions.
const HEAVIEST: u64 = 1_000_000_000;

/// What numbers of one message cost so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weight(u64);

impl Weight {
    /// Whether one more number is carried, by its text as JSON writes it.
    pub(crate) fn carries(&mut self, text: &str) -> bool {
        let Some(length) = length(text) else { return false };
        if length > LIGHT {
            self.0 += length * length;
        }
        self.0 <= HEAVIEST
    }

    /// Whether all numbers in a value are carried.
    pub(crate) fn carries_all(&mut self, value: &Value) -> bool {
        match value {
            Value::Number(number) => self.carries(number.as_str()),
            Value::Array(items) => items.iter().all(|item| self.carries_all(item)),
            Value::Object(members) => members.values().all(|member| self.carries_all(member)),
            _ => true,
        }
    }
}

/// The digits of a number, and the zeros that its power stands for; `None` if it is not carried.
fn length(text: &str) -> Option<u64> {
    let power = match text.split_once(['e', 'E']) {
        Some((_, power)) => power.trim_start_matches(['+', '-']).parse().unwrap_or(u32::MAX),
        None => 0,
    };
    (text.len() <= LONGEST && power <= FARTHEST).then_some(text.len() as u64 + u64::from(power))
}

/// Whether a number is one that is carried; its text is one of JSON.
pub(crate) fn is_carried(text: &str) -> bool {
    length(text).is_some()
}

/// Whether a number is written with a fraction or a power.
pub(crate) fn is_pointed(number: &Number) -> bool {
    number.as_str().contains(['.', 'e', 'E'])
}

/// Whether two values are numbers and the same one: `1` is `1.0` (JSON Schema 2020-12 Core §4.2.2).
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    order(one, other) == Some(Ordering::Equal)
}

/// Compares two values that are numbers.
pub(crate) fn order(one: &Value, other: &Value) -> Option<Ordering> {
    let (Value::Number(one), Value::Number(other)) = (one, other) else {
        return None;
    };
    Some(Decimal::of(one)?.cmp(&Decimal::of(other)?))
}

/// A number: its digits times a power of ten, with no zeros at the end of the digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Decimal {
    digits: BigInt,
    power: i32,
}

impl Decimal {
    /// A JSON number; `None` if it is longer than what is carried.
    pub(crate) fn of(number: &Number) -> Option<Self> {
        if let Some(small) = number.as_i64() {
            return Some(small.into());
        }
        let text = number.as_str();
        if !is_carried(text) {
            return None;
        }
        let (digits, power) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits = BigInt::parse_bytes(format!("{whole}{fraction}").as_bytes(), 10)?;
        let power = power.parse::<i32>().ok()? - i32::try_from(fraction.len()).ok()?;
        Some(Self { digits, power }.short())
    }

    /// The number that a float prints as; `None` for infinities.
    pub(crate) fn of_float(float: f64) -> Option<Self> {
        Self::of(&Number::from_f64(float)?)
    }

    fn short(mut self) -> Self {
        if self.digits.sign() == Sign::NoSign {
            return Self { digits: self.digits, power: 0 };
        }
        loop {
            let shorter = &self.digits / 10;
            if &shorter * 10 != self.digits {
                return self;
            }
            self = Self { digits: shorter, power: self.power + 1 };
        }
    }

    /// The digits of both at one power.
    fn aligned(&self, other: &Self) -> (BigInt, BigInt, i32) {
        let power = self.power.min(other.power);
        let of = |number: &Self| &number.digits * BigInt::from(10).pow(number.power.abs_diff(power));
        (of(self), of(other), power)
    }

    /// Whether it has no fraction.
    pub(crate) fn is_whole(&self) -> bool {
        self.power >= 0
    }

    /// Whether it is above zero.
    pub(crate) fn is_positive(&self) -> bool {
        self.digits.sign() == Sign::Plus
    }

    /// Whether it is `step` some whole number of times; nothing is a multiple of zero.
    pub(crate) fn is_multiple_of(&self, step: &Self) -> bool {
        let (own, step, _) = self.aligned(step);
        step.sign() != Sign::NoSign && (own % step).sign() == Sign::NoSign
    }

    /// How often `step`, which is above zero, goes into it: rounded down, or up.
    pub(crate) fn counted(&self, step: &Self, up: bool) -> BigInt {
        let (own, step, _) = self.aligned(step);
        let (times, rest) = (&own / &step, &own % &step);
        match rest.sign() {
            Sign::Plus if up => times + 1,
            Sign::Minus if !up => times - 1,
            _ => times,
        }
    }

    /// So many times itself.
    pub(crate) fn times(&self, times: &BigInt) -> Self {
        Self { digits: &self.digits * times, power: self.power }.short()
    }

    /// Both together.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let (own, other, power) = self.aligned(other);
        Self { digits: own + other, power }.short()
    }

    /// This without the other.
    pub(crate) fn minus(&self, other: &Self) -> Self {
        self.plus(&other.times(&BigInt::from(-1)))
    }

    /// What lies in the middle of the two.
    pub(crate) fn middle(&self, other: &Self) -> Self {
        let sum = self.plus(other);
        Self { digits: sum.digits * 5, power: sum.power - 1 }.short()
    }

    /// The nearest float.
    pub(crate) fn float(&self) -> f64 {
        format!("{}e{}", self.digits, self.power).parse().unwrap_or(f64::NAN)
    }

    /// As JSON writes it; `None` if it is longer than what is carried.
    pub(crate) fn number(&self) -> Option<Number> {
        let digits = self.digits.magnitude().to_string();
        let sign = if self.digits.sign() == Sign::Minus { "-" } else { "" };
        let zeros = usize::try_from(self.power.unsigned_abs()).ok()?;
        let text = match digits.len().checked_sub(zeros) {
            _ if self.power >= 0 && zeros <= 30 => format!("{sign}{digits}{}", "0".repeat(zeros)),
            Some(before) if self.power < 0 && before > 0 => {
                format!("{sign}{}.{}", &digits[..before], &digits[before..])
            }
            _ if self.power < 0 && zeros <= 30 => format!("{sign}0.{digits:0>zeros$}"),
            _ => format!("{sign}{digits}e{}", self.power),
        };
        if is_carried(&text) { serde_json::from_str(&text).ok() } else { None }
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self { digits: number.into(), power: 0 }.short()
    }
}

impl From<u64> for Decimal {
    fn from(number: u64) -> Self {
        Self { digits: number.into(), power: 0 }.short()
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, other, _) = self.aligned(other);
        own.cmp(&other)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Weight, is_carried};
    use num_bigint::BigInt;
    use std::cmp::Ordering;

    fn decimal(text: &str) -> Decimal {
        Decimal::of(&serde_json::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_ordered_exactly() {
        for (one, order, other) in [
            ("9007199254740993", Ordering::Greater, "9007199254740992"),
            ("123456789012345678901234", Ordering::Less, "123456789012345678901235"),
            ("-18446744073709551617", Ordering::Less, "-18446744073709551616"),
            ("0.1000000000000000000001", Ordering::Greater, "0.1"),
            ("1e30", Ordering::Equal, "1000000000000000000000000000000"),
            ("1e400", Ordering::Greater, "1e308"),
            ("1.50", Ordering::Equal, "1.5"),
            ("-0", Ordering::Equal, "0.000"),
        ] {
            assert_eq!(decimal(one).cmp(&decimal(other)), order, "{one} {other}");
        }
    }

    #[test]
    fn steps_are_counted_exactly() {
        for (number, step, is) in [
            ("123456789012345678901230", "5", true),
            ("123456789012345678901234", "5", false),
            ("0.3", "0.1", true),
            ("0.30000000000000000000001", "0.1", false),
            ("7", "0", false),
            ("1e30", "3", false),
        ] {
            assert_eq!(decimal(number).is_multiple_of(&decimal(step)), is, "{number} {step}");
        }
        for (number, step, down, up) in [("7", "2", 3, 4), ("-7", "2", -4, -3), ("0.6", "0.2", 3, 3)] {
            let counted = |up| decimal(number).counted(&decimal(step), up);
            assert_eq!((counted(false), counted(true)), (BigInt::from(down), BigInt::from(up)), "{number}");
        }
    }

    #[test]
    fn a_number_is_written_as_people_write_it() {
        for (number, text) in [
            ("7", "7"),
            ("1200", "1200"),
            ("-0.50", "-0.5"),
            ("12.25", "12.25"),
            ("1e-3", "0.001"),
            ("123456789012345678901234", "123456789012345678901234"),
            ("5e300", "5e+300"),
            ("5e-300", "5e-300"),
            ("-0.0", "0"),
        ] {
            assert_eq!(decimal(number).number().unwrap().to_string(), text);
        }
        assert_eq!(decimal("1").middle(&decimal("2")).number().unwrap().to_string(), "1.5");
        assert_eq!(decimal("1").minus(&decimal("0.1")).number().unwrap().to_string(), "0.9");
    }

    #[test]
    fn numbers_that_cost_much_are_counted() {
        let few = serde_json::from_str(&format!("[{}]", vec!["1e-300"; 10_000].join(","))).unwrap();
        assert!(Weight::default().carries_all(&few));
        let many = serde_json::from_str(&format!("[{}]", vec!["1e-300"; 12_000].join(","))).unwrap();
        assert!(!Weight::default().carries_all(&many));
        let mut light = Weight::default();
        assert!((0..2_000_000).all(|_| light.carries("-1234567890.1234e-15")));
    }

    #[test]
    fn a_number_is_carried_up_to_a_thousand_characters_and_ten_to_the_four_hundredth() {
        for (text, carried) in [
            ("7".repeat(1_000), true),
            ("7".repeat(1_001), false),
            ("1e400".to_owned(), true),
            ("1e-400".to_owned(), true),
            ("1e401".to_owned(), false),
            ("1E+0000401".to_owned(), false),
            ("1e-99999999999999999999".to_owned(), false),
        ] {
            assert_eq!(is_carried(&text), carried, "{text}");
        }
    }
}
