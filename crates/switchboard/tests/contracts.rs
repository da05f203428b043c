//! Two versions of a contract on the command line: what is said, where, and how it ends.

mod harness;

use harness::{stderr, stdout, switchboard};

const OLD: &str = "openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    get:
      operationId: listOrders
      parameters:
        - { name: limit, in: query, schema: { type: integer, maximum: 100 } }
      responses: { '200': { description: ok } }
";

#[test]
fn a_diff_names_lines_in_both_files_and_fails_only_when_asked() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("old.yaml"), OLD).expect("written");
    std::fs::write(home.path().join("new.yaml"), format!("# newer\n{}", OLD.replace("100", "50")))
        .expect("written");
    let run = |args: &[&str]| {
        let output =
            switchboard(home.path()).args(["contract", "diff"]).args(args).output().expect("the binary runs");
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let (code, text, said) = run(&["old.yaml", "new.yaml"]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "breaking\n  listOrders: query parameter `limit`",
        "shown by",
        "old.yaml:8",
        "new.yaml:9",
        "1 breaking",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(run(&["old.yaml", "new.yaml", "--fail-on", "breaking"]).0, Some(12));
    assert_eq!(
        run(&["new.yaml", "old.yaml", "--fail-on", "breaking"]).0,
        Some(0),
        "the other way it only adds"
    );
    assert_eq!(run(&["new.yaml", "old.yaml", "--fail-on", "additive"]).0, Some(12));
    assert_eq!(run(&["old.yaml", "missing.yaml"]).0, Some(2));
    let (_, text, _) = run(&["old.yaml", "new.yaml", "--format", "json"]);
    let rows: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&rows[0]["verdict"], &rows[0]["rule"]), (&"breaking".into(), &"maximum".into()));
    assert_eq!((&rows[0]["old"]["line"], &rows[0]["new"]["line"]), (&8.into(), &9.into()));
}
