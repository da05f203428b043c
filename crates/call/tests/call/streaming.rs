//! Bodies of any size and connections that change hands.

use crate::caller::{get, json, on_one_thread, providers, request, upstream};
use board::Upstream;
use bytes::Bytes;
use call::{BodyError, ErrorKind, OutBody, Outgoing};
use demo::Provider;
use futures_util::stream;
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[test]
fn an_upload_flows_through_without_being_held() {
    on_one_thread(async {
        const PIECE: usize = 64 * 1024;
        const PIECES: usize = 4096; // 256 MiB
        let provider = Provider::sink().start().await;
        // A piece is made when it is asked for; whoever held pieces back would hold many of these alive.
        let alive = Rc::new(Cell::new((0_usize, 0_usize)));
        let piece = Bytes::from(vec![b'x'; PIECE]);
        let given = {
            let alive = Rc::clone(&alive);
            stream::iter(0..PIECES).map_piece(move |nth| {
                // What is not yet on the wire: all that was given, less what the provider says it has.
                alive.set((nth * PIECE, alive.get().1));
                piece.clone()
            })
        };
        let body = OutBody::Stream(Box::pin(StreamBody::new(given)));
        let outgoing = Outgoing { body, ..request(Method::POST, "/upload") };
        let send =
            async { json(providers().send(&upstream(&[provider.url()]), outgoing).await.unwrap()).await };
        let watch = async {
            loop {
                let (given, most) = alive.get();
                let received = usize::try_from(provider.received()).unwrap();
                alive.set((given, most.max(given.saturating_sub(received))));
                tokio::task::yield_now().await;
            }
        };
        let answer = tokio::select! { answer = send => answer, () = watch => unreachable!() };
        assert_eq!(answer["received"], PIECE * PIECES);
        let most = alive.get().1;
        assert!(most < 32 * 1024 * 1024, "{most} bytes were under way at once");
    });
}

/// Turns numbers into frames.
trait MapPiece: Sized {
    fn map_piece(
        self,
        make: impl FnMut(usize) -> Bytes + 'static,
    ) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, BodyError>> + 'static;
}

impl<S: futures_util::Stream<Item = usize> + 'static> MapPiece for S {
    fn map_piece(
        self,
        mut make: impl FnMut(usize) -> Bytes + 'static,
    ) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, BodyError>> + 'static {
        futures_util::StreamExt::map(self, move |nth| Ok(Frame::data(make(nth))))
    }
}

#[test]
fn a_slow_upload_is_the_callers_time_not_the_providers() {
    on_one_thread(async {
        let provider = Provider::sink().start().await;
        let upstream = Upstream { timeout: Duration::from_millis(150), ..upstream(&[provider.url()]) };
        let slow = stream::unfold(0, |nth| async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            (nth < 4).then(|| (Ok(Frame::data(Bytes::from_static(b"ten bytes!"))), nth + 1))
        });
        let body = OutBody::Stream(Box::pin(StreamBody::new(slow)));
        let outgoing = Outgoing { body, ..request(Method::PUT, "/") };
        let answer = providers().send(&upstream, outgoing).await.unwrap();
        assert_eq!(json(answer).await["received"], 40);
    });
}

#[test]
fn a_caller_that_breaks_off_is_the_callers_fault() {
    on_one_thread(async {
        let provider = Provider::sink().start().await;
        let upstream = Upstream { retries: 3, ..upstream(&[provider.url()]) };
        let frames: [Result<Frame<Bytes>, BodyError>; 2] =
            [Ok(Frame::data(Bytes::from_static(b"x"))), Err("the caller went away".into())];
        let body = OutBody::Stream(Box::pin(StreamBody::new(stream::iter(frames))));
        let outgoing = Outgoing { body, ..request(Method::PUT, "/") };
        let error = providers().send(&upstream, outgoing).await.unwrap_err();
        assert_eq!((error.kind, error.attempts), (ErrorKind::CallerGone, 1), "{error}");
    });
}

#[test]
fn a_body_arrives_piece_by_piece() {
    on_one_thread(async {
        let provider = Provider::server_sent_events(3, Duration::from_millis(5)).start().await;
        let mut answer = providers().send(&upstream(&[provider.url()]), get("/")).await.unwrap();
        let mut pieces = 0;
        while let Some(frame) = answer.body.frame().await {
            assert!(frame.unwrap().is_data());
            pieces += 1;
        }
        assert!(pieces >= 3, "{pieces}");
    });
}

#[test]
fn an_upgraded_connection_is_handed_over_and_never_pooled() {
    on_one_thread(async {
        let provider = Provider::websocket_echo().start().await;
        let (providers, upstream) = (providers(), upstream(&[provider.url()]));
        let outgoing = || {
            let mut outgoing = Outgoing { upgrade: true, ..get("/socket") };
            for (name, value) in [
                ("upgrade", "websocket"),
                ("sec-websocket-version", "13"),
                ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ] {
                outgoing.fields.insert(name, value.parse().unwrap());
            }
            outgoing
        };
        for _ in 0..2 {
            let answer = providers.send(&upstream, outgoing()).await.unwrap();
            assert_eq!((answer.status.as_u16(), answer.sent.reused), (101, false));
            // RFC 6455 §1.3: the accept value of the sample nonce.
            assert_eq!(answer.fields["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assert_eq!(answer.fields["upgrade"], "websocket");
            let mut tunnel = TokioIo::new(answer.upgrade.unwrap().await.unwrap());
            tunnel.write_all(b"any bytes").await.unwrap();
            let mut back = [0; 9];
            tunnel.read_exact(&mut back).await.unwrap();
            assert_eq!(&back, b"any bytes");
        }
        assert_eq!(provider.connections(), 2);
    });
}
