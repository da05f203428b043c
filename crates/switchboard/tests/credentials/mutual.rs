//! Mutual TLS against nginx with `ssl_verify_client on`: each account shows its own certificate, and no other's.

use crate::harness::{Running, curl, free_port, program, stderr, switchboard};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// nginx that answers with the name in the client's certificate and the number of the connection.
struct Nginx {
    child: Child,
    port: u16,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

impl Nginx {
    fn start(folder: &Path) -> Option<Self> {
        let nginx = program("nginx")
            .or_else(|| Some("/usr/sbin/nginx".into()).filter(|path: &std::path::PathBuf| path.is_file()))?;
        let port = free_port();
        let at = folder.display();
        let text = format!(
            "daemon off; master_process off; pid {at}/nginx.pid; error_log {at}/nginx.log;\nevents {{}}\nhttp {{\n\
             access_log off; client_body_temp_path {at}/t1; proxy_temp_path {at}/t2; fastcgi_temp_path {at}/t3;\n\
             uwsgi_temp_path {at}/t4; scgi_temp_path {at}/t5;\n\
             server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {at}/server.pem; ssl_certificate_key {at}/server.key;\n\
             ssl_client_certificate {at}/ca.pem; ssl_verify_client on;\n\
             location / {{ return 200 \"$ssl_client_s_dn $connection $http_x_key\"; }} }} }}"
        );
        std::fs::write(folder.join("nginx.conf"), text).unwrap();
        let child = Command::new(nginx)
            .args([
                "-p",
                &at.to_string(),
                "-e",
                &format!("{at}/nginx.log"),
                "-c",
                &format!("{at}/nginx.conf"),
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let own = Self { child, port };
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(own);
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        panic!("nginx: {}", std::fs::read_to_string(folder.join("nginx.log")).unwrap_or_default());
    }
}

/// An authority, a server's certificate, and one of each client's.
fn certificates(folder: &Path) {
    let issuer = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        (Issuer::new(params, key), pem)
    };
    let ((ours, pem), (other, _)) = (issuer("Acme"), issuer("Globex"));
    std::fs::write(folder.join("ca.pem"), pem).unwrap();
    for (file, name, by) in [
        ("server", "localhost", &ours),
        ("own", "own", &ours),
        ("second", "second", &ours),
        ("stranger", "stranger", &other),
    ] {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.join(format!("{file}.pem")), params.signed_by(&key, by).unwrap().pem())
            .unwrap();
        std::fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
    }
}

#[test]
fn each_account_shows_its_own_certificate_and_shares_no_connection() {
    let home = tempfile::tempdir().unwrap();
    certificates(home.path());
    let Some(nginx) = Nginx::start(home.path()) else { return };
    let certificate =
        |name: &str| format!("{{ certificate = \"file:{name}.pem\", key = \"file:{name}.key\" }}");
    let board = format!(
        "console = false\n[listen.edge]\nbind = \"127.0.0.1:{{port}}\"\n[plans.open]\nauth = \"key\"\n\
         [apis.bank.upstream]\nurls = [\"https://localhost:{port}\"]\nca = \"ca.pem\"\ncredential = {}\n\
         [apis.bank.connection.second]\ncredential = {}\nconsumers = [\"globex\"]\n\
         [apis.bank.connection.stranger]\ncredential = {}\n\
         [apis.bank.connection.nobody]\ncredential = {{ header = \"X-Key\", value = \"file:ca.pem.key\" }}\n\
         [apis.bank.offer.all]\nat = \"/bank\"\nplans = [\"open\"]\n",
        certificate("own"),
        certificate("second"),
        certificate("stranger"),
        port = nginx.port,
    );
    std::fs::write(home.path().join("ca.pem.key"), "k").unwrap();
    let (running, url) = Running::serve_with(home, &board, &[]);

    // The client.
    let free = format!("https://localhost:{}/", nginx.port);
    let run = |words: &[&str]| switchboard(running.home.path()).args(words).output().unwrap();
    std::fs::write(
        running.home.path().join("bank.json"),
        r#"{"openapi":"3.1.0","info":{"title":"Bank","version":"1"},"paths":{"/":{"get":{"operationId":"look","responses":{"200":{"description":"ok"}}}}}}"#,
    )
    .unwrap();
    let text = std::fs::read_to_string(running.home.path().join("switchboard.toml")).unwrap();
    let client = running.home.path().join("client");
    std::fs::create_dir(&client).unwrap();
    let text = text
        .replace("file:", "file:../")
        .replace("ca = \"", "ca = \"../")
        .replace("[apis.bank.upstream]", "[apis.bank]\ncontract = \"../bank.json\"\n[apis.bank.upstream]");
    std::fs::write(client.join("switchboard.toml"), text).unwrap();
    let folder = client.display().to_string();
    for (more, name) in [(&[][..], "CN=own"), (&["--connection", "second"], "CN=second")] {
        let output = run(&[&["--board", &folder, "call", "bank.look"], more].concat());
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(name), "{output:?}");
    }
    for (connection, words) in [("stranger", ""), ("nobody", "400")] {
        let output = run(&["--board", &folder, "call", "bank.look", "--connection", connection]);
        assert!(!output.status.success() && stderr(&output).contains(words), "{output:?}");
    }
    // Another address gets no certificate, also of the same API.
    let output = run(&["call", &free, "--cacert", "ca.pem"]);
    assert!(!output.status.success() && stderr(&output).contains("400"), "{output:?}");

    // The gateway: two consumers in turn, over connections that stay open.
    let mut keys = Vec::new();
    for name in ["acme", "globex"] {
        let added = running.command(&["consumer", "add", name, "--plan", "open"]);
        assert!(added.status.success(), "{added:?}");
        let made = running.command(&["key", "new", name]);
        let text = String::from_utf8_lossy(&made.stdout).into_owned();
        keys.push(text.split_whitespace().find(|word| word.starts_with("sbk_")).unwrap().to_owned());
    }
    let ask = |key: &str| curl(&["-H", &format!("X-Api-Key: {key}"), &format!("{url}/bank/")]);
    for _ in 0..100 {
        if ask(&keys[1]).status == 200 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let mut seen = std::collections::HashMap::new();
    for turn in 0..12 {
        let (key, name) = if turn % 2 == 0 { (&keys[0], "CN=own") } else { (&keys[1], "CN=second") };
        let answer = ask(key);
        assert!(answer.body.starts_with(name), "{answer:?}");
        let connection = answer.body.split(' ').nth(1).unwrap().to_owned();
        assert_eq!(*seen.entry(connection).or_insert(name), name, "a connection is shared by two identities");
    }
}
