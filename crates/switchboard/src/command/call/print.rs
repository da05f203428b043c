//! A draft printed as code that sends the same request: secrets are references, unless they are asked for.

use super::draft::Draft;
use super::form::Content;
use super::payload::{Chunk, Payload};
use super::redact::{Redaction, is_secret_name};
use super::wanted::Wanted;
use crate::exit::Failure;
use crate::output::code;
use crate::output::code::recipe::{Carried, FormPart, Line, Piece, Recipe, Source, Stretch, Worked};
use board::{Credential, CredentialPlace};
use exchange::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use std::borrow::Cow;

/// Of temporary credentials at AWS.
const TOKEN: &str = "x-amz-security-token";

/// A language to print a request in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Language {
    /// A curl command line.
    Curl,
    /// HTTPie.
    Httpie,
    /// Python.
    Python,
    /// JavaScript.
    Javascript,
    /// Go.
    Go,
    /// Rust.
    Rust,
    /// HAR.
    Har,
}

/// The draft in a language.
pub(crate) fn code(
    language: Language,
    draft: &Draft,
    wanted: &Wanted,
    show_secrets: bool,
) -> Result<String, Failure> {
    let redaction = (!show_secrets).then(|| draft.redaction());
    let recipe = recipe(draft, wanted, redaction.as_ref())?;
    Ok(match language {
        Language::Curl => code::curl::write(&recipe, wanted.insecure),
        Language::Httpie => code::httpie::write(&recipe),
        Language::Python => code::python::write(&recipe),
        Language::Javascript if recipe.method == "GET" && !matches!(recipe.body, Carried::Nothing) => {
            return Err(
                Failure::usage("`fetch` sends no body with GET").help("another language, or `-X POST`")
            );
        }
        Language::Javascript => code::javascript::write(&recipe),
        Language::Go => code::go::write(&recipe),
        Language::Rust => code::rust::write(&recipe),
        Language::Har if matches!(recipe.body, Carried::Pieces(_)) => {
            return Err(Failure::usage(
                "HAR has no place for a body that is no text, or is streamed from a file",
            )
            .help("another language: `--print curl`"));
        }
        Language::Har => code::har::write(&recipe, &jiff::Timestamp::now().to_string()),
    })
}

/// The draft with references where its secrets stand.
///
/// A secret within a path or a field is a reference too; one within a body is `***`.
fn recipe(draft: &Draft, wanted: &Wanted, redaction: Option<&Redaction>) -> Result<Recipe, Failure> {
    let show_secrets = redaction.is_none();
    // A part of parts has no words of its own in most languages: then the body is printed in stretches.
    let form = !wanted.parts.is_empty()
        && !wanted.parts.iter().any(|part| matches!(part.content, Content::Many(..)));
    let body = if form {
        Carried::Form(wanted.parts.iter().map(|one| part(one, redaction)).collect())
    } else if draft.payload.len() == 0 {
        Carried::Nothing
    } else {
        match text(&draft.payload) {
            Some(text) => Carried::Text(clean(text, redaction).into_owned()),
            None => Carried::Pieces(pieces(&draft.payload, redaction)?),
        }
    };
    let mut fields: Vec<(String, Line)> = Vec::new();
    for (name, value) in &draft.fields {
        let text = value.to_str().map_err(|_| Failure::run(format!("the value of `{name}` is no text")))?;
        if *name == CONTENT_TYPE && form {
            continue;
        }
        let secret = !show_secrets && (value.is_sensitive() || is_secret_name(name.as_str()));
        let line = match text.split_once(' ') {
            _ if text.is_empty() => Vec::new(),
            _ if !secret => hidden(text, redaction),
            Some((scheme, _)) if *name == AUTHORIZATION => {
                vec![
                    Piece::Text(format!("{scheme} ")),
                    Piece::Secret(Source::Variable(variable(name.as_str()))),
                ]
            }
            _ => vec![Piece::Secret(Source::Variable(variable(name.as_str())))],
        };
        fields.push((name.to_string(), line));
    }
    let mut url = vec![Piece::Text(String::new())];
    let address = draft.url();
    let (path, query) =
        address.split_once('?').map_or((address.as_str(), None), |(path, query)| (path, Some(query)));
    append(&mut url, hidden(path, redaction));
    let mut mark = "?";
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        push(&mut url, mark);
        mark = "&";
        match pair.split_once('=') {
            Some((name, _)) if !show_secrets && is_secret_name(name) => {
                push(&mut url, &format!("{name}="));
                url.push(Piece::Secret(Source::Variable(variable(name))));
            }
            _ => append(&mut url, hidden(pair, redaction)),
        }
    }
    let mut worked = None;
    for credential in &draft.upstream.credentials {
        let secret = if show_secrets {
            Piece::Text(credential.secret.reveal().to_owned())
        } else {
            Piece::Secret(source(credential))
        };
        match &credential.place {
            CredentialPlace::Header(name) => fields.push((name.to_string(), vec![secret])),
            CredentialPlace::Query(name) => {
                push(&mut url, &format!("{mark}{name}="));
                mark = "&";
                url.push(secret);
            }
            CredentialPlace::Cookie(name) => {
                fields.push(("cookie".to_owned(), vec![Piece::Text(format!("{name}=")), secret]));
            }
            CredentialPlace::Bearer => {
                fields.push((AUTHORIZATION.to_string(), vec![Piece::Text("Bearer ".to_owned()), secret]));
            }
            // What is worked out for each request cannot be printed: the code says what has to stand there.
            CredentialPlace::OAuth(_) => {
                fields.push((AUTHORIZATION.to_string(), late("Bearer ", "ACCESS_TOKEN")));
            }
            CredentialPlace::Digest => {
                fields.push((AUTHORIZATION.to_string(), late("Digest ", "DIGEST_ANSWER")));
                worked = Some(Worked::Digest(secret));
            }
            CredentialPlace::SigV4(aws) => {
                let beside = |secret: &Secret, name: &str| {
                    if show_secrets {
                        Piece::Text(secret.reveal().to_owned())
                    } else {
                        Piece::Secret(Source::Variable(name.to_owned()))
                    }
                };
                if let Some(session) = &aws.session {
                    fields.push((TOKEN.to_owned(), vec![beside(session, "AWS_SESSION_TOKEN")]));
                }
                fields.push((AUTHORIZATION.to_string(), late("AWS4-HMAC-SHA256 ", "SIGNATURE")));
                let login =
                    vec![beside(&aws.key_id, "AWS_ACCESS_KEY_ID"), Piece::Text(":".to_owned()), secret];
                worked =
                    Some(Worked::SigV4 { region: aws.region.clone(), service: aws.service.clone(), login });
            }
            CredentialPlace::Certificate(_) => worked = Some(Worked::Certificate(source(credential))),
            CredentialPlace::Basic => {
                let pair = match secret {
                    Piece::Text(pair) => {
                        Piece::Text(base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pair))
                    }
                    _ => Piece::Base64(source(credential)),
                };
                fields.push((AUTHORIZATION.to_string(), vec![Piece::Text("Basic ".to_owned()), pair]));
            }
        }
    }
    Ok(Recipe { method: draft.method.to_string(), url, fields, body, worked })
}

/// A body that can stand in a program as text.
fn text(payload: &Payload) -> Option<&str> {
    payload.held().and_then(|body| std::str::from_utf8(body).ok()).filter(|text| !text.contains('\0'))
}

/// A body that cannot, in stretches.
fn pieces(payload: &Payload, redaction: Option<&Redaction>) -> Result<Vec<Stretch>, Failure> {
    const LONGEST: usize = 64 * 1024;
    let pieces: Vec<Stretch> = match payload {
        Payload::Empty => Vec::new(),
        Payload::Held(bytes) => vec![stretch(bytes, redaction)],
        Payload::Chunks(chunks) => chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Held(bytes) => stretch(bytes, redaction),
                Chunk::File(path, _) => Stretch::File(path.display().to_string()),
            })
            .collect(),
    };
    let held = pieces.iter().map(|piece| if let Stretch::Bytes(bytes) = piece { bytes.len() } else { 0 });
    if held.sum::<usize>() > LONGEST {
        return Err(Failure::usage("a body of more than 64 KiB that is no text is not printed")
            .help("name its file, which is read when the code runs: `-T FILE`"));
    }
    Ok(pieces)
}

fn stretch(bytes: &[u8], redaction: Option<&Redaction>) -> Stretch {
    Stretch::Bytes(match std::str::from_utf8(bytes) {
        Ok(text) => clean(text, redaction).into_owned().into_bytes(),
        Err(_) => bytes.to_vec(),
    })
}

/// A field that somebody else has to work out.
fn late(scheme: &str, variable: &str) -> Line {
    vec![Piece::Text(scheme.to_owned()), Piece::Secret(Source::Variable(variable.to_owned()))]
}

/// Adds text to a line, to its last stretch where that is text.
fn push(line: &mut Line, text: &str) {
    match line.last_mut() {
        Some(Piece::Text(last)) => last.push_str(text),
        _ => line.push(Piece::Text(text.to_owned())),
    }
}

/// Without the secrets; all of it where they may be shown.
fn clean<'t>(text: &'t str, redaction: Option<&Redaction>) -> Cow<'t, str> {
    redaction.map_or(Cow::Borrowed(text), |redaction| redaction.clean(text))
}

/// What a text is without the secrets in it: references stand there.
fn hidden(text: &str, redaction: Option<&Redaction>) -> Line {
    match clean(text, redaction) {
        Cow::Borrowed(_) => vec![Piece::Text(text.to_owned())],
        Cow::Owned(clean) => {
            let mut line = Line::new();
            for (index, text) in clean.split("***").enumerate() {
                if index > 0 {
                    line.push(Piece::Secret(Source::Variable("SECRET".to_owned())));
                }
                if !text.is_empty() {
                    line.push(Piece::Text(text.to_owned()));
                }
            }
            line
        }
    }
}

/// Adds stretches to a line.
fn append(line: &mut Line, more: Line) {
    for piece in more {
        match piece {
            Piece::Text(text) => push(line, &text),
            other => line.push(other),
        }
    }
}

fn part(part: &super::form::Part, redaction: Option<&Redaction>) -> FormPart {
    let content = match &part.content {
        Content::Held(bytes) => Ok(clean(&String::from_utf8_lossy(bytes), redaction).into_owned()),
        Content::File(path, shown) => Err((path.clone(), shown.clone())),
        // Printed in stretches.
        Content::Many(..) => Ok(String::new()),
    };
    FormPart { name: part.name.clone(), content, media: part.media.clone() }
}

/// Where a credential's secret comes from.
fn source(credential: &Credential) -> Source {
    match credential.reference.split_once(':') {
        Some(("env", name)) => Source::Variable(name.to_owned()),
        Some(("file", path)) => Source::File(path.to_owned()),
        _ => Source::Variable(variable(&credential.reference)),
    }
}

/// The provider's credentials as pairs for the query and as fields: references, or the secrets themselves.
pub(crate) fn credentials(draft: &Draft, show_secrets: bool) -> (Vec<String>, Vec<(String, String)>) {
    let (mut query, mut fields) = (Vec::new(), Vec::new());
    for credential in &draft.upstream.credentials {
        let value = if show_secrets { credential.secret.reveal().to_owned() } else { reference(credential) };
        match &credential.place {
            CredentialPlace::Header(name) => fields.push((name.to_string(), value)),
            CredentialPlace::Query(name) => query.push(format!("{name}={value}")),
            CredentialPlace::Cookie(name) => fields.push(("cookie".to_owned(), format!("{name}={value}"))),
            CredentialPlace::Bearer => fields.push((AUTHORIZATION.to_string(), format!("Bearer {value}"))),
            // What is worked out for each request cannot be printed: the line says what has to stand there.
            CredentialPlace::OAuth(_) => {
                fields.push((AUTHORIZATION.to_string(), "Bearer $ACCESS_TOKEN".to_owned()));
            }
            CredentialPlace::Digest => fields.push((AUTHORIZATION.to_string(), "Digest $ANSWER".to_owned())),
            CredentialPlace::SigV4(_) => {
                fields.push((AUTHORIZATION.to_string(), "AWS4-HMAC-SHA256 $SIGNATURE".to_owned()));
            }
            CredentialPlace::Certificate(_) => {}
            CredentialPlace::Basic if show_secrets => {
                let pair = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, value);
                fields.push((AUTHORIZATION.to_string(), format!("Basic {pair}")));
            }
            CredentialPlace::Basic => {
                fields.push((
                    AUTHORIZATION.to_string(),
                    format!("Basic $(printf %s \"{value}\" | base64 -w0)"),
                ));
            }
        }
    }
    (query, fields)
}

/// A shell variable or command that gives the secret: `env:WEATHER_KEY` is `$WEATHER_KEY`.
fn reference(credential: &Credential) -> String {
    match credential.reference.split_once(':') {
        Some(("env", name)) => format!("${name}"),
        Some(("file", path)) => format!("$(cat {})", shell_words::quote(path)),
        _ => format!("${}", variable(&credential.reference)),
    }
}

/// A name as a shell variable.
fn variable(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' })
        .collect();
    if name.starts_with(|letter: char| letter.is_ascii_digit()) { format!("_{name}") } else { name }
}
