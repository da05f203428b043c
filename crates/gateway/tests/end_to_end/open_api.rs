//! An API without a contract: everything passes, nothing of the connection does.

use crate::harness;
use demo::Provider;
use exchange::Outcome;

fn open(url: &str) -> String {
    format!(
        "[listen.edge]\nbind = \"127.0.0.1:0\"\n[apis.things]\n[apis.things.upstream]\nurls = [\"{url}\"]\n\
         [apis.things.offer.all]\nat = \"/things\"\nplans = [\"open\"]\n[plans.open]\nauth = \"none\"\n[record]\ndetails = \"all\"\n"
    )
}

#[test]
fn a_get_goes_through_and_leaves_one_record() {
    let provider = Provider::echo().try_start().unwrap();
    let gateway = harness::start(&open(&provider.url()), &[]);
    let reply = gateway.get("/things/a%2db?x=1&x=2");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = reply.json();
    assert_eq!(seen["method"], "GET");
    assert_eq!(seen["target"], "/a-b?x=1&x=2");
    let calls = gateway.kept.closed(1);
    let call = &calls[0];
    assert_eq!(reply.field("x-request-id"), Some(call.id.to_string().as_str()));
    assert_eq!((call.status, call.outcome), (200, Outcome::Succeeded));
    assert_eq!(call.path, "/things/a-b");
    assert_eq!(call.bytes_out, reply.body.len() as u64);
    assert_eq!(gateway.kept.usage.lock().unwrap().len(), 1);
    assert_eq!(provider.calls(), 1);
}
