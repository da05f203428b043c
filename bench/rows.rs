//! Fills a ledger with calls for `bench/rows`: so many rows over so many days, through the ledger's own recorder.
//!
//! The same arguments make the same calls but for the time they end at, which is now. Rows only: what they would
//! count in usage is left out, and of one in a thousand a detail is kept. Where to: a folder, or the URL of a PostgreSQL.
//! `rows FOLDER year 2025 EACH`: counts of a year.

#[path = "year.rs"]
mod year;

use exchange::{
    By, CallIds, CallRecord, ConsumerName, Detail, Fault, Message, Outcome, PlanName, Reason, Secret,
};
use ledger::{DetailsWanted, Ledger, LedgerOptions, Place};
use std::error::Error;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY_MS: u64 = 24 * 3600 * 1000;
/// The recorder's queue holds 4,096; nothing may be dropped.
const AT_ONCE: u64 = 4_000;
const APIS: [&str; 8] =
    ["orders", "billing", "weather", "stock", "accounts", "search", "shipping", "reports"];
const OPERATIONS: usize = 25;
const CONSUMERS: usize = 500;
/// A consumer, an operation and a path that hardly ever call or are called: one row in so many.
const RARE: u64 = 500_000;

/// Numbers that look random and are the same each time (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 8
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// As [`Self::skewed`], for a place in a list.
    fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.skewed(length as u64)).unwrap_or_default()
    }

    fn byte(&mut self, end: u64) -> u8 {
        u8::try_from(self.below(end)).unwrap_or_default()
    }

    /// Small ones often, large ones seldom: the product of two even ones.
    fn skewed(&mut self, end: u64) -> u64 {
        self.below(end) * self.below(end) / end
    }
}

/// What calls are made of.
struct Words {
    apis: Vec<Arc<str>>,
    offers: Vec<Arc<str>>,
    operations: Vec<Arc<str>>,
    consumers: Vec<ConsumerName>,
    via: Arc<str>,
    plan: PlanName,
}

impl Words {
    fn new() -> Self {
        let operation =
            |nth: usize, api: &str| Arc::from(format!("{}{api}{nth}", ["get", "list", "create"][nth % 3]));
        Self {
            apis: APIS.iter().map(|api| Arc::from(*api)).collect(),
            offers: APIS.iter().map(|api| Arc::from(format!("{api}.public"))).collect(),
            operations: APIS
                .iter()
                .flat_map(|api| (0..OPERATIONS).map(move |nth| operation(nth, api)))
                .collect(),
            consumers: (0..CONSUMERS).map(|nth| ConsumerName::new(&format!("c{nth}"))).collect(),
            via: "edge".into(),
            plan: PlanName::new("free"),
        }
    }

    fn call(&self, id: exchange::CallId, nth: u64, random: &mut Numbers) -> CallRecord {
        let api = random.place(APIS.len());
        let operation = random.place(OPERATIONS);
        let at = api * OPERATIONS + operation;
        let rare = nth % RARE == RARE / 2;
        let (status, outcome, reason) = ended(random.below(10_000));
        let refused = outcome == Outcome::Refused;
        let slow = random.below(500) == 0;
        let consumer = &self.consumers[random.place(CONSUMERS)];
        let path = format!("/{}/v1/things{operation}/{}", APIS[api], random.below(1_000_000));
        let took_us = if slow { 1_000_001 + random.below(9_000_000) } else { 500 + random.skewed(400_000) };
        CallRecord {
            id,
            parent: None,
            via: Arc::clone(&self.via),
            api: Some(Arc::clone(&self.apis[api])),
            offer: Some(Arc::clone(&self.offers[api])),
            operation: Some(if rare { "rareOne".into() } else { Arc::clone(&self.operations[at]) }),
            consumer: if rare { Some(ConsumerName::new("rare")) } else { Some(consumer.clone()) },
            plan: Some(self.plan.clone()),
            address: Some(if rare {
                [192, 0, 2, 1].into()
            } else {
                [10, 0, random.byte(16), random.byte(256)].into()
            }),
            method: if operation % 3 == 2 { "POST" } else { "GET" }.to_owned(),
            path: if rare { "/rare/path".to_owned() } else { path },
            status,
            outcome,
            reason,
            took_us,
            provider_us: if refused { 0 } else { took_us - 300 },
            bytes_in: random.skewed(4_000),
            bytes_out: random.skewed(60_000),
            breaks: u32::from(random.below(400) == 0),
            weight: 1,
            open: nth % RARE == RARE / 3,
        }
    }
}

/// How a call ends, of ten thousand: mostly well.
fn ended(lot: u64) -> (u16, Outcome, Option<Reason>) {
    match lot {
        0..9_200 => (200, Outcome::Succeeded, None),
        9_200..9_600 => (404, Outcome::Declined, None),
        9_600..9_700 => (409, Outcome::Declined, None),
        9_700..9_800 => (429, Outcome::Refused, Some(Reason::OverLimit)),
        9_800..9_850 => (401, Outcome::Refused, Some(Reason::KeyUnknown)),
        9_850..9_900 => (400, Outcome::Refused, Some(Reason::RequestBreaksContract)),
        9_900..9_950 => (500, Outcome::Failed(Fault::Provider), None),
        9_950..9_970 => (502, Outcome::Failed(Fault::Network), Some(Reason::ProviderUnreachable)),
        9_970..9_980 => (504, Outcome::Failed(Fault::Provider), Some(Reason::ProviderSilent)),
        9_980..9_999 => (200, Outcome::Aborted(By::Caller), None),
        _ => (500, Outcome::Panicked, Some(Reason::Internal)),
    }
}

fn detail() -> Detail {
    let request = Message { line: "GET /things/1 HTTP/1.1".into(), body: "{}".into(), ..Message::default() };
    Detail { request: Some(request), ..Detail::default() }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [folder, word, year, each] = words.as_slice()
        && word == "year"
    {
        return year::count(folder, year.parse()?, each.parse()?).await;
    }
    let [folder, count, days] = words.as_slice() else {
        return Err("usage: rows FOLDER|URL ROWS DAYS, or: rows FOLDER year YEAR CALLS-A-MINUTE".into());
    };
    let (count, days): (u64, u64) = (count.parse()?, days.parse()?);
    let mut options = LedgerOptions::new(if folder.starts_with("postgres://") {
        Place::Postgres(Secret::new(folder.clone()))
    } else {
        Place::Folder(folder.into())
    });
    options.rows_per_second = 1_000_000;
    options.max_rows_per_second = 4_000_000;
    options.details = DetailsWanted::All;
    options.keep = Duration::from_secs((days + 30) * 24 * 3600);
    let ledger = Ledger::open(options).await?;
    let recorder = ledger.recorder();
    let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let (begin, length) = (now.saturating_sub(days * DAY_MS), days * DAY_MS);
    let (words, mut random, mut ids) = (Words::new(), Numbers(0x5eed), CallIds::new(1));
    let began = Instant::now();
    for nth in 0..count {
        let at = begin + u64::try_from(u128::from(nth) * u128::from(length) / u128::from(count))?;
        let record = words.call(ids.next(at), nth, &mut random);
        let id = record.id;
        recorder.row(record);
        if nth % 1_000 == 0 {
            recorder.detail(id, detail());
        }
        if nth % AT_ONCE == AT_ONCE - 1 {
            ledger.flush().await?;
        }
    }
    let health = ledger.health();
    ledger.close().await?;
    writeln!(
        std::io::stdout(),
        "{count} rows over {days} days in {:.0} s, {} dropped",
        began.elapsed().as_secs_f64(),
        health.rows_dropped
    )?;
    Ok(())
}
