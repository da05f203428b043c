//! Takes `gzip` and `deflate` off an answer while it comes (RFC 9110 §8.4.1).

use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::{self, Write as _};
use std::mem;

/// What `--compressed` asks for.
pub(crate) const ACCEPTED: &str = "deflate, gzip";

/// An answer that is unpacked.
pub(super) enum Unpack {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(Deflate),
}

/// `deflate`: zlib's frame, which some servers leave out.
pub(super) struct Deflate {
    /// None until the first byte tells which it is.
    state: Option<Decompress>,
    ended: bool,
}

impl Unpack {
    /// What unpacks an answer with these fields; none where it is not packed in a way that is known here.
    pub(super) fn of(fields: &HeaderMap) -> Option<Self> {
        let coding = fields.get(CONTENT_ENCODING)?.to_str().ok()?.trim().to_ascii_lowercase();
        match coding.as_str() {
            "gzip" | "x-gzip" => Some(Self::Gzip(MultiGzDecoder::new(Vec::new()))),
            "deflate" => Some(Self::Deflate(Deflate { state: None, ended: false })),
            _ => None,
        }
    }

    /// Unpacks some bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(own) => own.write_all(bytes).map(|()| mem::take(own.get_mut())),
            Self::Deflate(own) => own.push(bytes),
        }
    }

    /// The rest; an error where the packed bytes broke off.
    pub(super) fn end(&mut self) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip(own) => own.try_finish().map(|()| mem::take(own.get_mut())),
            Self::Deflate(own) if own.state.is_some() && !own.ended => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off"))
            }
            Self::Deflate(_) => Ok(Vec::new()),
        }
    }
}

impl Deflate {
    fn push(&mut self, mut bytes: &[u8]) -> io::Result<Vec<u8>> {
        const STEP: usize = 64 * 1024;
        let mut out = Vec::new();
        let Some(first) = bytes.first() else { return Ok(out) };
        // RFC 1950 §2.2: method 8, a window of at most 32 KiB.
        let framed = first & 0x0f == 8 && first >> 4 <= 7;
        let state = self.state.get_or_insert_with(|| Decompress::new(framed));
        while !self.ended {
            let (taken, given) = (state.total_in(), out.len());
            out.reserve(STEP);
            let status = state
                .decompress_vec(bytes, &mut out, FlushDecompress::None)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let taken = usize::try_from(state.total_in() - taken).unwrap_or(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            if taken == 0 && out.len() == given {
                break;
            }
        }
        Ok(out)
    }
}
