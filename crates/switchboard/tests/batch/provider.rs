//! A provider that keeps its own log: every request that arrived, with row and idempotency key, before it is answered.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) key: Option<String>,
    pub(crate) body: serde_json::Value,
}

/// The provider; it ends with the test's process.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) url: String,
    log: Arc<Mutex<Vec<Arrived>>>,
    broken: Arc<Mutex<Vec<i64>>>,
}

impl Provider {
    /// Starts it; each answer takes `pause`.
    pub(crate) fn start(pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let own = Self { url, log: Arc::default(), broken: Arc::default() };
        let provider = own.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let provider = provider.clone();
                std::thread::spawn(move || provider.serve(&stream, pause));
            }
        });
        own
    }

    /// Answers 503 to these numbers from now on.
    pub(crate) fn breaks(&self, numbers: &[i64]) {
        *self.broken.lock().unwrap() = numbers.to_vec();
    }

    /// What arrived so far.
    pub(crate) fn log(&self) -> Vec<Arrived> {
        self.log.lock().unwrap().clone()
    }

    fn serve(&self, stream: &TcpStream, pause: Duration) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut length, mut key, mut line) = (0, None, String::new());
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            loop {
                let mut field = String::new();
                reader.read_line(&mut field).ok()?;
                let Some((name, value)) = field.trim_end().split_once(':') else { break };
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap(),
                    "idempotency-key" => key = Some(value.trim().to_owned()),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let number = body["number"].as_i64().unwrap_or_default();
            self.log.lock().unwrap().push(Arrived { key, body });
            std::thread::sleep(pause);
            let status = if self.broken.lock().unwrap().contains(&number) { "503 Out" } else { "201 Made" };
            let text = format!("{{\"number\":{number}}}");
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
            (&mut &*stream).write_all(head.as_bytes()).ok()?;
        }
    }
}
