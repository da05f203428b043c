//! Takes `gzip`, `deflate`, `br` and `zstd` off an answer while it comes (RFC 9110 §8.4.1, RFC 7932, RFC 8878).
//!
//! A few bytes of a stranger's can unpack to gigabytes: what comes out is handed on in pieces of 64 KiB, and it ends where it is
//! out of all proportion, or larger than anything that is meant. Several codings one over the other are not taken off.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::write::MultiGzDecoder;
use flate2::{Decompress, FlushDecompress, Status};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use std::io::{self, Write as _};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

/// What `--compressed` asks for, as Debian's curl does.
pub(crate) const ACCEPTED: &str = "deflate, gzip, br, zstd";

/// What is made at once, in bytes.
const STEP: usize = 64 * 1024;

/// So much may come out of anything; beyond it at most `RATIO` bytes for each packed one. Deflate's best is 1,032.
const FREE: u64 = 64 * 1024 * 1024;
const RATIO: u64 = 1_100;

/// Nothing larger is unpacked: 64 GiB.
const LARGEST: u64 = 64 << 30;

/// RFC 9659 §3: a window of at most 8 MiB in `Content-Encoding: zstd`.
const ZSTD_WINDOW: u32 = 23;

/// An answer that is unpacked.
pub(super) struct Unpack {
    coding: Coding,
    taken: u64,
    given: u64,
}

enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(Deflate),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

/// Where pieces go.
type Give<'g, E> = &'g mut dyn FnMut(&[u8]) -> Result<(), E>;

/// Why it ends.
#[derive(Debug)]
pub(super) enum Ended<E> {
    /// The packed bytes are broken, or too much.
    Packed(io::Error),
    /// Whoever takes the pieces said so.
    Taker(E),
}

impl Unpack {
    /// What unpacks an answer with these fields; none where it is not packed in a way that is known here.
    pub(super) fn of(fields: &HeaderMap) -> Option<Self> {
        let coding = fields.get(CONTENT_ENCODING)?.to_str().ok()?.trim().to_ascii_lowercase();
        let coding = match coding.as_str() {
            "gzip" | "x-gzip" => Coding::Gzip(MultiGzDecoder::new(Vec::new())),
            "deflate" => Coding::Deflate(Deflate { state: None, ended: false }),
            "br" => Coding::Brotli(Box::new(Brotli::new())),
            "zstd" => Coding::Zstd(Box::new(Zstd::new().ok()?)),
            _ => return None,
        };
        Some(Self { coding, taken: 0, given: 0 })
    }

    /// Unpacks some bytes.
    pub(super) fn push<E>(&mut self, bytes: &[u8], give: Give<'_, E>) -> Result<(), Ended<E>> {
        // Pieces so small that what gzip makes of one is small too.
        for piece in bytes.chunks(STEP / 16) {
            self.taken += piece.len() as u64;
            let Self { coding, taken, given } = self;
            let mut give = |made: &[u8]| {
                *given += made.len() as u64;
                if *given > LARGEST || (*given > FREE && *given / RATIO > *taken) {
                    let words =
                        format!("it unpacks to {given} bytes from {taken}, and is not taken any further");
                    return Err(Ended::Packed(io::Error::other(words)));
                }
                give(made).map_err(Ended::Taker)
            };
            match coding {
                Coding::Gzip(own) => {
                    own.write_all(piece).map_err(Ended::Packed)?;
                    give(own.get_ref())?;
                    own.get_mut().clear();
                }
                Coding::Deflate(own) => own.push(piece, &mut give)?,
                Coding::Brotli(own) => own.push(piece, &mut give)?,
                Coding::Zstd(own) => own.push(piece, &mut give)?,
            }
        }
        Ok(())
    }

    /// The rest; an error where the packed bytes broke off.
    pub(super) fn end<E>(&mut self, give: Give<'_, E>) -> Result<(), Ended<E>> {
        let whole = match &mut self.coding {
            // No byte at all is an answer without content.
            _ if self.taken == 0 => true,
            Coding::Gzip(own) => {
                own.try_finish().map_err(Ended::Packed)?;
                give(own.get_ref()).map_err(Ended::Taker)?;
                true
            }
            Coding::Deflate(own) => own.ended,
            Coding::Brotli(own) => own.ended,
            Coding::Zstd(own) => own.ended,
        };
        if whole {
            return Ok(());
        }
        Err(Ended::Packed(io::Error::new(io::ErrorKind::UnexpectedEof, "it broke off")))
    }
}

fn broken<E>(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Ended<E> {
    Ended::Packed(io::Error::new(io::ErrorKind::InvalidData, error))
}

/// `deflate`: zlib's frame, which some servers leave out.
struct Deflate {
    /// None until the first byte tells which it is.
    state: Option<Decompress>,
    ended: bool,
}

impl Deflate {
    fn push<E>(&mut self, mut bytes: &[u8], give: Give<'_, Ended<E>>) -> Result<(), Ended<E>> {
        let Some(first) = bytes.first() else { return Ok(()) };
        // RFC 1950 §2.2: method 8, a window of at most 32 KiB.
        let framed = first & 0x0f == 8 && first >> 4 <= 7;
        let state = self.state.get_or_insert_with(|| Decompress::new(framed));
        let mut out = Vec::with_capacity(STEP);
        while !self.ended {
            out.clear();
            let before = state.total_in();
            let status = state.decompress_vec(bytes, &mut out, FlushDecompress::None).map_err(broken)?;
            let taken = usize::try_from(state.total_in() - before).unwrap_or(bytes.len());
            bytes = bytes.get(taken..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            give(&out)?;
            if taken == 0 && out.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// `br`.
struct Brotli {
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
    out: Vec<u8>,
    ended: bool,
}

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self { state: BrotliState::new(alloc(), alloc(), alloc()), out: vec![0; STEP], ended: false }
    }

    fn push<E>(&mut self, bytes: &[u8], give: Give<'_, Ended<E>>) -> Result<(), Ended<E>> {
        let (mut left, mut at) = (bytes.len(), 0);
        while !self.ended {
            let (mut room, mut made, mut total) = (self.out.len(), 0, 0);
            let said = BrotliDecompressStream(
                &mut left,
                &mut at,
                bytes,
                &mut room,
                &mut made,
                &mut self.out,
                &mut total,
                &mut self.state,
            );
            give(self.out.get(..made).unwrap_or_default())?;
            match said {
                BrotliResult::ResultSuccess => self.ended = true,
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultFailure => return Err(broken("it is no brotli")),
            }
        }
        // What follows the end is no part of it, and is left aside as curl does.
        Ok(())
    }
}

/// `zstd`: frames, one after another.
struct Zstd {
    state: Decoder<'static>,
    out: Vec<u8>,
    /// Whether the last frame is complete.
    ended: bool,
}

impl Zstd {
    fn new() -> io::Result<Self> {
        let mut state = Decoder::new()?;
        state.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW))?;
        Ok(Self { state, out: vec![0; STEP], ended: false })
    }

    fn push<E>(&mut self, bytes: &[u8], give: Give<'_, Ended<E>>) -> Result<(), Ended<E>> {
        let mut input = InBuffer::around(bytes);
        loop {
            let room = self.out.len();
            let mut output = OutBuffer::around(self.out.as_mut_slice());
            let hint = self.state.run(&mut input, &mut output).map_err(Ended::Packed)?;
            let made = output.pos();
            self.ended = hint == 0;
            give(self.out.get(..made).unwrap_or_default())?;
            // A buffer that was filled may not have taken everything that is ready.
            if input.pos() >= bytes.len() && made < room {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ended, Unpack};
    use flate2::Compression;
    use http::header::{CONTENT_ENCODING, HeaderMap};
    use std::io::Write as _;

    fn unpack(coding: &'static str) -> Unpack {
        Unpack::of(&HeaderMap::from_iter([(CONTENT_ENCODING, coding.parse().unwrap())])).unwrap()
    }

    /// What comes out of `packed`, given in pieces of `size`.
    fn all(coding: &'static str, packed: &[u8], size: usize) -> Result<Vec<u8>, Ended<()>> {
        let (mut own, mut out) = (unpack(coding), Vec::new());
        for piece in packed.chunks(size) {
            own.push(piece, &mut |bytes| {
                out.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        own.end(&mut |bytes| {
            out.extend_from_slice(bytes);
            Ok(())
        })?;
        Ok(out)
    }

    fn packed(coding: &str, text: &[u8]) -> Vec<u8> {
        let best = Compression::best();
        match coding {
            "gzip" => {
                let mut made = flate2::write::GzEncoder::new(Vec::new(), best);
                made.write_all(text).unwrap();
                made.finish().unwrap()
            }
            "deflate" => {
                let mut made = flate2::write::ZlibEncoder::new(Vec::new(), best);
                made.write_all(text).unwrap();
                made.finish().unwrap()
            }
            "zstd" => zstd::stream::encode_all(text, 3).unwrap(),
            // Nothing here packs brotli: whole meta-blocks that are not packed (RFC 7932 §9.2), 16 bits of window.
            _ => {
                let (mut out, mut bits) = (Vec::new(), vec![false]); // WBITS 16
                let put = |bits: &mut Vec<bool>, value: usize, count: usize| {
                    bits.extend((0..count).map(|bit| value >> bit & 1 == 1));
                };
                for piece in text.chunks(0xffff) {
                    put(&mut bits, 0, 1); // not the last
                    put(&mut bits, 0, 2); // four nibbles of length
                    put(&mut bits, piece.len() - 1, 16);
                    put(&mut bits, 1, 1); // not packed
                    while bits.len() % 8 != 0 {
                        bits.push(false);
                    }
                    out.extend(bits.chunks(8).map(|byte| {
                        byte.iter().enumerate().fold(0, |sum, (at, bit)| sum | u8::from(*bit) << at)
                    }));
                    bits.clear();
                    out.extend_from_slice(piece);
                }
                out.push(0b11); // the last, and empty
                out
            }
        }
    }

    #[test]
    fn every_coding_is_taken_off_however_the_bytes_are_cut() {
        let text: Vec<u8> = (0..200_000_u32).map(|nth| (nth % 251).to_le_bytes()[0]).collect();
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let bytes = packed(coding, &text);
            for size in [1, 7, 4_096, bytes.len()] {
                assert!(all(coding, &bytes, size).unwrap() == text, "{coding} {size}");
            }
            assert!(all(coding, &bytes[..bytes.len() - 3], 64).is_err(), "{coding}: it broke off");
            assert!(all(coding, b"\xff\xfe no such thing", 64).is_err(), "{coding}: it is another thing");
            assert_eq!(all(coding, b"", 64).unwrap(), b"", "{coding}: nothing came");
        }
        let two = [packed("zstd", b"a"), packed("zstd", b"b")].concat();
        assert_eq!(all("zstd", &two, 3).unwrap(), b"ab");
    }

    #[test]
    fn a_bomb_ends_early() {
        let bomb = packed("zstd", &vec![0; 200_000_000]);
        assert!(bomb.len() < 100_000);
        let (mut own, mut most, mut sum) = (unpack("zstd"), 0, 0_u64);
        let ended = own.push::<()>(&bomb, &mut |bytes| {
            most = most.max(bytes.len());
            sum += bytes.len() as u64;
            Ok(())
        });
        let Err(Ended::Packed(error)) = ended else { unreachable!("it has to end") };
        assert!(error.to_string().contains("is not taken any further"), "{error}");
        assert!(sum <= super::FREE && most <= super::STEP, "{sum} {most}");
        // What only packs well is no bomb: gzip of 60 MB of zeroes.
        let well = packed("gzip", &vec![0; 60_000_000]);
        assert_eq!(all("gzip", &well, 4_096).unwrap().len(), 60_000_000);
        let enough = unpack("gzip").push(&well, &mut |_| Err("enough"));
        assert!(matches!(enough, Err(Ended::Taker("enough"))), "whoever takes the pieces ends it");
    }
}
