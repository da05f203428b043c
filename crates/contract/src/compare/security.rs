//! Security: who could call must be able to still. Schemes are compared by what they are, not by their names.

use super::{Finding, Verdict};
use crate::{Contract, Operation, Requirement, SchemeKind};

/// One thing that must be shown.
#[derive(Clone, Debug, PartialEq)]
struct Demand {
    kind: Option<SchemeKind>,
    name: String,
    scopes: Vec<String>,
}

impl Demand {
    fn new(contract: &Contract, requirement: &Requirement) -> Self {
        let scheme = contract.schemes.iter().find(|scheme| scheme.name == requirement.scheme);
        Self {
            kind: scheme.map(|scheme| scheme.kind.clone()),
            name: requirement.scheme.clone(),
            scopes: requirement.scopes.clone(),
        }
    }

    /// Whether whoever can show `had` can show this.
    fn is_met_by(&self, had: &Self) -> bool {
        let same = match (&self.kind, &had.kind) {
            // Where tokens come from is told apart: a change of it is told on its own.
            (Some(SchemeKind::OAuth2(_)), Some(SchemeKind::OAuth2(_))) | (None, None) => {
                self.name == had.name
            }
            (Some(one), Some(other)) => one == other,
            _ => false,
        };
        same && self.scopes.iter().all(|scope| had.scopes.contains(scope))
    }

    fn told(&self) -> String {
        let scopes =
            if self.scopes.is_empty() { String::new() } else { format!(" with {}", self.scopes.join(", ")) };
        format!("`{}`{scopes}", self.name)
    }
}

fn alternatives(contract: &Contract, operation: &Operation) -> Vec<Vec<Demand>> {
    if operation.security.0.is_empty() {
        return vec![Vec::new()];
    }
    let all = operation.security.0.iter();
    all.map(|alternative| alternative.iter().map(|one| Demand::new(contract, one)).collect()).collect()
}

fn told(alternative: &[Demand]) -> String {
    if alternative.is_empty() {
        return "no credential at all".to_owned();
    }
    alternative.iter().map(Demand::told).collect::<Vec<_>>().join(" and ")
}

pub(super) fn compare(
    (old, before): (&Contract, &Operation),
    (new, after): (&Contract, &Operation),
) -> Vec<Finding> {
    let (had, wants) = (alternatives(old, before), alternatives(new, after));
    let enough =
        |had: &[Demand], wants: &[Demand]| wants.iter().all(|want| had.iter().any(|one| want.is_met_by(one)));
    let place = |finding: Finding| finding.old(&before.at).new_at(&after.at);
    let mut found = Vec::new();
    for alternative in &had {
        if !wants.iter().any(|wants| enough(alternative, wants)) {
            let now = wants.iter().map(|one| told(one)).collect::<Vec<_>>().join(", or ");
            let what = format!("security: {} was enough, now it takes {now}", told(alternative));
            found.push(place(Finding::new(Verdict::Breaking, "security", what)));
        }
    }
    for alternative in &wants {
        if !had.iter().any(|had| enough(alternative, had)) {
            let what = format!("security: {} is enough now", told(alternative));
            found.push(place(Finding::new(Verdict::Additive, "security", what)));
        }
    }
    for one in had.iter().flatten() {
        for other in wants.iter().flatten().filter(|other| other.name == one.name) {
            if let (Some(SchemeKind::OAuth2(had)), Some(SchemeKind::OAuth2(has))) = (&one.kind, &other.kind) {
                let plain = |flows: &[crate::Flow]| {
                    let mut flows: Vec<_> = flows.to_vec();
                    for flow in &mut flows {
                        flow.scopes.clear();
                    }
                    format!("{flows:?}")
                };
                if plain(had) != plain(has) {
                    let what = format!("security: tokens of `{}` are had in another way", one.name);
                    found.push(place(Finding::new(Verdict::Unknown, "security-flow", what)));
                }
            }
        }
    }
    found
}
