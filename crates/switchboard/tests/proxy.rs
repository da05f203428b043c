//! One command before a server: `http.server`, `httpbin`; a key, a limit, an explanation.
#![expect(clippy::unwrap_used, reason = "starting a server that does not start fails the test")]

mod harness;

use harness::{Running, curl, free_port, program, stderr, stdout};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A Python server that ends with the test.
struct Server(Child, u16);

impl Server {
    fn start(python: &Path, module: &str, port_flag: &[&str], folder: &Path) -> Self {
        let port = free_port();
        let port_text = port.to_string();
        let child = Command::new(python)
            .args(["-m", module])
            .args(port_flag)
            .arg(&port_text)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self(child, port);
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return server;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        unreachable!("{module} does not listen")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A proxy with a key and a limit before this port.
fn guarded(port: u16, limit: &str) -> (Running, String, String) {
    let target = format!("http://127.0.0.1:{port}");
    let mut running =
        Running::start(&["proxy", &target, "--key", "--limit", limit, "--listen", "127.0.0.1:0"]);
    let key = running.word_after("key  ");
    let line = running.wait_for("curl -i");
    let url = line.rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
    (running, url, key)
}

#[test]
fn two_commands_make_http_server_keyed_limited_and_explained() {
    let (Some(python), Some(_)) = (program("python3"), program("curl")) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hello.txt"), "hello\n").unwrap();
    let server = Server::start(&python, "http.server", &["--bind", "127.0.0.1"], folder.path());
    let (running, url, key) = guarded(server.1, "5/min");
    let hello = format!("{url}/hello.txt");

    let closed = curl(&[&hello]);
    assert_eq!((closed.status, closed.slug().as_str()), (401, "key-missing"));
    let field = format!("X-Api-Key: {key}");
    let open = curl(&["-H", &field, &hello]);
    assert_eq!((open.status, open.body.as_str()), (200, "hello\n"));
    assert_eq!(open.field("x-ratelimit-remaining"), Some("4"));
    for _ in 0..4 {
        assert_eq!(curl(&["-H", &field, &hello]).status, 200);
    }
    let over = curl(&["-H", &field, &hello]);
    assert_eq!((over.status, over.slug().as_str()), (429, "over-limit"));

    let id = over.field("x-request-id").unwrap();
    let explained = running.command(&["explain", id]);
    let text = stdout(&explained);
    assert!(
        text.contains("limit") && text.contains("5/min") && text.contains("caller"),
        "{text}{}",
        stderr(&explained)
    );
    let live = running.command(&["explain", "GET", "/hello.txt", "--as", "caller"]);
    assert!(stdout(&live).contains("0 left"), "{}", stdout(&live));
    let log = running.command(&["log"]);
    assert!(stdout(&log).contains("over-limit") && stdout(&log).contains("/hello.txt"), "{}", stdout(&log));
    let usage = running.command(&["usage", "--format", "json"]);
    let refused = |row: &serde_json::Value| row["refused"].as_u64().unwrap();
    let rows: Vec<serde_json::Value> = serde_json::from_str(&stdout(&usage)).unwrap();
    assert_eq!(rows.iter().map(refused).sum::<u64>(), 2, "{rows:?}");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn httpbin_sees_no_key_and_its_answers_pass_untouched() {
    let (Some(python), Some(_)) = (program("python3"), program("curl")) else { return };
    let has = Command::new(&python).args(["-c", "import httpbin"]).output().unwrap();
    if !has.status.success() {
        harness::skipped("skipped: Python has no `httpbin`; `make test` installs it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&python, "httpbin.core", &["--host", "127.0.0.1", "--port"], folder.path());
    let (_running, url, key) = guarded(server.1, "60/min");
    let field = format!("X-Api-Key: {key}");
    let call = |args: &[&str], path: &str| curl(&[args, &["-H", &field, &format!("{url}{path}")]].concat());

    let seen = call(&[], "/headers?show_env=1").json();
    assert!(!seen.to_string().contains("sbk_"), "{seen}");
    assert!(seen["headers"]["Via"].as_str().unwrap().starts_with("1.1 "), "{seen}");
    let posted = call(&["-d", "name=globex"], "/post").json();
    assert_eq!(posted["form"]["name"], "globex");
    for status in [200_u16, 204, 302, 404, 418, 503] {
        assert_eq!(call(&[], &format!("/status/{status}")).status, status);
    }
    let login = call(&["-u", "user:secret"], "/basic-auth/user/secret");
    assert_eq!(login.status, 401, "a keyed offer takes Authorization for itself");
    let stream = call(&[], "/stream/3");
    assert_eq!(stream.body.lines().count(), 3);
    let gzip = call(&["--compressed"], "/gzip").json();
    assert_eq!(gzip["gzipped"], true);
}

#[test]
fn a_taken_port_is_named_with_who_has_it_and_the_next_is_used() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    let mut running = Running::start(&["proxy", "http://127.0.0.1:9", "--listen", &listen]);
    let said = running.wait_for("is taken by");
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    running.wait_for("curl -i");
}

#[test]
fn what_is_kept_is_a_board_that_serves() {
    let home = tempfile::tempdir().unwrap();
    let port = free_port().to_string();
    let listen = format!("127.0.0.1:{port}");
    let args =
        ["proxy", "http://127.0.0.1:9", "--key", "--limit", "60/min", "--listen", &listen, "--keep", "acme"];
    let mut running = Running::start_in(home, &args);
    running.wait_for("curl -i");
    let home = running.kill();
    let checked = harness::switchboard(home.path()).args(["check", "acme"]).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let mut again = Running::start_in(home, &["--board", "acme", "serve"]);
    again.wait_for(&listen);
}

#[test]
fn flags_that_make_no_board_are_told_and_exit_2() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["proxy", "weather.example"][..],
        &["proxy", "http://127.0.0.1:9", "--limit", "0/min"],
        &["proxy", "http://127.0.0.1:9", "--limit", "many"],
        &["proxy", "http://127.0.0.1:9", "--credential", "env:NOT_SET_ANYWHERE"],
        &["proxy", "http://127.0.0.1:9", "--contract", "missing.yaml"],
    ] {
        let output =
            harness::switchboard(home.path()).args(args).args(["--listen", "127.0.0.1:0"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("error"), "{args:?}");
    }
}

#[test]
fn an_overlay_is_laid_over_the_contract_of_a_proxy() {
    let provider = demo::Provider::echo().try_start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let contract = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\npaths:\n  /a: {get: {operationId: a, responses: {'200': {description: ok}}}}\n  \
        /b: {get: {operationId: b, responses: {'200': {description: ok}}}}\n";
    let overlay = "overlay: 1.0.0\ninfo: {title: Less, version: '1'}\nactions: [{target: \"$.paths['/b']\", remove: true}]\n";
    std::fs::write(folder.path().join("shop.yaml"), contract).unwrap();
    std::fs::write(folder.path().join("less.yaml"), overlay).unwrap();
    let words = ["proxy", &provider.url(), "--listen", "127.0.0.1:0", "--contract", "shop.yaml"];
    let mut running = Running::start_in(folder, &[&words[..], &["--overlay", "less.yaml"]].concat());
    let line = running.wait_for("curl -i");
    let url = line.rsplit(' ').next().unwrap().trim_end_matches('/').to_owned();
    assert_eq!(curl(&[&format!("{url}/a")]).status, 200);
    let gone = curl(&[&format!("{url}/b")]);
    assert_eq!((gone.status, gone.slug().as_str()), (404, "no-operation"));
    let without = running.command(&["proxy", &provider.url(), "--overlay", "less.yaml"]);
    assert_eq!(without.status.code(), Some(2));
    assert!(stderr(&without).contains("`--overlay` needs a contract"), "{}", stderr(&without));
    assert_eq!(running.stop(), Some(0));
}
