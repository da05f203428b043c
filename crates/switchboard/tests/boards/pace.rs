//! A running gateway and commands of the same user keep to a provider's pace together: shown by the provider's own log.

use crate::harness::{Running, stderr, switchboard};
use bytes::Bytes;
use demo::Provider;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const CONTRACT: &str = "openapi: 3.1.0\ninfo: {title: Orders, version: '1'}\npaths:\n  /orders:\n    get:\n      \
    operationId: listOrders\n      responses: {'200': {description: fine}}\n";

/// Calls through the gateway and by commands, at once.
const THROUGH: usize = 14;
const COMMANDS: usize = 6;

#[test]
fn a_gateway_and_commands_keep_to_one_pace() {
    let log: Arc<Mutex<Vec<(Instant, bool)>>> = Arc::default();
    let told = Arc::clone(&log);
    let provider = Provider::answering(move |request| {
        // A gateway names itself on the way.
        told.lock().unwrap().push((Instant::now(), request.headers().contains_key("via")));
        http::Response::new(Bytes::new())
    })
    .try_start()
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("orders.yaml"), CONTRACT).unwrap();
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[apis.orders]\ncontract = \"orders.yaml\"\n\
         [apis.orders.upstream]\nurls = \"{}\"\npace = \"10/s burst 1\"\n[apis.orders.offer.all]\nat = \"/\"\n\
         plans = [\"callers\"]\n[plans.callers]\nauth = \"none\"\n",
        provider.url()
    );
    let (running, url) = Running::serve_with(home, &board, &[]);
    let here = running.home.path().to_owned();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    std::thread::scope(|scope| {
        for _ in 0..THROUGH {
            scope.spawn(|| {
                let mut socket = TcpStream::connect(&address).unwrap();
                socket.write_all(b"GET /orders HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
                let mut answer = String::new();
                socket.read_to_string(&mut answer).unwrap();
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            });
        }
        for _ in 0..COMMANDS {
            scope.spawn(|| {
                let called = switchboard(&here).args(["call", "orders.listOrders"]).output().unwrap();
                assert!(called.status.success(), "{}", stderr(&called));
            });
        }
    });
    let mut came = log.lock().unwrap().clone();
    came.sort_unstable();
    let through = came.iter().filter(|(_, through)| *through).count();
    assert_eq!((came.len(), through), (THROUGH + COMMANDS, THROUGH));
    // 20 calls at 10 a second, whoever makes them: the last one 1.9 s after the first one. Each for itself: 1.3 s.
    let apart = came[came.len() - 1].0 - came[0].0;
    assert!(apart >= Duration::from_millis(1_850), "20 calls at 10 a second came within {apart:?}");
    assert_eq!(running.stop(), Some(0));
}
