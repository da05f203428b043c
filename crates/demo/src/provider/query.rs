//! A query, read as forms are: `name=value&…`, percent-encoded, `+` for a space.
//!
//! Source: WHATWG URL Standard §5.1. Names are taken as they are; of a repeated one the first counts.

use percent_encoding::percent_decode_str;

/// The first value of this name.
pub(crate) fn parameter(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let (_, value) = pairs.into_iter().find(|(known, _)| decoded(known) == name)?;
    Some(decoded(value))
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::parameter;

    #[test]
    fn a_value_comes_back_as_it_was_meant() {
        for (query, value) in [
            ("a=1", Some("1")),
            ("b=2&a=x%20y", Some("x y")),
            ("a=x+y&a=z", Some("x y")),
            ("a", Some("")),
            ("aa=1", None),
            ("", None),
        ] {
            assert_eq!(parameter(query, "a").as_deref(), value, "{query}");
        }
    }
}
