//! Takes `gzip` and `deflate` off an answer while it comes (RFC 9110 §8.4.1).

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::{self, Write as _};
use std::mem;

/// What `--compressed` asks for.
pub(crate) const ACCEPTED: &str = "deflate, gzip";

/// An answer that is unpacked.
pub(super) enum Unpack {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    /// Some servers send `deflate` without zlib's frame.
    Bare(DeflateDecoder<Vec<u8>>),
    /// `deflate`, and nothing came yet that tells which.
    Undecided,
}

impl Unpack {
    /// What unpacks an answer with these fields; none where it is not packed in a way that is known here.
    pub(super) fn of(fields: &HeaderMap) -> Option<Self> {
        let coding = fields.get(CONTENT_ENCODING)?.to_str().ok()?.trim().to_ascii_lowercase();
        match coding.as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip(MultiGzDecoder::new(Vec::new()))),
            "deflate" => Some(Self::Undecided),
            _ => None,
        }
    }

    /// Unpacks some bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        if let (Self::Undecided, Some(first)) = (&*self, bytes.first()) {
            // RFC 1950 §2.2: method 8, a window of at most 32 KiB.
            let zlib = first & 0x0f == 8 && first >> 4 <= 7;
            *self = if zlib {
                Self::Zlib(ZlibDecoder::new(Vec::new()))
            } else {
                Self::Bare(DeflateDecoder::new(Vec::new()))
            };
        }
        match self {
            Self::Gzip(own) => own.write_all(bytes).map(|()| mem::take(own.get_mut())),
            Self::Zlib(own) => own.write_all(bytes).map(|()| mem::take(own.get_mut())),
            Self::Bare(own) => own.write_all(bytes).map(|()| mem::take(own.get_mut())),
            Self::Undecided => Ok(Vec::new()),
        }
    }

    /// The rest; an error where the packed bytes broke off.
    pub(super) fn end(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(own) => own.try_finish().map(|()| mem::take(own.get_mut())),
            Self::Zlib(own) => own.try_finish().map(|()| mem::take(own.get_mut())),
            Self::Bare(own) => own.try_finish().map(|()| mem::take(own.get_mut())),
            Self::Undecided => Ok(Vec::new()),
        }
    }
}
