//! A credential in a cookie: joined with the others, in place of any of the same name.
//!
//! Source: RFC 6265 §4.1.1 (what a value may hold), §5.4 (one `Cookie` field).

use http::header::{COOKIE, HeaderMap, HeaderValue};

/// `name=value`, where both may stand in a cookie.
pub(super) fn pair(name: &str, value: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\";,\\".contains(&byte);
    let good =
        !name.is_empty() && name.bytes().all(|byte| fits(byte) && byte != b'=') && value.bytes().all(fits);
    good.then(|| format!("{name}={value}"))
}

/// Puts `pair` after the cookies that are there.
pub(super) fn place(fields: &mut HeaderMap, name: &str, pair: &str) {
    let mut placed = Vec::new();
    for field in fields.get_all(COOKIE) {
        for other in field.as_bytes().split(|&byte| byte == b';').map(<[u8]>::trim_ascii) {
            let called = other.split(|&byte| byte == b'=').next().unwrap_or_default().trim_ascii_end();
            if !other.is_empty() && called != name.as_bytes() {
                placed.extend_from_slice(other);
                placed.extend_from_slice(b"; ");
            }
        }
    }
    placed.extend_from_slice(pair.as_bytes());
    // Made of field values and a checked pair, it is a field value.
    if let Ok(mut value) = HeaderValue::from_bytes(&placed) {
        value.set_sensitive(true);
        fields.insert(COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{pair, place};
    use http::header::{COOKIE, HeaderMap};

    #[test]
    fn cookies_are_joined_and_one_of_the_same_name_goes() {
        let mut fields = HeaderMap::new();
        fields.append(COOKIE, "a=1; sid=old;b=2".parse().unwrap());
        fields.append(COOKIE, "sid=older".parse().unwrap());
        place(&mut fields, "sid", &pair("sid", "new").unwrap());
        assert_eq!(fields.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=2; sid=new"]);
    }

    #[test]
    fn what_would_end_a_cookie_is_no_value() {
        for value in ["a;b", "a b", "a\"b", "a\nb", "a,b"] {
            assert_eq!(pair("sid", value), None, "{value}");
        }
    }
}
