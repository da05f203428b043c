//! 429 in each dialect: the provider's own clock and log say that nobody came before the allowed time.

use crate::harness::Place;
use crate::shop::answer;
use bytes::Bytes;
use demo::Provider;
use http::Response;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a provider says at `now`, when it may be asked again from `end` on.
type Says = fn(now: SystemTime, end: SystemTime) -> Vec<(&'static str, String)>;

fn epoch(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Seconds from now, rounded up: a provider that rounds down would refuse who believes it.
fn delta(now: SystemTime, end: SystemTime) -> u64 {
    let left = end.duration_since(now).unwrap();
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

const DIALECTS: &[(&str, bool, Says)] = &[
    ("Retry-After in seconds", true, |now, end| vec![("retry-after", delta(now, end).to_string())]),
    ("Retry-After as a date", true, |_, end| vec![("retry-after", httpdate::fmt_http_date(end))]),
    ("RateLimit, draft 08 and later", false, |now, end| {
        vec![("ratelimit", format!("\"burst\";r=9;t=1, \"default\";r=0;t={}", delta(now, end)))]
    }),
    ("RateLimit with its policy", false, |now, end| {
        let policy = "\"default\";q=1;w=1".to_owned();
        vec![("ratelimit-policy", policy), ("ratelimit", format!("default;r=0;t={}", delta(now, end)))]
    }),
    ("RateLimit, drafts 03 to 07", false, |now, end| {
        vec![("ratelimit", format!("limit=1, remaining=0, reset={}", delta(now, end)))]
    }),
    ("RateLimit-*, drafts 00 to 02", false, |now, end| {
        vec![
            ("ratelimit-limit", "1".to_owned()),
            ("ratelimit-remaining", "0".to_owned()),
            ("ratelimit-reset", delta(now, end).to_string()),
        ]
    }),
    ("X-RateLimit-*, a moment", false, |_, end| {
        vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", epoch(end).to_string())]
    }),
    ("X-RateLimit-*, a moment in milliseconds", false, |_, end| {
        vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", format!("{}000", epoch(end)))]
    }),
    ("X-RateLimit-*, seconds from now", false, |now, end| {
        vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", delta(now, end).to_string())]
    }),
    ("X-RateLimit-Reset-After", false, |now, end| {
        let after = end.duration_since(now).unwrap().as_secs_f64() + 0.001;
        vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset-after", format!("{after:.3}"))]
    }),
    ("X-Rate-Limit-*", false, |_, end| {
        vec![("x-rate-limit-remaining", "0".to_owned()), ("x-rate-limit-reset", epoch(end).to_string())]
    }),
    ("both old and new", false, |now, end| {
        vec![
            ("ratelimit", format!("\"default\";r=0;t={}", delta(now, end))),
            ("x-ratelimit-remaining", "7".to_owned()),
            ("x-ratelimit-reset", epoch(end).to_string()),
        ]
    }),
];

/// When it may be asked again, and how often it was asked too early.
#[derive(Debug, Default)]
struct Log {
    closed_until: Option<SystemTime>,
    early: Vec<Duration>,
    served: u32,
}

/// Closes for a while with its first answer, which is a refusal or not, and keeps a log.
async fn provider(says: Says, refuses: bool) -> (Provider, Arc<Mutex<Log>>) {
    let log = Arc::new(Mutex::new(Log::default()));
    let kept = Arc::clone(&log);
    let answering = move |_: &_| -> Response<Bytes> {
        let now = SystemTime::now();
        let mut log = log.lock().unwrap();
        let answer = |status, end| {
            let fields = says(now, end);
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            answer(status, &fields, &json!({"served": status == 200}))
        };
        match log.closed_until {
            None => {
                // A whole second, so that dialects that cannot say less say the same.
                let end = UNIX_EPOCH + Duration::from_secs(epoch(now) + 2);
                log.closed_until = Some(end);
                log.served += u32::from(!refuses);
                answer(if refuses { 429 } else { 200 }, end)
            }
            Some(end) if now < end => {
                log.early.push(end.duration_since(now).unwrap());
                answer(429, end)
            }
            Some(_) => {
                log.served += 1;
                Response::new(Bytes::new())
            }
        }
    };
    (Provider::answering(answering).start().await, kept)
}

#[tokio::test]
async fn nobody_comes_before_the_allowed_time_whatever_the_dialect() {
    let mut providers = Vec::new();
    for (name, needs_refusal, says) in DIALECTS {
        for refuses in [true, false] {
            if refuses || !needs_refusal {
                providers.push((name, refuses, provider(*says, refuses).await));
            }
        }
    }
    thread::scope(|scope| {
        for (name, refuses, (provider, log)) in &providers {
            scope.spawn(move || {
                let place = Place::new();
                let call = || place.run(&["call", &provider.url(), "X-Api-Key:one"]);
                // Refused, the first process itself comes again; served, it tells the two that follow.
                assert_eq!(call().code, 0, "{name}");
                if !refuses {
                    thread::scope(|scope| {
                        let two = [scope.spawn(call), scope.spawn(call)];
                        assert!(two.into_iter().all(|one| one.join().unwrap().code == 0), "{name}");
                    });
                }
                let log = log.lock().unwrap();
                assert!(log.early.is_empty(), "{name}: {:?} too early, refused first: {refuses}", log.early);
                assert_eq!(log.served, if *refuses { 1 } else { 3 }, "{name}");
            });
        }
    });
}

#[tokio::test]
async fn pages_and_batches_wait_for_the_window_too() {
    let (provider, log) = provider(DIALECTS[2].2, true).await;
    let place = Place::new().with("rows.jsonl", "{\"a\":\"1\"}\n{\"a\":\"2\"}\n{\"a\":\"3\"}\n");
    let words = ["call", "PUT", &provider.url(), "--each", "rows.jsonl", "--jobs", "1"];
    let out = place.run(&words).ok();
    let log = log.lock().unwrap();
    assert_eq!((out.lines().count(), log.served, log.early.len()), (3, 3, 0));
}
