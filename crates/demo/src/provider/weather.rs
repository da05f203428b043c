//! The demo's weather: the shape of Open-Meteo's forecast, made up from place and hour.
//!
//! Contract: `board/contracts/weather.yaml`. The same place and hour always have the same weather.

use super::answer::{json, with};
use super::plain;
use super::query::parameter;
use super::serve::Answering;
use crate::random::Random;
use bytes::Bytes;
use exchange::{Meter, Rate};
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Map, Value, json as value};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// What the provider bears: 10 calls a second, 10 at once.
const RATE: Rate = Rate::new(NonZeroU32::new(10).unwrap(), Duration::from_secs(1));
/// The codes of WMO table 4677 that Open-Meteo uses; the first ones are the common ones.
const CODES: [u8; 14] = [0, 0, 1, 1, 2, 2, 3, 3, 45, 51, 61, 63, 80, 95];

/// Answers as the contract says, by the system's clock.
pub(super) fn weather() -> Answering {
    let (meter, began) = (Meter::default(), Instant::now());
    plain::answering(move |request| {
        let now = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Err(denied) = meter.take(&RATE, now, 1) {
            let seconds = denied.retry_in.as_secs_f64().ceil().max(1.0);
            let response = refuse(StatusCode::TOO_MANY_REQUESTS, "Too many calls: 10 a second are free.");
            return with(response, "retry-after", &seconds.to_string());
        }
        answer(request, Timestamp::now())
    })
}

fn answer(request: &Request<Bytes>, now: Timestamp) -> Response<Bytes> {
    if request.uri().path() != "/v1/forecast" {
        return refuse(StatusCode::NOT_FOUND, "Not Found");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return with(refuse(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"), "allow", "GET, HEAD");
    }
    match forecast(request.uri().query().unwrap_or_default(), now) {
        Ok(forecast) => json(StatusCode::OK, &forecast),
        Err(reason) => refuse(StatusCode::BAD_REQUEST, &reason),
    }
}

fn refuse(status: StatusCode, reason: &str) -> Response<Bytes> {
    json(status, &value!({ "error": true, "reason": reason }))
}

/// The answer to a query, or the reason against it.
fn forecast(query: &str, now: Timestamp) -> Result<Value, String> {
    let latitude = coordinate(query, "latitude", 90.0)?;
    let longitude = coordinate(query, "longitude", 180.0)?;
    let current = match parameter(query, "current_weather").as_deref() {
        None => false,
        // Python's `requests` sends `True`; the original is as lenient.
        Some(text) if text.eq_ignore_ascii_case("true") || text == "1" => true,
        Some(text) if text.eq_ignore_ascii_case("false") || text == "0" => false,
        Some(_) => return Err("Parameter 'current_weather' must be a boolean.".to_owned()),
    };
    let mut place = Random::of(&[latitude.to_bits(), longitude.to_bits()]);
    let mut answer = Map::new();
    answer.insert("latitude".into(), value!(latitude));
    answer.insert("longitude".into(), value!(longitude));
    answer.insert("generationtime_ms".into(), value!(tenths(place.unit() * 10.0) / 100.0));
    answer.insert("utc_offset_seconds".into(), value!(0));
    answer.insert("timezone".into(), value!("GMT"));
    answer.insert("elevation".into(), value!(f64::from(place.below(900))));
    if current {
        answer.insert("current_weather".into(), current_weather(latitude, longitude, now));
    }
    Ok(Value::Object(answer))
}

/// A required coordinate, in the middle of its cell: cells are a tenth of a degree.
fn coordinate(query: &str, name: &str, most: f64) -> Result<f64, String> {
    let Some(text) = parameter(query, name) else {
        return Err(format!("Parameter '{name}' is required."));
    };
    match text.parse::<f64>() {
        // `+ 0.0` makes 0 of −0, which would be another place.
        Ok(number) if number.abs() <= most => Ok(tenths(number) + 0.0),
        Ok(number) if number.is_finite() => {
            let title = name[..1].to_uppercase() + &name[1..];
            Err(format!("{title} must be in range of -{most} to {most}°. Given: {number}."))
        }
        _ => Err(format!("Parameter '{name}' must be a number.")),
    }
}

/// The weather of a place in the hour of `now`.
fn current_weather(latitude: f64, longitude: f64, now: Timestamp) -> Value {
    let hour = now.as_second().div_euclid(3600);
    let utc = jiff::tz::TimeZone::UTC.to_datetime(now);
    let mut dice = Random::of(&[latitude.to_bits(), longitude.to_bits(), hour.cast_unsigned()]);
    // The sun's own time: 15 degrees are an hour.
    let local = (f64::from(utc.hour()) + longitude / 15.0).rem_euclid(24.0);
    let season = (f64::from(utc.day_of_year()) - 197.0) / 365.0 * std::f64::consts::TAU;
    let warm = 28.0 - 0.45 * latitude.abs() + 0.2 * latitude * season.cos();
    let day = 5.0 * ((local - 15.0) / 24.0 * std::f64::consts::TAU).cos();
    let wind = dice.unit();
    value!({
        "temperature": tenths(warm + day + 4.0 * (dice.unit() - 0.5)),
        "windspeed": tenths(wind * wind * 60.0),
        "winddirection": dice.below(360),
        "weathercode": dice.one_of(&CODES),
        "is_day": u8::from((6.0..18.0).contains(&local)),
        "time": utc.strftime("%Y-%m-%dT%H:00").to_string(),
    })
}

/// Rounds to one decimal.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::forecast;
    use jiff::Timestamp;

    const NOON: i64 = 1_750_000_000 / 86_400 * 86_400 + 43_200;

    fn at(second: i64, query: &str) -> Result<serde_json::Value, String> {
        forecast(query, Timestamp::from_second(second).unwrap())
    }

    #[test]
    fn a_place_has_one_weather_an_hour() {
        let london = "latitude=51.5&longitude=-0.1&current_weather=true";
        assert_eq!(at(NOON, london), at(NOON + 3_599, london));
        assert_ne!(at(NOON, london), at(NOON + 3_600, london));
        assert_eq!(
            at(NOON, london),
            at(NOON, &london.replace("51.5", "51.52")),
            "cells are a tenth of a degree"
        );
        assert_ne!(at(NOON, london), at(NOON, &london.replace("51.5", "51.7")));
        assert_eq!(at(NOON, london).unwrap()["current_weather"]["time"], "2025-06-15T12:00");
    }

    #[test]
    fn the_sun_shines_by_day_and_not_on_the_other_side() {
        let day = |longitude: &str| {
            at(NOON, &format!("latitude=0&longitude={longitude}&current_weather=1")).unwrap()["current_weather"]["is_day"]
                .clone()
        };
        assert_eq!((day("0"), day("180")), (1.into(), 0.into()));
    }

    #[test]
    fn a_boolean_is_taken_as_people_send_it() {
        for (text, shown) in [("true", true), ("True", true), ("1", true), ("false", false), ("0", false)] {
            let answer = at(NOON, &format!("latitude=1&longitude=2&current_weather={text}")).unwrap();
            assert_eq!(answer.get("current_weather").is_some(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_by_name() {
        for (query, reason) in [
            ("longitude=1", "Parameter 'latitude' is required."),
            ("latitude=1", "Parameter 'longitude' is required."),
            ("latitude=97.2&longitude=1", "Latitude must be in range of -90 to 90°. Given: 97.2."),
            ("latitude=1&longitude=-181", "Longitude must be in range of -180 to 180°. Given: -181."),
            ("latitude=NaN&longitude=1", "Parameter 'latitude' must be a number."),
            ("latitude=north&longitude=1", "Parameter 'latitude' must be a number."),
            (
                "latitude=1&longitude=1&current_weather=maybe",
                "Parameter 'current_weather' must be a boolean.",
            ),
        ] {
            assert_eq!(at(NOON, query), Err(reason.to_owned()), "{query}");
        }
    }
}
