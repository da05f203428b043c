//! One call as one line, also in the demo's and the gateway's live output.

use exchange::{CallId, CallRecord, ConsumerName, Outcome, PlanName, Reason};
use serde_json::json;

/// Where calls of `switchboard call` and `switchboard curl` come from, in a row's `via`.
const HISTORY: [&str; 2] = ["call", "curl"];

/// `06:00:03  GET  /weather/v1/forecast  200  4 ms  weather.forecast  pocket`.
pub(crate) fn text(record: &CallRecord, colour: bool) -> String {
    text_as(record, colour, if record.open { "running" } else { record.outcome.word() })
}

/// The same with this word for what became of it.
pub(super) fn text_as(record: &CallRecord, colour: bool, became: &str) -> String {
    let (on, off) = if colour { (paint(record.outcome), "\x1b[0m") } else { ("", "") };
    let clock = super::super::time_of(record.id.at_ms());
    let clock = clock.get(11..).unwrap_or_default();
    let status = if record.status == 0 { "---".to_owned() } else { record.status.to_string() };
    let who = record.consumer.as_ref().map_or("-", |name| name.as_str());
    let mut line = format!(
        "{clock}  {:<6} {:<36} {on}{status}{off} {:>8}  {became:<10} {who}",
        record.method,
        record.path,
        took(record.took_us),
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
        "consumer": record.consumer.as_ref().map(ConsumerName::as_str),
        "plan": record.plan.as_ref().map(PlanName::as_str),
        "address": record.address,
        "method": record.method,
        "path": record.path,
        "status": record.status,
        // What is still running has none yet.
        "outcome": (!record.open).then(|| record.outcome.word()),
        "state": if record.open { "running" } else { "over" },
        "by": record.outcome.by(),
        "reason": record.reason.map(Reason::slug),
        "took_us": record.took_us,
        "provider_us": record.provider_us,
        "bytes_in": record.bytes_in,
        "bytes_out": record.bytes_out,
        "breaks": record.breaks,
        "weight": record.weight,
        "open": record.open,
    })
}

/// The call of a row as JSON: what another process of this board says. `None`: it is none.
pub(crate) fn of_json(row: &serde_json::Value) -> Option<CallRecord> {
    let text = |name: &str| row[name].as_str();
    let shared = |name: &str| text(name).map(Into::into);
    let small = |name: &str| u32::try_from(row[name].as_u64()?).ok();
    let open = row["open"].as_bool()?;
    let same = |outcome: &Outcome| Some(outcome.word()) == text("outcome") && outcome.by() == text("by");
    let outcome = (0..=u8::MAX).map_while(Outcome::from_code).find(same);
    Some(CallRecord {
        id: CallId::parse(text("call")?)?,
        parent: text("parent").and_then(CallId::parse),
        via: text("via")?.into(),
        api: shared("api"),
        offer: shared("offer"),
        operation: shared("operation"),
        consumer: text("consumer").map(ConsumerName::new),
        plan: text("plan").map(PlanName::new),
        address: text("address").and_then(|address| address.parse().ok()),
        method: text("method")?.to_owned(),
        path: text("path")?.to_owned(),
        status: u16::try_from(row["status"].as_u64()?).ok()?,
        outcome: if open { Outcome::Succeeded } else { outcome? },
        reason: text("reason").and_then(Reason::from_slug),
        took_us: row["took_us"].as_u64()?,
        provider_us: row["provider_us"].as_u64()?,
        bytes_in: row["bytes_in"].as_u64()?,
        bytes_out: row["bytes_out"].as_u64()?,
        breaks: small("breaks")?,
        weight: small("weight")?,
        open,
    })
}

#[cfg(test)]
mod tests {
    use super::{as_json, of_json, took};
    use exchange::{CallId, CallRecord, ConsumerName, Outcome, PlanName, Reason};

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let outcomes: Vec<Outcome> = (0..=u8::MAX).map_while(Outcome::from_code).collect();
        assert!(outcomes.len() > 5);
        for (open, outcome) in
            outcomes.iter().map(|outcome| (false, *outcome)).chain([(true, Outcome::Succeeded)])
        {
            let record = CallRecord {
                id: CallId(1 << 40),
                parent: Some(CallId(7)),
                via: "edge".into(),
                api: Some("orders".into()),
                offer: None,
                operation: Some("getOrder".into()),
                consumer: Some(ConsumerName::new("globex")),
                plan: Some(PlanName::new("free")),
                address: Some([127, 0, 0, 1].into()),
                method: "GET".to_owned(),
                path: "/orders/ü".to_owned(),
                status: 429,
                outcome,
                reason: Some(Reason::OverLimit),
                took_us: 1,
                provider_us: 2,
                bytes_in: 3,
                bytes_out: 4,
                breaks: 5,
                weight: 6,
                open,
            };
            let row = as_json(&record);
            let read = of_json(&row).unwrap();
            assert_eq!(format!("{read:?}"), format!("{record:?}"));
            assert_eq!(as_json(&read), row);
        }
        assert!(of_json(&serde_json::json!({ "missed": 3 })).is_none());
    }

    #[test]
    fn a_time_is_written_with_the_unit_that_fits() {
        assert_eq!(took(412), "412 us");
        assert_eq!(took(4_149), "4.1 ms");
        assert_eq!(took(2_345_678), "2.3 s");
    }
}
