//! Bytes on a socket, as no well-behaved client sends them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a URL's host and port.
pub(crate) fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Everything up to the end of the connection. A reset is an end.
pub(crate) fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let (mut all, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut part) {
            Ok(0) => return all,
            Ok(read) => all.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return all,
            Err(error) => panic!("the connection stays open ({error}): {}", String::from_utf8_lossy(&all)),
        }
    }
}

/// Sends these bytes and, on the same connection, a request that closes it; gives the statuses of all answers.
pub(crate) fn exchange(url: &str, bytes: &[u8]) -> (Vec<u16>, String) {
    let mut stream = connect(url);
    // Who answers early may have closed already.
    let _ = stream.write_all(bytes);
    let _ = stream.write_all(b"GET /after HTTP/1.1\r\nHost: acme.example\r\nConnection: close\r\n\r\n");
    let text = String::from_utf8_lossy(&rest(&mut stream)).into_owned();
    (statuses(&text), text)
}

/// The statuses of all status lines in it.
pub(crate) fn statuses(text: &str) -> Vec<u16> {
    let lines = text.split("HTTP/1.1 ").skip(1).chain(text.split("HTTP/1.0 ").skip(1));
    lines.filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}

/// Calls `threads` × `each` times over connections that are kept; gives how many were answered with 200.
pub(crate) fn load(url: &str, threads: usize, each: usize) -> usize {
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut caller = Caller::new(url);
                    (0..each).filter(|_| caller.get("/", "") == Some(200)).count()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    })
}

/// A caller with one kept connection, quick enough to make load.
pub(crate) struct Caller(BufReader<TcpStream>);

impl Caller {
    /// A caller, where somebody listens.
    pub(crate) fn try_new(url: &str) -> Option<Self> {
        let stream = TcpStream::connect(url.strip_prefix("http://")?).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self(BufReader::new(stream)))
    }

    pub(crate) fn new(url: &str) -> Self {
        Self(BufReader::new(connect(url)))
    }

    /// The status, or none when the connection ended. `fields` are whole lines.
    pub(crate) fn get(&mut self, path: &str, fields: &str) -> Option<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: acme.example\r\n{fields}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).ok()?;
        let (mut status, mut length, mut line) = (None, 0, String::new());
        loop {
            line.clear();
            if self.0.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.get(..3)?.parse().ok();
            } else if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().ok()?;
            } else if line == "\r\n" {
                break;
            }
        }
        self.0.read_exact(&mut vec![0; length]).ok()?;
        status
    }
}
