//! What the command line changes is seen by the board that runs: a key made, a key revoked, a consumer suspended.

use crate::harness::{Running, curl, program, stderr, stdout};
use crate::served::{becomes, board};
use demo::Provider;

/// Twice the second that is promised, and a little.
const QUESTIONS: u32 = 25;

/// An open board whose one plan wants a key.
pub(crate) fn keyed(provider: &str) -> String {
    board(provider, "", "").replace("auth = \"none\"", "auth = \"key\"")
}

/// Runs a command that must go well.
pub(crate) fn done(running: &Running, args: &[&str]) -> String {
    let output = running.command(args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output)
}

/// Makes a key with the command line, in a process of its own.
pub(crate) fn new_key(running: &Running, consumer: &str) -> String {
    let said = done(running, &["key", "new", consumer]);
    let key = said.split_whitespace().find(|word| word.starts_with("sbk_"));
    key.unwrap_or_else(|| panic!("no key in: {said}")).to_owned()
}

#[tokio::test]
async fn keys_made_and_revoked_by_another_process_count_within_moments() {
    if program("curl").is_none() {
        return;
    }
    let provider = Provider::status(200).start().await;
    let (running, url) = Running::serve(&keyed(&provider.url()));
    done(&running, &["consumer", "add", "globex", "--plan", "open"]);
    let key = new_key(&running, "globex");
    let field = format!("X-Api-Key: {key}");
    let status = || curl(&["-H", &field, &url]).status;
    becomes(QUESTIONS, "a new key opens", 200, status);

    let list = done(&running, &["key", "list", "globex", "--format", "json"]);
    assert!(!list.contains(&key), "the key itself is shown once");
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    done(&running, &["key", "revoke", list[0]["id"].as_str().unwrap()]);
    becomes(QUESTIONS, "a revoked key does not", 401, status);
    let calls = provider.calls();
    assert_eq!((status(), provider.calls()), (401, calls), "for good, and the provider hears nothing of it");

    let key = new_key(&running, "globex");
    let field = format!("Authorization: Bearer {key}");
    let status = || curl(&["-H", &field, &url]).status;
    becomes(QUESTIONS, "the next key opens", 200, status);
    done(&running, &["consumer", "suspend", "globex"]);
    becomes(QUESTIONS, "a suspended consumer is refused", 403, status);
    done(&running, &["consumer", "suspend", "globex", "--resume"]);
    becomes(QUESTIONS, "and may call again", 200, status);
}
