//! One call as one line, also in the demo's and the gateway's live output.

use exchange::{CallRecord, Outcome};
use serde_json::json;

/// Where calls of `switchboard call` and `switchboard curl` come from, in a row's `via`.
const HISTORY: [&str; 2] = ["call", "curl"];

/// `06:00:03  GET  /weather/v1/forecast  200  4 ms  weather.forecast  pocket`.
pub(crate) fn text(record: &CallRecord, colour: bool) -> String {
    let (on, off) = if colour { (paint(record.outcome), "\x1b[0m") } else { ("", "") };
    let clock = super::super::time_of(record.id.at_ms());
    let clock = clock.get(11..).unwrap_or_default();
    let status = if record.status == 0 { "---".to_owned() } else { record.status.to_string() };
    let who = record.consumer.as_ref().map_or("-", |name| name.as_str());
    let mut line = format!(
        "{clock}  {:<6} {:<36} {on}{status}{off} {:>8}  {:<10} {who}",
        record.method,
        record.path,
        took(record.took_us),
        if record.open { "running" } else { record.outcome.word() },
    );
    for note in notes(record) {
        line.push_str("  ");
        line.push_str(&note);
    }
    format!("{}  {}\n", line.trim_end(), record.id)
}

/// What is worth saying beyond the columns.
fn notes(record: &CallRecord) -> Vec<String> {
    let mut notes = Vec::new();
    if HISTORY.contains(&&*record.via) {
        notes.push(format!("by `{}`", record.via));
    }
    if let Some(reason) = record.reason {
        notes.push(reason.slug().to_owned());
    }
    if let Some(by) = record.outcome.by() {
        notes.push(format!("by {by}"));
    }
    if record.breaks > 0 {
        notes.push(format!("breaks its contract in {}", record.breaks));
    }
    if record.weight > 1 {
        notes.push(format!("stands for {}", record.weight));
    }
    notes
}

/// `412 us`, `4.1 ms`, `2.3 s`.
pub(crate) fn took(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
}

const fn paint(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "\x1b[32m",
        Outcome::Declined | Outcome::Refused => "\x1b[33m",
        Outcome::Failed(_) | Outcome::Aborted(_) | Outcome::Panicked => "\x1b[31m",
    }
}

/// The row as JSON.
pub(crate) fn as_json(record: &CallRecord) -> serde_json::Value {
    json!({
        "call": record.id.to_string(),
        "at_ms": record.id.at_ms(),
        "parent": record.parent.map(|id| id.to_string()),
        "via": &*record.via,
        "api": record.api.as_deref(),
        "offer": record.offer.as_deref(),
        "operation": record.operation.as_deref(),
        "consumer": record.consumer.as_ref().map(exchange::ConsumerName::as_str),
        "plan": record.plan.as_ref().map(exchange::PlanName::as_str),
        "address": record.address,
        "method": record.method,
        "path": record.path,
        "status": record.status,
        // What is still running has none yet.
        "outcome": (!record.open).then(|| record.outcome.word()),
        "state": if record.open { "running" } else { "over" },
        "by": record.outcome.by(),
        "reason": record.reason.map(exchange::Reason::slug),
        "took_us": record.took_us,
        "provider_us": record.provider_us,
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "breaks": record.breaks,
        "weight": record.weight,
        "open": record.open,
    })
}

#[cfg(test)]
mod tests {
    use super::took;

    #[test]
    fn a_time_is_written_with_the_unit_that_fits() {
        assert_eq!(took(412), "412 us");
        assert_eq!(took(4_149), "4.1 ms");
        assert_eq!(took(2_345_678), "2.3 s");
    }
}
