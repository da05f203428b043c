//! `--retry` and its brothers, beside real curl: what is sent how often.

use crate::harness::Place;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use std::time::{Duration, Instant};

fn answers(statuses: &[u16]) -> Vec<Response<Bytes>> {
    let one =
        |status: &u16| Response::builder().status(*status).body(Bytes::from(status.to_string())).unwrap();
    statuses.iter().map(one).collect()
}

#[tokio::test]
async fn what_curl_repeats_is_repeated() {
    let place = Place::new();
    for (flags, statuses, calls) in [
        (vec!["--retry", "3", "--retry-delay", "0.01"], vec![503, 500, 429, 200], 4),
        (vec!["--retry", "1", "--retry-delay", "0.01"], vec![503, 503, 200], 2),
        (vec!["--retry", "3", "--retry-delay", "0.01"], vec![404, 200], 1),
        (vec!["--retry", "3", "--retry-delay", "0.01", "-f"], vec![408, 502, 504, 200], 4),
        (vec!["--retry", "3", "--retry-delay", "0.01", "-d", "x"], vec![503, 200], 2),
        (vec!["--retry", "3", "--retry-delay", "0.01", "--retry-all-errors", "-f"], vec![404, 200], 2),
        (vec!["--retry", "3", "--retry-delay", "0.01", "--retry-all-errors"], vec![404, 200], 1),
        (vec!["--retry-max-time", "5"], vec![503, 200], 1),
    ] {
        let script = || Provider::script(answers(&statuses)).start();
        let (our, their) = (script().await, script().await);
        let words = |url: &'static str| [&["-s", "-o", "body"], flags.as_slice(), &[url]].concat();
        let ours = place.run(&[&["curl"], words(our.url().leak()).as_slice()].concat());
        // curl takes whole seconds for the delay, and zero of them for its own pauses.
        let theirs: Vec<&str> = words(their.url().leak())
            .into_iter()
            .map(|word| if word == "0.01" { "1" } else { word })
            .collect();
        let theirs = place.end("curl", &theirs, "");
        assert_eq!((ours.code, our.calls()), (theirs.code, their.calls()), "{flags:?} {statuses:?} {ours:?}");
        assert_eq!(our.calls(), calls, "{flags:?} {statuses:?}");
        let last = statuses[usize::try_from(calls).unwrap() - 1].to_string();
        let kept = std::fs::read_to_string(place.path().join("body")).unwrap_or_default();
        assert!(flags.contains(&"-f") || kept == last, "{flags:?}: {kept}");
    }
}

#[tokio::test]
async fn connections_are_repeated_where_it_was_asked_for() {
    let place = Place::new();
    let nobody = format!("http://127.0.0.1:{}/", crate::server::free_port());
    let said = |flags: &[&str], url: &str, code: i32| {
        let words = [&["curl", "--retry", "2", "--retry-delay", "0.01", url], flags].concat();
        place.run(&words).ended(code, &[]).err.matches("Will retry").count()
    };
    assert_eq!(said(&[], &nobody, 7), 0, "a refused connection is final");
    assert_eq!(said(&["--retry-connrefused"], &nobody, 7), 2);
    assert_eq!(said(&[], "http://nowhere.invalid/", 6), 2);
    let empty = Provider::raw("").start().await;
    assert_eq!(said(&[], &empty.url(), 52), 0);
    assert_eq!(said(&["--retry-all-errors"], &empty.url(), 52), 2);
    let silent = Provider::silent().start().await;
    assert_eq!(said(&["-m", "0.2"], &silent.url(), 28), 2, "the time begins anew");
}

#[tokio::test]
async fn a_pause_that_was_asked_for_is_kept() {
    let place = Place::new();
    let later = Response::builder().status(503).header("retry-after", "2").body(Bytes::new()).unwrap();
    for (command, more) in [("curl", vec!["--retry", "1"]), ("call", vec![])] {
        let provider = Provider::script([vec![later.clone()], answers(&[200])].concat()).start().await;
        let begun = Instant::now();
        let words = [&[command, "-s", provider.url().leak()], more.as_slice()].concat();
        assert_eq!(place.run(&words).ok(), "200", "{command}");
        assert!(begun.elapsed() >= Duration::from_secs(2), "{command}: it came too early");
    }
    // No time for it: the answer is what it is.
    for command in ["curl", "call"] {
        let provider = Provider::script([vec![later.clone()], answers(&[200])].concat()).start().await;
        let words = [command, "-s", "--retry", "3", "--retry-max-time", "1", provider.url().leak()];
        let ended = place.run(&words);
        assert_eq!((ended.code, provider.calls()), (if command == "curl" { 0 } else { 5 }, 1), "{ended:?}");
    }
    // `call` repeats what is not passing only when it was told to, and never what is not safe to repeat.
    for (flags, calls) in [
        (vec!["--retry", "2"], 1),
        (vec!["--retry", "2", "--retry-all-errors", "--retry-delay", "0"], 2),
        (vec!["--retry", "2", "--retry-all-errors", "--retry-delay", "0", "-d", "x"], 1),
    ] {
        let provider = Provider::script(answers(&[500, 200])).start().await;
        place.run(&[&["call", "-s", provider.url().leak()], flags.as_slice()].concat());
        assert_eq!(provider.calls(), calls, "{flags:?}");
    }
}
