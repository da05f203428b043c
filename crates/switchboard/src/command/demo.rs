//! `switchboard demo`: two APIs, four callers, three planted problems, all on this machine.

use crate::arguments::Global;
use crate::command::paste;
use crate::drive::{author, entropy, load_board, open_ledger, port, runtime, stored};
use crate::exit::{Exit, Failure};
use crate::run::{Plan, Started, Work, run};
use demo::board::{Addresses, CONSUMERS, YOU};
use demo::traffic::Traffic;
use exchange::{ApiKey, PlanName};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The same callers every time.
const SEED: u64 = 20_260_101;
/// Calls made at once, so that there is something to see.
const AT_ONCE: u32 = 24;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Where the gateway listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Keep the board in this folder: a project to learn from
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

impl Demo {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let terminal = global.terminal();
        let gateway = Self::port(self.listen, global)?;
        // An asked-for port 0 means: do not disturb anything. So has the console then.
        let console = if self.listen.port() == 0 { "127.0.0.1:0" } else { "127.0.0.1:8088" };
        let console = Self::port(console.parse().map_err(|_| Failure::run("no address"))?, global)?;
        let started =
            |provider: demo::Unstarted| provider.try_start().map_err(|error| Failure::run(error.to_string()));
        let weather = started(demo::Provider::weather())?;
        let orders = started(demo::Provider::orders())?;
        let place = super::Place::new(self.keep.as_deref())?;
        let addresses = Addresses { weather: &weather.url(), orders: &orders.url(), gateway, console };
        demo::board::write(place.folder(), &addresses).map_err(|error| Failure::run(error.to_string()))?;
        let keys = keys(place.folder(), global)?;
        let plan = Plan {
            what: "demo",
            folder: place.folder().to_path_buf(),
            threads: None,
            lines: !global.quiet,
            watch: false,
        };
        let quiet = global.quiet;
        let folder = place.folder();
        run(&plan, global, move |started| {
            terminal.data(welcome(started, folder, &keys));
            Ok((!quiet).then(|| callers(gateway, keys)))
        })
    }

    fn port(wanted: SocketAddr, global: &Global) -> Result<SocketAddr, Failure> {
        let (found, passed) = port::next_free(wanted).map_err(|taken| Failure::run(taken.to_string()))?;
        for taken in passed {
            global.terminal().say(format!("  {taken}: using {found}"));
        }
        Ok(found)
    }
}

/// Makes the demo's consumers and their keys.
fn keys(folder: &Path, global: &Global) -> Result<Vec<(String, ApiKey)>, Failure> {
    let board = load_board(folder, global)?;
    runtime()?.block_on(async {
        let ledger = open_ledger(&board).await?;
        let mut keys = Vec::new();
        for (name, plan) in CONSUMERS {
            let added = ledger.add_consumer(name, &[PlanName::new(plan)], author()).await;
            let name = added.map_err(|error| stored(&error))?;
            let key = ledger.new_key(&name, entropy()?, author()).await.map_err(|error| stored(&error))?;
            keys.push((name.to_string(), key));
        }
        ledger.close().await.map_err(|error| stored(&error))?;
        Ok(keys)
    })
}

/// The callers, as work beside the gateway until it stops.
fn callers(gateway: SocketAddr, keys: Vec<(String, ApiKey)>) -> Work {
    let keys = keys.into_iter().filter(|(name, _)| name != YOU).collect();
    Box::new(move |stop| {
        Box::pin(async move {
            let mut traffic = Traffic::new(gateway, keys, SEED);
            traffic.burst(AT_ONCE).await;
            traffic.run(stop).await;
        })
    })
}

/// Where everything is, and lines to paste that work.
fn welcome(started: &Started, folder: &Path, keys: &[(String, ApiKey)]) -> String {
    let url = started.listeners.first().map_or("", |(_, url)| url.as_str());
    let key = keys.iter().find(|(name, _)| name == YOU).map_or("", |(_, key)| key.reveal());
    let console = started.console.as_deref().unwrap_or("off");
    let own = paste();
    format!(
        "
  switchboard {version}   the demo: everything on this machine, nothing leaves it

  Console   {console}   signs you in once
  Gateway   {url}
  APIs      weather   {url}/weather/v1/forecast   open to all
            orders    {url}/orders/v1/orders      with a key, in X-Api-Key or as bearer
  Key       {key}
  Board     {file}

  Try       curl '{url}/weather/v1/forecast?latitude=52.37&longitude=4.90&current_weather=true'
            curl -H 'X-Api-Key: {key}' {url}/orders/v1/orders/4021
            curl -i '{url}/weather/v1/forecast?latitude=97.2&longitude=4.90'
            {own} call weather.forecast latitude=52.37 longitude=4.90 current_weather=true
            {own} explain GET /orders/v1/orders/4021 --as {YOU}
            {own} log -f

  Planted   a field of the wrong type in 3 % of the answers of orders; a path that is not in its
            contract; a consumer that goes over its limit. Find them in the console.

",
        version = env!("CARGO_PKG_VERSION"),
        file = folder.join(crate::drive::FILE).display(),
    )
}
