//! The media type of a message (RFC 9110 §8.3.1), without its parameters and in small letters: read in one place.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The media type that fields name; empty where they name none.
pub(crate) fn of(fields: &HeaderMap) -> String {
    essence(fields.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default())
}

/// A media type without its parameters.
pub(crate) fn essence(text: &str) -> String {
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether a message says that it is YAML (RFC 9512 §2.1), which many also call otherwise.
pub(crate) fn is_yaml(fields: &HeaderMap) -> bool {
    let media = of(fields);
    matches!(
        media.as_str(),
        "application/yaml" | "application/x-yaml" | "text/yaml" | "text/x-yaml" | "text/vnd.yaml"
    ) || media.ends_with("+yaml")
}

/// Whether a message says that it is JSON (RFC 8259 §11; RFC 6839 §3.1).
pub(crate) fn is_json(fields: &HeaderMap) -> bool {
    let media = of(fields);
    media.ends_with("/json") || media.ends_with("+json")
}
