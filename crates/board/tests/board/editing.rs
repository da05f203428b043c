//! A board's file is changed by patches: comments stay, and what comes out loads.

use crate::harness::World;
use board::edit::{self, EditError, NewApi, NewOffer};
use board::{Auth, Severity};

const COMMENTED: &str = "# our board
[listen.edge]          # the only one
bind  = \"127.0.0.1:8080\"

[apis.open.upstream]
urls = \"http://127.0.0.1:9001\"   # a laptop

# Who may enter.
[plans.free]
auth  = \"key\"
";

const OFFER: NewOffer<'_> =
    NewOffer { api: "orders", name: "public", at: "/orders", plans: &["free", "staff"], only: &[] };

#[test]
fn an_api_is_added_with_comments_kept() {
    let api = NewApi {
        name: "orders",
        contract: Some("contracts/orders.yaml"),
        upstream: Some("http://127.0.0.1:9002/v1"),
    };
    let first = edit::add_api(COMMENTED, &api).unwrap();
    let second = edit::add_offer(&first.text, &OFFER).unwrap();
    let third = edit::add_plan_if_missing(&second.text, "staff", Auth::None, Some("60/min")).unwrap();
    insta::assert_snapshot!(edit::patch(COMMENTED, &third.text));
    let world = World::with(&third.text).file("contracts/orders.yaml", include_str!("orders.yaml"));
    let board = world.board();
    assert_eq!(board.api("orders").unwrap().offers[0].at, "/orders");
    assert_eq!(board.plans.len(), 2);
    let same = edit::add_plan_if_missing(&third.text, "staff", Auth::Key, None).unwrap();
    assert_eq!((same.text, same.patch.as_str()), (third.text, ""));
}

#[test]
fn what_is_there_is_not_overwritten() {
    let api = NewApi { name: "open", contract: None, upstream: None };
    assert_eq!(edit::add_api(COMMENTED, &api), Err(EditError::Taken("apis.open".to_owned())));
    assert_eq!(edit::add_offer(COMMENTED, &OFFER), Err(EditError::Absent("apis.orders".to_owned())));
    assert!(matches!(edit::add_api("[x", &api), Err(EditError::NotToml(_))));
    assert!(matches!(edit::add_api("apis = 3", &api), Err(EditError::NotATable(_))));
}

#[test]
fn every_way_to_write_a_table_can_be_continued() {
    for before in [
        "",
        "[apis]\n",
        "apis = {}\n",
        "[apis.other]\ncontract = 'orders.yaml'\n",
        "apis.other = { contract = 'orders.yaml' }\n",
        "[apis]\nother.contract = 'orders.yaml'\n[ledger]\nkeep = '1d'",
        "[apis.orders-old.upstream]\nurls = 'http://127.0.0.1:1'\n[ledger]\nkeep = '1d'\n[apis.z.upstream]\nurls = 'http://127.0.0.1:2'",
    ] {
        let api = NewApi { name: "orders", contract: None, upstream: Some("http://127.0.0.1:9002") };
        let text = edit::add_api(before, &api).unwrap().text;
        let text = edit::add_offer(&text, &OFFER).unwrap().text;
        let text = edit::add_plan_if_missing(&text, "free", Auth::Key, None).unwrap().text;
        let text = edit::add_plan_if_missing(&text, "staff", Auth::Key, None).unwrap().text;
        let board = World::with(&text).file("orders.yaml", include_str!("orders.yaml")).load();
        let board = board.unwrap_or_else(|told| panic!("{text}\n{}", told.render(false)));
        assert_eq!(board.api("orders").unwrap().offers.len(), 1, "{text}");
    }
}

#[test]
fn the_first_board_loads_as_it_is_and_with_its_comments_taken_away() {
    let text = edit::starter("Acme & Sons\n[x]");
    let board = World::with(&text).board();
    assert_eq!(board.warnings.0.len(), 0);
    let open: Vec<&str> = text
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| rest.starts_with('[') || rest.contains(" = "))
                .unwrap_or(line)
        })
        .collect();
    let told = World::with(&open.join("\n"))
        .file("contracts/orders.yaml", include_str!("orders.yaml"))
        .variable("ORDERS_KEY", "k")
        .told();
    assert!(told.0.iter().all(|found| found.severity == Severity::Warning), "{}", told.render(false));
}
