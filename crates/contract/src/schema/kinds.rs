//! Which kinds of value a schema allows, and reading text as one of them.

use super::Kind;
use crate::decimal::{is_carried, is_pointed};
use serde_json::{Number, Value};

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    /// Every whole number is a number too.
    pub(super) const NUMBER: Self = Self(8 | 4);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const ALL: Self = Self(127);
    pub(super) const NONE: Self = Self(0);

    /// The kinds that a word of `type` names. `file` is what OpenAPI 2.0 called a string of bytes.
    pub(super) fn named(word: &str) -> Option<Self> {
        Some(match word {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" | "file" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if is_pointed(number) => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The other kinds, if there are any.
    pub(super) const fn without(self, kinds: Self) -> Option<Self> {
        let left = self.0 & !kinds.0;
        if left == 0 || left == self.0 { None } else { Some(Self(left)) }
    }

    pub(super) fn kind(self) -> Kind {
        match Self(self.0 & !Self::NULL.0) {
            Self::BOOLEAN => Kind::Boolean,
            Self::INTEGER => Kind::Integer,
            Self::NUMBER => Kind::Number,
            Self::STRING => Kind::String,
            Self::ARRAY => Kind::Array,
            Self::OBJECT => Kind::Object,
            _ => Kind::Any,
        }
    }

    pub(super) fn allows(self, kind: Kind) -> bool {
        self.has(match kind {
            Kind::Boolean => Self::BOOLEAN,
            Kind::Integer => Self::INTEGER,
            Kind::Number => Self::NUMBER,
            Kind::String => Self::STRING,
            Kind::Array => Self::ARRAY,
            Kind::Object => Self::OBJECT,
            Kind::Any => Self::ALL,
        })
    }

    pub(super) fn read_text(self, text: &str) -> Value {
        let string = || Value::String(text.to_owned());
        if self.has(Self::STRING) {
            return string();
        }
        if self.has(Self::BOOLEAN) {
            if text.eq_ignore_ascii_case("true") {
                return Value::Bool(true);
            }
            if text.eq_ignore_ascii_case("false") {
                return Value::Bool(false);
            }
        }
        if self.has(Self::INTEGER)
            && text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            && let Ok(number) = serde_json::from_str::<Number>(text)
            // A number that is too long to be carried stays a text, and is refused.
            && is_carried(number.as_str())
        {
            return Value::Number(number);
        }
        if self.has(Self::NULL) && text == "null" {
            return Value::Null;
        }
        let structured = (self.has(Self::ARRAY) && text.starts_with('['))
            || (self.has(Self::OBJECT) && text.starts_with('{'));
        match serde_json::from_str(text) {
            Ok(value) if structured => value,
            _ => string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kinds;
    use serde_json::{Value, json};

    #[test]
    fn text_becomes_what_the_schema_says() {
        let check =
            |kinds: Kinds, text: &str, expected: Value| assert_eq!(kinds.read_text(text), expected, "{text}");
        let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        check(Kinds::BOOLEAN, "True", json!(true));
        check(Kinds::BOOLEAN, "yes", json!("yes"));
        check(Kinds::INTEGER, "7", json!(7));
        check(Kinds::INTEGER, "18446744073709551615", json!(18_446_744_073_709_551_615_u64));
        check(Kinds::INTEGER, "-9007199254740993", json!(-9_007_199_254_740_993_i64));
        check(Kinds::INTEGER, "18446744073709551616", number("18446744073709551616"));
        check(Kinds::NUMBER, "-123456789012345678901234567890", number("-123456789012345678901234567890"));
        check(Kinds::NUMBER, "0.1000000000000000000001", number("0.1000000000000000000001"));
        check(Kinds::NUMBER, "1e30", json!(1e30));
        check(Kinds::NUMBER, "1e401", json!("1e401"));
        check(Kinds::INTEGER, "7x", json!("7x"));
        check(Kinds::INTEGER, " 7", json!(" 7"));
        check(Kinds::INTEGER, "", json!(""));
        check(Kinds::NUMBER, "97.2", json!(97.2));
        check(Kinds::STRING, "7", json!("7"));
        check(Kinds::ALL, "7", json!("7"));
        check(Kinds::INTEGER.or(Kinds::NULL), "null", json!(null));
        check(Kinds::ARRAY, "[1]", json!([1]));
        check(Kinds::OBJECT, "{\"a\": 1}", json!({"a": 1}));
    }
}
