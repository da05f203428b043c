//! Alternatives: every value must find its home among those of the other side
//! (JSON Schema 2020-12 Core §10.2.1). Of `oneOf`, it must also be proven that no second one takes it.

use super::super::flat::Flat;
use super::super::judge::{Judge, Obstacle, Obstacles, obstacle};
use super::super::node::Node;
use super::{at, same, slug};

pub(super) fn check(
    judge: &mut Judge,
    sub: &Flat,
    sup: &Flat,
    own: &mut Vec<Obstacle>,
    below: &mut Obstacles,
) {
    for part in &sup.parts {
        for word in ["anyOf", "oneOf"] {
            if part.lowered.get(word).is_none()
                || sub.parts.iter().any(|other| same(judge, other, part, word))
            {
                continue;
            }
            group(judge, sub, part, word, own, below);
        }
    }
}

fn group(
    judge: &mut Judge,
    sub: &Flat,
    part: &Node,
    word: &'static str,
    own: &mut Vec<Obstacle>,
    below: &mut Obstacles,
) {
    let branches = part.list(word);
    let mut apart = Vec::new();
    let mut home = None;
    let mut stands = Vec::new();
    for (index, branch) in branches.iter().enumerate() {
        let flat = Flat::new(&mut judge.sup, std::slice::from_ref(branch));
        if is_apart(judge, sub, &flat) {
            apart.push(index);
            continue;
        }
        if home.is_none() {
            if judge.is_home(sub, &flat) {
                home = Some(index);
            } else {
                stands.push(flat);
            }
        }
    }
    let others_apart = apart.len() + 1 >= branches.len();
    if home.is_some() {
        if word == "oneOf" && !others_apart {
            let what = if judge.forward {
                "a value may fit two alternatives, of which exactly one must fit"
            } else {
                "the alternatives are others, and what mattered is proven to stay"
            };
            own.push(obstacle(slug(word), what, at(sub, word), part.at.at(word)));
        }
        return;
    }
    // Only one is left that it could be: what stands in the way there is what stands in the way.
    if let ([only], true) = (stands.as_slice(), others_apart) {
        below.extend(judge.tried(sub, only));
        return;
    }
    let what = if !judge.forward {
        "the alternatives are others, and what mattered is proven to stay"
    } else if judge.sub_is_old {
        "what was taken fits none of the alternatives now, as far as can be told"
    } else {
        "what may be sent fits none of the former alternatives, as far as can be told"
    };
    own.push(obstacle(
        if word == "oneOf" { "oneOf" } else { "anyOf" },
        what,
        at(sub, word),
        part.at.at(word),
    ));
}

/// Whether no value fits both: other kinds, other choices, or a member that tells them apart.
fn is_apart(judge: &mut Judge, sub: &Flat, sup: &Flat) -> bool {
    if sub.kinds() & sup.kinds() == 0 && !judge.text {
        return true;
    }
    if let (Some(one), Some(other)) = (sub.choices(), sup.choices()) {
        return !judge.text && !one.iter().any(|value| other.contains(value));
    }
    let objects = |flat: &Flat| flat.kinds() == super::kinds::OBJECT;
    if !objects(sub) || !objects(sup) {
        return false;
    }
    let (here, there) = (sub.required(), sup.required());
    for name in here.union(&there) {
        let (one, other) = (sub.member(name), sup.member(name));
        let never = |nodes: &[Node]| nodes.iter().any(Node::is_never);
        if never(&one) || never(&other) {
            return true;
        }
        // The member must be there on one side, and whatever is there must fit both.
        let (one, other) = (Flat::new(&mut judge.sub, &one), Flat::new(&mut judge.sup, &other));
        if !one.parts.is_empty() && !other.parts.is_empty() {
            if let (Some(one), Some(other)) = (one.choices(), other.choices())
                && !one.iter().any(|value| other.contains(value))
            {
                return true;
            }
            if one.kinds() & other.kinds() == 0 {
                return true;
            }
        }
    }
    false
}
