//! The trie beside looking at every template.

use super::{Hit, Trie};
use contract::{PathTemplate, Piece, Segment};
use http::Method;
use proptest::prelude::*;

fn trie(templates: &[(Method, PathTemplate)]) -> Trie {
    Trie::of(templates.iter().map(|(method, template)| (method, template)))
}

fn parsed(templates: &[(&str, &str)]) -> Vec<(Method, PathTemplate)> {
    let parse = |(method, path): &(&str, &str)| (method.parse().unwrap(), PathTemplate::parse(path).unwrap());
    templates.iter().map(parse).collect()
}

/// How particular a segment is: the smaller the better.
fn rank(segment: &Segment) -> (u8, usize, String) {
    let literal: String = segment
        .0
        .iter()
        .map(|piece| match piece {
            Piece::Literal(text) => text.as_str(),
            Piece::Parameter(_) | Piece::Rest(_) => "",
        })
        .collect();
    let skeleton = segment.0.iter().map(|piece| match piece {
        Piece::Literal(text) => text.as_str(),
        Piece::Parameter(_) | Piece::Rest(_) => "{}",
    });
    let class = match segment.0.as_slice() {
        _ if segment.is_literal() => 0,
        [Piece::Rest(_)] => 3,
        [Piece::Parameter(_)] => 2,
        _ => 1,
    };
    (class, usize::MAX - literal.len(), skeleton.collect())
}

/// Segments up to a rest, then the rest: longer tails first.
fn ranks(template: &PathTemplate) -> Vec<(u8, usize, String)> {
    let mut segments = template.segments().iter();
    let mut ranks = Vec::new();
    while let Some(segment) = segments.next() {
        if segment.rest().is_none() {
            ranks.push(rank(segment));
            continue;
        }
        let all: Vec<_> = std::iter::once(segment).chain(segments.as_slice()).map(rank).collect();
        ranks.push((3, usize::MAX - all.len(), String::new()));
        let literals: usize = all.iter().map(|(_, less, _)| usize::MAX - less).sum();
        let skeleton: Vec<_> = all.into_iter().map(|(_, _, skeleton)| skeleton).collect();
        ranks.push((3, usize::MAX - literals, skeleton.join("/")));
        break;
    }
    ranks
}

/// The same by looking at every template: slow, and plainly right.
fn naive(templates: &[(Method, PathTemplate)], method: &Method, path: &str) -> Hit {
    let mut matching: Vec<_> =
        templates.iter().enumerate().filter(|(_, (_, template))| template.capture(path).is_some()).collect();
    matching.sort_by_key(|(index, (_, template))| (ranks(template), *index));
    let of = |wanted: &Method| matching.iter().find(|(_, (own, _))| own == wanted).map(|(index, _)| *index);
    let head = || (method == Method::HEAD).then(|| of(&Method::GET)).flatten();
    if let Some(operation) = of(method).or_else(head) {
        return Hit::Operation(operation);
    }
    if matching.is_empty() {
        return Hit::Nothing;
    }
    let mut methods: Vec<Method> = matching.iter().map(|(_, (method, _))| method.clone()).collect();
    methods.sort_by_key(ToString::to_string);
    methods.dedup();
    Hit::OtherMethods(methods)
}

fn sorted(hit: Hit) -> Hit {
    match hit {
        Hit::OtherMethods(mut methods) => {
            methods.sort_by_key(ToString::to_string);
            Hit::OtherMethods(methods)
        }
        hit => hit,
    }
}

#[test]
fn literal_beats_template_and_no_template_hides_a_method() {
    let templates = parsed(&[
        ("GET", "/a/{x}"),
        ("GET", "/a/b"),
        ("POST", "/a/b"),
        ("PUT", "/a/{x}"),
        ("GET", "/a/{x}.csv"),
        ("GET", "/a/{x}-{y}.csv"),
        ("POST", "/a/{x}:cancel"),
        ("GET", "/f/{+rest}"),
        ("GET", "/f/{x}/end"),
        ("GET", "/"),
        ("GET", "/t/"),
        ("POST", "/f/{+rest}:cancel"),
        ("GET", "/f/{+rest}/brands/{id}"),
        ("GET", "/g/{+rest}:cancel"),
        ("GET", "/g/{+rest}/{last}"),
    ]);
    let trie = trie(&templates);
    for (method, path, expected) in [
        ("GET", "/a/b", Hit::Operation(1)),
        ("GET", "/a/c", Hit::Operation(0)),
        ("PUT", "/a/b", Hit::Operation(3)),
        ("HEAD", "/a/b", Hit::Operation(1)),
        ("GET", "/a/c.csv", Hit::Operation(4)),
        ("GET", "/a/c-d.csv", Hit::Operation(5)),
        ("GET", "/a/.csv", Hit::Operation(0)),
        ("POST", "/a/job:cancel", Hit::Operation(6)),
        ("POST", "/a/job:cancel:cancel", Hit::Operation(6)),
        ("GET", "/f/x/end", Hit::Operation(8)),
        ("GET", "/f/x/y/z", Hit::Operation(7)),
        ("POST", "/f/x/y/z:cancel", Hit::Operation(11)),
        ("POST", "/f/x/y/z", Hit::OtherMethods(vec![Method::GET])),
        ("GET", "/f/x/y/brands/7", Hit::Operation(12)),
        ("GET", "/f/brands/7", Hit::Operation(7)),
        ("GET", "/g/x/y:cancel", Hit::Operation(14)),
        ("GET", "/", Hit::Operation(9)),
        ("GET", "/t/", Hit::Operation(10)),
        ("GET", "/t", Hit::Nothing),
        ("GET", "/a/", Hit::Nothing),
        ("DELETE", "/a/b", Hit::OtherMethods(vec![Method::GET, Method::POST, Method::PUT])),
    ] {
        assert_eq!(sorted(trie.find(&method.parse().unwrap(), path)), expected, "{method} {path}");
    }
}

#[test]
fn of_two_equal_templates_the_first_stays_and_other_methods_live() {
    let templates = parsed(&[("GET", "/a/{x}"), ("GET", "/a/{y}"), ("POST", "/a/{y}")]);
    let trie = trie(&templates);
    assert_eq!(trie.find(&Method::GET, "/a/1"), Hit::Operation(0));
    assert_eq!(trie.find(&Method::POST, "/a/1"), Hit::Operation(2));
}

#[test]
fn a_path_of_slashes_costs_no_more_than_the_contract() {
    let templates = parsed(&[("GET", "/{a}/{b}/{c}/{d}/x"), ("GET", "/a/{+rest}")]);
    let path = "/".repeat(8 * 1024);
    assert_eq!(trie(&templates).find(&Method::GET, &path), Hit::Nothing);
}

fn segment() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{1,2}",
        3 => Just("{p}".to_owned()),
        1 => Just(String::new()),
        1 => Just("{p}-a".to_owned()),
        1 => Just("a-{p}".to_owned()),
        1 => Just("{p}-{q}".to_owned()),
        1 => Just("{p}-b{q}.a".to_owned()),
        1 => Just("{p}:a".to_owned()),
        1 => Just("{+p}:a".to_owned()),
        1 => Just("{+p}".to_owned()),
        1 => Just("{+p}-{q}".to_owned()),
    ]
}

fn template() -> impl Strategy<Value = (Method, PathTemplate)> {
    let methods = prop::sample::select(vec![Method::GET, Method::POST, Method::HEAD]);
    (methods, prop::collection::vec(segment(), 1..4), prop::bool::weighted(0.1)).prop_map(
        |(method, mut segments, rest)| {
            if rest {
                segments.push("{+rest}".to_owned());
            }
            (method, PathTemplate::parse(&format!("/{}", segments.join("/"))).unwrap())
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_trie_agrees_with_looking_at_every_template(
        templates in prop::collection::vec(template(), 1..12),
        paths in prop::collection::vec(prop::collection::vec("[ab.:-]{0,4}", 1..5), 1..12),
    ) {
        let trie = trie(&templates);
        for path in paths {
            let path = format!("/{}", path.join("/"));
            for method in [Method::GET, Method::HEAD, Method::DELETE] {
                prop_assert_eq!(
                    sorted(trie.find(&method, &path)), naive(&templates, &method, &path), "{} {}", method, path
                );
            }
        }
    }
}
