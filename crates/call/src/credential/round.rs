//! Credentials that need a round of their own: a token that is had first, a challenge that is answered.
//!
//! A 401 to a token renews it, a 401 with a challenge is met, and the request is sent once more where its
//! body can be: what was answered with 401 was not done (RFC 9110 §15.5.2).

use super::digest::Challenge;
use super::sigv4::{self, Target};
use super::{Ready, token};
use crate::body::Sending;
use crate::provider::Provider;
use crate::{Answer, CallError, ErrorKind, OutBody, Outgoing, Providers, send};
use board::{Chosen, SigV4, Upstream, choose};
use exchange::Secret;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, StatusCode};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::SystemTime;

/// The challenge that a provider was last met with.
pub(crate) type Known = RefCell<Option<Rc<Challenge>>>;

/// What one request wears.
#[derive(Debug)]
pub(crate) struct Wears {
    /// Credentials that are ready.
    pub(crate) chosen: Chosen,
    late: Late,
}

/// What is put in when everything else of the request is known.
#[derive(Debug)]
enum Late {
    Nothing,
    Token(Secret),
    Digest(Rc<Challenge>, Secret),
    SigV4(Box<SigV4>, Secret, String),
}

/// Sends with the credentials that the operation asks for.
pub(crate) async fn send(
    providers: &Providers,
    provider: &Rc<Provider>,
    upstream: &Upstream,
    outgoing: Outgoing<'_>,
) -> Result<Answer, CallError> {
    let asked = outgoing.operation.map(|operation| &operation.security);
    let chosen = choose(&upstream.credentials, asked);
    let Some(late) = provider.credentials.worked_out(chosen) else {
        let wears = Wears { chosen, late: Late::Nothing };
        return send::send(provider, upstream, providers.around(), wears, outgoing).await;
    };
    // On the heap: calls without such a credential, nearly all, do not carry its state.
    Box::pin(rounds((providers, provider, upstream), chosen, late, outgoing)).await
}

async fn rounds(
    (providers, provider, upstream): (&Providers, &Rc<Provider>, &Upstream),
    chosen: Chosen,
    late: &Ready,
    outgoing: Outgoing<'_>,
) -> Result<Answer, CallError> {
    let once = |wears, outgoing| send::send(provider, upstream, providers.around(), wears, outgoing);
    match late {
        Ready::SigV4(sigv4, secret) => {
            let body = sigv4::body_hash(match &outgoing.body {
                OutBody::Empty => Some(&[]),
                OutBody::Held(bytes) => Some(bytes),
                OutBody::Stream(_) => None,
            });
            let late = Late::SigV4(sigv4.clone(), secret.clone(), body);
            once(Wears { chosen, late }, outgoing).await
        }
        Ready::OAuth(oauth, name) => {
            let had = async |rejected: Option<&Secret>| {
                token::token(providers, upstream, (oauth, name), rejected).await.map_err(unauthorised)
            };
            let token = had(None).await?;
            let spare = outgoing.again();
            let answer = once(Wears { chosen, late: Late::Token(token.clone()) }, outgoing).await?;
            let Some(spare) = spare.filter(|_| answer.status == StatusCode::UNAUTHORIZED) else {
                return Ok(answer);
            };
            // Without another token the provider's own words are the answer.
            let Ok(other) = had(Some(&token)).await else { return Ok(answer) };
            again(answer, once(Wears { chosen, late: Late::Token(other) }, spare)).await
        }
        Ready::Digest(login) => {
            let known = provider.challenge.borrow().clone();
            let late = |known: Option<&Rc<Challenge>>| {
                known.map_or(Late::Nothing, |known| Late::Digest(Rc::clone(known), login.clone()))
            };
            let spare = outgoing.again();
            let answer = once(Wears { chosen, late: late(known.as_ref()) }, outgoing).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            let (Some(spare), Some(fresh)) = (spare, Challenge::of(&answer.fields)) else {
                return Ok(answer);
            };
            let fresh = Rc::new(fresh);
            *provider.challenge.borrow_mut() = Some(Rc::clone(&fresh));
            again(answer, once(Wears { chosen, late: late(Some(&fresh)) }, spare)).await
        }
        _ => once(Wears { chosen, late: Late::Nothing }, outgoing).await,
    }
}

/// The second answer, counting the first one's attempts.
async fn again(
    first: Answer,
    second: impl Future<Output = Result<Answer, CallError>>,
) -> Result<Answer, CallError> {
    let before = first.sent.attempts;
    drop(first);
    match second.await {
        Ok(mut answer) => {
            answer.sent.attempts += before;
            Ok(answer)
        }
        Err(mut error) => {
            error.attempts += before;
            Err(error)
        }
    }
}

fn unauthorised(detail: String) -> CallError {
    CallError { kind: ErrorKind::Unauthorised, detail, server: None, attempts: 0 }
}

/// What stands in the request line (RFC 9112 §3.2.1).
fn target(request: &Request<Sending>) -> &str {
    request.uri().path_and_query().map_or("/", |target| target.as_str())
}

impl Wears {
    /// Puts in what depends on the whole request: its target and host are there.
    ///
    /// # Errors
    /// In words, without a secret.
    pub(crate) fn finish(&self, request: &mut Request<Sending>) -> Result<(), String> {
        let text = match &self.late {
            Late::Nothing => return Ok(()),
            Late::Token(token) => format!("Bearer {}", token.reveal()), // RFC 6750 §2.1
            Late::Digest(challenge, login) => {
                let mut bytes = [0; 16];
                aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "no random numbers".to_owned())?;
                let nonce = hex::encode(bytes);
                challenge.answer(login.reveal(), request.method().as_str(), target(request), &nonce)
            }
            Late::SigV4(sigv4, secret, body) => {
                let method = request.method().as_str().to_owned();
                let target = target(request).to_owned();
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let host = request.uri().authority().map(ToString::to_string);
                let target = Target { method: &method, path, query, body, host: host.as_deref() };
                return sigv4::sign(sigv4, secret.reveal(), target, request.headers_mut(), SystemTime::now());
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            "the credential cannot be put into a field: a control character is in it".to_owned()
        })?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
        Ok(())
    }
}
