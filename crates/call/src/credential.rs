//! What a provider gave us, put into a request: in whatever place, it replaces what stood there.
//!
//! Made ready once for each provider; a request pays for placing only. Shown heads get `***` instead.
//! A new kind is a place on the board, a [`Ready`] here, and a file in `credential/` if placing it is work.

mod cookie;
mod digest;
pub mod issuer;
mod query;
pub(crate) mod round;
mod sigv4;
pub mod token;

use board::{Chosen, Credential, CredentialPlace, OAuth, SigV4};
use exchange::Secret;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// What stands for a secret wherever it is shown.
pub(crate) const MASK: &str = "***";

/// The credentials of one provider, ready to be placed.
#[derive(Default)]
pub(crate) struct Credentials {
    real: Vec<Ready>,
    masked: Vec<Ready>,
}

/// Which texts are placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    /// The secrets, for the wire.
    Secrets,
    /// [`MASK`], for people.
    Mask,
}

/// A credential in the form it is sent in.
enum Ready {
    Field(HeaderName, HeaderValue),
    Query {
        name: String,
        pair: String,
    },
    Cookie {
        name: String,
        pair: String,
    },
    /// `user:password`; what is sent answers a challenge.
    Digest(Secret),
    /// What is sent is had by [`token`], and kept under this name.
    OAuth(Box<OAuth>, String),
    /// What is sent is worked out from the request.
    SigV4(Box<SigV4>, Secret),
    /// It belongs to the connection.
    Connection,
}

impl Credentials {
    /// Makes credentials ready.
    ///
    /// # Errors
    /// In words, which credential cannot be put where it belongs, by its reference and never by its text.
    pub(crate) fn ready(credentials: &[Credential]) -> Result<Self, String> {
        let real = credentials.iter().map(|one| ready(one, one.secret.reveal())).collect::<Result<_, _>>()?;
        let masked = credentials.iter().map(|one| ready(one, MASK)).collect::<Result<_, _>>()?;
        Ok(Self { real, masked })
    }

    /// Puts those that are chosen into a request; a field, parameter or cookie of the same name that is there goes.
    pub(crate) fn place(
        &self,
        chosen: Chosen,
        fields: &mut HeaderMap,
        query: &mut Option<String>,
        show: Show,
    ) {
        let all = if show == Show::Secrets { &self.real } else { &self.masked };
        for (_, one) in all.iter().enumerate().filter(|(index, _)| chosen.has(*index)) {
            match one {
                // These are put in when the rest of the request is known.
                Ready::Digest(_) | Ready::OAuth(..) | Ready::SigV4(..) => drop(fields.remove(AUTHORIZATION)),
                Ready::Connection => {}
                Ready::Field(name, value) => {
                    fields.insert(name.clone(), value.clone());
                }
                Ready::Query { name, pair } => query::place(query, name, pair),
                Ready::Cookie { name, pair } => cookie::place(fields, name, pair),
            }
        }
    }

    /// Of those that are chosen, the one that is worked out anew for each request.
    fn worked_out(&self, chosen: Chosen) -> Option<&Ready> {
        let late = |one: &Ready| matches!(one, Ready::Digest(_) | Ready::OAuth(..) | Ready::SigV4(..));
        let mut all = self.real.iter().enumerate().filter(|(index, _)| chosen.has(*index));
        all.find(|(_, one)| late(one)).map(|(_, one)| one)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credentials({})", self.real.len())
    }
}

fn ready(credential: &Credential, text: &str) -> Result<Ready, String> {
    let reference = &credential.reference;
    let field = |text: &str| -> Result<HeaderValue, String> {
        let mut value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
            format!("the credential `{reference}` cannot be put into a field: a control character is in it")
        })?;
        value.set_sensitive(true);
        Ok(value)
    };
    Ok(match &credential.place {
        CredentialPlace::Header(name) => Ready::Field(name.clone(), field(text)?),
        // RFC 6750 §2.1
        CredentialPlace::Bearer => Ready::Field(AUTHORIZATION, field(&format!("Bearer {text}"))?),
        CredentialPlace::Basic => {
            if text != MASK && !text.contains(':') {
                return Err(format!("the credential `{reference}` has no `:` between user and password")); // RFC 7617 §2
            }
            let coded = if text == MASK { text.to_owned() } else { base64(text) };
            Ready::Field(AUTHORIZATION, field(&format!("Basic {coded}"))?)
        }
        CredentialPlace::Digest if text == MASK => Ready::Field(AUTHORIZATION, field("Digest ***")?),
        CredentialPlace::OAuth(_) if text == MASK => Ready::Field(AUTHORIZATION, field("Bearer ***")?),
        CredentialPlace::SigV4(_) if text == MASK => {
            Ready::Field(AUTHORIZATION, field("AWS4-HMAC-SHA256 ***")?)
        }
        CredentialPlace::Digest => Ready::Digest(credential.secret.clone()),
        CredentialPlace::OAuth(oauth) => Ready::OAuth(oauth.clone(), token::name(oauth)),
        CredentialPlace::SigV4(sigv4) => Ready::SigV4(sigv4.clone(), credential.secret.clone()),
        CredentialPlace::Certificate(_) => Ready::Connection,
        CredentialPlace::Query(name) => Ready::Query { name: name.clone(), pair: query::pair(name, text) },
        CredentialPlace::Cookie(name) => {
            let pair = cookie::pair(name, text).ok_or_else(|| {
                format!("the credential `{reference}` cannot be put into a cookie: a `;`, a space, a quote or a control character is in it")
            })?;
            Ready::Cookie { name: name.clone(), pair }
        }
    })
}

fn base64(text: &str) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_STANDARD, text)
}
