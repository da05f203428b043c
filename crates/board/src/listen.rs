//! `[listen.NAME]`: an address that callers reach us at.

use crate::code;
use crate::keys::{Keys, Text, not_built_yet, wrong_type};
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::{At, Entry, Value};
use crate::{Per, ServerUrl, TrustedNetwork, network};
use exchange::{Origin, Rate};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// An address that callers reach us at.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its name.
    pub name: Arc<str>,
    /// Which of the board's listeners it is, from 0; none: the board has it no more, and it was closed.
    pub nth: Option<usize>,
    /// What we open.
    pub bind: SocketAddr,
    /// What callers see, without a slash at the end: for links and problem types. Default: made from `bind`.
    pub url: String,
    /// Certificate and key, where it speaks TLS.
    pub tls: Option<ListenerTls>,
    /// Whose `Forwarded` and `X-Forwarded-For` we believe.
    pub trust: Vec<TrustedNetwork>,
    /// The limit on wrong keys and unknown addresses, per address of the caller.
    pub guesses: Rate,
    /// From a connection's first byte of a request to the end of its head.
    pub head_timeout: Duration,
    /// How long an idle connection stays open.
    pub idle_timeout: Duration,
    /// Where it is written.
    pub origin: Origin,
}

/// A certificate chain and its key, in PEM, read when the board was resolved.
#[derive(Clone, Debug)]
pub struct ListenerTls {
    /// Certificate chain, the server's own first.
    pub certificates: Vec<u8>,
    /// Private key.
    pub key: exchange::Secret,
}

/// Where a listener stands when nobody says otherwise.
const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Resolves `[listen.*]`; without one there is `edge` at 127.0.0.1:8080.
pub(crate) fn resolve(root: &Keys<'_, '_>, scope: &Scope<'_>) -> Vec<Listener> {
    let mut listeners: Vec<(Listener, &At)> =
        root.members("listen").into_iter().filter_map(|(name, entry)| listener(name, entry, scope)).collect();
    for (number, (one, at)) in listeners.iter().enumerate() {
        let twin =
            listeners[..number].iter().find(|(other, _)| other.bind == one.bind && one.bind.port() != 0);
        if let Some((other, first)) = twin {
            scope.report.add(
                Problem::error(&code::LISTEN_TWICE, format!("two listeners open {}", one.bind))
                    .at(at, "this one")
                    .at(first, format!("and `{}`", other.name))
                    .help("give one of them another port"),
            );
        }
    }
    if listeners.is_empty() && root.entry("listen").is_none() {
        listeners.push((by_default(root.at.origin()), root.at));
    }
    let numbered = listeners.into_iter().enumerate();
    numbered.map(|(nth, (listener, _))| Listener { nth: Some(nth), ..listener }).collect()
}

fn by_default(origin: Origin) -> Listener {
    Listener {
        name: "edge".into(),
        nth: None,
        bind: DEFAULT_BIND,
        url: shown(DEFAULT_BIND, false),
        tls: None,
        trust: Vec::new(),
        guesses: default_guesses(),
        head_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
        origin,
    }
}

fn default_guesses() -> Rate {
    Rate::new(std::num::NonZeroU32::MIN.saturating_add(199), Duration::from_secs(1))
}

fn listener<'t>(name: &str, entry: &'t Entry, scope: &Scope<'_>) -> Option<(Listener, &'t At)> {
    let known = ["bind", "url", "tls", "trust", "guesses", "head-timeout", "idle-timeout"];
    let keys = Keys::open(
        format!("[listen.{name}]"),
        entry,
        &known,
        &["http2", "http3", "client-ca"],
        scope.report,
    )?;
    let bind = keys.text("bind").and_then(|text| bind(&keys, text, scope)).unwrap_or(DEFAULT_BIND);
    let tls = keys.entry("tls").and_then(|entry| tls(name, entry, scope));
    let typed_url = keys.text("url").and_then(|Text { text, at }| match ServerUrl::parse(text) {
        Ok(url) => Some(url.to_string()),
        Err(why) => {
            scope.report.add(bad_url(text, at, &why, scope));
            None
        }
    });
    let secure = tls.is_some() || keys.entry("tls").is_some();
    let url = typed_url.unwrap_or_else(|| shown(bind, secure));
    if !bind.ip().to_canonical().is_loopback() && !secure && !url.starts_with("https:") {
        let at = keys.entry("bind").map_or(keys.at, |entry| &entry.node.at);
        scope.report.add(
            Problem::warning(
                &code::PUBLIC_WITHOUT_TLS,
                format!("listener `{name}` takes keys in clear from other machines"),
            )
            .at(at, "open to other machines, without TLS")
            .help("add `tls = { cert = \"cert.pem\", key = \"file:key.pem\" }`, or bind to 127.0.0.1"),
        );
    }
    let guesses = keys.rate("guesses").and_then(|written| match written.per {
        None | Some(Per::Address) => Some(written.rate),
        _ => {
            let at = keys.entry("guesses").map_or(keys.at, |entry| &entry.node.at);
            scope.report.add(
                Problem::error(&code::BAD_RATE, format!("`guesses` of {} count per address only", keys.name))
                    .at(at, "nobody is identified yet")
                    .help("write `per ip`"),
            );
            None
        }
    });
    let listener = Listener {
        name: name.into(),
        nth: None,
        bind,
        url,
        tls,
        trust: keys
            .list("trust")
            .unwrap_or_default()
            .into_iter()
            .filter_map(|text| network::resolve(text, scope))
            .collect(),
        guesses: guesses.unwrap_or_else(default_guesses),
        head_timeout: keys.duration("head-timeout").unwrap_or(Duration::from_secs(10)),
        idle_timeout: keys.duration("idle-timeout").unwrap_or(Duration::from_secs(60)),
        // An overlay may write another address: what cannot be opened is that line.
        origin: keys.entry("bind").map_or(&entry.key, |bind| &bind.key).origin(),
    };
    Some((listener, &entry.key))
}

/// Reads an address and port.
pub(crate) fn bind(
    keys: &Keys<'_, '_>,
    Text { text, at }: Text<'_>,
    scope: &Scope<'_>,
) -> Option<SocketAddr> {
    let read = text.parse().ok();
    if read.is_none() {
        let port = text.strip_prefix(':').or(Some(text)).filter(|port| port.parse::<u16>().is_ok());
        let local = text.strip_prefix("localhost:").filter(|port| port.parse::<u16>().is_ok());
        let help = match port.or(local) {
            Some(port) => format!("write \"127.0.0.1:{port}\""),
            None if text.parse::<IpAddr>().is_ok() => "add a port: \"127.0.0.1:8080\"".to_owned(),
            None => "write it like \"127.0.0.1:8080\" or \"[::1]:8080\"".to_owned(),
        };
        let headline = format!("`bind` of {} is no address with a port", keys.name);
        scope
            .report
            .add(Problem::error(&code::BAD_ADDRESS, headline).at(at, "not an address and a port").help(help));
    }
    read
}

/// What callers see of an address by default.
fn shown(bind: SocketAddr, secure: bool) -> String {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let host = match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    match (secure, bind.port()) {
        (true, 443) => format!("https://{host}"),
        (false, 80) => format!("http://{host}"),
        (true, port) => format!("https://{host}:{port}"),
        (false, port) => format!("http://{host}:{port}"),
    }
}

fn tls(name: &str, entry: &Entry, scope: &Scope<'_>) -> Option<ListenerTls> {
    if let Value::Text(text) = &entry.node.value {
        scope.report.add(if text == "acme" {
            not_built_yet("acme", &entry.node.at)
        } else {
            wrong_type(
                "`tls`",
                &entry.node,
                "a table",
                "tls = { cert = \"cert.pem\", key = \"file:key.pem\" }",
            )
        });
        return None;
    }
    let keys = Keys::open(
        format!("`tls` of [listen.{name}]"),
        entry,
        &["cert", "key"],
        &["client-ca"],
        scope.report,
    )?;
    let Some(cert) = keys.text("cert") else {
        if keys.entry("cert").is_none() {
            keys.missing("cert", "\"cert.pem\"");
        }
        return None;
    };
    let Some(key) = keys.text("key") else {
        if keys.entry("key").is_none() {
            keys.missing("key", "\"file:key.pem\"");
        }
        return None;
    };
    let certificates = scope.paper(cert, &code::BAD_TLS, "the certificate chain");
    // A private key lies in a file of its own: its bare path is as good as a reference.
    let path;
    let key = if key.text.contains(':') || scope.secrets.names().iter().any(|known| known == key.text) {
        key
    } else {
        path = format!("file:{}", key.text);
        Text { text: &path, at: key.at }
    };
    let secret =
        scope.secrets.get(key, &format!("listener `{name}`"), &format!("{name}-tls"), scope.report)?.secret;
    let certificates = certificates?;
    for (holds, at, what) in [
        (memmem(&certificates, b"-----BEGIN CERTIFICATE-----"), cert.at, "certificate"),
        (secret.reveal().contains("PRIVATE KEY-----"), key.at, "private key"),
    ] {
        if !holds {
            scope.report.add(
                Problem::error(
                    &code::BAD_TLS,
                    format!("there is no {what} in PEM where listener `{name}` looks"),
                )
                .at(at, format!("holds no {what}")),
            );
            return None;
        }
    }
    Some(ListenerTls { certificates: certificates.to_vec(), key: secret })
}

/// Whether `part` stands in `whole`.
pub(crate) fn memmem(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

/// A URL that is none; a password in it is not shown.
pub(crate) fn bad_url(text: &str, at: &At, why: &str, scope: &Scope<'_>) -> Problem {
    if text.contains('@') {
        scope.report.hide(at);
    }
    Problem::error(&code::BAD_URL, why).at(at, "not the URL of a server")
}
