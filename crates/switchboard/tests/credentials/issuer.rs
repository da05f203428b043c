//! A real issuer of tokens for tests: npm's `oidc-provider`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// An issuer that runs until it is dropped.
pub(crate) struct Issuer {
    child: Child,
    /// Kept open: it writes warnings there.
    _said: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Starts npm's `oidc-provider`, where it is installed.
pub(crate) fn issuer() -> Option<Issuer> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let modules = root.join("target/e2e/oidc");
    if !modules.join("node_modules/oidc-provider").is_dir() {
        eprintln!("skipped: oidc-provider is not installed; run e2e/install");
        return None;
    }
    let spawned = Command::new("node")
        .arg(root.join("e2e/issuer.mjs"))
        .arg(modules)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: node is not installed");
        return None;
    };
    let mut url = String::new();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut url).unwrap();
    Some(Issuer { child, _said: said, url: url.trim().to_owned() })
}
