//! What the demo's callers ask: drawn from a seeded row of numbers, right calls mostly, each usual mistake now and then.

use crate::random::Random;
use http::Method;
use serde_json::{Value, json};

/// Places to ask the weather of: latitude and longitude.
const PLACES: [(&str, &str); 8] = [
    ("51.5", "-0.1"),
    ("52.5", "13.4"),
    ("48.9", "2.4"),
    ("40.7", "-74.0"),
    ("35.7", "139.7"),
    ("-33.9", "151.2"),
    ("-1.3", "36.8"),
    ("64.1", "-21.9"),
];
const STATUSES: [&str; 5] = ["received", "packed", "in_transit", "delivered", "cancelled"];
const ARTICLES: [&str; 6] = ["TEA-1042", "TEA-2210", "MUG-2002", "POT-2001", "TIN-4420", "TIN-1111"];
/// How often each caller calls, in percent, in their order.
const SHARES: [u32; 4] = [45, 30, 20, 5];

/// One call to make.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ask {
    /// Index of the caller whose key is sent; `None`: no key.
    pub(super) by: Option<usize>,
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) body: Option<Value>,
    pub(super) idempotency_key: Option<String>,
}

impl Ask {
    /// A call as one of `callers` might make it.
    pub(super) fn ordinary(random: &mut Random, callers: usize) -> Self {
        let by = who(random, callers);
        match random.below(100) {
            0..28 => Self::weather(random),
            // The mistake of the first lesson: there is no such latitude.
            28..31 => Self::get(None, "/weather/v1/forecast?latitude=97.2&longitude=13.4"),
            31..62 => Self::an_order(random, by),
            62..79 => Self::list(random, by),
            79..87 => Self::create(random, by, 1 + random.clone().below(9)),
            87..90 => {
                let body = json!({ "note": "Leave it with a neighbour." });
                Self { body: Some(body), ..Self::at(by, Method::PATCH, order(4001 + random.below(500))) }
            }
            90..93 => Self::get(by, &order(9000 + random.below(1000))),
            93..95 => Self::get(by, "/orders/v1/orders?limit=1000"),
            95..97 => Self::get(by, "/orders/v1/export"),
            97..99 => Self::create(random, by, 0),
            _ => Self::get(None, "/orders/v1/orders/4021"),
        }
    }

    /// Reads an order that is there.
    pub(super) fn an_order(random: &mut Random, by: Option<usize>) -> Self {
        Self::get(by, &order(4001 + random.below(500)))
    }

    pub(super) fn is_weather(&self) -> bool {
        self.target.starts_with("/weather")
    }

    fn weather(random: &mut Random) -> Self {
        let (latitude, longitude) = random.one_of(&PLACES).unwrap_or(&PLACES[0]);
        let query = format!("latitude={latitude}&longitude={longitude}&current_weather=true");
        Self::get(None, &format!("/weather/v1/forecast?{query}"))
    }

    fn list(random: &mut Random, by: Option<usize>) -> Self {
        let limit = 5 + 5 * random.below(4);
        let status = random.one_of(&STATUSES).unwrap_or(&STATUSES[0]);
        Self::get(by, &format!("/orders/v1/orders?limit={limit}&status={status}"))
    }

    /// Makes an order; a quantity of 0 is a mistake.
    fn create(random: &mut Random, by: Option<usize>, quantity: u32) -> Self {
        let sku = random.one_of(&ARTICLES).unwrap_or(&ARTICLES[0]);
        let items = json!([{ "sku": sku, "quantity": quantity }]);
        let body = json!({ "customer": "Hooli", "currency": "EUR", "items": items });
        let key = format!("{:016x}", random.next());
        let ask = Self::at(by, Method::POST, "/orders/v1/orders".to_owned());
        Self { body: Some(body), idempotency_key: Some(key), ..ask }
    }

    fn get(by: Option<usize>, target: &str) -> Self {
        Self::at(by, Method::GET, target.to_owned())
    }

    fn at(by: Option<usize>, method: Method, target: String) -> Self {
        Self { by, method, target, body: None, idempotency_key: None }
    }
}

fn order(id: u32) -> String {
    format!("/orders/v1/orders/{id}")
}

/// Draws a caller by its share; nobody when there are no callers.
fn who(random: &mut Random, callers: usize) -> Option<usize> {
    let mut roll = random.below(100);
    for (index, share) in SHARES.iter().enumerate() {
        if roll < *share {
            return Some(index).filter(|index| *index < callers);
        }
        roll -= share;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::Ask;
    use crate::random::Random;

    fn asks(seed: u64) -> Vec<Ask> {
        let mut random = Random::new(seed);
        (0..2_000).map(|_| Ask::ordinary(&mut random, 4)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_calls() {
        assert_eq!(asks(7), asks(7));
        assert_ne!(asks(7), asks(8));
    }

    #[test]
    fn every_kind_of_call_happens_and_the_right_ones_are_most() {
        let asks = asks(1);
        let share = |of: &dyn Fn(&Ask) -> bool| asks.iter().filter(|ask| of(ask)).count() * 100 / asks.len();
        assert!((20..40).contains(&share(&|ask| ask.target.starts_with("/weather"))));
        assert!((2..15).contains(&share(&|ask| ask.body.is_some() && ask.method == "POST")));
        assert!(share(&|ask| ask.target.contains("97.2") || ask.target.contains("limit=1000")) < 10);
        for (index, least) in [(0, 20), (1, 12), (2, 8), (3, 1)] {
            assert!(share(&|ask| ask.by == Some(index)) >= least, "caller {index}");
        }
        for target in ["/orders/v1/export", "/orders/v1/orders/9", "97.2", "limit=1000"] {
            assert!(asks.iter().any(|ask| ask.target.contains(target)), "{target}");
        }
        assert!(
            asks.iter().any(|ask| ask.by.is_none() && ask.target.starts_with("/orders")),
            "a forgotten key"
        );
    }
}
