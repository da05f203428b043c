//! Starts a gateway on a board of text, calls it over real sockets, and keeps what it records.

use board::{Board, Outside, OutsideError};
use exchange::{Accounts, CallId, CallRecord, Detail, KeyDigest, Recorder, Usage};
use gateway::{Gateway, GatewayOptions, LimitsOf, Running, Settings, Standing};
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Long enough for a busy machine; only a failing test waits for it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The key of the consumer `NAME` is `key-of-NAME`; this is its digest as boards write it.
pub(crate) fn digest(name: &str) -> String {
    KeyDigest::of(&format!("key-of-{name}")).to_string()
}

/// `[consumers.NAME]` for a board.
pub(crate) fn consumer(name: &str, plans: &str) -> String {
    format!("[consumers.{name}]\nplans = {plans}\nkeys = [\"{}\"]\n", digest(name))
}

struct Texts(HashMap<String, Vec<u8>>);

impl Outside for Texts {
    fn file(&self, path: &Path) -> Result<Vec<u8>, OutsideError> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.0.get(name).cloned().ok_or_else(|| OutsideError(format!("no file `{name}`")))
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "CREDENTIAL").then(|| "provider-secret".to_owned())
    }

    fn stored(&self, reference: &str) -> Result<String, OutsideError> {
        Err(OutsideError(format!("no secret `{reference}`")))
    }
}

/// Resolves a board of text. Files are found by their last name.
pub(crate) fn board(text: &str, files: &[(&str, &[u8])]) -> Board {
    let mut texts = HashMap::from([("switchboard.toml".to_owned(), text.as_bytes().to_vec())]);
    texts.extend(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())));
    board::load(Path::new("/board"), None, &Texts(texts))
        .unwrap_or_else(|found| panic!("{}", found.render(false)))
}

/// What the limits of a consumer stand at.
pub(crate) fn standings(running: &Running, consumer: &str) -> Vec<Standing> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let of = LimitsOf { consumer: Some(consumer.to_owned()), ..LimitsOf::default() };
    runtime.block_on(running.limits(&of)).limits
}

/// What a question gives whose answer is there.
pub(crate) fn now<T>(answer: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(answer).expect("the answer is there")
}

pub(crate) fn accounts(board: &Board, before: Option<&Accounts>) -> Accounts {
    let known = &board.consumers;
    Accounts::new(known.consumers.clone(), known.keys.clone(), |plan| board.limits_of(plan), before)
}

/// Keeps everything; `wait` is how tests wait for a record without sleeping.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) calls: Mutex<Vec<CallRecord>>,
    pub(crate) usage: Mutex<Vec<Usage>>,
    pub(crate) details: Mutex<Vec<(CallId, Detail)>>,
    came: Condvar,
}

impl Recorder for Kept {
    fn usage(&self, usage: Usage) {
        self.usage.lock().expect("usage").push(usage);
    }

    fn row(&self, record: CallRecord) {
        self.calls.lock().expect("calls").push(record);
        self.came.notify_all();
    }

    fn detail(&self, id: CallId, detail: Detail) {
        self.details.lock().expect("details").push((id, detail));
        self.came.notify_all();
    }
}

impl Kept {
    /// Closed records, once there are `count`.
    pub(crate) fn closed(&self, count: usize) -> Vec<CallRecord> {
        let mut calls = self.calls.lock().expect("calls");
        let until = Instant::now() + PATIENCE;
        loop {
            let closed: Vec<_> = calls.iter().filter(|call| !call.open).cloned().collect();
            if closed.len() >= count || Instant::now() > until {
                assert_eq!(closed.len(), count, "records: {closed:#?}");
                return closed;
            }
            calls = self.came.wait_timeout(calls, Duration::from_millis(50)).expect("calls").0;
        }
    }

    /// Records of calls that are still running, once there are `count`.
    pub(crate) fn open(&self, count: usize) -> Vec<CallRecord> {
        let mut calls = self.calls.lock().expect("calls");
        let until = Instant::now() + PATIENCE;
        loop {
            let open: Vec<_> = calls.iter().filter(|call| call.open).cloned().collect();
            if open.len() >= count || Instant::now() > until {
                assert_eq!(open.len(), count, "open rows");
                return open;
            }
            calls = self.came.wait_timeout(calls, Duration::from_millis(50)).expect("calls").0;
        }
    }

    pub(crate) fn detail(&self, id: CallId) -> Detail {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.details.lock().expect("details").iter().find(|(known, _)| *known == id).cloned();
            if let Some((_, detail)) = found {
                return detail;
            }
            assert!(Instant::now() < until, "no detail of {id}");
            std::thread::yield_now();
        }
    }
}

/// A gateway that runs, with what it recorded.
pub(crate) struct Started {
    pub(crate) running: Running,
    pub(crate) kept: Arc<Kept>,
    pub(crate) board: Arc<Board>,
    pub(crate) accounts: Arc<Accounts>,
}

pub(crate) fn start(text: &str, files: &[(&str, &[u8])]) -> Started {
    start_with(text, files, Settings::default())
}

pub(crate) fn start_with(text: &str, files: &[(&str, &[u8])], settings: Settings) -> Started {
    start_on(1, text, files, settings)
}

/// On so many threads.
pub(crate) fn start_on(threads: u16, text: &str, files: &[(&str, &[u8])], settings: Settings) -> Started {
    let board = Arc::new(board(text, files));
    let accounts = Arc::new(accounts(&board, None));
    let kept = Arc::new(Kept::default());
    let running = Gateway::start(GatewayOptions {
        board: Arc::clone(&board),
        accounts: Arc::clone(&accounts),
        recorder: Arc::clone(&kept) as Arc<dyn Recorder>,
        quotas: Arc::new(exchange::QuotasInMemory::default()),
        threads: threads.into(),
        writer_ids: (1..=threads).collect(),
        settings,
    });
    Started { running: running.unwrap_or_else(|error| panic!("{error}")), kept, board, accounts }
}

impl Started {
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.addresses()[0].1
    }

    pub(crate) fn connect(&self) -> Line {
        Line::to(self.address())
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: &str) -> Reply {
        let mut line = self.connect();
        line.write(request.as_bytes());
        line.reply(request.starts_with("HEAD"))
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: gw.example\r\n\r\n"))
    }

    pub(crate) fn with(&self, target: &str, fields: &str) -> Reply {
        self.send(&format!("GET {target} HTTP/1.1\r\nHost: gw.example\r\n{fields}\r\n"))
    }

    pub(crate) fn post(&self, target: &str, fields: &str, body: &str) -> Reply {
        let length = body.len();
        self.send(&format!(
            "POST {target} HTTP/1.1\r\nHost: gw.example\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
        ))
    }
}

/// A connection on which every byte is the test's own.
pub(crate) struct Line {
    pub(crate) stream: TcpStream,
    held: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body came to its announced end.
    pub(crate) whole: bool,
}

impl Line {
    pub(crate) fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the gateway listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
        stream.set_nodelay(true).expect("nodelay");
        Self { stream, held: Vec::new() }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        // A gateway that has refused may have closed already.
        let _ = self.stream.write_all(bytes);
    }

    /// Reads more; false at the end.
    pub(crate) fn more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(count) => {
                self.held.extend_from_slice(&buffer[..count]);
                true
            }
        }
    }

    /// Whether the gateway has closed.
    pub(crate) fn is_closed(&mut self) -> bool {
        while self.more() {}
        true
    }

    pub(crate) fn head(&mut self) -> Reply {
        let end = loop {
            if let Some(end) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !self.more() {
                return Reply {
                    status: 0,
                    fields: Vec::new(),
                    body: std::mem::take(&mut self.held),
                    whole: false,
                };
            }
        };
        let text = String::from_utf8_lossy(&self.held[..end]).into_owned();
        self.held.drain(..end);
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
        let fields = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Reply { status, fields, body: Vec::new(), whole: true }
    }

    /// Takes what is there, at least `count` bytes, unless it ends.
    pub(crate) fn take(&mut self, count: usize) -> Vec<u8> {
        while self.held.len() < count && self.more() {}
        let count = count.min(self.held.len());
        self.held.drain(..count).collect()
    }

    pub(crate) fn reply(&mut self, headless: bool) -> Reply {
        let mut reply = self.head();
        if headless || reply.status < 200 || matches!(reply.status, 204 | 304) {
            return reply;
        }
        if let Some(length) = reply.field("content-length") {
            let length = length.parse().expect("a number");
            reply.body = self.take(length);
            reply.whole = reply.body.len() == length;
        } else if reply.field("transfer-encoding").is_some() {
            while let Some(chunk) = self.chunk() {
                if chunk.is_empty() {
                    return reply;
                }
                reply.body.extend(chunk);
            }
            reply.whole = false;
        } else {
            while self.more() {}
            reply.body = std::mem::take(&mut self.held);
        }
        reply
    }

    /// One chunk; `None`: it broke off.
    pub(crate) fn chunk(&mut self) -> Option<Vec<u8>> {
        let end = loop {
            if let Some(end) = self.held.windows(2).position(|two| two == b"\r\n") {
                break end;
            }
            if !self.more() {
                return None;
            }
        };
        let size = usize::from_str_radix(std::str::from_utf8(&self.held[..end]).ok()?, 16).ok()?;
        self.held.drain(..end + 2);
        let bytes = self.take(size + 2);
        (bytes.len() == size + 2).then(|| bytes[..size].to_vec())
    }
}

impl Reply {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?} {}", self.text()))
    }

    /// Slug of the problem's type.
    pub(crate) fn slug(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.rsplit('/').next().unwrap_or_default().to_owned()
    }
}
