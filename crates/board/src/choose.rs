//! Which credentials go with a call: the contract decides, an OR of ANDs; the configuration adds what it forgot.
//!
//! Source: OpenAPI 3.1, Security Requirement Object. Whatever is not chosen is not sent: an operation with
//! `security: []` gets none. Pure, and allocates nothing.

use crate::Credential;
use contract::Security;

/// What a credential is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serves {
    /// Every call: the contract asks for nothing anywhere, or there is none.
    Every,
    /// Every operation that asks for something: none of the contract's schemes is like it.
    Asking,
    /// These schemes of the contract, by name.
    Schemes(Vec<String>),
}

/// Credentials of one upstream that go with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen(u64);

impl Chosen {
    /// Whether the one at this index goes with it.
    pub const fn has(self, index: usize) -> bool {
        index < MOST && self.0 & (1 << index) != 0
    }

    fn add(&mut self, index: usize) {
        if index < MOST {
            self.0 |= 1 << index;
        }
    }
}

/// More credentials of one upstream are not looked at.
const MOST: usize = 64;

/// Chooses: all where the operation is not known, else those of the first alternative whose schemes all have one,
/// else of the first that has some; and what serves every call.
///
/// An alternative that asks for nothing is taken only when no other can be met: whoever has a key shows it.
pub fn choose(credentials: &[Credential], asked: Option<&Security>) -> Chosen {
    let Some(asked) = asked else { return Chosen(u64::MAX) };
    let mut chosen = Chosen(0);
    let asks = asked.0.iter().any(|all| !all.is_empty());
    for (index, credential) in credentials.iter().enumerate() {
        if credential.serves == Serves::Every || asks && credential.serves == Serves::Asking {
            chosen.add(index);
        }
    }
    let serving = |scheme: &str| credentials.iter().position(|credential| credential.serves(scheme));
    let met = |all: &[contract::Requirement]| all.iter().filter(|one| serving(&one.scheme).is_some()).count();
    let whole = asked.0.iter().find(|all| !all.is_empty() && met(all) == all.len());
    let anonymous = asked.0.iter().any(Vec::is_empty);
    let part = || asked.0.iter().find(|all| met(all) > 0).filter(|_| !anonymous);
    for one in whole.or_else(part).into_iter().flatten() {
        if let Some(index) = serving(&one.scheme) {
            chosen.add(index);
        }
    }
    chosen
}

impl Credential {
    fn serves(&self, scheme: &str) -> bool {
        matches!(&self.serves, Serves::Schemes(names) if names.iter().any(|name| name == scheme))
    }
}

#[cfg(test)]
mod tests {
    use super::{Serves, choose};
    use crate::{Credential, CredentialPlace};
    use contract::{Requirement, Security};
    use exchange::Secret;

    #[test]
    fn the_first_alternative_that_is_met_wholly_decides() {
        let credential = |serves| Credential {
            place: CredentialPlace::Bearer,
            secret: Secret::new("x"),
            reference: "env:K".to_owned(),
            serves,
        };
        let named =
            |names: &[&str]| credential(Serves::Schemes(names.iter().map(|&name| name.to_owned()).collect()));
        let all = [named(&["a"]), named(&["b", "c"]), credential(Serves::Asking)];
        let every = [credential(Serves::Every)];
        let security = |ways: &[&[&str]]| {
            let one = |&scheme: &&str| Requirement { scheme: scheme.to_owned(), scopes: Vec::new() };
            Security(ways.iter().map(|way| way.iter().map(one).collect()).collect())
        };
        for (ways, sent) in [
            (&[][..], &[][..]),
            (&[&["a"][..]], &[0, 2]),
            (&[&["x"], &["c"]], &[1, 2]),
            (&[&["a", "x"], &["a", "b"]], &[0, 1, 2]),
            (&[&["b", "c"]], &[1, 2]),
            (&[&["x"]], &[2]),
            (&[&["x", "a"]], &[0, 2]),
            (&[&[], &["a"]], &[0, 2]),
            (&[&["x", "a"], &[]], &[2]),
            (&[&[]], &[]),
        ] {
            let asked = security(ways);
            let chosen = choose(&all, Some(&asked));
            let got: Vec<usize> = (0..all.len()).filter(|&index| chosen.has(index)).collect();
            assert_eq!(got, sent, "{ways:?}");
            assert!(choose(&every, Some(&asked)).has(0));
        }
        assert!((0..3).all(|index| choose(&all, None).has(index)));
    }
}
