//! A full disk under the ledger: calls go on, what waits or is lost is counted and said, and writing goes on when there is room.
//!
//! A small memory disk is mounted for it, which needs root; without it the test says that it was skipped.

use crate::harness::{Running, database};
use crate::served::{becomes, board, calls, counted, health};
use crate::wire::load;
use demo::Provider;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A memory disk of 2 MiB that goes with this value.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(at.to_owned())),
            refused => {
                let why =
                    refused.map_or_else(|error| error.to_string(), |output| crate::harness::stderr(&output));
                eprintln!("skipped: no small disk could be mounted: {}", why.trim());
                None
            }
        }
    }

    /// Fills what is left; gives the file to remove.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        // Smaller and smaller pieces, until not a byte more goes in.
        for size in [64 * 1024, 4 * 1024, 1] {
            while file.write_all(&vec![0; size]).is_ok() {
                assert!(file.metadata().unwrap().len() < 4 << 20, "this disk has no end");
            }
        }
        path
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn on_a_full_disk_calls_go_on_and_when_there_is_room_the_ledger_catches_up() {
    if database::leaves_out_files() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = Small::mount(&home.path().join(".switchboard")) else { return };
    let provider = Provider::status(200).start().await;
    // No details, so that what little room there is goes to rows.
    let text = board(&provider.url(), "", "").replace("details = \"all\"", "details = \"none\"");
    let (mut running, url) = Running::serve_with(home, &text, &[]);
    assert_eq!(load(&url, 1, 20), 20);
    assert_eq!((counted(&running), calls(&running).len()), (20, 20));

    let filler = disk.fill();
    let mut sent = 20;
    // A write-ahead log has room in itself for a while.
    while health(&running)["behind"] == false {
        assert!(sent < 20_000, "the disk is full and the ledger does not notice");
        assert_eq!(load(&url, 2, 100), 200, "all of them answered with 200");
        sent += 200;
    }
    let said = running.wait_for("the ledger is behind");
    assert!(said.contains("calls go on") && said.contains("the disk is full"), "{said}");
    assert_eq!(load(&url, 2, 100), 200);
    sent += 200;

    std::fs::remove_file(filler).unwrap();
    becomes(100, "usage is exact when there is room again", sent, || counted(&running));
    becomes(100, "the ledger has caught up", false, || health(&running)["behind"] == true);
    assert_eq!(health(&running)["rows_dropped"], 0, "few enough to wait");
    assert_eq!(provider.calls(), sent);
    let rows = calls(&running);
    assert!(rows.len() >= 1_000.min(usize::try_from(sent).unwrap()), "every row can be read: {}", rows.len());
    assert_eq!(running.stop(), Some(0));
}

#[tokio::test]
async fn a_board_on_a_disk_without_room_says_so_and_starts_nothing() {
    if database::leaves_out_files() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = Small::mount(&home.path().join(".switchboard")) else { return };
    disk.fill();
    let port = crate::harness::free_port();
    let text = board("http://127.0.0.1:9", "", "").replace("{port}", &port.to_string());
    std::fs::write(home.path().join("switchboard.toml"), text).unwrap();
    let output = crate::harness::switchboard(home.path()).arg("serve").output().unwrap();
    let said = crate::harness::stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the disk is full") && said.contains("free some space"), "{said}");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
