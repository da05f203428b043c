//! The walk-through of any first lesson on API calls, against the demo: browser, curl, Python, JavaScript.

mod harness;

use harness::{Running, curl, program, root, stdout};
use std::process::Command;

const FORECAST: &str = "/weather/v1/forecast?latitude=51.5&longitude=-0.1&current_weather=true";

fn demo() -> (Running, String) {
    let mut running = Running::demo();
    let url = running.word_after("Gateway");
    (running, url)
}

#[test]
fn curl_gets_the_weather() {
    let Some(_) = program("curl") else { return };
    let (_running, url) = demo();
    let answer = curl(&[&format!("{url}{FORECAST}")]);
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert!(json["current_weather"]["temperature"].is_number(), "{json}");
    for field in ["windspeed", "winddirection", "weathercode", "is_day", "time"] {
        assert!(!json["current_weather"][field].is_null(), "{field}: {json}");
    }
    assert!(answer.field("x-request-id").unwrap().starts_with("c_"));
}

#[test]
fn python_requests_gets_the_weather_and_sends_true_with_a_capital() {
    let Some(python) = program("python3") else { return };
    let has = Command::new(&python).args(["-c", "import requests"]).output().unwrap();
    if !has.status.success() {
        harness::skipped("skipped: Python has no `requests`; `make test` installs it");
        return;
    }
    let (_running, url) = demo();
    let script = format!(
        r#"
import requests
response = requests.get("{url}/weather/v1/forecast", params={{"latitude": 51.5, "longitude": -0.1, "current_weather": True}})
assert "current_weather=True" in response.url, response.url
print(response.status_code, response.json()["current_weather"]["temperature"])
"#
    );
    let output = Command::new(python).args(["-c", &script]).output().unwrap();
    assert!(stdout(&output).starts_with("200 "), "{output:?}");
}

#[test]
fn fetch_gets_the_weather() {
    let Some(node) = program("node") else { return };
    let (_running, url) = demo();
    let script = format!(
        r#"const r = await fetch("{url}{FORECAST}"); const j = await r.json(); console.log(r.status, typeof j.current_weather.temperature)"#
    );
    let output = Command::new(node).args(["--input-type=module", "-e", &script]).output().unwrap();
    assert_eq!(stdout(&output).trim(), "200 number", "{output:?}");
}

#[test]
fn a_browsers_address_bar_shows_the_weather_and_a_page_of_another_origin_calls_through() {
    let (Some(node), Some(_)) = (program("node"), program("chromium")) else { return };
    if !root().join("e2e/node_modules/playwright-core").is_dir() {
        harness::skipped("skipped: playwright-core is not installed; `make test` installs it");
        return;
    }
    let (_running, url) = demo();
    let output = Command::new(node).arg(root().join("e2e/walkthrough.mjs")).arg(&url).output().unwrap();
    assert!(output.status.success(), "{}\n{}", stdout(&output), harness::stderr(&output));
    assert!(stdout(&output).contains("3 passed, 0 failed"), "{output:?}");
}
