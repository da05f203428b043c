//! `[plans.NAME]`: what an audience gets: how it identifies itself, how much it may call, for what price and on which terms.

use crate::code;
use crate::keys::{Keys, Text, bad_word, not_built_yet};
use crate::limit::{self, Limit, Measure, Per};
use crate::report::Problem;
use crate::scope::Scope;
use crate::tree::{At, Entry};
use crate::{Price, Terms, price, terms};
use exchange::{Origin, PlanName, PolicyId};
use std::sync::Arc;

/// What an audience gets.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name.
    pub name: PlanName,
    /// How its holders identify themselves.
    pub auth: Auth,
    /// What its holders must have accepted.
    pub terms: Option<Terms>,
    /// Limits, in the order they are looked at.
    pub limits: Vec<Limit>,
    /// What a call costs; `None`: nothing is said.
    pub price: Option<Price>,
    /// Where it is written.
    pub origin: Origin,
}

/// How a caller identifies itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// With a key that we issued.
    Key,
    /// Not at all.
    None,
}

/// A plan, and where its name is typed.
pub(crate) struct Planned<'t> {
    pub(crate) plan: Arc<Plan>,
    pub(crate) at: &'t At,
}

/// Resolves `[plans.*]`.
///
/// A plan with a fault is still there, without the part that is faulty, so that nobody who names it is blamed.
pub(crate) fn resolve<'t>(root: &Keys<'t, '_>, scope: &Scope<'_>) -> Vec<Planned<'t>> {
    root.members("plans").into_iter().map(|(name, entry)| plan(name, entry, scope)).collect()
}

fn plan<'t>(name: &str, entry: &'t Entry, scope: &Scope<'_>) -> Planned<'t> {
    let name = PlanName::new(name);
    let keys = Keys::open(
        format!("[plans.{name}]"),
        entry,
        &["auth", "limit", "quota", "price", "terms"],
        &[],
        scope.report,
    );
    let origin = entry.key.origin();
    let mut plan = Plan { name, auth: Auth::Key, price: None, terms: None, limits: Vec::new(), origin };
    if let Some(keys) = keys {
        plan.auth = auth(&keys, scope).unwrap_or(Auth::Key);
        plan.price = price::resolve(&keys, scope.report);
        plan.terms = terms::resolve(&keys, plan.auth, scope);
        for text in keys.texts("limit").unwrap_or_default() {
            if let Some(written) = keys.read_limit("limit", text) {
                add(&mut plan, &keys, text, written, scope);
            }
        }
        for text in keys.texts("quota").unwrap_or_default() {
            if let Some(limit::Written { measure, per, soft }) = keys.read_quota("quota", text) {
                let written = limit::Written { measure: Measure::Quota(measure), per, soft };
                add(&mut plan, &keys, text, written, scope);
            }
        }
    }
    Planned { plan: Arc::new(plan), at: &entry.key }
}

fn auth(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<Auth> {
    if keys.entry("auth").is_none() {
        keys.missing("auth", "\"key\"");
    }
    let Text { text, at } = keys.text("auth")?;
    match text {
        "key" => return Some(Auth::Key),
        "none" => return Some(Auth::None),
        _ => {}
    }
    let kind = text.split(':').next().unwrap_or_default();
    scope.report.add(if ["oidc", "jwt", "basic", "mtls", "oauth2"].contains(&kind) {
        not_built_yet(&format!("auth = {text}"), at)
    } else {
        bad_word(&format!("`auth` of {}", keys.name), at, text, &["key", "none"])
    });
    None
}

fn add(
    plan: &mut Plan,
    keys: &Keys<'_, '_>,
    text: Text<'_>,
    written: limit::Written<Measure>,
    scope: &Scope<'_>,
) {
    let limit::Written { measure, per, soft } = written;
    if per == Some(Per::Key) && plan.auth == Auth::None {
        scope.report.add(
            Problem::error(&code::BAD_RATE, format!("{} has no keys to count per", keys.name))
                .at(text.at, "with `auth = \"none\"` nobody sends a key")
                .help("write `per ip`, or `auth = \"key\"`"),
        );
        return;
    }
    // Where nobody is identified, a limit counts per address.
    let by_default = if plan.auth == Auth::None { Per::Address } else { Per::Consumer };
    let per = per.unwrap_or(by_default);
    let name = limit::name(measure, per, soft);
    let mut policy = PolicyId::new(&plan.name, &name);
    let is_quota = matches!(measure, Measure::Quota(_));
    // Rates of one period may differ in their bursts; those are told apart by their order.
    for nth in 2..=plan.limits.len() + 1 {
        if is_quota || plan.limits.iter().all(|known| known.policy != policy) {
            break;
        }
        policy = PolicyId::new(&plan.name, &format!("{name}/{nth}"));
    }
    let (text, at) = (text.text, text.at);
    if let Some(other) = plan.limits.iter().find(|known| known.policy == policy) {
        scope.report.add(
            Problem::error(&code::BAD_QUOTA, format!("{} has two quotas for one period", keys.name))
                .at(at, format!("counts the same calls as `{}`", other.text))
                .help("keep the smaller one; `soft` behind one of them makes it a warning before the other"),
        );
        return;
    }
    plan.limits.push(Limit { policy, measure, per, soft, text: text.to_owned(), origin: at.origin() });
}
