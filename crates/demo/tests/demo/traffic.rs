//! The demo's callers, against a provider that stands for the gateway.

use demo::Provider;
use demo::traffic::Traffic;
use exchange::ApiKey;

fn keys() -> Vec<(String, ApiKey)> {
    let names = ["globex", "initech", "umbrella", "acme-shop"];
    let key = |at: usize| ApiKey::from_entropy(&[u8::try_from(at).unwrap(); 32]);
    names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), key(at))).collect()
}

#[tokio::test]
async fn a_burst_shows_every_consumer_at_once_on_one_connection() {
    let gateway = Provider::echo().start().await;
    let mut traffic = Traffic::new(gateway.address(), keys(), 1);
    assert_eq!(traffic.burst(80).await, 80);
    assert_eq!((gateway.calls(), gateway.connections()), (80, 1));
    let seen = gateway.requests();
    for (name, key) in keys() {
        assert!(seen.iter().any(|request| request.field("x-api-key") == Some(key.reveal())), "{name}");
    }
    let targets: Vec<_> = seen.iter().map(|request| request.target.as_str()).collect();
    assert!(
        targets.iter().all(|target| target.starts_with("/weather/v1/") || target.starts_with("/orders/v1/"))
    );

    let again = Provider::echo().start().await;
    Traffic::new(again.address(), keys(), 1).burst(80).await;
    assert!(
        again.requests().iter().map(|request| request.target.as_str()).eq(targets),
        "the same for the same seed"
    );
}

#[tokio::test]
async fn a_weather_call_carries_no_key() {
    let gateway = Provider::echo().start().await;
    Traffic::new(gateway.address(), keys(), 2).burst(60).await;
    let seen = gateway.requests();
    let mut weather = seen.iter().filter(|request| request.target.starts_with("/weather"));
    assert_eq!(weather.clone().count(), 6, "a burst spares the weather provider");
    assert!(weather.all(|request| request.field("x-api-key").is_none()));
}

#[tokio::test]
async fn a_gateway_that_hangs_up_is_called_again() {
    let gateway = Provider::closing_after_answer().start().await;
    let mut traffic = Traffic::new(gateway.address(), keys(), 3);
    for _ in 0..5 {
        traffic.burst(1).await;
    }
    assert!(gateway.calls() >= 3, "{}", gateway.calls());

    let nobody = Provider::refusing().start().await;
    assert_eq!(Traffic::new(nobody.address(), keys(), 3).burst(5).await, 0);
}

#[tokio::test]
async fn traffic_that_is_told_to_stop_ends_the_call_it_began() {
    let gateway = Provider::echo().start().await;
    let mut traffic = Traffic::new(gateway.address(), keys(), 4);
    traffic.run(std::future::ready(())).await;
    assert_eq!((traffic.asked(), gateway.calls()), (1, 1));
}
