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
