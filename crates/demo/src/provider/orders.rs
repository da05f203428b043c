//! The demo's orders: list, create, read, change, replace, cancel, delete, in memory.
//!
//! Contract: `board/contracts/orders.yaml`, from which it strays on purpose twice: `total` is text in 3 % of the
//! answers to GET, and `GET /export` is not in the contract. Keys are the gateway's business: none is looked at here.

mod order;
mod say;
mod store;
mod wanted;

use super::answer::{Reply, json, text, whole, with};
use super::query::parameter;
use super::serve::Answering;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use order::Status;
use say::{changed, empty, found, not_allowed, problem, refused, unprocessable};
use serde_json::{Value, json as value};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::{Known, No, Store};
use wanted::Problem;

/// Every so many answers to GET carry a `total` that is text: 3 %.
const WRONG_EACH: u64 = 33;
/// How long the order that is slow takes.
const SLOW: Duration = Duration::from_secs(60);
const LONGEST_KEY: usize = 255;

/// What is wrong with the answers on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    WrongTotals,
}

struct Orders {
    store: Mutex<Store>,
    planted: Planted,
    told: AtomicU64,
}

/// Answers as the contract says, by the system's clock.
pub(super) fn orders(planted: Planted) -> Answering {
    let store = Mutex::new(Store::new(Timestamp::now()));
    let orders = Orders { store, planted, told: AtomicU64::new(0) };
    Arc::new(move |request| orders.answer(request, Timestamp::now()))
}

impl Orders {
    fn answer(&self, request: &Request<Bytes>, now: Timestamp) -> Reply {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        // HEAD is GET without the body, which hyper leaves out.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        let (id, rest) = match path.as_slice() {
            ["orders"] => {
                return match *method {
                    Method::GET => self.told(list(&store, request.uri().query().unwrap_or_default())),
                    Method::POST => create(&mut store, request, now),
                    _ => not_allowed("GET, HEAD, POST"),
                }
                .into();
            }
            ["export"] if *method == Method::GET => return export(&store).into(),
            ["export"] => return not_allowed("GET, HEAD").into(),
            ["orders", id] => (*id, Rest::Order),
            ["orders", id, "cancel"] => (*id, Rest::Cancel),
            _ => return problem(StatusCode::NOT_FOUND, "there is nothing at this path").into(),
        };
        let Ok(id) = id.parse::<u32>() else {
            return problem(StatusCode::BAD_REQUEST, "the number of an order is a whole number").into();
        };
        match (rest, method) {
            (Rest::Order, &Method::GET) => match test_order(id) {
                Some(reply) => return reply,
                None => self.told(
                    store.get(id).map_or_else(|| refused(id, No::NotFound), |order| found(&order.to_json())),
                ),
            },
            (Rest::Order, &Method::PATCH) => update(&mut store, id, request, now),
            (Rest::Order, &Method::PUT) => replace(&mut store, id, request, now),
            (Rest::Order, &Method::DELETE) => match store.delete(id) {
                Ok(()) => empty(StatusCode::NO_CONTENT),
                Err(no) => refused(id, no),
            },
            (Rest::Cancel, &Method::POST) => {
                let cancelled =
                    wanted::Change { status: Some(Status::Cancelled), ..wanted::Change::default() };
                changed(id, store.change(id, cancelled, now))
            }
            (Rest::Order, _) => not_allowed("GET, HEAD, PUT, PATCH, DELETE"),
            (Rest::Cancel, _) => not_allowed("POST"),
        }
        .into()
    }

    /// The planted fault: counted over right answers, so that it comes as often as it says.
    fn told(&self, response: Response<Bytes>) -> Response<Bytes> {
        if self.planted == Planted::Nothing || response.status() != StatusCode::OK {
            return response;
        }
        if self.told.fetch_add(1, Ordering::Relaxed) % WRONG_EACH != WRONG_EACH - 1 {
            return response;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(response.body()) else { return response };
        let total = match body
            .get_mut("items")
            .and_then(|items| items.get_mut(0))
            .filter(|item| item.get("id").is_some())
        {
            Some(order) => order.get_mut("total"),
            None => body.get_mut("total"),
        };
        if let Some(total) = total {
            *total = Value::String(total.to_string());
        }
        response.map(|_| body.to_string().into())
    }
}

enum Rest {
    Order,
    Cancel,
}

/// Orders that exist to provoke an answer; the contract lists them under `getOrder`.
fn test_order(id: u32) -> Option<Reply> {
    match id {
        5000 => {
            Some(problem(StatusCode::INTERNAL_SERVER_ERROR, "test order 5000: something broke here").into())
        }
        5020 => Some(Reply::Hangup),
        5030 => {
            let response = problem(StatusCode::SERVICE_UNAVAILABLE, "test order 5030: closed for a moment");
            Some(with(response, "retry-after", "1").into())
        }
        5040 => Some(Reply::After(
            SLOW,
            problem(StatusCode::NOT_FOUND, "test order 5040: it was not worth the wait").map(whole),
        )),
        _ => None,
    }
}

fn list(store: &Store, query: &str) -> Response<Bytes> {
    let limit = parameter(query, "limit").map_or(Ok(20), |text| text.parse::<usize>().map_err(drop));
    let Some(limit) = limit.ok().filter(|limit| (1..=100).contains(limit)) else {
        return problem(StatusCode::BAD_REQUEST, "limit must be a whole number from 1 to 100");
    };
    let status = parameter(query, "status");
    let wanted = status.as_deref().map(Status::parse);
    if wanted == Some(None) {
        return problem(
            StatusCode::BAD_REQUEST,
            "status is none of received, packed, in_transit, delivered, cancelled",
        );
    }
    let after = match parameter(query, "cursor").map(|text| text.strip_prefix('o').map(str::parse::<u32>)) {
        None => 0,
        Some(Some(Ok(id))) => id,
        Some(_) => return problem(StatusCode::BAD_REQUEST, "this cursor did not come from this list"),
    };
    let (page, more) = store.page(after, wanted.flatten(), limit);
    let next = if more { page.last().map(|order| format!("o{}", order.id)) } else { None };
    let items: Vec<Value> = page.into_iter().map(order::Order::to_json).collect();
    let response = found(&value!({ "items": items, "next": next }));
    let Some(next) = next else { return response };
    // RFC 8288; relative to the request, so that it holds behind a gateway that moved the path.
    let status = status.map_or(String::new(), |status| format!("&status={status}"));
    with(response, "link", &format!("<?limit={limit}{status}&cursor={next}>; rel=\"next\""))
}

fn create(store: &mut Store, request: &Request<Bytes>, now: Timestamp) -> Response<Bytes> {
    let key = request.headers().get("idempotency-key").map(|value| value.to_str().unwrap_or_default());
    // The draft writes the key as a quoted string (RFC 9651 §3.3.3); most callers leave the quotes out.
    let key = key.map(|text| text.trim_matches('"'));
    if key.is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return problem(StatusCode::BAD_REQUEST, "an Idempotency-Key has 1 to 255 printable characters");
    }
    match key.map(|key| store.known(key, request.body())) {
        Some(Known::Answered(answer)) => return answer,
        // The same draft, §2.7.
        Some(Known::Otherwise) => {
            return problem(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this Idempotency-Key was sent with another body before",
            );
        }
        Some(Known::Nothing) | None => {}
    }
    let draft = match body(request, wanted::draft).and_then(on_shelves) {
        Ok(draft) => draft,
        Err(response) => return *response,
    };
    let order = store.create(draft, now);
    let response = json(StatusCode::CREATED, &order.to_json());
    // Relative to the request's own URL, whose last segment is `orders`: RFC 9110 §10.2.2.
    let response = with(response, "location", &format!("orders/{}", order.id));
    if let Some(key) = key {
        store.remember(key.to_owned(), request.body().clone(), response.clone());
    }
    response
}

fn replace(store: &mut Store, id: u32, request: &Request<Bytes>, now: Timestamp) -> Response<Bytes> {
    match body(request, wanted::draft).and_then(on_shelves) {
        Ok(draft) => changed(id, store.replace(id, draft, now)),
        Err(response) => *response,
    }
}

fn update(store: &mut Store, id: u32, request: &Request<Bytes>, now: Timestamp) -> Response<Bytes> {
    match body(request, wanted::change) {
        Ok(change) => changed(id, store.change(id, change, now)),
        Err(response) => *response,
    }
}

/// Every order as text, and the reason why this should have been in the contract.
fn export(store: &Store) -> Response<Bytes> {
    let rows = store.all().map(|order| {
        format!(
            "{},{},{},{},{}\n",
            order.id,
            order.status.word(),
            order.draft.customer,
            order.draft.currency,
            order.total()
        )
    });
    let table: String =
        std::iter::once("id,status,customer,currency,total\n".to_owned()).chain(rows).collect();
    text(StatusCode::OK, "text/csv", table)
}

/// Reads a JSON body: 415, 400 or 422 when it cannot be used.
fn body<T>(
    request: &Request<Bytes>,
    read: fn(&Value) -> Result<T, Vec<Problem>>,
) -> Result<T, Box<Response<Bytes>>> {
    let media = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let detail = "send application/json";
        return Err(Box::new(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)));
    }
    let body: Value = serde_json::from_slice(request.body()).map_err(|error| {
        Box::new(problem(StatusCode::BAD_REQUEST, &format!("the body is not JSON: {error}")))
    })?;
    read(&body).map_err(|problems| Box::new(unprocessable(&problems)))
}

fn on_shelves(draft: order::Draft) -> Result<order::Draft, Box<Response<Bytes>>> {
    let missing = wanted::not_on_a_shelf(&draft);
    if missing.is_empty() { Ok(draft) } else { Err(Box::new(unprocessable(&missing))) }
}
