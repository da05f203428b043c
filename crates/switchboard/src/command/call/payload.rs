//! The body of a request as the command line makes it: held, or streamed from files with its length known.

use super::input;
use crate::exit::Failure;
use bytes::{Bytes, BytesMut};
use call::{BodyError, OutBody};
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// A stretch of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// In memory.
    Held(Bytes),
    /// A file, and its size when it was looked at.
    File(PathBuf, u64),
}

/// The body of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Payload {
    /// None.
    #[default]
    Empty,
    /// In memory.
    Held(Bytes),
    /// Streamed.
    Chunks(Vec<Chunk>),
}

impl Payload {
    /// What a contract made of values, with its files looked at.
    pub(crate) fn opened(payload: contract::Payload) -> Result<Self, Failure> {
        let file = |source: contract::Source| -> Result<Chunk, Failure> {
            let size = input::size(&source.name)?;
            Ok(Chunk::File(source.name.into(), size))
        };
        Ok(match payload {
            contract::Payload::Empty => Self::Empty,
            contract::Payload::Bytes(bytes) => Self::Held(bytes),
            contract::Payload::Later(source) => Self::Chunks(vec![file(source)?]),
            contract::Payload::Chunks(chunks) => {
                let chunk = |chunk| match chunk {
                    contract::Chunk::Held(bytes) => Ok(Chunk::Held(bytes)),
                    contract::Chunk::Later(source) => file(source),
                };
                Self::Chunks(chunks.into_iter().map(chunk).collect::<Result<_, _>>()?)
            }
        })
    }

    /// Bytes in memory, where it is all there.
    pub(crate) fn held(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Held(bytes) => Some(bytes),
            Self::Chunks(_) => None,
        }
    }

    /// What of it is in memory, with files left out.
    pub(crate) fn in_memory(&self) -> std::borrow::Cow<'_, [u8]> {
        let Self::Chunks(chunks) = self else { return self.held().unwrap_or_default().into() };
        let held = chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Held(bytes) => Some(&bytes[..]),
            Chunk::File(..) => None,
        });
        held.collect::<Vec<_>>().concat().into()
    }

    /// Its length in bytes.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Held(bytes) => bytes.len() as u64,
            Self::Chunks(chunks) => chunks.iter().map(Chunk::len).sum(),
        }
    }

    /// As the sending room takes it.
    pub(crate) fn into_body(self) -> OutBody {
        match self {
            Self::Empty => OutBody::Empty,
            Self::Held(bytes) => OutBody::Held(bytes),
            Self::Chunks(chunks) => {
                let left = chunks.iter().map(Chunk::len).sum();
                OutBody::Stream(Box::pin(Streamed { chunks: chunks.into(), open: None, left }))
            }
        }
    }
}

impl Chunk {
    fn len(&self) -> u64 {
        match self {
            Self::Held(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }
}

/// Chunks on their way out.
struct Streamed {
    chunks: VecDeque<Chunk>,
    open: Option<(tokio::fs::File, u64)>,
    left: u64,
}

/// How much is read from a file at once.
const READ: usize = 64 * 1024;

impl Streamed {
    /// The next bytes of the open file; `None` when it gave all it promised.
    fn read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some((file, left)) = &mut self.open else { return Poll::Ready(None) };
        if *left == 0 {
            self.open = None;
            return Poll::Ready(None);
        }
        let mut bytes = BytesMut::zeroed(READ.min(usize::try_from(*left).unwrap_or(READ)));
        let mut buffer = ReadBuf::new(&mut bytes);
        if let Err(error) = ready!(Pin::new(file).poll_read(cx, &mut buffer)) {
            return Poll::Ready(Some(Err(error.into())));
        }
        let read = buffer.filled().len();
        if read == 0 {
            // The length was announced: a shorter body would be a broken message (RFC 9112 §6.3).
            return Poll::Ready(Some(Err("a file became shorter while it was sent".into())));
        }
        *left -= read as u64;
        bytes.truncate(read);
        Poll::Ready(Some(Ok(bytes.freeze())))
    }
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match ready!(self.read(cx)) {
                Some(Ok(bytes)) => {
                    self.left = self.left.saturating_sub(bytes.len() as u64);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {}
            }
            match self.chunks.pop_front() {
                None => return Poll::Ready(None),
                Some(Chunk::Held(bytes)) if bytes.is_empty() => {}
                Some(Chunk::Held(bytes)) => {
                    self.left = self.left.saturating_sub(bytes.len() as u64);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Chunk::File(path, size)) => match std::fs::File::open(&path) {
                    Ok(file) => self.open = Some((tokio::fs::File::from_std(file), size)),
                    Err(error) => {
                        return Poll::Ready(Some(Err(format!(
                            "`{}` cannot be read: {error}",
                            path.display()
                        )
                        .into())));
                    }
                },
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
