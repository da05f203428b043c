//! Processes of one user wait for a provider's limit before it refuses them: shown by the provider's own log.

use crate::harness::Place;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Answers each of `times` connections with these fields, and says when it was asked and for what.
fn provider(times: usize, fields: &'static str) -> (String, mpsc::Receiver<(Instant, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (log, logged) = mpsc::channel();
    thread::spawn(move || {
        for socket in listener.incoming().take(times) {
            let mut socket = BufReader::new(socket.unwrap());
            let mut line = String::new();
            socket.read_line(&mut line).unwrap();
            log.send((Instant::now(), line.trim_end().to_owned())).unwrap();
            while line != "\r\n" {
                line.clear();
                socket.read_line(&mut line).unwrap();
            }
            let answer = format!("HTTP/1.1 200 OK\r\n{fields}Content-Length: 0\r\n\r\n");
            socket.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, logged)
}

#[test]
fn two_processes_make_no_request_before_the_time_that_was_announced() {
    for fields in
        ["RateLimit: \"default\";r=0;t=2\r\n", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 2\r\n"]
    {
        let place = Place::new();
        let (url, logged) = provider(3, fields);
        let call = |path: &str| place.run(&["call", &format!("{url}{path}"), "X-Api-Key:one"]);
        assert_eq!(call("/first").code, 0);
        let (first, _) = logged.recv().unwrap();
        let ended: Vec<_> = thread::scope(|scope| {
            let calls: Vec<_> = ["/second", "/third"].map(|path| scope.spawn(move || call(path))).into();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert!(ended.iter().all(|ended| ended.code == 0), "{ended:?}");
        let mut asked = 0;
        while let Ok((at, line)) = logged.try_recv() {
            asked += 1;
            // The provider counts from its answer, which is after it was asked.
            assert!(at.duration_since(first) >= Duration::from_secs(2), "{line} came {:?} after", at - first);
        }
        assert_eq!(asked, 2);
    }
}

#[test]
fn another_credential_does_not_wait_and_a_long_wait_is_said_instead() {
    let place = Place::new();
    let (url, logged) = provider(3, "RateLimit: \"default\";r=0;t=3600\r\n");
    for key in ["one", "two"] {
        assert_eq!(place.run(&["call", &url, &format!("X-Api-Key:{key}")]).code, 0);
    }
    let ended = place.run(&["call", &url, "X-Api-Key:one"]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(ended.err.contains("rate limit is used up"), "{ended:?}");
    assert_eq!(logged.try_iter().count(), 2, "nothing was sent");
    let curl = place.run(&["curl", &format!("curl -s {url} -H 'X-Api-Key: one'")]);
    assert_eq!(curl.code, 0, "curl waits for nobody: {curl:?}");
}

#[test]
fn two_processes_keep_to_the_pace_of_a_board_together() {
    let contract = "openapi: 3.1.0\ninfo: {title: Orders, version: '1'}\npaths:\n  /orders:\n    get:\n      \
                    operationId: listOrders\n      responses: {'200': {description: fine}}\n";
    let (url, logged) = provider(4, "");
    let board = format!(
        "[apis.orders]\ncontract = \"orders.yaml\"\n[apis.orders.upstream]\nurls = [\"{url}\"]\n\
         pace = \"1/s burst 1\"\n"
    );
    let place = Place::new().with("orders.yaml", contract).with("switchboard.toml", board);
    let begun = Instant::now();
    let ended: Vec<_> = thread::scope(|scope| {
        let calls: Vec<_> =
            (0..4).map(|_| scope.spawn(|| place.run(&["call", "orders.listOrders"]))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert!(ended.iter().all(|ended| ended.code == 0), "{ended:?}");
    let mut came: Vec<Duration> = logged.try_iter().map(|(at, _)| at.duration_since(begun)).collect();
    came.sort_unstable();
    assert_eq!(came.len(), 4);
    // Turns are given by the clock of the file, in milliseconds.
    let apart = came[3].saturating_sub(came[0]);
    assert!(apart >= Duration::from_millis(2_900), "four calls at one a second came within {apart:?}");
}
