//! The console over a seeded ledger, for the browser tests: prints its link, and makes a call for each line it reads.
//!
//! `cargo run -p switchboard-console --example seeded -- [PORT] [empty]`

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a program for tests")]

#[path = "../tests/harness/seed.rs"]
mod seed;

use console::{ConsoleOptions, SignIn};
use exchange::CallIds;
use std::net::TcpListener;
use std::time::SystemTime;
use tokio::sync::{mpsc, watch};

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let port = words.first().map_or(0, |port| port.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let ledger = seed::ledger(folder.path()).await;
    if words.get(1).is_none_or(|word| word != "empty") {
        let seeded = seed::fill(&ledger, now_ms()).await;
        println!(
            "limited {}\nbroken {}\nwrong {}\nsilent {}\nfine {}",
            seeded.limited, seeded.broken, seeded.wrong, seeded.silent, seeded.fine
        );
    }
    let sign_in = SignIn::new(entropy());
    let (_board, board) = watch::channel(seed::board());
    let running = console::serve(ConsoleOptions {
        listener: TcpListener::bind(("127.0.0.1", port)).unwrap(),
        ledger: ledger.clone(),
        board,
        sign_in: sign_in.clone(),
        hosts: Vec::new(),
        clock: SystemTime::now,
    })
    .await
    .unwrap();
    for _ in 0..16 {
        println!("link {}", sign_in.issue(entropy(), SystemTime::now()).at(&running.url()));
    }
    println!("ready");
    // A thread, because reading a terminal has no end that could be waited for; the end of input ends the program.
    let (sender, mut lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let (recorder, mut ids) = (ledger.recorder(), CallIds::new(9));
    let mut number = 100;
    while let Some(line) = lines.recv().await {
        for _ in 0..line.trim().parse::<u64>().unwrap_or(1) {
            number += 1;
            recorder.row(seed::ordinary(ids.next(now_ms()), number));
        }
    }
    running.stop().await;
    ledger.close().await.unwrap();
}
