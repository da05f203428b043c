//! What is named and is not there: the nearest is suggested, with the contract's line; and the commands that change a board.

use crate::harness::Place;

const BOARD: &str = "# ours\n[listen.edge]\nbind = \"127.0.0.1:0\"\n\n[apis.petstore]\ncontract = \"pets.yaml\"\n\
    [apis.petstore.upstream]\nurls = \"http://127.0.0.1:9\"\n";
const CONTRACT: &str = "openapi: 3.0.0\ninfo: {title: Pets, version: 1.0.0}\npaths:\n  /pets:\n    get:\n      \
    operationId: listPets\n      parameters:\n        - name: status\n          in: query\n          \
    schema: {type: string, enum: [available, pending, sold]}\n      responses: {'200': {description: all}}\n";

fn place() -> Place {
    Place::new().with("switchboard.toml", BOARD).with("pets.yaml", CONTRACT)
}

#[test]
fn a_slip_is_answered_with_the_nearest_name_and_its_line() {
    let place = place();
    for (words, said) in [
        (vec!["call", "petstore.listPet"], "did you mean `listPets`? (pets.yaml:5)"),
        (vec!["call", "petstor.listPets"], "did you mean `petstore.listPets`? (pets.yaml:5)"),
        (vec!["call", "petstor"], "did you mean `petstore`?"),
        (vec!["call", "petstore.listPets", "statu=sold"], "did you mean `status`? (pets.yaml:"),
        (vec!["auth", "login", "petstor"], "did you mean `petstore`? (switchboard.toml:5)"),
        (vec!["auth", "status", "petstor"], "did you mean `petstore`? (switchboard.toml:5)"),
        (vec!["offer", "petstore.listpet", "--plan", "free"], "did you mean `listPets`? (pets.yaml:5)"),
        (vec!["contract", "sample", "petstore", "listPet"], "did you mean `listPets`? (pets.yaml:5)"),
        (vec!["contract", "sample", "petstor", "listPets"], "did you mean `petstore`? (switchboard.toml:5)"),
        (vec!["explain", "over-limits"], "did you mean `over-limit`?"),
    ] {
        place.run(&words).ended(2, &[said]);
    }
    place
        .run(&["call", "petstore.listPets", "status=avalable"])
        .ended(10, &["did you mean `available`?", "pets.yaml:"]);
}

#[test]
fn an_offer_is_written_and_accounts_that_are_not_there_are_suggested() {
    let place = place();
    let shown = place.run(&["offer", "petstore.listPets", "--plan", "free", "--at", "/p"]).ok();
    assert!(
        shown.contains("+[apis.petstore.offer.public]") && shown.contains("+only = [\"listPets\"]"),
        "{shown}"
    );
    let board = std::fs::read_to_string(place.path().join("switchboard.toml")).unwrap();
    assert!(board.starts_with("# ours\n") && board.contains("[plans.free]"), "{board}");
    place.run(&["offer", "petstore", "--plan", "free", "--at", "/q"]).ended(2, &["--name NAME"]);
    // What would leave a board that cannot run leaves it as it was.
    place
        .run(&["offer", "petstore", "--plan", "free", "--at", "/p", "--name", "b"])
        .ended(2, &["nothing was changed"]);
    assert_eq!(std::fs::read_to_string(place.path().join("switchboard.toml")).unwrap(), board);

    place.run(&["consumer", "add", "globex", "--plan", "free"]).ok();
    for words in [
        vec!["log", "--who", "globx"],
        vec!["usage", "--consumer", "globx"],
        vec!["key", "new", "globx"],
        vec!["consumer", "show", "globx"],
        vec!["explain", "/p/pets", "--as", "globx"],
    ] {
        place.run(&words).ended(2, &["did you mean `globex`?"]);
    }
    place.run(&["log", "--operation", "listpet"]).ended(2, &["did you mean `listPets`? (pets.yaml:5)"]);
    place.run(&["usage", "--api", "petstor"]).ended(2, &["did you mean `petstore`?"]);

    let old = place.run(&["key", "new", "globex"]).ok();
    let listed = place.run(&["key", "list"]).ok();
    let id = listed.split_whitespace().next().unwrap();
    let ended = place.run(&["key", "rotate", id, "--overlap", "1h"]).ended(0, &["works until", "shown once"]);
    assert!(ended.out != old && place.run(&["key", "list"]).ok().contains("until "));
    place.run(&["key", "rotate", "k_nonsense"]).ended(2, &["there is no key"]);
}

#[test]
fn problems_are_given_as_sarif() {
    let place = place().with("bad/switchboard.toml", "[plans.free]\nauth = \"key\"\nlimit = \"0/min\"\n");
    let log = place.run(&["check", "bad", "pets.yaml", "--format", "sarif"]).ended(2, &[]);
    let log: serde_json::Value = serde_json::from_str(&log.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let result = results.iter().find(|one| one["ruleId"] == "limit-of-zero").unwrap();
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "bad/switchboard.toml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&3.into(), &9.into()));
    let rule =
        &run["tool"]["driver"]["rules"][usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert!(rule["id"] == "limit-of-zero" && rule["fullDescription"]["text"].is_string(), "{rule}");
}
