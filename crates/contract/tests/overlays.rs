//! Overlays: what they change, where it then stands, and what is said of bad ones.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use contract::{Contract, Document, DocumentError, Examples, Files, Overlay, Pointer, Reach, place_of};

const BASE: &str = "\
openapi: 3.0.3
info: {title: Weather, version: '1'}
servers:
  - url: https://old.example
tags: [{name: a}, {name: b}, {name: c}]
paths:
  /now:
    get:
      operationId: now
      tags: [a]
      parameters:
        - {name: x, in: query, schema: {type: integer}}
        - {name: y, in: query, schema: {type: integer}}
      responses:
        '200': {description: ok}
  /old:
    get: {operationId: old, responses: {'200': {description: ok}}}
  /forecast:
    get: {operationId: forecast, responses: {'200': {description: ok}}}
";

struct Alone(Reach);

impl Files for Alone {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        Err(format!("`{name}` is not here"))
    }

    fn reach(&self) -> &Reach {
        &self.0
    }
}

fn over(actions: &str) -> Overlay {
    let text = format!("overlay: 1.1.0\ninfo: {{title: t, version: '1'}}\nactions:\n{actions}");
    Overlay { name: "fix.yaml".to_owned(), bytes: text.into_bytes() }
}

fn laid(overlays: &[Overlay]) -> Contract {
    Contract::read_over("weather.yaml", BASE.as_bytes(), overlays, &Alone(Reach::around("weather.yaml")))
        .unwrap()
}

/// File and line of a pointer. Of operations both ways to ask give the same.
fn stands(contract: &Contract, pointer: &str) -> String {
    for (index, operation) in contract.operations.iter().enumerate() {
        let stand = contract.stand(&operation.at).unwrap();
        assert_eq!(contract.operation_place(index), Some((stand.file.as_str(), stand.line())));
    }
    let stand = contract.stand(&Pointer::parse(pointer).unwrap()).expect(pointer);
    format!("{}:{}", stand.file, stand.line())
}

#[test]
fn update_remove_and_copy_change_the_contract_before_it_is_read() {
    let contract = laid(&[
        over(
            "
- target: $.paths['/old']
  remove: true
- target: $.servers
  remove: true
- target: $
  update:
    servers: [{url: 'https://new.example'}]
- target: $.paths.*.get
  update:
    deprecated: true
    responses: {'404': {description: none}}
- target: $.paths['/now'].get.parameters
  update: {name: z, in: query, required: true, schema: {type: string}}
- target: $.tags
  update: [{name: d}, {name: e}]
",
        ),
        over(
            "
- target: $.paths['/forecast'].get
  copy: $.paths['/now'].get
- target: $.paths['/forecast'].get.operationId
  update: forecast
- target: $.info.title
  update: Better weather
",
        ),
    ]);
    assert_eq!(contract.warnings, []);
    let ids: Vec<_> = contract.operations.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["now", "forecast"]);
    assert_eq!(contract.title, "Better weather");
    assert_eq!(contract.servers[0].url, "https://new.example");
    for operation in &contract.operations {
        assert!(operation.deprecated);
        assert_eq!(operation.outputs.len(), 2);
        let names: Vec<_> = operation.parameters.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["x", "y", "z"], "{}", operation.id);
    }
}

#[test]
fn what_comes_from_an_overlay_stands_in_its_file_and_what_moved_in_the_contracts() {
    let contract = laid(&[
        over(
            "- target: $.paths['/now'].get.parameters[0]\n  remove: true\n- target: $.tags[?@.name == 'a']\n  remove: true\n",
        ),
        over(
            "- target: $.paths['/now'].get\n  update:\n    parameters:\n    - {name: z, in: query}\n    summary: s\n- target: $.paths['/forecast']\n  copy: $.paths['/now']\n",
        ),
    ]);
    let at = |pointer| stands(&contract, pointer);
    assert_eq!(at("/paths/~1now/get/operationId"), "weather.yaml:9");
    // `y` moved up.
    assert_eq!(at("/paths/~1now/get/parameters/0/name"), "weather.yaml:13");
    assert_eq!(at("/paths/~1now/get/parameters/1/name"), "fix.yaml:7");
    assert_eq!(at("/paths/~1now/get/summary"), "fix.yaml:8");
    assert_eq!(at("/tags/0/name"), "weather.yaml:5");
    // What was copied stands where it was copied from, also what an overlay had put there.
    assert_eq!(at("/paths/~1forecast/get/parameters/0/name"), "weather.yaml:13");
    assert_eq!(at("/paths/~1forecast/get/parameters/1/name"), "fix.yaml:7");
    assert_eq!(at("/paths/~1forecast/get/operationId"), "weather.yaml:9");
    let doubled = contract.warnings.iter().find(|one| one.code == "parameter-without-schema").unwrap();
    assert_eq!(stands(&contract, doubled.at.as_str()), "fix.yaml:7");
}

#[test]
fn an_action_without_effect_is_a_warning_in_the_overlays_file() {
    let contract = laid(&[over(
        "- target: $.paths['/nowhere']\n  remove: true\n- target: $.info\n- target: $.tags\n  remove: true\n  update: 1\n",
    )]);
    let told: Vec<_> =
        contract.warnings.iter().map(|one| (one.code, stands(&contract, one.at.as_str()))).collect();
    let at = |line| ("overlay-no-effect", format!("fix.yaml:{line}"));
    assert_eq!(told, [at(4), at(6), at(9)]);
    assert!(contract.warnings[0].text.contains("`$.paths['/nowhere']` selects nothing"));
}

#[test]
fn a_bad_overlay_is_refused_with_its_place() {
    let check = |text: &str, line: u32, words: &str| {
        let overlay = Overlay { name: "fix.yaml".to_owned(), bytes: text.as_bytes().to_vec() };
        let files = Alone(Reach::around("weather.yaml"));
        let error = Document::read_over("weather.yaml", BASE.as_bytes(), &[overlay], &files).unwrap_err();
        assert_eq!(error.name(), "fix.yaml");
        assert_eq!(place_of(text, error.at().start).line, line, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let action = |action: &str| format!("overlay: 1.0.0\nactions:\n- {action}");
    check("[]", 1, "an object with a member `overlay` is expected");
    check("info: {}", 1, "no member `overlay`");
    check("\noverlay: 2.0.0\n", 2, "its version is `2.0.0`");
    check("overlay: 1.0.0\nactions: {}\n", 2, "a list with at least one action");
    check("overlay: 1.0.0\n", 1, "it has no `actions`");
    check("overlay: [", 1, "cannot be read");
    check(&action("{}"), 3, "needs a `target`");
    check(&action("target: 7"), 3, "expected to be a text");
    check(&action("target: $.paths./now\n  remove: true"), 3, "is no JSONPath, from character 8 on");
    check(&action("target: $\n  remove: true"), 3, "the whole contract cannot be removed");
    check(&action("target: $.info\n  removed: true"), 4, "an action has no member `removed`");
    check(&action("target: $.info\n  remove: 1"), 4, "`true` or `false`");
    check(
        &action("target: $.info\n  update:\n    title: [1]"),
        5,
        "the contract has a plain value at `/info/title`",
    );
    check(&action("target: $.info\n  update: 1\n  copy: $.tags"), 5, "write two");
    check(&action("target: $.info\n  copy: $.nowhere"), 4, "selects nothing");
    check(&action("target: $.info\n  copy: $.tags[*]"), 4, "more than one place");
    check(&action(&format!("target: {}", "$..*".repeat(9))), 3, "3 times `..`");
}

#[test]
fn overlays_cannot_blow_a_contract_up() {
    let doubling = "- target: $.info\n  copy: $\n- target: $.paths\n  copy: $\n".repeat(40);
    let error = Document::read_over("a.yaml", BASE.as_bytes(), &[over(&doubling)], &Alone(Reach::default()))
        .unwrap_err();
    assert!(matches!(error, DocumentError::NoOverlay { .. }), "{error}");
}

#[test]
fn examples_that_an_overlay_adds_are_found() {
    let contract = laid(&[over(
        "- target: $.paths['/now'].get.responses['200']\n  update:\n    content:\n      application/json:\n        examples: {mild: {value: {t: 12}}}\n",
    )]);
    let body = &contract.operations[0].outputs[0].bodies[0];
    let found = Examples::read(&contract);
    assert_eq!(found.of(body), [("mild".to_owned(), serde_json::json!({"t": 12}))]);
}
