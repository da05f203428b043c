//! `switchboard contract diff`: two versions of a contract, and what the change does to those who call.

use crate::arguments::Global;
use crate::drive::Reading;
use crate::exit::{Exit, Failure};
use crate::output::listing::Listing;
use anstyle::{AnsiColor, Style};
use contract::{Change, Contract, Spot, Verdict, compare};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Operations that are named at one change; the rest is counted.
const NAMED: usize = 3;

/// Arguments of `contract diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The contract that callers know
    old: PathBuf,
    /// The contract that is to take its place
    new: PathBuf,
    #[command(flatten)]
    listing: Listing,
    /// End with exit code 12 if there is such a change, or a worse one
    #[arg(long, value_name = "VERDICT", value_parser = ["breaking", "unknown", "additive"])]
    fail_on: Option<String>,
}

impl Diff {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let (old, new) = (read(&self.old)?, read(&self.new)?);
        let changes = compare(&old, &new);
        let terminal = global.terminal();
        let rows = if self.listing.is_text() {
            Vec::new()
        } else {
            changes.iter().map(|change| as_json(change, &old, &new)).collect()
        };
        let text = || as_text(&changes, &old.name, &new.name, terminal.colour_out);
        self.listing.print(rows, text, terminal)?;
        let worst = changes.iter().map(|change| change.verdict).min();
        let limit = self.fail_on.as_deref().map(|word| match word {
            "breaking" => Verdict::Breaking,
            "unknown" => Verdict::Unknown,
            _ => Verdict::Additive,
        });
        let hit = matches!((worst, limit), (Some(worst), Some(limit)) if worst <= limit);
        Ok(if hit { Exit::Assertion } else { Exit::Ok })
    }
}

/// The contract in a file.
pub(super) fn read(file: &Path) -> Result<Contract, Failure> {
    Reading::default().contract(file)
}

fn as_json(change: &Change, old: &Contract, new: &Contract) -> serde_json::Value {
    let spot = |spot: &Option<Spot>, contract: &Contract| {
        spot.as_ref()
            .map(|spot| json!({"file": contract.name, "pointer": spot.at.as_str(), "line": spot.line}))
    };
    json!({
        "verdict": change.verdict.word(),
        "rule": change.rule,
        "what": change.what,
        "operations": change.operations,
        "proof": change.proof,
        "old": spot(&change.old, old),
        "new": spot(&change.new, new),
    })
}

/// The changes in groups, the worst first, and how many of each there are.
pub(super) fn as_text(changes: &[Change], old: &str, new: &str, colour: bool) -> String {
    let mut text = String::new();
    let style = |verdict: Verdict| match verdict {
        _ if !colour => Style::new(),
        Verdict::Breaking => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Verdict::Unknown => Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
        Verdict::Additive => Style::new().bold().fg_color(Some(AnsiColor::Green.into())),
        Verdict::Neutral => Style::new().bold(),
    };
    let mut counts = Vec::new();
    for verdict in [Verdict::Breaking, Verdict::Unknown, Verdict::Additive, Verdict::Neutral] {
        let of: Vec<&Change> = changes.iter().filter(|change| change.verdict == verdict).collect();
        if of.is_empty() {
            continue;
        }
        counts.push(format!("{} {verdict}", of.len()));
        let style = style(verdict);
        // Writing to a text does not fail.
        let _ = writeln!(text, "{style}{verdict}{style:#}");
        for change in of {
            let _ = writeln!(text, "  {}{}", whose(change), change.what);
            if let Some(proof) = &change.proof {
                let _ = writeln!(text, "      shown by {proof}");
            }
            for (name, spot) in [(old, &change.old), (new, &change.new)] {
                match spot {
                    Some(Spot { at, line: 0 }) => drop(writeln!(text, "      {name} {at}")),
                    Some(spot) => drop(writeln!(text, "      {name}:{} {}", spot.line, spot.at)),
                    None => {}
                }
            }
        }
        text.push('\n');
    }
    if counts.is_empty() {
        counts.push("no change that a message could show".to_owned());
    }
    let _ = writeln!(text, "{}", counts.join(", "));
    text
}

/// The operations that a change is about.
fn whose(change: &Change) -> String {
    match change.operations.as_slice() {
        [] => String::new(),
        few if few.len() <= NAMED => format!("{}: ", few.join(", ")),
        many => format!("{} and {} more: ", many[..NAMED].join(", "), many.len() - NAMED),
    }
}
