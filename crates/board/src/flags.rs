//! A board made of flags: what `switchboard proxy` serves, and what `--keep` writes down.

use std::net::SocketAddr;
use std::path::PathBuf;

/// The flags of `switchboard proxy`.
#[derive(Clone, Debug)]
pub struct ProxyFlags {
    /// The URL that is served.
    pub url: String,
    /// A contract for it.
    pub contract: Option<PathBuf>,
    /// Whether callers need a key.
    pub key: bool,
    /// A limit as the board writes it, `60/min`.
    pub limit: Option<String>,
    /// Origins of pages that may call.
    pub cors: Vec<String>,
    /// A reference to the provider's credential.
    pub credential: Option<String>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The state folder of this proxy.
    pub folder: PathBuf,
}
