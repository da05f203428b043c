//! A line to the gateway: one connection that is kept, and opened again when it broke.

use super::Caller;
use super::plan::Ask;
use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// For a whole call.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const ANSWER: usize = 1024 * 1024;

pub(super) struct Line {
    gateway: SocketAddr,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl Line {
    pub(super) fn to(gateway: SocketAddr) -> Self {
        Self { gateway, sender: None }
    }

    /// Makes a call and reads its answer; after an error the next call opens a new connection.
    pub(super) async fn call(&mut self, ask: &Ask, caller: Option<&Caller>) -> io::Result<()> {
        let request = self.request(ask, caller)?;
        // Taken, so that a call that breaks off leaves no half-used connection behind.
        let mut sender = self.sender.take().filter(|sender| !sender.is_closed());
        let exchange = async {
            let mut sender = match sender.take() {
                Some(sender) => sender,
                None => self.connect().await?,
            };
            sender.ready().await.map_err(io::Error::other)?;
            let answer = sender.send_request(request).await.map_err(io::Error::other)?;
            Limited::new(answer.into_body(), ANSWER).collect().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(sender)
        };
        self.sender = Some(tokio::time::timeout(PATIENCE, exchange).await??);
        Ok(())
    }

    fn request(&self, ask: &Ask, caller: Option<&Caller>) -> io::Result<Request<Full<Bytes>>> {
        let agent = caller.map_or("somebody/1.0".to_owned(), |caller| format!("{}/1.0", caller.name));
        let mut request = Request::builder()
            .method(&ask.method)
            .uri(&ask.target)
            .header(header::HOST, self.gateway.to_string())
            .header(header::USER_AGENT, agent)
            .header(header::ACCEPT, "application/json");
        if let Some(caller) = caller {
            let mut key = http::HeaderValue::from_str(caller.key.reveal()).map_err(io::Error::other)?;
            key.set_sensitive(true);
            request = request.header("x-api-key", key);
        }
        if let Some(key) = &ask.idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if ask.body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = ask.body.as_ref().map_or_else(Bytes::new, |body| body.to_string().into());
        request.body(Full::new(body)).map_err(io::Error::other)
    }

    async fn connect(&self) -> io::Result<SendRequest<Full<Bytes>>> {
        let stream = TcpStream::connect(self.gateway).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends when the sender is dropped.
        tokio::spawn(connection);
        Ok(sender)
    }
}
