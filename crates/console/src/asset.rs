//! Style sheet, script and picture: in the binary, under an address that changes with their content.
//!
//! So a browser keeps them for a year and still never shows an old one.

use crate::reply;
use axum::body::Body;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, Response, StatusCode, header};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::sync::LazyLock;

/// One file.
pub(crate) struct Asset {
    /// Its address: `/assets/console-1a2b3c4d5e.css`.
    pub(crate) url: String,
    media: &'static str,
    plain: &'static [u8],
    packed: Vec<u8>,
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_bytes!("assets/console.css")));
pub(crate) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("js", "text/javascript; charset=utf-8", include_bytes!("assets/console.js")));
pub(crate) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_bytes!("assets/icon.svg")));

impl Asset {
    fn new(kind: &str, media: &'static str, plain: &'static [u8]) -> Self {
        let url = format!("/assets/console-{}.{kind}", hex::encode(&Sha256::digest(plain)[..5]));
        Self { url, media, plain, packed: pack(plain) }
    }

    fn response(&self, wanted: &HeaderMap) -> Response<Body> {
        let packed = reply::takes_gzip(wanted) && self.packed.len() < self.plain.len();
        let mut response = Response::new(if packed {
            Body::from(self.packed.as_slice().to_vec())
        } else {
            Body::from(self.plain)
        });
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, http::HeaderValue::from_static(self.media));
        fields.insert(
            header::CACHE_CONTROL,
            http::HeaderValue::from_static("public, max-age=31536000, immutable"),
        );
        fields.insert(header::VARY, http::HeaderValue::from_static("accept-encoding"));
        if packed {
            fields.insert(header::CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
        }
        response
    }
}

/// The file at this address; an old or made-up one is not there.
pub(crate) fn answer(path: &str, wanted: &HeaderMap) -> Response<Body> {
    [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|asset| asset.url == path).map_or_else(
        || {
            let mut response = Response::new(Body::from("no such file\n"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        },
        |asset| asset.response(wanted),
    )
}

/// Gzip (RFC 1952); empty where packing fails, which is then not used.
pub(crate) fn pack(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::new(5));
    match packer.write_all(plain).and_then(|()| packer.finish()) {
        Ok(packed) => packed,
        Err(_) => plain.to_vec(), // not shorter, so it is not used
    }
}

#[cfg(test)]
mod tests {
    use super::{ICON, SCRIPT, STYLE};

    #[test]
    fn the_files_are_within_their_budgets() {
        let (style, script, icon) = (STYLE.packed.len(), SCRIPT.packed.len(), ICON.packed.len());
        assert!(style <= 8_000, "style sheet: {style} bytes packed");
        assert!(script <= 30_000, "script: {script} bytes packed");
        let plain = STYLE.plain.len() + SCRIPT.plain.len() + ICON.plain.len();
        assert!(plain + style + script + icon <= 150_000, "in the binary");
    }

    #[test]
    fn nothing_in_them_names_another_host() {
        for asset in [&STYLE, &SCRIPT, &ICON] {
            let text = std::str::from_utf8(asset.plain).unwrap();
            for (place, _) in text.match_indices("//") {
                let rest = &text[place..];
                assert!(
                    rest.starts_with("//www.w3.org/2000/svg") || rest.starts_with("// "),
                    "{}",
                    &rest[..rest.len().min(40)]
                );
            }
        }
    }
}
