//! Counters under everything at once: mixed load at full rate over two processes, reloads, keys that come and go, one
//! process killed again and again. What usage says is what callers and providers counted.
//!
//! A minute of it; `SOAK_SECONDS` makes it longer. No measured time is judged, but for what a kill may take along: the
//! calls of its last second, and what was under way.
use crate::harness::{Running, stderr, stdout};
use crate::keys::{done, new_key};
use crate::served::{Beside, becomes, health};
use crate::wire::Caller;
use demo::Provider;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What `capped` may have in a year.
const QUOTA: u64 = 4_000;
/// How long what was counted may wait before it is written, and the machine be busy.
const LAST: Duration = Duration::from_millis(2_500);

/// After so long a revoked key is a fault on any machine; what it takes is printed.
const GONE: Duration = Duration::from_secs(5);

/// Calls that one caller saw answered by one process.
#[derive(Default)]
struct Tally {
    /// Answers with 200, by time.
    good: Mutex<Vec<Instant>>,
    refused: AtomicU64,
    /// Cut off: nobody knows whether they arrived.
    broken: AtomicU64,
}

impl Tally {
    fn good(&self) -> u64 {
        self.good.lock().unwrap().len() as u64
    }

    /// Calls that were answered less than [`LAST`] before one of these moments.
    fn last_before(&self, kills: &[Instant]) -> u64 {
        let good = self.good.lock().unwrap();
        let late = |at: &&Instant| {
            kills.iter().any(|kill| kill.checked_duration_since(**at).is_some_and(|before| before < LAST))
        };
        good.iter().filter(late).count() as u64
    }
}

fn board(capped: &str, open: &str) -> String {
    format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n\
         [apis.capped.upstream]\nurls = [\"{capped}\"]\n[apis.capped.offer.all]\nat = \"/capped\"\nplans = [\"small\"]\n\
         [apis.open.upstream]\nurls = [\"{open}\"]\n[apis.open.offer.all]\nat = \"/open\"\nplans = [\"large\"]\n\
         [plans.small]\nauth = \"key\"\nquota = \"{QUOTA}/year\"\n\
         [plans.large]\nauth = \"key\"\nlimit = \"900000/s\"\n"
    )
}

/// Tells callers to stop when it goes: also when something failed meanwhile, or they would call for ever.
struct Ending<'s>(&'s AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Calls until it is told to stop; a connection that breaks is made anew.
fn press(url: &str, path: &str, key: &str, tally: &Tally, stop: &AtomicBool) {
    let field = format!("X-Api-Key: {key}\r\n");
    while !stop.load(Ordering::Relaxed) {
        let Some(mut caller) = Caller::try_new(url) else {
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        while !stop.load(Ordering::Relaxed) {
            match caller.get(path, &field) {
                Some(200) => tally.good.lock().unwrap().push(Instant::now()),
                Some(429) => {
                    tally.refused.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
                Some(other) => panic!("{path} answered {other}"),
                None => {
                    tally.broken.fetch_add(1, Ordering::Relaxed);
                    break;
                }
            }
        }
    }
}

/// Asks without a pause until both processes refuse; gives how long after the key was revoked one of them still let it in.
fn refused_by_both(mut opens: impl FnMut() -> [Option<u16>; 2]) -> Duration {
    let revoked = Instant::now();
    let mut last = Duration::ZERO;
    loop {
        let asked = revoked.elapsed();
        let statuses = opens();
        if statuses == [Some(401); 2] {
            return last;
        }
        assert!(asked < GONE, "{statuses:?} {asked:?} after the key was revoked");
        last = asked;
    }
}

/// What usage says of a consumer's calls that were answered with 2xx.
fn usage(first: &Running, consumer: &str) -> u64 {
    let output = first.command(&["usage", "--by", "consumer,class", "--format", "json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let rows: Vec<Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let good = |row: &&Value| row["consumer"] == consumer && row["class"] == "2xx";
    rows.iter().filter(good).map(|row| row["calls"].as_u64().unwrap()).sum()
}

#[tokio::test]
async fn usage_is_what_was_called_through_reloads_keys_and_kills() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(40_u64);
    let (capped, open) = (Provider::status(200).start().await, Provider::status(200).start().await);
    let (first, url) = Running::serve(&board(&capped.url(), &open.url()));
    let mut second = Beside::serve(&first);
    let urls = [url, second.url()];
    done(&first, &["consumer", "add", "small", "--plan", "small"]);
    done(&first, &["consumer", "add", "large", "--plan", "large"]);
    let (small, large) = (new_key(&first, "small"), new_key(&first, "large"));
    // By process: calls of `small`, of `large`, and of this test itself as `large`.
    let tallies: [[Tally; 3]; 2] = Default::default();
    let opens = |key: &str| {
        let mut statuses = [None; 2];
        for (status, (url, tallies)) in statuses.iter_mut().zip(urls.iter().zip(&tallies)) {
            *status = Caller::new(url).get("/open/x", &format!("X-Api-Key: {key}\r\n"));
            if *status == Some(200) {
                tallies[2].good.lock().unwrap().push(Instant::now());
            }
        }
        statuses
    };
    becomes(100, "the keys are known", [Some(200); 2], || opens(&large));

    let stop = AtomicBool::new(false);
    let (mut kills, mut gone, mut rounds) = (Vec::new(), Vec::new(), 0_u32);
    std::thread::scope(|scope| {
        for (url, [by_small, by_large, _]) in urls.iter().zip(&tallies) {
            scope.spawn(|| press(url, "/capped/x", &small, by_small, &stop));
            scope.spawn(|| press(url, "/open/x", &large, by_large, &stop));
        }
        let _ending = Ending(&stop);
        let end = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < end {
            rounds += 1;
            // A key comes, is used, and goes: within a second nobody opens with it.
            let key = new_key(&first, "large");
            becomes(100, "a new key opens both", [Some(200); 2], || opens(&key));
            let listed = done(&first, &["key", "list", "large", "--format", "json"]);
            let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
            // After some hundred keys one that is revoked already has the same end.
            let its = listed
                .iter()
                .find(|row| row["revoked_ms"].is_null() && key.ends_with(row["tail"].as_str().unwrap()))
                .unwrap();
            done(&first, &["key", "revoke", its["id"].as_str().unwrap()]);
            gone.push(refused_by_both(|| opens(&key)));
            let file = first.home.path().join("switchboard.toml");
            let text = std::fs::read_to_string(&file).unwrap();
            std::fs::write(
                &file,
                text.replace(&format!("{}/s", 899_999 + rounds), &format!("{}/s", 900_000 + rounds)),
            )
            .unwrap();
            let said = stderr(&first.command(&["reload"]));
            assert_eq!(said.matches("reloaded, revision").count(), 2, "{said}");
            if rounds % 3 == 0 {
                kills.push(Instant::now());
                second.kill();
                second.again(&first);
            }
        }
    });
    eprintln!("{rounds} rounds, {} kills", kills.len());
    gone.sort();
    let (median, worst) = (gone[gone.len() / 2], gone[gone.len() - 1]);
    eprintln!("a revoked key was let in for {median:.0?} after its command (median), {worst:.0?} (worst)");
    // What both still hold is written when somebody asks.
    let by_usage = [usage(&first, "small"), usage(&first, "large")];
    for (counted, provider, own) in [(by_usage[0], &capped, 0..1), (by_usage[1], &open, 1..3)] {
        let all = || tallies.iter().flat_map(|by| &by[own.clone()]);
        let good: u64 = all().map(Tally::good).sum();
        let broken: u64 = all().map(|tally| tally.broken.load(Ordering::Relaxed)).sum();
        let lost: u64 = tallies[1][own.clone()].iter().map(|tally| tally.last_before(&kills)).sum();
        let reached = provider.calls();
        eprintln!(
            "{good} seen, {broken} cut off, {counted} in usage, {reached} at the provider, {lost} may be lost"
        );
        assert!(counted <= reached, "usage {counted} of {reached} calls that reached the provider");
        assert!(
            counted + lost >= good,
            "usage {counted} of {good}, {lost} at most lost by {} kills",
            kills.len()
        );
        assert!(
            (good..=good + broken).contains(&reached),
            "{reached} reached, {good} seen, {broken} cut off"
        );
    }
    let admitted = capped.calls();
    let trusted = &health(&first)["on_trust"];
    assert!(admitted <= QUOTA, "{admitted} of a quota of {QUOTA}; the first let {trusted} in on trust");
    assert!(kills.len() >= 2 && rounds >= 6, "{rounds} rounds, {} kills", kills.len());
    drop(second);
    assert_eq!(first.stop(), Some(0));
}
