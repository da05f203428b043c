//! A board made of flags: what `switchboard proxy` serves, and what `--keep` writes down.

use crate::api::is_method;
use crate::keys::quoted;
use crate::report::{Problem, Report};
use crate::{Board, Diagnostics, Outside, ServerUrl, code, resolve};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The flags of `switchboard proxy`.
#[derive(Clone, Debug)]
pub struct ProxyFlags {
    /// The URL that is served.
    pub url: String,
    /// A contract for it.
    pub contract: Option<PathBuf>,
    /// Overlays that are laid over it, in order.
    pub overlays: Vec<PathBuf>,
    /// Hosts that its references may lead to.
    pub refs_from: Vec<String>,
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

/// Makes the board that `switchboard proxy` serves, and the text of the file that says the same.
///
/// A contract's path stays as it was given. The state folder is the flag's; the text has the default one.
///
/// # Errors
/// All problems of the flags; their frames show the file that the flags amount to.
pub fn proxy(flags: &ProxyFlags, outside: &dyn Outside) -> Result<(Board, String), Diagnostics> {
    let text = text(flags)?;
    Ok((board(&flags.folder, &text, outside)?, text))
}

/// The flags of `switchboard mock`.
#[derive(Clone, Debug)]
pub struct MockFlags {
    /// The contract.
    pub contract: PathBuf,
    /// Overlays that are laid over it, in order.
    pub overlays: Vec<PathBuf>,
    /// Hosts that its references may lead to.
    pub refs_from: Vec<String>,
    /// The seed of samples.
    pub seed: u32,
    /// How long every answer is held back, as the board writes it.
    pub delay: Option<String>,
    /// What goes wrong, as the board writes it.
    pub fault: Option<String>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The state folder of this mock.
    pub folder: PathBuf,
}

/// Makes the board that `switchboard mock` serves, and the text of the file that says the same.
///
/// Any page may call it, and nobody is asked who they are.
///
/// # Errors
/// All problems of the flags and of the contract.
pub fn mocked(flags: &MockFlags, outside: &dyn Outside) -> Result<(Board, String), Diagnostics> {
    let mut mock = format!("seed = {}", flags.seed);
    for (word, value) in [("delay", &flags.delay), ("fault", &flags.fault)] {
        if let Some(value) = value {
            let _ = write!(mock, ", {word} = {}", quoted(value));
        }
    }
    let more = reading(&flags.overlays, &flags.refs_from);
    let text = format!(
        "# A mock, as a board.\nconsole = false\n\n[listen.edge]\nbind = {}\n\n[apis.mock]\ncontract = {}\n{more}mock = {{ {mock} }}\n\n\
         [apis.mock.offer.all]\nat = \"/\"\nplans = [\"callers\"]\ncors = [\"*\"]\n\n[plans.callers]\nauth = \"none\"\n",
        quoted(&flags.listen.to_string()),
        quoted(&flags.contract.to_string_lossy()),
    );
    Ok((board(&flags.folder, &text, outside)?, text))
}

/// The board that this text is, with its state in `folder`.
fn board(folder: &Path, text: &str, outside: &dyn Outside) -> Result<Board, Diagnostics> {
    let mut board = resolve::load_text(folder, Path::new(""), text, outside).map_err(of_flags)?;
    folder.clone_into(&mut board.ledger.folder);
    Ok(board)
}

/// How a contract is read, as lines of its API's table.
fn reading(overlays: &[PathBuf], refs_from: &[String]) -> String {
    let list = |word: &str, texts: Vec<String>| match texts.as_slice() {
        [] => String::new(),
        texts => format!("{word} = [{}]\n", texts.join(", ")),
    };
    let overlays = overlays.iter().map(|path| quoted(&path.to_string_lossy())).collect();
    let hosts = refs_from.iter().map(|host| quoted(host)).collect();
    list("overlay", overlays) + &list("refs-from", hosts)
}

/// Nobody wrote this file: it is what the flags amount to. Contracts and overlays are files that somebody wrote.
fn of_flags(mut problems: Diagnostics) -> Diagnostics {
    let labels = problems.0.iter_mut().flat_map(|problem| &mut problem.labels);
    for label in labels.filter(|label| &*label.file == resolve::FILE) {
        label.file = "these flags, as a board".into();
    }
    problems
}

fn text(flags: &ProxyFlags) -> Result<String, Diagnostics> {
    let url = ServerUrl::parse(&flags.url).map_err(|why| {
        let report = Report::default();
        report.add(
            Problem::error(&code::BAD_FLAG, why)
                .help("write it like `switchboard proxy http://127.0.0.1:3000`"),
        );
        report.finish()
    })?;
    let name = api_name(&url.host);
    let mut text = String::from(
        "# A proxy, as a board.\n# The console is off: several proxies may run on one machine.\nconsole = false\n\n",
    );
    let mut line = |line: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(line);
        text.push('\n');
    };
    line(format_args!("[listen.edge]\nbind = {}\n", quoted(&flags.listen.to_string())));
    line(format_args!("[apis.{name}]"));
    if let Some(contract) = &flags.contract {
        line(format_args!("contract = {}", quoted(&contract.to_string_lossy())));
    }
    let more = reading(&flags.overlays, &flags.refs_from);
    if !more.is_empty() {
        line(format_args!("{}", more.trim_end()));
    }
    line(format_args!("\n[apis.{name}.upstream]\nurls = {}", quoted(&url.to_string())));
    if let Some(credential) = &flags.credential {
        line(format_args!("credential = {}", quoted(credential)));
    }
    line(format_args!("\n[apis.{name}.offer.all]\nat = \"/\"\nplans = [\"callers\"]"));
    if !flags.cors.is_empty() {
        let origins: Vec<String> = flags.cors.iter().map(|origin| quoted(origin)).collect();
        line(format_args!("cors = [{}]", origins.join(", ")));
    }
    // Without a key nobody is identified: the limit counts per address.
    let auth = if flags.key { "key" } else { "none" };
    line(format_args!("\n[plans.callers]\nauth = \"{auth}\""));
    if let Some(limit) = &flags.limit {
        line(format_args!("limit = {}", quoted(limit)));
    }
    Ok(text)
}

/// `weather` for `api.weather.example`; `api` where the host has no name of its own.
fn api_name(host: &str) -> String {
    let labels: Vec<&str> = host.split('.').collect();
    let named = labels.iter().rev().nth(1).filter(|_| host.parse::<std::net::IpAddr>().is_err());
    let good = |name: &&&str| {
        name.len() > 2
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !is_method(name)
    };
    named.filter(good).map_or_else(|| "api".to_owned(), |name| (*name).to_owned())
}
