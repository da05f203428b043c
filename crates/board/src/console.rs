//! `[console]`: the console's own listener.

use crate::keys::Keys;
use crate::scope::Scope;
use crate::tree::Value;
use crate::{Listener, code, listen, report::Problem};
use exchange::Origin;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where the console listens; loopback by default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// What we open.
    pub bind: SocketAddr,
    /// Where it is written.
    pub origin: Origin,
}

/// Resolves `[console]`; `console = false` switches it off.
pub(crate) fn resolve(
    root: &Keys<'_, '_>,
    listeners: &[Listener],
    scope: &Scope<'_>,
) -> Option<ConsoleSettings> {
    let by_default = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8088);
    let Some(entry) = root.entry("console") else {
        return Some(ConsoleSettings { bind: by_default, origin: root.at.origin() });
    };
    if matches!(entry.node.value, Value::Flag(false)) {
        return None;
    }
    let keys =
        Keys::open("[console]".to_owned(), entry, &["bind"], &["url", "tls", "auth", "users"], scope.report)?;
    let bind = keys.text("bind").and_then(|text| listen::bind(&keys, text, scope)).unwrap_or(by_default);
    if let Some(listener) = listeners.iter().find(|listener| listener.bind == bind && bind.port() != 0) {
        scope.report.add(
            Problem::error(
                &code::LISTEN_TWICE,
                format!("the console and listener `{}` open {bind}", listener.name),
            )
            .at(keys.at, "the console")
            .help("give one of them another port"),
        );
    }
    let origin = keys.entry("bind").map_or(keys.at, |entry| &entry.node.at).origin();
    Some(ConsoleSettings { bind, origin })
}
