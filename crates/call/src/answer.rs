//! A provider's answer, its body still coming. The connection goes back to the pool when the body has ended.

use crate::AnswerBody;
use board::ServerUrl;
use http::{HeaderMap, StatusCode, Version};
use std::net::SocketAddr;
use std::time::Duration;

/// A provider's answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Fields, those of the connection removed.
    pub fields: HeaderMap,
    /// Body.
    pub body: AnswerBody,
    /// How it was got.
    pub sent: Sent,
    /// The connection itself, after a 101.
    pub upgrade: Option<hyper::upgrade::OnUpgrade>,
}

/// How an answer was got.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The server that answered.
    pub server: ServerUrl,
    /// How often it was sent, at least once.
    pub attempts: u32,
    /// Whether the connection had been used before.
    pub reused: bool,
    /// Waiting for the pace.
    pub waited: Duration,
    /// Making the connection, name and TLS included; zero when it was reused.
    pub connect: Duration,
    /// Of that, looking the name up.
    pub lookup: Duration,
    /// Of that, the TLS handshake with the provider.
    pub tls: Duration,
    /// The address of the other end: the provider's, or its proxy's.
    pub peer: Option<SocketAddr>,
    /// Which HTTP was spoken.
    pub version: Version,
    /// From the last byte sent to the head of the answer.
    pub first_byte: Duration,
    /// The request line and fields as they were sent, credentials replaced by `***`.
    pub head: Option<(String, HeaderMap)>,
}
