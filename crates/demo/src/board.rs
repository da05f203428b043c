//! The demo's board: its files are in this program, and are written into a folder to be run or kept.
//!
//! The embedded `switchboard.toml` is a valid board by itself; writing puts the addresses of this run in.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The board's file, with the addresses it has before any run.
pub const SWITCHBOARD_TOML: &str = include_str!("board/switchboard.toml");
/// Contract of the weather API: OpenAPI 3.0.
pub const WEATHER_YAML: &str = include_str!("board/contracts/weather.yaml");
/// Contract of the orders API: OpenAPI 3.1.
pub const ORDERS_YAML: &str = include_str!("board/contracts/orders.yaml");
const README_MD: &str = include_str!("board/README.md");

const EDGE: &str = "127.0.0.1:8080";
const CONSOLE: &str = "127.0.0.1:8088";
const WEATHER: &str = "http://127.0.0.1:9001";
const ORDERS: &str = "http://127.0.0.1:9002";

/// The demo's consumers and the plan of each: four that call, and one for whoever tries the demo.
pub const CONSUMERS: [(&str, &str); 5] =
    [("globex", "partner"), ("initech", "free"), ("umbrella", "free"), ("acme-shop", "trial"), (YOU, "free")];

/// The consumer whose key the terminal shows for trying.
pub const YOU: &str = "you";

/// Where everything of one run is.
#[derive(Clone, Copy, Debug)]
pub struct Addresses<'a> {
    /// The weather provider, without a slash at the end.
    pub weather: &'a str,
    /// The orders provider, without a slash at the end.
    pub orders: &'a str,
    /// Where the gateway listens.
    pub gateway: SocketAddr,
    /// Where the console listens.
    pub console: SocketAddr,
}

/// Why the board could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`: choose an empty folder that you may write to", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the board into a folder, which is made where it is missing.
///
/// A board that is there already is not touched: whoever keeps the demo's board may have changed it.
///
/// # Errors
/// The first file that could not be written, or is there already (`AlreadyExists`).
pub fn write(folder: &Path, addresses: &Addresses<'_>) -> Result<(), WriteError> {
    let contracts = folder.join("contracts");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError { path, source }
    };
    std::fs::create_dir_all(&contracts).map_err(failed(&contracts))?;
    for (name, text) in [
        ("switchboard.toml", board(addresses)),
        ("contracts/weather.yaml", WEATHER_YAML.to_owned()),
        ("contracts/orders.yaml", ORDERS_YAML.to_owned()),
        ("README.md", README_MD.replace(EDGE, &addresses.gateway.to_string())),
        (".gitignore", ".switchboard/\n".to_owned()),
    ] {
        let path = folder.join(name);
        let file = std::fs::File::create_new(&path);
        file.and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes())).map_err(failed(&path))?;
    }
    Ok(())
}

/// The text of `switchboard.toml` with the addresses of a run.
pub fn board(addresses: &Addresses<'_>) -> String {
    let (gateway, console) = (addresses.gateway.to_string(), addresses.console.to_string());
    let places =
        [(EDGE, &*gateway), (CONSOLE, &*console), (WEATHER, addresses.weather), (ORDERS, addresses.orders)];
    // Line by line, each place once: an address of this run may look like one of the file's.
    let lines = SWITCHBOARD_TOML.lines().map(|line| {
        let place = places.iter().find(|(standing, _)| line.contains(&format!("\"{standing}\"")));
        place.map_or_else(|| line.to_owned(), |(standing, real)| line.replace(standing, real)) + "\n"
    });
    lines.collect()
}
