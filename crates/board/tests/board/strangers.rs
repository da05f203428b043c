//! Texts that nobody would write on purpose: told or loaded, never a panic.

use crate::harness::World;
use proptest::prelude::*;

const BY_EXAMPLE: &str = include_str!("by-example.toml");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_told_or_loaded(text in any::<String>()) {
        let told = World::with(&text).told();
        let _ = (told.render(true), told.to_json());
    }

    /// The manual's board with a piece of it replaced: deeper than random text ever comes.
    #[test]
    fn a_damaged_board_is_told_or_loaded(
        from in 0..BY_EXAMPLE.len(), length in 0_usize..40,
        with in prop_oneof![
            "[\"'=\\[\\]{}.,a-z0-9 \\n#]{0,12}", Just("= {}".to_owned()), Just("\"env:\"".to_owned()),
            Just("\"\\u0000\\u001b[31m\"".to_owned()), Just("9999999999999999999999".to_owned()), Just("ä".to_owned()),
        ],
    ) {
        let border = |at: usize| (0..=at.min(BY_EXAMPLE.len())).rev().find(|at| BY_EXAMPLE.is_char_boundary(*at)).unwrap();
        let text = format!("{}{with}{}", &BY_EXAMPLE[..border(from)], &BY_EXAMPLE[border(from + length)..]);
        let told = World::with(&text)
            .file("../orders/openapi.yaml", include_str!("orders.yaml"))
            .file("contracts/weather.yaml", include_str!("weather.yaml"))
            .told();
        let shown = told.render(false);
        prop_assert!(!shown.contains(char::from(27)), "{}", shown);
        let _ = told.to_json();
    }
}

#[test]
fn a_board_that_is_too_large_or_too_deep_is_told() {
    assert_eq!(World::with(&"#".repeat(5 * 1024 * 1024)).codes(), ["unreadable"]);
    assert_eq!(World::with(&format!("a = {}", "[".repeat(100_000))).codes()[0], "syntax");
    assert_eq!(World::default().codes(), ["unreadable"]);
}

#[test]
fn a_secret_in_clear_is_never_shown() {
    for credential in [
        "\"hunter2-is-secret\"",
        "{ header = \"X Key\", value = \"hunter2-is-secret\" }",
        "{ header = \"X\", query = \"y\", value = \"hunter2-is-secret\" }",
        "{ basic = \"hunter2-is-secret\" }",
        "{ nowhere = \"hunter2-is-secret\" }",
        "{ value = \"hunter2-is-secret\" }",
    ] {
        let text = format!("[apis.a.upstream]\nurls = \"http://127.0.0.1:1\"\ncredential = {credential}\n");
        let told = World::with(&text).load().unwrap_err();
        assert!(!told.render(false).contains("hunter2"), "{}", told.render(false));
        assert!(!told.to_json().to_string().contains("hunter2"));
    }
}

#[test]
fn a_secret_that_could_begin_another_field_is_refused() {
    let text = "[apis.a.upstream]\nurls = \"http://127.0.0.1:1\"\ncredential = \"env:K\"\n";
    assert_eq!(World::with(text).variable("K", "a\r\nX: b").codes(), ["bad-field"]);
    assert_eq!(
        World::with(text).variable("K", "a\n").board().secrets.len(),
        1,
        "a line feed at the end is cut"
    );
}
