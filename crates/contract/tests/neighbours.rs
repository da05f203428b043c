//! Neighbouring versions of a real contract, from npm: nothing that is gone or refused is called additive.
#![expect(
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a test that reads files"
)]

use contract::{Change, Contract, Verdict, compare};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "@octokit/openapi";
const VERSIONS: [&str; 2] = ["22.0.0", "23.0.0"];

/// The contract `file` of a version, fetched once; none without npm or a network.
fn contract(version: &str, file: &str) -> Option<Contract> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/octokit").join(version);
    let path = target.join("package/generated").join(file);
    if !path.is_file() {
        std::fs::create_dir_all(&target).ok()?;
        let wanted = format!("{PACKAGE}@{version}");
        let packed =
            Command::new("npm").args(["pack", "--silent", &wanted]).current_dir(&target).output().ok()?;
        let name = String::from_utf8_lossy(&packed.stdout).trim().to_owned();
        let unpacked = Command::new("tar")
            .args(["xzf", &name, &format!("package/generated/{file}")])
            .current_dir(&target)
            .status()
            .ok()?;
        if !packed.status.success() || !unpacked.success() {
            return None;
        }
        let archive: PathBuf = target.join(name);
        std::fs::remove_file(archive).ok()?;
    }
    let bytes = std::fs::read(&path).ok()?;
    Some(Contract::read(file, &bytes).expect("a contract"))
}

fn count(changes: &[Change], verdict: Verdict) -> usize {
    changes.iter().filter(|change| change.verdict == verdict).count()
}

#[test]
fn neighbouring_versions_of_a_real_contract_are_judged() {
    let file = "ghes-3.19.json";
    let (Some(old), Some(new)) = (contract(VERSIONS[0], file), contract(VERSIONS[1], file)) else {
        eprintln!("skipped: {PACKAGE} cannot be fetched with npm here");
        return;
    };
    assert_eq!(compare(&old, &old).len(), 0, "a contract does not differ from itself");
    let t = std::time::Instant::now();let there = compare(&old, &new);eprintln!("one {:?}", t.elapsed());
    let back = compare(&new, &old);
    for (name, changes) in [("there", &there), ("back", &back)] {
        eprintln!(
            "{name}: {} breaking, {} unknown, {} additive, {} neutral",
            count(changes, Verdict::Breaking),
            count(changes, Verdict::Unknown),
            count(changes, Verdict::Additive),
            count(changes, Verdict::Neutral)
        );
    }
    // What is added one way is gone the other way, and never the other way round.
    let about = |changes: &[Change], rule: &str| changes.iter().filter(|change| change.rule == rule).count();
    assert_eq!(about(&there, "operation-added"), about(&back, "operation-removed"));
    assert_eq!(about(&there, "operation-removed"), about(&back, "operation-added"));
    for change in there.iter().chain(&back) {
        let gone = [
            "operation-removed",
            "body-removed",
            "parameter-required",
            "body-required",
            "media-type-removed",
        ];
        assert!(!gone.contains(&change.rule) || change.verdict == Verdict::Breaking, "{change:?}");
        assert!(change.verdict != Verdict::Additive || change.proof.is_none(), "{change:?}");
        let spots = [&change.old, &change.new];
        assert!(spots.iter().any(|spot| spot.is_some()), "{change:?} stands somewhere");
    }
    // Whatever a value was shown to break is not called additive under the same place and word.
    for change in there.iter().filter(|change| change.proof.is_some()) {
        let same = |one: &&Change| one.verdict == Verdict::Additive && one.what == change.what;
        assert!(there.iter().find(same).is_none(), "{change:?}");
    }
}
