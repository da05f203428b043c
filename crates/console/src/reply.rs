//! A page as a response: status, media type, packed where the browser takes that.

use crate::asset;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use maud::Markup;

/// Smaller pages are not worth packing.
const WORTH_PACKING: usize = 1_024;

/// A page.
pub(crate) fn page(status: StatusCode, wanted: &HeaderMap, markup: Markup) -> Response<Body> {
    let text = markup.into_string();
    let packed = takes_gzip(wanted) && text.len() >= WORTH_PACKING;
    let mut response =
        Response::new(if packed { Body::from(asset::pack(text.as_bytes())) } else { Body::from(text) });
    *response.status_mut() = status;
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// "See there" (RFC 9110 §15.4.4).
pub(crate) fn see_other(location: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let fields = response.headers_mut();
    if let Ok(location) = HeaderValue::from_str(location) {
        fields.insert(header::LOCATION, location);
    }
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether the browser takes gzip (RFC 9110 §12.5.3); one that weighs it with 0 does not.
pub(crate) fn takes_gzip(wanted: &HeaderMap) -> bool {
    wanted.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let weight = weight.trim().trim_start_matches("q=");
            name.trim().eq_ignore_ascii_case("gzip")
                && weight.parse::<f32>().map_or(true, |weight| weight > 0.0)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::takes_gzip;
    use http::{HeaderMap, HeaderValue, header};

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        for (value, expected) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, gzip;q=0.8", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let mut wanted = HeaderMap::new();
            wanted.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
            assert_eq!(takes_gzip(&wanted), expected, "{value}");
        }
    }
}
