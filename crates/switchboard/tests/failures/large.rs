//! A gibibyte through an open offer, up and down: the memory does not grow with it.

use crate::harness::{Running, program};
use crate::served::{calls, serve};
use crate::wire::{connect, rest};
use demo::Provider;
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

const SIZE: u64 = 1 << 30;
const PIECE: usize = 1 << 20;
/// Buffers of connections and pools, not of bodies.
const GROWTH: u64 = 64 << 20;

/// The most memory that was resident since its start, in bytes; none where the system does not tell.
fn peak(running: &Running) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.pid())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn did_not_grow(running: &Running, before: Option<u64>) {
    let (Some(before), Some(after)) = (before, peak(running)) else {
        eprintln!("skipped: this system does not tell a process's memory");
        return;
    };
    assert!(after - before < GROWTH, "grew from {} to {} MiB", before >> 20, after >> 20);
}

#[tokio::test]
async fn an_upload_of_announced_length() {
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    let before = peak(&running);
    let mut stream = connect(&url);
    let head = format!(
        "PUT /up HTTP/1.1\r\nHost: acme.example\r\nConnection: close\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![0x5a; PIECE];
    for _ in 0..SIZE / PIECE as u64 {
        stream.write_all(&piece).unwrap();
    }
    let text = String::from_utf8(rest(&mut stream)).unwrap();
    assert!(text.contains(&format!("{{\"received\":{SIZE}}}")), "{text}");
    assert_eq!((provider.calls(), provider.received()), (1, SIZE));
    did_not_grow(&running, before);
    assert_eq!(calls(&running)[0]["bytes_in"], SIZE);
}

#[tokio::test]
async fn an_upload_of_unknown_length_by_curl() {
    if program("curl").is_none() || program("head").is_none() {
        return;
    }
    let provider = Provider::sink().start().await;
    let (running, url) = serve(&provider.url(), "");
    let before = peak(&running);
    let mut zeros = Command::new("head")
        .args(["-c", &SIZE.to_string(), "/dev/zero"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = Command::new("curl")
        .args(["-s", "-m", "120", "-T", "-", &url])
        .stdin(zeros.stdout.take().unwrap())
        .output()
        .unwrap();
    zeros.wait().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{{\"received\":{SIZE}}}"), "{output:?}");
    did_not_grow(&running, before);
}

#[tokio::test]
async fn a_download_to_a_reader_who_pauses() {
    let provider = Provider::endless().start().await;
    let (running, url) = serve(&provider.url(), "");
    let before = peak(&running);
    let mut stream = connect(&url);
    stream.write_all(b"GET /down HTTP/1.1\r\nHost: acme.example\r\n\r\n").unwrap();
    let (mut read, mut piece) = (0, vec![0; PIECE]);
    while read < SIZE {
        let got = stream.read(&mut piece).unwrap();
        assert!(got > 0, "it ended after {read} bytes");
        // The provider goes on at full speed while nothing is taken: that must wait there, not here.
        if read < SIZE / 2 && read + got as u64 >= SIZE / 2 {
            std::thread::sleep(std::time::Duration::from_secs(2));
        }
        read += got as u64;
    }
    did_not_grow(&running, before);
    drop(stream);
    crate::served::becomes(50, "the record says who broke off", Some("caller".to_owned()), || {
        calls(&running).first().and_then(|row| Some(row["by"].as_str()?.to_owned()))
    });
}
