//! One call whole: every decision, where the time went, what was said, what broke the contract.

use super::line;
use board::Board;
use contract::Pointer;
use exchange::{CallRecord, Detail, Finding, Message};
use serde_json::json;
use std::fmt::Write;

/// The call as text, below its line.
pub(super) fn text(
    mut out: String,
    record: &CallRecord,
    detail: Option<&Detail>,
    board: Option<&Board>,
) -> String {
    let Some(detail) = detail else {
        out.push_str("  heads and bodies of this call were not kept: see `details` under `[record]`\n");
        return out;
    };
    if !detail.decisions.is_empty() {
        out.push('\n');
        out.push_str(&decisions(&detail.decisions));
    }
    for finding in &detail.findings {
        let line = board
            .and_then(|board| rule_line(record, finding, board))
            .map(|line| format!("  ({line})"))
            .unwrap_or_default();
        let _ = writeln!(out, "  ! {} {}: {}{line}", finding.direction, finding.place, finding.detail);
    }
    if !detail.timing.is_empty() {
        out.push_str("\n  time\n");
        for timing in &detail.timing {
            let _ = writeln!(out, "    {:<10} {}", timing.part, line::took(timing.took_us));
        }
    }
    for (title, message) in
        [("request", &detail.request), ("sent to the provider", &detail.sent), ("response", &detail.response)]
    {
        if let Some(message) = message {
            let _ = writeln!(out, "\n  {title}");
            out.push_str(&said(message));
        }
    }
    if !detail.command.is_empty() {
        let words = shell_words::join(
            std::iter::once("switchboard".to_owned()).chain(detail.command.iter().cloned()),
        );
        let _ = writeln!(out, "\n  made by\n    {words}\n  again\n    switchboard log repeat {}", record.id);
    }
    out
}

/// Decisions as `explain` prints them.
pub(in crate::command) fn decisions(decisions: &[exchange::Decision]) -> String {
    let mut number = 0;
    let mut last = None;
    let rows = decisions.iter().map(|decision| {
        // Several findings of one stage stand below its name.
        let again = last.replace(decision.stage) == Some(decision.stage);
        number += usize::from(!again);
        let stage = serde_json::to_value(decision.stage).ok();
        let stage = stage.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let refused = decision.refused.as_ref().map(|slug| format!("refused: {slug}. ")).unwrap_or_default();
        vec![
            if again { String::new() } else { format!("{number:>3} {stage}") },
            decision.subject.clone(),
            decision.origin.clone().unwrap_or_default(),
            format!("{refused}{}", decision.words),
        ]
    });
    super::super::columns(rows)
}

/// `contracts/orders.yaml:41`, where the contract is on this board.
fn rule_line(record: &CallRecord, finding: &Finding, board: &Board) -> Option<String> {
    let contract = board.api(record.api.as_deref()?)?.contract.as_ref()?;
    let line = contract.line(&Pointer::parse(&finding.rule)?)?;
    Some(format!("{}:{line}", contract.name))
}

fn said(message: &Message) -> String {
    let mut out = format!("    {}\n", message.line);
    for (name, value) in &message.fields {
        let _ = writeln!(out, "    {name}: {value}");
    }
    if !message.body.is_empty() {
        out.push('\n');
        for line in message.body.lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    if message.cut {
        let _ = writeln!(out, "    … {} bytes in all", message.size);
    }
    out
}

/// The call as JSON: its row, and what else was kept.
pub(super) fn as_json(mut whole: serde_json::Value, detail: Option<&Detail>) -> serde_json::Value {
    whole["detail"] = detail.and_then(|detail| serde_json::to_value(detail).ok()).unwrap_or(json!(null));
    whole
}
