//! A receiver of webhooks: a socket that answers as it is told and checks every signature by the specification alone.
//!
//! Standard Webhooks 1.0.0, *Verifying webhook authenticity*; HMAC as RFC 2104 has it, over SHA-256, written out here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The specification's example key.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The status of a receiver that answers nothing.
pub(crate) const SILENT: u16 = 0;

/// A message whose signature was right.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) answered: u16,
}

/// A receiver on a port of the loopback.
pub(crate) struct Receiver {
    port: u16,
    answers: Arc<Mutex<u16>>,
    heard: Arc<Mutex<Vec<Result<Message, String>>>>,
}

impl Receiver {
    /// Answers with this status until it is told otherwise; [`SILENT`]: not at all, for as long as it is asked.
    pub(crate) fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (answers, heard) = (Arc::new(Mutex::new(status)), Arc::new(Mutex::new(Vec::new())));
        let receiver = Self { port, answers: Arc::clone(&answers), heard: Arc::clone(&heard) };
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let answers = Arc::clone(&answers);
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || {
                    let mut stream = BufReader::new(stream);
                    let Some((head, body)) = read(&mut stream) else { return };
                    let status = *answers.lock().unwrap();
                    heard.lock().unwrap().push(verified(&head, body, status));
                    if status == SILENT {
                        let _ = stream.read(&mut [0]);
                        return;
                    }
                    let elsewhere = if status == 302 { "Location: http://127.0.0.1:1/\r\n" } else { "" };
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\n{elsewhere}Content-Length: 0\r\nConnection: close\r\n\r\n"
                    );
                    let _ = stream.get_mut().write_all(answer.as_bytes());
                });
            }
        });
        receiver
    }

    pub(crate) fn answer(&self, status: u16) {
        *self.answers.lock().unwrap() = status;
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/in/?team=ops", self.port)
    }

    /// Everything heard so far; each with a right signature.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().iter().map(|message| message.clone().unwrap()).collect()
    }

    /// Waits until something of what was heard is so; at most a minute.
    pub(crate) fn wait(&self, what: &str, so: impl Fn(&[Message]) -> bool) -> Vec<Message> {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let heard = self.heard();
            if so(&heard) {
                return heard;
            }
            assert!(Instant::now() < end, "{what}: {heard:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn read(stream: &mut BufReader<std::net::TcpStream>) -> Option<(Vec<String>, String)> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let length = field(&head, "content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

fn field<'h>(head: &'h [String], name: &str) -> Option<&'h str> {
    head.iter()
        .filter_map(|line| line.split_once(": "))
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn verified(head: &[String], body: String, answered: u16) -> Result<Message, String> {
    let wanted = |name: &str| field(head, name).ok_or(format!("no `{name}`: {head:?}"));
    let (id, seconds, signatures) =
        (wanted("webhook-id")?, wanted("webhook-timestamp")?, wanted("webhook-signature")?);
    let at: u64 = seconds.parse().map_err(|_| format!("no seconds: {seconds}"))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    if now.abs_diff(at) > 300 {
        return Err(format!("signed at {at}, now it is {now}"));
    }
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let right = STANDARD.encode(hmac(&key, format!("{id}.{seconds}.{body}").as_bytes()));
    if !signatures.split(' ').any(|signature| signature == format!("v1,{right}")) {
        return Err(format!("`{signatures}` is not `v1,{right}`"));
    }
    let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
    Ok(Message { id: id.to_owned(), path, body, answered })
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let padded = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().into()
}
