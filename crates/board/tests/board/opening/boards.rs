//! Small boards made at random, in pairs: one, and what became of it.

use crate::harness::World;
use exchange::KeyDigest;
use proptest::prelude::*;
use std::fmt::Write;

const CONSUMERS: [&str; 3] = ["x", "y", "z"];
const PLANS: [&str; 3] = ["red", "green", "blue"];
const PATHS: [(&str, &str); 8] = [
    ("get", "/a"),
    ("get", "/a/b"),
    ("post", "/a/b"),
    ("get", "/a/{p}"),
    ("get", "/{p}/b"),
    ("head", "/a/{p}"),
    ("get", "/a/{p}.csv"),
    ("get", "/{p}/{q}"),
];

/// A board, to be written down.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    ports: [u16; 2],
    /// For each plan, whether it asks for a key.
    keys: [bool; 3],
    /// For each consumer the plans it holds, and the key it has; `None`: it is not there.
    consumers: [Option<(u8, u8)>; 3],
    apis: Vec<Api>,
}

#[derive(Clone, Debug)]
struct Api {
    there: bool,
    /// Which of the paths its contract has; none: it has no contract.
    contract: Option<u8>,
    passes: bool,
    offers: Vec<Placed>,
}

#[derive(Clone, Debug)]
struct Placed {
    there: bool,
    on: usize,
    at: &'static str,
    host: bool,
    plans: u8,
    /// `only` or `except` these paths.
    rule: Option<(bool, u8)>,
}

fn spec() -> impl Strategy<Value = Spec> {
    let ports = prop_oneof![4 => Just([8080, 8081]), 1 => Just([8081, 8080]), 1 => Just([8080, 8082])];
    let consumer = prop::option::weighted(0.8, (1_u8..8, 0_u8..3));
    let placed = (
        prop::bool::weighted(0.7),
        0..2_usize,
        prop::sample::select(vec!["/", "/v", "/v/w", "/a"]),
        prop::bool::weighted(0.25),
        1_u8..8,
    )
        .prop_flat_map(|(there, on, at, host, plans)| {
            prop::option::weighted(0.6, (any::<bool>(), 1_u8..=255)).prop_map(move |rule| Placed {
                there,
                on,
                at,
                host,
                plans,
                rule,
            })
        });
    let api = (
        prop::bool::weighted(0.9),
        prop::option::weighted(0.8, 1_u8..=255),
        prop::bool::weighted(0.3),
        prop::collection::vec(placed, 2),
    )
        .prop_map(|(there, contract, passes, offers)| Api { there, contract, passes, offers });
    (ports, any::<[bool; 3]>(), [consumer.clone(), consumer.clone(), consumer], prop::collection::vec(api, 2))
        .prop_map(|(ports, keys, consumers, apis)| Spec { ports, keys, consumers, apis })
}

/// A board, and what became of it: some of its parts are those of another one.
pub(crate) fn pair() -> impl Strategy<Value = (Spec, Spec)> {
    let taken = prop::collection::vec(prop::bool::weighted(0.12), 64);
    (spec(), spec(), taken).prop_map(|(old, other, taken)| {
        let mut new = old.clone();
        let mut taken = taken.into_iter();
        let mut take = || taken.next().unwrap_or(false);
        if take() {
            new.ports = other.ports;
        }
        for index in 0..3 {
            if take() {
                new.keys[index] = other.keys[index];
            }
            if take() {
                new.consumers[index] = other.consumers[index];
            }
        }
        for (own, other) in new.apis.iter_mut().zip(other.apis) {
            if take() {
                own.there = other.there;
            }
            if take() {
                own.contract = other.contract;
            }
            if take() {
                // One operation comes or goes.
                own.contract = own.contract.map(|paths| (paths ^ 1 << (paths % 8)).max(1));
            }
            if take() {
                own.passes = other.passes;
            }
            for (own, other) in own.offers.iter_mut().zip(other.offers) {
                if take() {
                    own.there = other.there;
                }
                if take() {
                    own.on = other.on;
                }
                if take() {
                    own.at = other.at;
                }
                if take() {
                    own.host = other.host;
                }
                if take() {
                    own.plans = other.plans;
                }
                if take() {
                    own.rule = other.rule;
                }
            }
        }
        (old, new)
    })
}

fn chosen<'n>(names: &'n [&'n str], bits: u8) -> Vec<&'n str> {
    names.iter().enumerate().filter(|(index, _)| bits & 1 << index != 0).map(|(_, name)| *name).collect()
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}

impl Spec {
    pub(crate) fn world(&self) -> World {
        let mut text = String::new();
        for (name, port) in ["edge", "side"].iter().zip(self.ports) {
            let _ = writeln!(text, "[listen.{name}]\nbind = '127.0.0.1:{port}'");
        }
        for (name, key) in PLANS.iter().zip(self.keys) {
            let _ = writeln!(text, "[plans.{name}]\nauth = '{}'", if key { "key" } else { "none" });
        }
        let mut used = [false; 3];
        for (name, held) in CONSUMERS.iter().zip(&self.consumers) {
            let Some((plans, key)) = held else { continue };
            let _ = writeln!(text, "[consumers.{name}]\nplans = [{}]", quoted(&chosen(&PLANS, *plans)));
            if !std::mem::replace(&mut used[usize::from(*key)], true) {
                let _ = writeln!(text, "keys = ['{}']", KeyDigest::of(&format!("key-{key}")));
            }
        }
        let mut places = Vec::new();
        let mut world = World::default();
        for (number, api) in self.apis.iter().enumerate().filter(|(_, api)| api.there) {
            let _ = writeln!(text, "[apis.api{number}]");
            if let Some(paths) = api.contract {
                let _ = writeln!(text, "contract = 'c{number}.yaml'");
                if api.passes {
                    let _ = writeln!(text, "undeclared = 'pass'");
                }
                world = world.file(&format!("c{number}.yaml"), &contract(paths));
            }
            let _ = writeln!(text, "[apis.api{number}.upstream]\nurls = 'http://127.0.0.1:9001'");
            for (index, offer) in api.offers.iter().enumerate().filter(|(_, offer)| offer.there) {
                if places.contains(&(offer.on, offer.host, offer.at)) {
                    continue;
                }
                places.push((offer.on, offer.host, offer.at));
                let _ = writeln!(text, "[apis.api{number}.offer.o{index}]\nat = '{}'", offer.at);
                let _ = writeln!(text, "on = '{}'", ["edge", "side"][offer.on]);
                if offer.host {
                    let _ = writeln!(text, "host = 'h.example'");
                }
                let _ = writeln!(text, "plans = [{}]", quoted(&chosen(&PLANS, offer.plans)));
                let named = |(only, bits): (bool, u8)| {
                    let bits = bits & api.contract?;
                    let words: Vec<String> =
                        (0..8).filter(|bit| bits & 1 << bit != 0).map(|bit| format!("'op{bit}'")).collect();
                    (!words.is_empty())
                        .then(|| format!("{} = [{}]", if only { "only" } else { "except" }, words.join(", ")))
                };
                if let Some(rule) = offer.rule.and_then(named) {
                    let _ = writeln!(text, "{rule}");
                }
            }
        }
        world.file("switchboard.toml", &text)
    }
}

fn contract(paths: u8) -> String {
    let mut text = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n".to_owned();
    let mut by_path: Vec<(&str, String)> = Vec::new();
    for (bit, (method, path)) in PATHS.iter().enumerate().filter(|(bit, _)| paths & 1 << bit != 0) {
        let names = path.matches('{').count();
        let parameters: Vec<String> = ["p", "q"][..names]
            .iter()
            .map(|name| format!("{{name: {name}, in: path, required: true, schema: {{type: string}}}}"))
            .collect();
        let operation = format!(
            "    {method}: {{operationId: op{bit}, parameters: [{}], responses: {{}}}}\n",
            parameters.join(", ")
        );
        match by_path.iter_mut().find(|(known, _)| known == path) {
            Some((_, known)) => known.push_str(&operation),
            None => by_path.push((path, operation)),
        }
    }
    for (path, operations) in by_path {
        let _ = write!(text, "  {path}:\n{operations}");
    }
    text
}
