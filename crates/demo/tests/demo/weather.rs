//! The weather provider keeps to its contract over a socket.

use crate::wire::{call, get, json};
use demo::Provider;
use serde_json::{Value, json as value};

#[tokio::test]
async fn weather_answers_as_the_first_lesson_expects() {
    let provider = Provider::weather().start().await;
    let (status, answer) =
        get(&provider, "/v1/forecast?latitude=51.5&longitude=-0.1&current_weather=true").await;
    assert_eq!((status, &answer["latitude"], &answer["longitude"]), (200, &value!(51.5), &value!(-0.1)));
    for name in ["temperature", "windspeed", "winddirection", "weathercode", "is_day"] {
        assert!(answer["current_weather"][name].is_number(), "{name}: {answer}");
    }
    assert!(answer["current_weather"]["time"].as_str().unwrap().ends_with(":00"));
    let (_, answer) = get(&provider, "/v1/forecast?latitude=51.5&longitude=-0.1").await;
    assert!(answer.get("current_weather").is_none(), "only when it is asked for");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_the_providers_own_shape() {
    let provider = Provider::weather().start().await;
    let (status, answer) = get(&provider, "/v1/forecast?latitude=97.2&longitude=0").await;
    assert_eq!(status, 400);
    let reason = "Latitude must be in range of -90 to 90°. Given: 97.2.";
    assert_eq!(answer, value!({ "error": true, "reason": reason }));
    assert_eq!(get(&provider, "/v2").await.0, 404);
    let answer = call(&provider, "DELETE", "/v1/forecast", &[], Value::Null).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["allow"]), (405, &"GET, HEAD".parse().unwrap()));
}

#[tokio::test]
async fn more_than_ten_calls_a_second_are_sent_away_with_a_time() {
    let provider = Provider::weather().start().await;
    // Calls take no time to speak of; a machine that makes fewer than eleven a second ends the loop.
    for call_number in 0..2_000 {
        let answer = call(&provider, "GET", "/v1/forecast?latitude=1&longitude=1", &[], Value::Null).await;
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
            assert_eq!(json(&answer)["error"], true);
            assert!(call_number >= 10, "ten at once are free");
            return;
        }
        assert_eq!(answer.status(), 200);
    }
    panic!("2,000 calls and no 429");
}
