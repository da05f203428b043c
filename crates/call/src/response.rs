//! Checking an answer against its contract while it passes: a bounded copy is checked, the body is not touched.
//!
//! A compressed body passes as it is and its copy is decoded; what the copy may hold bounds that too, so that a small body
//! cannot become a large one here. A body that is longer, in a coding that is not read, damaged, or
//! broken off is reported as cut: recorded as unchecked, never silently so.

use crate::answer_body::AnswerBody;
use crate::{Answer, BodyError};
use bytes::Bytes;
use contract::{Check, Need, Operation, Report};
use exchange::ByteCount;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, Method, StatusCode};
use http_body::{Body as _, Frame};
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

/// Checks `answer` to a `method` call of `operation` as it passes, holding at most `most` of it; `done` gets the
/// report when its body has ended, or was dropped.
pub fn check(
    mut answer: Answer,
    operation: &Operation,
    method: &Method,
    most: ByteCount,
    done: impl FnOnce(Report) + 'static,
) -> Answer {
    let (found, need) = contract::check_answer(operation, answer.status, &answer.fields);
    let check = match need {
        Need::Watch(check) | Need::Whole(check) if has_body(method, answer.status) => check,
        _ => {
            done(Report { found, ..Report::default() });
            return answer;
        }
    };
    let copy = Decoder::new(&answer.fields, check.at_most(most.as_usize()), most.as_usize());
    let mut tee = Tee { copy: Some(copy), done: Some(Box::new(done)), found };
    if answer.body.is_end_stream() {
        tee.end(None);
        return answer;
    }
    answer.body = AnswerBody::watched(answer.body, tee);
    answer
}

/// The report on an answer whose whole body is here, for whoever holds it: `block`, the command line, tests.
pub fn report(
    operation: &Operation,
    method: &Method,
    status: StatusCode,
    fields: &HeaderMap,
    body: &[u8],
    most: ByteCount,
) -> Report {
    let (mut found, need) = contract::check_answer(operation, status, fields);
    let mut report = match need {
        Need::Watch(check) | Need::Whole(check) if has_body(method, status) => {
            let mut copy = Decoder::new(fields, check.at_most(most.as_usize()), most.as_usize());
            copy.push(body);
            copy.end(None)
        }
        _ => Report::default(),
    };
    found.append(&mut report.found);
    Report { found, ..report }
}

/// Whether an answer has content (RFC 9110 §6.4.1).
fn has_body(method: &Method, status: StatusCode) -> bool {
    *method != Method::HEAD
        && !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The copy of a body on its way into a check, decoded.
enum Decoder {
    Plain(Feed),
    Gzip(MultiGzDecoder<Feed>),
    Zlib(ZlibDecoder<Feed>),
    Cut,
}

/// A check as something that can be written to; `left`: what may still come, in bytes, as a few compressed
/// ones can unpack to gigabytes.
struct Feed {
    check: Check,
    left: usize,
}

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let full = || io::Error::other("the copy is full");
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(full)?;
        self.check.push(bytes).map(|()| bytes.len()).map_err(|contract::Stop| full())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Decoder {
    fn new(fields: &HeaderMap, check: Check, most: usize) -> Self {
        let mut codings = fields.get_all(CONTENT_ENCODING).iter();
        let coding = codings.next().map_or(&b"identity"[..], |value| value.as_bytes().trim_ascii());
        let is = |name: &str| coding.eq_ignore_ascii_case(name.as_bytes());
        // RFC 9110 §8.4.1; several codings, one over the other, are not read.
        match codings.next() {
            None if is("identity") || coding.is_empty() => Self::Plain(Feed { check, left: usize::MAX }),
            None if is("gzip") || is("x-gzip") => Self::Gzip(MultiGzDecoder::new(Feed { check, left: most })),
            None if is("deflate") => Self::Zlib(ZlibDecoder::new(Feed { check, left: most })),
            _ => Self::Cut,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let written = match self {
            Self::Plain(check) => check.write_all(bytes),
            Self::Gzip(decoder) => decoder.write_all(bytes),
            Self::Zlib(decoder) => decoder.write_all(bytes),
            Self::Cut => return,
        };
        if written.is_err() {
            *self = Self::Cut;
        }
    }

    fn end(self, trailers: Option<&HeaderMap>) -> Report {
        let check = match self {
            Self::Plain(check) => Ok(check),
            Self::Gzip(decoder) => decoder.finish(),
            Self::Zlib(decoder) => decoder.finish(),
            Self::Cut => return cut(),
        };
        check.map_or_else(|_| cut(), |feed| feed.check.end(trailers))
    }
}

fn cut() -> Report {
    Report { cut: true, ..Report::default() }
}

/// What sees a body pass.
pub(crate) struct Tee {
    copy: Option<Decoder>,
    done: Option<Box<dyn FnOnce(Report)>>,
    found: Vec<contract::Violation>,
}

impl Tee {
    /// Sees one step of the body.
    pub(crate) fn see(&mut self, step: &Poll<Option<Result<Frame<Bytes>, BodyError>>>, over: bool) {
        match step {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(bytes), Some(copy)) = (frame.data_ref(), &mut self.copy) {
                    copy.push(bytes);
                }
                if over || frame.is_trailers() {
                    self.end(frame.trailers_ref());
                }
            }
            Poll::Ready(Some(Err(_))) => {
                self.copy = Some(Decoder::Cut);
                self.end(None);
            }
            Poll::Ready(None) => self.end(None),
        }
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) {
        let (Some(copy), Some(done)) = (self.copy.take(), self.done.take()) else { return };
        let mut report = copy.end(trailers);
        report.found.splice(..0, self.found.drain(..));
        done(report);
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        if self.copy.is_some() {
            self.copy = Some(Decoder::Cut);
            self.end(None);
        }
    }
}

/// A body that is seen as it passes.
pub(crate) struct Watched {
    pub(crate) body: AnswerBody,
    pub(crate) tee: Tee,
}

impl Watched {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let step = Pin::new(&mut self.body).poll_frame(cx);
        self.tee.see(&step, self.body.is_end_stream());
        step
    }
}
