//! `--env NAME`: a second file over the first.

use crate::harness::World;

const BASE: &str = "
[listen.edge]
bind = '127.0.0.1:8080'

[apis.open.upstream]
urls = ['http://127.0.0.1:9001', 'http://127.0.0.1:9002']

[apis.open.offer.all]
at = '/'
plans = ['free']

[plans.free]
auth = 'key'
limit = '60/min'
";

#[test]
fn an_overlay_changes_what_it_names_and_nothing_else() {
    let world = World::with(BASE).file(
        "switchboard.prod.toml",
        "listen.edge.url = 'https://api.acme.example/'\n\
         apis.open.upstream.urls = ['http://10.0.0.1:9001']\n\
         plans.free.limit = false\nconsole = false",
    );
    let board = world.load_env(Some("prod")).unwrap();
    assert_eq!(board.env.as_deref(), Some("prod"));
    assert_eq!(board.listeners[0].bind.port(), 8080);
    assert_eq!(board.listeners[0].url, "https://api.acme.example");
    assert_eq!(board.apis[0].upstream.servers.len(), 1);
    assert!(board.plans[0].limits.is_empty());
    assert!(board.console.is_none());
    let base = world.board();
    assert_eq!(base.plans[0].limits.len(), 1);
    assert_ne!(base.revision, board.revision);
    assert_eq!(base.revision, world.board().revision, "the same files are the same revision");
}

#[test]
fn an_environment_without_a_file_is_told() {
    for env in ["prod", "../prod", ""] {
        assert!(World::with(BASE).load_env(Some(env)).is_err(), "{env}");
    }
}

#[test]
fn a_stored_secret_is_found_by_its_name() {
    let text = format!("{BASE}\n[apis.open.upstream.credential]\nheader = 'X-Key'\nvalue = 'open-key'\n");
    let text = text.replace("[apis.open.upstream]\nurls", "[apis.open.upstream]\nretries = 0\nurls");
    let board = World::with(&text).stored("open-key", "shh").board();
    let credential = &board.apis[0].upstream.credentials[0];
    assert_eq!((credential.secret.reveal(), credential.reference.as_str()), ("shh", "open-key"));
    assert_eq!(board.apis[0].upstream.retries, 0);
}
