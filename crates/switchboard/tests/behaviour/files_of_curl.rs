//! `-K FILE` and `-n`, beside real curl: the same request from the same files.

use crate::harness::Place;
use demo::Provider;
use std::os::unix::fs::PermissionsExt as _;

#[tokio::test]
async fn options_and_logins_come_from_files_as_curl_has_them() {
    let provider = Provider::echo().start().await;
    let config = format!(
        "# ours\nurl = \"{}/x?y=1\"\n-H \"X-A: b \\\"c\\\"\"\ndata = a=1\nheader: X-B:d\nuser-agent me\nsilent\nnetrc\n",
        provider.url()
    );
    let place = Place::new().with("curlrc", config).with(
        ".netrc",
        "machine other.example login no password no\nmachine 127.0.0.1 login me password hunter22\n",
    );
    let netrc = place.path().join(".netrc");
    std::fs::set_permissions(&netrc, std::fs::Permissions::from_mode(0o600)).unwrap();
    let same = |nth: usize| {
        let request = &provider.requests()[nth];
        let mut fields = request.fields.clone();
        fields.sort();
        (request.method.clone(), request.target.clone(), fields, request.body.clone())
    };
    place.run(&["curl", "-K", "curlrc"]).ended(0, &[]);
    place.end("curl", &["-K", "curlrc"], "").ended(0, &[]);
    assert_eq!(same(0), same(1));
    assert_eq!(provider.requests()[0].field("authorization"), Some("Basic bWU6aHVudGVyMjI="));
    let ended = place.run(&["call", "-K", "curlrc", "-v", "-o", "/dev/null"]).ended(0, &[]);
    assert!(!ended.err.contains("bWU6aHVudGVyMjI"), "{ended:?}");
    assert_eq!(provider.requests()[2].field("authorization"), Some("Basic bWU6aHVudGVyMjI="));
    std::fs::set_permissions(&netrc, std::fs::Permissions::from_mode(0o644)).unwrap();
    place.run(&["call", "-n", &provider.url()]).ended(2, &["can be read by others", "chmod 600"]);
    let place = place.with("bad", "silent\nnonsense = 1\n").with("round", "config = round\n");
    place.run(&["call", "-K", "bad", &provider.url()]).ended(2, &["bad:2: option `nonsense` is unknown"]);
    place.run(&["call", "-K", "round", &provider.url()]).ended(2, &["name each other too often"]);
    assert_eq!(provider.calls(), 3);
}
