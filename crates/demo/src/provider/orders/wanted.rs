//! What a caller wants of an order, read from its JSON body; every problem is named, not only the first.

use super::order::{CURRENCIES, Draft, Item, SHELVES, Status};
use serde_json::{Map, Value};

/// One thing that is wrong with a body: a JSON pointer (RFC 6901) and plain words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) pointer: String,
    pub(super) detail: String,
}

/// A change to an order: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) status: Option<Status>,
    pub(super) customer: Option<String>,
    pub(super) note: Note,
}

/// What becomes of an order's note; `null` and absence are two things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Note {
    #[default]
    Stays,
    Goes,
    Is(String),
}

/// Reads the body of `createOrder` and `replaceOrder`.
pub(super) fn draft(body: &Value) -> Result<Draft, Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(fields) = body.as_object() else { return Err(problems.alone("", "an order is an object")) };
    problems.only(fields, &["customer", "currency", "items", "note"]);
    let customer = match fields.get("customer") {
        Some(value) => problems.text("/customer", value, 1, 80),
        None => problems.add("/customer", "is required"),
    };
    let currency = match fields.get("currency").map(|value| value.as_str()) {
        Some(Some(code)) if CURRENCIES.contains(&code) => Some(code.to_owned()),
        Some(_) => problems.add("/currency", "is none of EUR, GBP, USD"),
        None => problems.add("/currency", "is required"),
    };
    let items = problems.items(fields.get("items"));
    let note = match problems.note(fields.get("note")) {
        Note::Is(text) => Some(text),
        Note::Stays | Note::Goes => None,
    };
    match (customer, currency, problems.0.is_empty()) {
        (Some(customer), Some(currency), true) => Ok(Draft { customer, currency, items, note }),
        _ => Err(problems.0),
    }
}

/// Reads the body of `updateOrder`.
pub(super) fn change(body: &Value) -> Result<Change, Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(fields) = body.as_object() else { return Err(problems.alone("", "a change is an object")) };
    if fields.is_empty() {
        return Err(problems.alone("", "a change names at least one field"));
    }
    problems.only(fields, &["status", "customer", "note"]);
    let status = fields.get("status").and_then(|value| match value.as_str().and_then(Status::parse) {
        Some(status) => Some(status),
        None => problems.add("/status", "is none of received, packed, in_transit, delivered, cancelled"),
    });
    let customer = fields.get("customer").and_then(|value| problems.text("/customer", value, 1, 80));
    let note = problems.note(fields.get("note"));
    if problems.0.is_empty() { Ok(Change { status, customer, note }) } else { Err(problems.0) }
}

#[derive(Default)]
struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem; the `None` is for whoever had to return something.
    fn add<T>(&mut self, pointer: &str, detail: &str) -> Option<T> {
        self.0.push(Problem { pointer: pointer.to_owned(), detail: detail.to_owned() });
        None
    }

    fn alone(mut self, pointer: &str, detail: &str) -> Vec<Problem> {
        self.add::<()>(pointer, detail);
        self.0
    }

    fn only(&mut self, fields: &Map<String, Value>, known: &[&str]) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())).take(10) {
            // RFC 6901 §3: these two are escaped in a pointer.
            let name = name.replace('~', "~0").replace('/', "~1");
            self.add::<()>(&format!("/{name}"), "is no field of this");
        }
    }

    fn text(&mut self, pointer: &str, value: &Value, least: usize, most: usize) -> Option<String> {
        match value.as_str() {
            Some(text) if (least..=most).contains(&text.chars().count()) => Some(text.to_owned()),
            _ => self.add(pointer, &format!("must be text of {least} to {most} characters")),
        }
    }

    fn note(&mut self, value: Option<&Value>) -> Note {
        match value {
            None => Note::Stays,
            Some(Value::Null) => Note::Goes,
            Some(value) => self.text("/note", value, 0, 280).map_or(Note::Stays, Note::Is),
        }
    }

    fn items(&mut self, value: Option<&Value>) -> Vec<Item> {
        let Some(items) = value.and_then(Value::as_array).filter(|items| (1..=50).contains(&items.len()))
        else {
            self.add::<()>("/items", "must be a list of 1 to 50 lines");
            return Vec::new();
        };
        items.iter().enumerate().filter_map(|(at, item)| self.item(&format!("/items/{at}"), item)).collect()
    }

    fn item(&mut self, at: &str, item: &Value) -> Option<Item> {
        let sku = match item.get("sku").and_then(Value::as_str) {
            Some(sku) if is_sku(sku) => Some(sku.to_owned()),
            _ => self.add(
                &format!("{at}/sku"),
                "must be three letters, a hyphen and four digits, such as TEA-1042",
            ),
        };
        let quantity =
            item.get("quantity").and_then(Value::as_u64).filter(|count| (1..=1_000).contains(count));
        let quantity = match quantity.and_then(|count| u32::try_from(count).ok()) {
            Some(quantity) => Some(quantity),
            None => self.add(&format!("{at}/quantity"), "must be a whole number from 1 to 1000"),
        };
        Some(Item { sku: sku?, quantity: quantity? })
    }
}

fn is_sku(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 8
        && bytes[..3].iter().all(u8::is_ascii_uppercase)
        && bytes[3] == b'-'
        && bytes[4..].iter().all(u8::is_ascii_digit)
}

/// Articles of a draft that are on no shelf: well-formed, and still not to be had.
pub(super) fn not_on_a_shelf(draft: &Draft) -> Vec<Problem> {
    let items = draft.items.iter().enumerate().filter(|(_, item)| !SHELVES.contains(&&item.sku[..3]));
    items
        .map(|(at, item)| Problem {
            pointer: format!("/items/{at}/sku"),
            detail: format!("there is no article {}", item.sku),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Change, Note, change, draft, not_on_a_shelf};
    use serde_json::{Value, json};

    fn wrong(body: &Value) -> Vec<String> {
        draft(body).unwrap_err().into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn every_problem_of_a_draft_is_named() {
        assert_eq!(
            wrong(
                &json!({ "customer": "", "currency": "XXX", "items": [{ "sku": "tea", "quantity": 0 }], "a/b": 1 })
            ),
            ["/a~1b", "/customer", "/currency", "/items/0/sku", "/items/0/quantity"]
        );
        assert_eq!(wrong(&json!({})), ["/customer", "/currency", "/items"]);
        assert_eq!(wrong(&json!([])), [""]);
    }

    #[test]
    fn an_article_may_be_well_formed_and_unknown() {
        let draft = draft(&json!({
            "customer": "Acme", "currency": "EUR",
            "items": [{ "sku": "TEA-1042", "quantity": 1 }, { "sku": "CAR-0001", "quantity": 1 }],
        }));
        let problems = not_on_a_shelf(&draft.unwrap());
        assert_eq!(
            problems.iter().map(|problem| problem.pointer.as_str()).collect::<Vec<_>>(),
            ["/items/1/sku"]
        );
    }

    #[test]
    fn a_change_tells_absent_from_null() {
        assert_eq!(change(&json!({ "note": null })), Ok(Change { note: Note::Goes, ..Change::default() }));
        assert!(change(&json!({})).is_err());
        assert!(change(&json!({ "status": "lost" })).is_err());
    }
}
