//! Where a request goes, as cookies see it: host, path, and whether the way there is private (RFC 6265 §5.1).

use std::net::IpAddr;

/// Host, path and trust.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// In lower case.
    pub(crate) host: String,
    path: String,
    /// TLS, or this machine itself.
    pub(crate) trusted: bool,
}

impl Place {
    /// `path` without its query.
    pub(crate) fn new(host: &str, path: &str, https: bool) -> Self {
        let host = host.to_ascii_lowercase();
        let own = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Self { host, path, trusted: https || own }
    }

    /// Whether the host is an address: it has no hosts below it.
    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// Whether the host lies below `domain` (§5.1.3).
    pub(super) fn is_below(&self, domain: &str) -> bool {
        let rest = self.host.strip_suffix(domain);
        rest.is_some_and(|rest| rest.ends_with('.')) && !self.is_address()
    }

    /// Whether the path is `path` or lies below it (§5.1.4).
    pub(super) fn is_in(&self, path: &str) -> bool {
        self.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
    }

    /// The path of a cookie that names none (§5.1.4).
    pub(super) fn default_path(&self) -> String {
        match self.path.rfind('/') {
            None | Some(0) => "/".to_owned(),
            Some(last) => self.path[..last].to_owned(),
        }
    }
}
