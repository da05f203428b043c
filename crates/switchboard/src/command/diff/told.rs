//! How changes are printed: in groups, what opens first, each with whom it concerns and where it is written.

use super::Compared;
use anstyle::{AnsiColor, Style};
use board::{Change, Effect, Side};
use serde_json::{Value, json};
use std::fmt::Write;

/// The changes as data, with what they were compared with.
pub(super) fn rows(compared: &[Compared]) -> Vec<Value> {
    compared.iter().flat_map(|one| one.changes.iter().map(move |change| row(&one.against, change))).collect()
}

fn row(against: &str, change: &Change) -> Value {
    let plans: Vec<&str> = change.whom.plans.iter().map(exchange::PlanName::as_str).collect();
    let offers: Vec<&str> = change.offers.iter().map(|offer| &**offer).collect();
    json!({
        "effect": change.effect.word(),
        "rule": change.rule,
        "what": change.what,
        "whom": { "anybody": change.whom.anybody, "plans": plans, "consumers": change.whom.consumers },
        "consumer": change.consumer.as_ref().map(exchange::ConsumerName::as_str),
        "offers": offers,
        "operations": change.operations,
        "listener": change.listener.as_deref(),
        "proof": change.proof,
        "at": change.at.as_ref().map(|(side, origin)| {
            json!({ "board": side_of(*side), "file": &*origin.file, "line": origin.line })
        }),
        "against": against,
    })
}

const fn side_of(side: Side) -> &'static str {
    match side {
        Side::Old => "old",
        Side::New => "new",
    }
}

/// The changes in groups; with a line before them where there are several boards.
pub(super) fn text(compared: &[Compared], colour: bool) -> String {
    let mut text = String::new();
    for Compared { against, changes } in compared {
        if compared.len() > 1 {
            // Writing to a text does not fail.
            let _ = writeln!(text, "compared with {against}\n");
        }
        one(&mut text, changes, colour);
    }
    text
}

fn one(text: &mut String, changes: &[Change], colour: bool) {
    let mut counts = Vec::new();
    for effect in Effect::ALL {
        let of: Vec<&Change> = changes.iter().filter(|change| change.effect == effect).collect();
        if of.is_empty() {
            continue;
        }
        counts.push(format!("{} {effect}", of.len()));
        let style = style(effect, colour);
        let _ = writeln!(text, "{style}{}{style:#}", heading(effect));
        for change in of {
            let _ = writeln!(text, "  {}", change.what);
            if let Some(proof) = &change.proof {
                let _ = writeln!(text, "      shown by {proof}");
            }
            let below = below(change);
            if !below.is_empty() {
                let _ = writeln!(text, "      {below}");
            }
        }
        text.push('\n');
    }
    if counts.is_empty() {
        counts.push("nothing changes".to_owned());
    }
    let _ = writeln!(text, "{}", counts.join(", "));
}

/// Whom it concerns, and where it is written.
fn below(change: &Change) -> String {
    let mut parts = Vec::new();
    let whom = change.whom.to_string();
    match &change.consumer {
        Some(consumer) => parts.push(format!("consumer {consumer}")),
        None if !whom.is_empty() => parts.push(whom),
        None => {}
    }
    if let Some((side, origin)) = &change.at {
        parts.push(match side {
            Side::Old => format!("was at {origin}"),
            Side::New => origin.to_string(),
        });
    }
    parts.join(" · ")
}

const fn heading(effect: Effect) -> &'static str {
    match effect {
        Effect::Opens => "opens",
        Effect::Closes => "closes or breaks",
        Effect::Unclear => "nobody can tell",
        Effect::Other => "changes besides",
    }
}

fn style(effect: Effect, colour: bool) -> Style {
    match effect {
        _ if !colour => Style::new(),
        Effect::Opens => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        Effect::Closes => Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
        Effect::Unclear | Effect::Other => Style::new().bold(),
    }
}
