//! Where a call goes: listener, host, address.

use crate::harness::World;
use board::{Found, NormalPath};
use http::{HeaderMap, HeaderValue, Method};

const BOARD: &str = "
[listen.edge]
bind = '127.0.0.1:8080'

[listen.side]
bind = '127.0.0.1:8081'

[plans.web]
auth = 'none'

[apis.open]
upstream.urls = 'http://127.0.0.1:9001'
offer.root    = { at = '/', plans = ['web'] }
offer.v1      = { at = '/v1', plans = ['web'] }
offer.deep    = { at = '/v1/deep/', plans = ['web'] }
offer.named   = { at = '/v1', host = 'API.acme.example', plans = ['web'] }
offer.side    = { at = '/v1', on = 'side', plans = ['web'] }

[apis.orders]
contract = 'orders.yaml'
undeclared = 'pass'
upstream.urls = 'http://127.0.0.1:9002/v1'
offer.some = { at = '/some', on = 'side', plans = ['web'], only = ['listOrders'] }
offer.rest = { at = '/rest', on = 'side', plans = ['web'], except = ['POST /orders', '/orders/{id}/*'] }
";

#[test]
fn a_host_beats_none_and_the_longest_address_wins_by_whole_segments() {
    let board = World::with(BOARD).file("orders.yaml", include_str!("orders.yaml")).board();
    for (listener, host, path, expected) in [
        (0, "127.0.0.1", "/v1/x", "open.v1 /x"),
        (0, "127.0.0.1", "/v1", "open.v1 /"),
        (0, "127.0.0.1", "/v10", "open.root /v10"),
        (0, "127.0.0.1", "/v1/deep/x", "open.deep /x"),
        (0, "127.0.0.1", "/v1/deeper", "open.v1 /deeper"),
        (0, "api.acme.example", "/v1/deep/x", "open.named /deep/x"),
        (0, "api.acme.example", "/other", "open.root /other"),
        (1, "127.0.0.1", "/v1/x", "open.side /x"),
        (1, "127.0.0.1", "/other", "nothing"),
        (1, "127.0.0.1", "/some/else", "orders.some /else"),
    ] {
        let path = NormalPath::parse(path).unwrap();
        let found = match board.routers[listener].find(host, &Method::GET, &path) {
            Found::Undeclared { offer, below } => format!("{} {below}", offer.id),
            Found::Nothing => "nothing".to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(found, expected, "{host}{path}");
    }
}

#[test]
fn an_offer_opens_what_its_rule_says_and_no_undeclared_path_beside_a_rule() {
    let board = World::with(BOARD).file("orders.yaml", include_str!("orders.yaml")).board();
    let offers = board.routers[1].offers();
    let opened: Vec<_> =
        offers.iter().map(|offer| (&*offer.id, offer.opens.clone(), offer.opens_undeclared)).collect();
    assert_eq!(
        opened,
        [
            ("open.side", vec![], true),
            ("orders.some", vec![true, false, false], false),
            // `undeclared = "pass"`, but `except` could be walked round by another spelling.
            ("orders.rest", vec![true, false, false], false),
        ]
    );
    assert_eq!(offers[1].rule, "only = [\"listOrders\"]");
}

#[test]
fn operations_that_differ_only_in_what_their_keys_fix_are_told_apart() {
    let operation =
        |id: &str, more: &str| format!("    get: {{operationId: {id}, {more} responses: {{}}}}\n");
    let contract = [
        "openapi: 3.0.0\ninfo: {title: t, version: '1'}\nservers: [{url: 'http://127.0.0.1:9001'}]\npaths:\n"
            .to_owned(),
        "  /rest?method=photos.list:\n".to_owned(),
        operation("photos", ""),
        "  /rest?method=people.list:\n".to_owned(),
        operation("people", ""),
        "  /rest?method=people.list&deep=1:\n".to_owned(),
        operation("deep", ""),
        "  /#X-Target=Orders.List:\n".to_owned(),
        operation(
            "target",
            "parameters: [{name: x-target, in: header, required: true, schema: {type: string}}],",
        ),
        "  /both?a=1:\n".to_owned(),
        operation("a", ""),
        "  /both:\n".to_owned(),
        operation("both", ""),
        "  /both?a=1#again:\n".to_owned(),
        operation("never", ""),
    ];
    let board = "
[listen.edge]
bind = '127.0.0.1:8080'
[plans.web]
auth = 'none'
[apis.rest]
contract = 'rest.yaml'
offer.all = { at = '/', plans = ['web'] }
";
    let world = World::with(board).file("rest.yaml", &contract.concat());
    assert_eq!(world.codes(), ["ambiguous-paths"]);
    let board = world.board();
    let operations = &board.apis[0].contract.as_ref().unwrap().operations;
    let mut fields = HeaderMap::new();
    for (path, query, target, expected) in [
        ("/rest", Some("page=1&method=photos.list"), None, "photos"),
        ("/rest", Some("method=people.list"), None, "people"),
        ("/rest", Some("deep=1&method=people%2Elist"), None, "deep"),
        ("/rest", Some("method=other"), None, "undeclared"),
        ("/rest", None, None, "undeclared"),
        ("/", None, Some("Orders.List"), "target"),
        ("/", None, Some("Orders.Get"), "undeclared"),
        ("/both", Some("a=1"), None, "a"),
        ("/both", Some("a=2"), None, "both"),
        ("/elsewhere", None, None, "undeclared"),
    ] {
        fields.clear();
        if let Some(target) = target {
            fields.insert("x-target", HeaderValue::from_static(target));
        }
        let normal = NormalPath::parse(path).unwrap();
        let found = match board.routers[0].find_told("127.0.0.1", &Method::GET, &normal, (query, &fields)) {
            Found::Operation { operation, .. } => operations[operation].id.as_str(),
            Found::Undeclared { .. } => "undeclared",
            _ => "something else",
        };
        assert_eq!(found, expected, "{path} {query:?} {target:?}");
    }
}
