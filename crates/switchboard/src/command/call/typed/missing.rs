//! What a call by contract still needs: names that must be given, unless a flag, a credential or we ourselves give them.

use super::super::wanted::Wanted;
use super::given::Given;
use crate::exit::Failure;
use board::Upstream;
use contract::In;

impl Given<'_> {
    /// Says which required names were not given.
    pub(super) fn missing(&self, upstream: &Upstream, wanted: &Wanted) -> Result<(), Failure> {
        let own_body = self.whole.is_some() || !self.form.is_empty();
        let given = |known: &contract::Named| match known.place {
            In::Body => {
                own_body
                    || self.body.get(&known.name).is_some()
                    || self.parts.iter().any(|part| part.name == known.name)
            }
            In::Header => {
                self.values.get(In::Header, &known.name).is_some()
                    || is_key(&self.named.operation.repeat, &known.name)
                    || known.name.eq_ignore_ascii_case("if-match") // the last GET may know it
                    || wanted.fields.iter().any(|wish| known.name.eq_ignore_ascii_case(wish.name().as_str()))
                    || upstream.credentials.iter().any(|credential| is_for(&credential.place, &known.name))
            }
            place => {
                self.values.get(place, &known.name).is_some()
                    || upstream.credentials.iter().any(|credential| is_for(&credential.place, &known.name))
            }
        };
        let mut missing: Vec<String> = self
            .names
            .iter()
            .filter(|known| known.required && !given(known))
            .map(|known| format!("  {} {} ({})", known.name, place(known.place), self.named.line(&known.at)))
            .collect();
        let no_body = self.body.is_null() && self.parts.is_empty() && !own_body;
        if self.named.operation.input_required
            && no_body
            && missing.iter().all(|line| !line.contains("in the body"))
        {
            missing.push(format!(
                "  a body: `@FILE`, `-d DATA` ({})",
                self.named.line(&self.named.operation.at)
            ));
        }
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::usage(format!("`{}` also needs\n{}", self.named.operation.id, missing.join("\n"))))
    }
}

fn is_for(place: &board::CredentialPlace, name: &str) -> bool {
    match place {
        board::CredentialPlace::Header(own) => name.eq_ignore_ascii_case(own.as_str()),
        board::CredentialPlace::Query(own) | board::CredentialPlace::Cookie(own) => own == name,
        board::CredentialPlace::Certificate(_) => false,
        board::CredentialPlace::Bearer
        | board::CredentialPlace::Basic
        | board::CredentialPlace::Digest
        | board::CredentialPlace::OAuth(_)
        | board::CredentialPlace::SigV4(_) => name.eq_ignore_ascii_case("authorization"),
    }
}

/// Whether a field is the operation's idempotency key, which is made where none is given.
fn is_key(repeat: &contract::Repeat, name: &str) -> bool {
    matches!(repeat, contract::Repeat::WithKey(key) if name.eq_ignore_ascii_case(key.as_str()))
}

const fn place(place: In) -> &'static str {
    match place {
        In::Path => "in the path",
        In::Query => "in the query",
        In::Header => "as a header",
        In::Cookie => "as a cookie",
        In::Body => "in the body",
        In::Status => "as the status",
    }
}
