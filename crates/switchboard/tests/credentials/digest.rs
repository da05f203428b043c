//! Digest against httpbin, for the client and the gateway: every algorithm it knows and a wrong password.

use crate::harness::{Running, curl, free_port, program, skipped, switchboard};
use std::process::{Child, Command, Stdio};

struct Httpbin {
    child: Child,
    port: u16,
}

impl Drop for Httpbin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Httpbin {
    fn start() -> Option<Self> {
        let python = program("python3")?;
        if !Command::new(&python)
            .args(["-c", "import httpbin"])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
        {
            skipped("skipped: httpbin is not installed; `make test` installs it");
            return None;
        }
        let port = free_port();
        let code = format!("from httpbin import app\napp.run(port={port}, threaded=True)");
        let null = Stdio::null;
        let child = Command::new(python)
            .args(["-c", &code])
            .stdin(null())
            .stdout(null())
            .stderr(null())
            .spawn()
            .unwrap();
        let own = Self { child, port };
        for _ in 0..400 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(own);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("httpbin does not start");
    }
}

#[test]
fn httpbin_lets_the_right_password_in() {
    let Some(httpbin) = Httpbin::start() else { return };
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("right"), "ada:passWord-1").unwrap();
    std::fs::write(home.path().join("wrong"), "ada:otherWord-2").unwrap();
    let contract = r#"{"openapi":"3.1.0","info":{"title":"H","version":"1"},
      "components":{"securitySchemes":{"d":{"type":"http","scheme":"digest"}}},"security":[{"d":[]}],
      "paths":{"/digest-auth/{qop}/ada/passWord-1/{algorithm}":{"get":{"operationId":"look",
        "parameters":[{"name":"qop","in":"path","required":true,"schema":{"type":"string"}},
                      {"name":"algorithm","in":"path","required":true,"schema":{"type":"string"}}],
        "responses":{"200":{"description":"in"}}}}}}"#;
    std::fs::write(home.path().join("h.json"), contract).unwrap();
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[plans.open]\nauth = \"none\"\n\
         [apis.h]\ncontract = \"h.json\"\n[apis.h.upstream]\nurls = \"http://127.0.0.1:{}\"\ncredential = {{ digest = \"file:right\" }}\n\
         [apis.h.connection.wrong]\ncredential = {{ digest = \"file:wrong\" }}\n\
         [apis.h.offer.all]\nat = \"/h\"\nplans = [\"open\"]\n",
        httpbin.port
    );
    let (running, url) = Running::serve_with(home, &board, &[]);
    for algorithm in ["MD5", "SHA-256"] {
        for qop in ["auth", "auth-int"] {
            let words = ["call", "h.look", &format!("qop={qop}"), &format!("algorithm={algorithm}")];
            let run =
                |more: &[&str]| switchboard(running.home.path()).args(words).args(more).output().unwrap();
            let right = run(&[]);
            // Who offers `auth-int` alone is not met: it is said, and nothing is tried twice.
            assert_eq!(right.status.code(), Some(if qop == "auth" { 0 } else { 4 }), "{algorithm} {right:?}");
            let wrong = run(&["--connection", "wrong", "-v"]);
            assert_eq!(wrong.status.code(), Some(4), "{wrong:?}");
            assert!(!format!("{wrong:?}").contains("otherWord-2"), "{wrong:?}");
            if qop == "auth" {
                let path = format!("{url}/h/digest-auth/auth/ada/passWord-1/{algorithm}");
                // The nonce is used again, and counted.
                for _ in 0..3 {
                    assert_eq!(curl(&[&path]).status, 200, "{algorithm}");
                }
            }
        }
    }
}
