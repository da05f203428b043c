//! The kinds of providers there are: one constructor each, right ones, broken ones, and the demo's two.

use super::broken::Break;
use super::serve::Behaviour;
use super::{Provider, Unstarted, orders, plain, weather};
use bytes::Bytes;
use http::{Request, Response};
use std::time::Duration;

/// The providers there are. The broken ones read a request's head and then do wrong; their bodies are not read.
impl Provider {
    /// Accepts, reads, never answers.
    pub fn silent() -> Unstarted {
        Unstarted::broken(Break::Silent)
    }

    /// A port that nobody listens on; it stays taken while the value lives, so that nobody else gets it.
    pub fn refusing() -> Unstarted {
        Unstarted::new(None)
    }

    /// Answers bytes that are no HTTP and closes.
    pub fn garbage() -> Unstarted {
        Self::raw(&b"\x00\x01\xfe this is no HTTP \r\n\r\n"[..])
    }

    /// Answers exactly these bytes to every request, then closes.
    pub fn raw(bytes: impl Into<Bytes>) -> Unstarted {
        Unstarted::broken(Break::Raw(bytes.into()))
    }

    /// Announces 100 bytes (`Content-Length`), sends 10, closes.
    pub fn closing_mid_body() -> Unstarted {
        Unstarted::broken(Break::MidBody)
    }

    /// Answers the first request of each connection, keeps it open, and resets it (TCP RST) when the second comes.
    /// That second request is counted as a call.
    pub fn resetting_on_reuse() -> Unstarted {
        Unstarted::broken(Break::ResetOnReuse)
    }

    /// Answers the first request of each connection as if it stayed open, and closes it at once: a stale connection in the caller's pool.
    pub fn closing_after_answer() -> Unstarted {
        Unstarted::broken(Break::CloseAfterAnswer)
    }

    /// Sends `count` chunks of 16 bytes, each after `gap`.
    pub fn slow_body(count: u32, gap: Duration) -> Unstarted {
        Unstarted::answer(plain::slow_body(count, gap))
    }

    /// Sends a body without end, as fast as it is taken.
    pub fn endless() -> Unstarted {
        Unstarted::answer(plain::endless())
    }

    /// Answers 200 after `delay`.
    pub fn late(delay: Duration) -> Unstarted {
        Unstarted::answer(plain::late(delay))
    }

    /// Answers what it was sent: `{"method","target","version","fields":[[name,value],…],"body":text or null,"length":bytes}`.
    /// Names of fields are in lower case; a body that is not UTF-8 has only its length.
    pub fn echo() -> Unstarted {
        Unstarted::answer(plain::echo())
    }

    /// Answers this status with a short JSON body.
    pub fn status(code: u16) -> Unstarted {
        Unstarted::answer(plain::status(code))
    }

    /// Answers what the function says; it sees the whole request.
    pub fn answering<F>(answer: F) -> Unstarted
    where
        F: Fn(&Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        Unstarted::answer(plain::answering(answer))
    }

    /// Answers these one after the other; the last one is repeated. An empty script answers 500.
    pub fn script(answers: Vec<Response<Bytes>>) -> Unstarted {
        Unstarted::answer(plain::script(answers))
    }

    /// Switches to WebSocket (RFC 6455 §4.2.2) and sends back every byte as it came; anything else is 426.
    pub fn websocket_echo() -> Unstarted {
        Unstarted::new(Some(Behaviour::WebSocket))
    }

    /// Sends `count` server-sent events, each after `gap`, then ends.
    pub fn server_sent_events(count: u32, gap: Duration) -> Unstarted {
        Unstarted::answer(plain::server_sent_events(count, gap))
    }

    /// Reads any upload without keeping it and answers `{"received":bytes}`.
    pub fn sink() -> Unstarted {
        Unstarted::new(Some(Behaviour::Sink))
    }

    /// The demo's weather: `board/contracts/weather.yaml`.
    pub fn weather() -> Unstarted {
        Unstarted::answer(weather::weather())
    }

    /// The demo's orders: `board/contracts/orders.yaml`, with `total` as text in 3 % of the answers to GET.
    pub fn orders() -> Unstarted {
        Unstarted::answer(orders::orders(orders::Planted::WrongTotals))
    }

    /// The same orders, always true to their contract.
    pub fn faultless_orders() -> Unstarted {
        Unstarted::answer(orders::orders(orders::Planted::Nothing))
    }
}
