//! Changes to a board's file as patches: comments, order and spacing of what is there stay as they are.
//!
//! The file is the truth: whoever changes a board (command line, console) changes its text, and shows the patch.

use crate::Auth;
use similar::TextDiff;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// The text of a file before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole new text.
    pub text: String,
    /// What changed, as a unified diff; empty: nothing.
    pub patch: String,
}

/// Why a file is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text cannot be parsed.
    #[error("the board is not TOML: {0}; run `switchboard check`")]
    NotToml(String),
    /// The name is in use.
    #[error("`{0}` is on the board already; choose another name with `--name`")]
    Taken(String),
    /// What should be continued is not there.
    #[error("`{0}` is not on the board")]
    Absent(String),
    /// Something else than a table stands where one has to be.
    #[error("`{0}` is not a table; run `switchboard check`")]
    NotATable(String),
}

/// An API that is added.
#[derive(Clone, Copy, Debug)]
pub struct NewApi<'a> {
    /// Its name.
    pub name: &'a str,
    /// Path of its contract, from the board's folder.
    pub contract: Option<&'a str>,
    /// Where it is; none: where its contract says.
    pub upstream: Option<&'a str>,
}

/// An offer that is added.
#[derive(Clone, Copy, Debug)]
pub struct NewOffer<'a> {
    /// The API, which is on the board.
    pub api: &'a str,
    /// Name of the offer.
    pub name: &'a str,
    /// Its address.
    pub at: &'a str,
    /// Plans that may enter.
    pub plans: &'a [&'a str],
    /// Rules for what of it is offered; none: everything.
    pub only: &'a [&'a str],
}

/// Adds `[apis.NAME]`; with a contract both directions are checked under `report` at first.
///
/// # Errors
/// When the text cannot be read or the name is in use.
pub fn add_api(text: &str, api: &NewApi<'_>) -> Result<Edited, EditError> {
    edited(text, |document| {
        let apis = table_at(document.as_table_mut(), "apis")?;
        if apis.contains_key(api.name) {
            return Err(EditError::Taken(format!("apis.{}", api.name)));
        }
        let mut table = fresh();
        if let Some(contract) = api.contract {
            table.insert("contract", toml_edit::value(contract));
            let mut check = InlineTable::new();
            check.insert("requests", "report".into());
            check.insert("responses", "report".into());
            table.insert("check", toml_edit::value(check));
        } else {
            table.set_implicit(true);
        }
        if let Some(url) = api.upstream {
            let mut upstream = fresh();
            upstream.insert("urls", toml_edit::value(url));
            table.insert("upstream", Item::Table(upstream));
        }
        apis.insert(api.name, Item::Table(table));
        Ok(())
    })
}

/// Adds `[apis.API.offer.NAME]`.
///
/// # Errors
/// When the text cannot be read, the API is not there, or the name is in use.
pub fn add_offer(text: &str, offer: &NewOffer<'_>) -> Result<Edited, EditError> {
    edited(text, |document| {
        let apis = table_at(document.as_table_mut(), "apis")?;
        if !apis.contains_key(offer.api) {
            return Err(EditError::Absent(format!("apis.{}", offer.api)));
        }
        let api = table_at(apis, offer.api)?;
        let offers = table_at(api, "offer")?;
        if offers.contains_key(offer.name) {
            return Err(EditError::Taken(format!("apis.{}.offer.{}", offer.api, offer.name)));
        }
        let mut table = fresh();
        table.insert("at", toml_edit::value(offer.at));
        let list =
            |words: &[&str]| toml_edit::value(words.iter().map(|word| Value::from(*word)).collect::<Array>());
        table.insert("plans", list(offer.plans));
        if !offer.only.is_empty() {
            table.insert("only", list(offer.only));
        }
        offers.insert(offer.name, Item::Table(table));
        Ok(())
    })
}

/// Adds `[plans.NAME]` when it is not there.
///
/// # Errors
/// When the text cannot be read.
pub fn add_plan_if_missing(
    text: &str,
    name: &str,
    auth: Auth,
    limit: Option<&str>,
) -> Result<Edited, EditError> {
    edited(text, |document| {
        let plans = table_at(document.as_table_mut(), "plans")?;
        if plans.contains_key(name) {
            return Ok(());
        }
        let mut table = fresh();
        table.insert("auth", toml_edit::value(if auth == Auth::Key { "key" } else { "none" }));
        if let Some(limit) = limit {
            table.insert("limit", toml_edit::value(limit));
        }
        plans.insert(name, Item::Table(table));
        Ok(())
    })
}

/// What changed between two texts of `switchboard.toml`, as a unified diff; empty: nothing.
pub fn patch(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(2)
        .header("switchboard.toml", "switchboard.toml")
        .to_string()
}

/// The board that `switchboard init` writes: it loads as it is, and says in comments how to go on.
///
/// `name` is the organisation's or the project's; only letters, digits and `-` of it are used.
pub fn starter(name: &str) -> String {
    let name: String =
        name.chars().filter(|letter| letter.is_alphanumeric() || "-_ .".contains(*letter)).take(64).collect();
    format!(
        r#"#:schema .switchboard/board.schema.json
# The board of {name}: every API that is called or answered here.
# `switchboard check` tells what is wrong with it, `switchboard serve` runs it.

[listen.edge]
bind = "127.0.0.1:8080"

# An API, ours or somebody else's. `switchboard add openapi.yaml --upstream URL --offer free` writes this for you.
#
# [apis.orders]
# contract = "contracts/orders.yaml"          # without one the API is open: nothing is checked
# check    = {{ requests = "report", responses = "report" }}     # report | block | off
#
# [apis.orders.upstream]
# urls       = "http://127.0.0.1:9001"        # default: the contract's servers
# credential = "env:ORDERS_KEY"               # a reference, never the secret itself
#
# [apis.orders.offer.public]
# at    = "/orders/v1"
# plans = ["free"]

# What an audience gets. Keys: `switchboard consumer add NAME --plan free`, `switchboard key new NAME`.
#
# [plans.free]
# auth  = "key"                               # or "none": everybody, counted per address
# limit = "60/min"

[console]
bind = "127.0.0.1:8088"
"#
    )
}

fn edited(
    before: &str,
    change: impl FnOnce(&mut DocumentMut) -> Result<(), EditError>,
) -> Result<Edited, EditError> {
    let mut document: DocumentMut = before
        .parse()
        .map_err(|error: toml_edit::TomlError| EditError::NotToml(error.message().to_owned()))?;
    change(&mut document)?;
    let text = document.to_string();
    let patch = patch(before, &text);
    Ok(Edited { text, patch })
}

/// A table with an empty line before it.
fn fresh() -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table
}

/// The table below `key`; made without a header of its own when it is not there.
fn table_at<'t>(parent: &'t mut dyn TableLike, key: &str) -> Result<&'t mut dyn TableLike, EditError> {
    if !parent.contains_key(key) {
        let mut table = Table::new();
        table.set_implicit(true);
        parent.insert(key, Item::Table(table));
    }
    parent.get_mut(key).and_then(Item::as_table_like_mut).ok_or_else(|| EditError::NotATable(key.to_owned()))
}
