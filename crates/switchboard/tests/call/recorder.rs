//! A server that writes down the bytes it is sent, and answers every request the same.

use crate::differential::encoded;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// The server; it ends with the process.
pub(crate) struct Recorder {
    pub(crate) port: u16,
    sent: Receiver<Request>,
}

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The request line.
    pub(crate) line: String,
    /// Names as they were written, and values; in their order.
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Recorder {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (tell, sent) = mpsc::channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let tell = tell.clone();
                let mut socket = socket.unwrap();
                thread::spawn(move || {
                    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
                    while let Some(request) = read(&mut socket) {
                        let path = request.line.split(' ').nth(1).unwrap_or_default().to_owned();
                        let line = request.line.clone();
                        let _ = tell.send(request);
                        // `/to/302` leads to `/end`.
                        let status = path.strip_prefix("/to/").and_then(|rest| rest.get(..3));
                        let status = status.filter(|status| status.starts_with('3'));
                        let head = match status {
                            Some(status) => format!("HTTP/1.1 {status} Found\r\nLocation: /end?x=1\r\n"),
                            None if path.contains("/missing") => "HTTP/1.1 404 Not Found\r\n".to_owned(),
                            None if path.starts_with("/set/") => {
                                format!(
                                    "HTTP/1.1 200 OK\r\nSet-Cookie: k={}; Path=/\r\n",
                                    encoded(&path[5..])
                                )
                            }
                            None => "HTTP/1.1 200 OK\r\n".to_owned(),
                        };
                        // `/say/…` is answered with what was asked for.
                        let body = if path.starts_with("/say/") { encoded(&path) } else { String::new() };
                        let _ = write!(socket, "{head}Content-Length: {}\r\n\r\n", body.len());
                        if !line.starts_with("HEAD ") {
                            let _ = socket.write_all(body.as_bytes());
                        }
                    }
                });
            }
        });
        Self { port, sent }
    }

    /// What came since the last time. Whoever sent has got its answer, so all of it is here.
    pub(crate) fn taken(&self) -> Vec<Request> {
        self.sent.try_iter().collect()
    }
}

fn read(socket: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 1 << 20 || socket.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    // A byte is a letter: nothing of what was sent is lost.
    let text: String = head.iter().map(|byte| char::from(*byte)).collect();
    let mut lines = text.trim_end_matches("\r\n").split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let fields: Vec<(String, String)> = lines
        .map(|line| line.split_once(':').unwrap_or((line, "")))
        .map(|(name, value)| (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()))
        .collect();
    let field = |wanted: &str| {
        fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    if field("expect").is_some() {
        let _ = socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
    }
    let mut body = Vec::new();
    if field("transfer-encoding").is_some() {
        loop {
            let mut size = Vec::new();
            while !size.ends_with(b"\r\n") {
                socket.read_exact(&mut byte).ok()?;
                size.push(byte[0]);
            }
            let size = usize::from_str_radix(std::str::from_utf8(&size).ok()?.trim(), 16).ok()?;
            let mut piece = vec![0; size + 2];
            socket.read_exact(&mut piece).ok()?;
            body.extend_from_slice(&piece[..size]);
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = field("content-length").and_then(|length| length.parse().ok()) {
        body.resize(length, 0);
        socket.read_exact(&mut body).ok()?;
    }
    Some(Request { line, fields, body })
}
