//! Providers that do wrong: raw bytes on a socket, because a good HTTP library refuses to.
//!
//! Each reads a head (at most 64 KiB), counts it, and breaks. Bodies of requests are not read as such.

use super::seen::{Recorded, Seen};
use bytes::Bytes;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const HEAD: usize = 64 * 1024;
const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
const PART: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n0123456789";

/// A way to be broken.
#[derive(Clone, Debug)]
pub(crate) enum Break {
    Silent,
    Raw(Bytes),
    MidBody,
    ResetOnReuse,
    CloseAfterAnswer,
}

/// Serves one connection, wrongly.
pub(crate) async fn speak<S>(mut stream: S, how: &Break, seen: &Seen) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut rest = Vec::new();
    if !next_head(&mut stream, &mut rest, seen).await? {
        return Ok(());
    }
    match how {
        Break::Silent => swallow(&mut stream).await,
        Break::Raw(bytes) => finish(&mut stream, bytes).await,
        Break::MidBody => finish(&mut stream, PART).await,
        Break::CloseAfterAnswer => finish(&mut stream, GOOD).await,
        Break::ResetOnReuse => {
            stream.write_all(GOOD).await?;
            stream.flush().await?;
            // The socket lingers for no time: letting go of it resets the connection.
            next_head(&mut stream, &mut rest, seen).await.map(drop)
        }
    }
}

/// Reads up to the empty line; false when the caller hung up before it, or sent more than a head may have.
async fn next_head<S: AsyncRead + Unpin>(
    stream: &mut S,
    rest: &mut Vec<u8>,
    seen: &Seen,
) -> io::Result<bool> {
    loop {
        if let Some(end) = rest.windows(4).position(|four| four == b"\r\n\r\n") {
            let head: Vec<u8> = rest.drain(..end + 4).collect();
            seen.called(Recorded::of_text(&head));
            return Ok(true);
        }
        if rest.len() >= HEAD || stream.read_buf(rest).await? == 0 {
            return Ok(false);
        }
    }
}

/// Says this and hangs up. What the caller still sends is read to its end first:
/// closing over unread bytes would reset the connection and lose what was said (RFC 9112 §9.6).
async fn finish<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await?;
    swallow(stream).await
}

async fn swallow<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
