//! A JSON value for writers of other formats: its numbers are numbers there too.
//!
//! A number of `serde_json` that keeps its text is known to the writers of `serde_json` alone; to others it is an
//! object with one strange name.

use crate::decimal::is_pointed;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A value as any `serde` writer understands it. A number that neither 128 bits nor a float hold is a text.
#[derive(Clone, Copy, Debug)]
pub struct Native<'v>(pub &'v Value);

impl Serialize for Native<'_> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => writer.serialize_unit(),
            Value::Bool(word) => writer.serialize_bool(*word),
            Value::String(text) => writer.serialize_str(text),
            Value::Array(items) => writer.collect_seq(items.iter().map(Native)),
            Value::Object(members) => {
                writer.collect_map(members.iter().map(|(name, one)| (name, Native(one))))
            }
            Value::Number(number) => {
                if let Some(whole) = number.as_i64() {
                    return writer.serialize_i64(whole);
                }
                if let Some(whole) = number.as_u64() {
                    return writer.serialize_u64(whole);
                }
                if let Some(whole) = number.as_i128() {
                    return writer.serialize_i128(whole);
                }
                let float = number.as_f64().filter(|float| {
                    let again = serde_json::Number::from_f64(*float).map(Value::Number);
                    is_pointed(number) && again.is_some_and(|again| crate::decimal::same(&again, self.0))
                });
                match float {
                    Some(float) => writer.serialize_f64(float),
                    None => writer.serialize_str(number.as_str()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Native;

    #[test]
    fn numbers_are_numbers_in_yaml_too() {
        let value = serde_json::from_str(
            r#"{"a": [1, -2.5, 1e3], "b": 18446744073709551615, "c": 123456789012345678901234, "d": 1e399, "e": null}"#,
        )
        .unwrap();
        let text = serde_saphyr::to_string(&Native(&value)).unwrap();
        assert_eq!(
            text.trim_end(),
            "a:\n- 1\n- -2.5\n- 1000.0\nb: 18446744073709551615\nc: 123456789012345678901234\nd: \"1e+399\"\ne: null"
        );
    }
}
