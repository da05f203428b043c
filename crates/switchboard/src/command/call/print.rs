//! A draft printed as code that sends the same request: secrets are references, unless they are asked for.

use super::draft::Draft;
use super::form::Content;
use super::payload::{Chunk, Payload};
use super::redact::is_secret_name;
use super::wanted::Wanted;
use crate::exit::Failure;
use crate::output::code::recipe::{Carried, FormPart, Line, Piece, Recipe, Source, Stretch, shell};
use crate::output::code::{self, Word};
use board::{Credential, CredentialPlace};
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};

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
    if language == Language::Curl {
        return curl(draft, wanted, show_secrets);
    }
    let recipe = recipe(draft, wanted, show_secrets)?;
    Ok(match language {
        Language::Curl | Language::Httpie => code::httpie::write(&recipe),
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
fn recipe(draft: &Draft, wanted: &Wanted, show_secrets: bool) -> Result<Recipe, Failure> {
    let form = !wanted.parts.is_empty();
    let body = if form {
        Carried::Form(wanted.parts.iter().map(part).collect())
    } else if draft.payload.len() == 0 {
        Carried::Nothing
    } else {
        match text(&draft.payload) {
            Some(text) => Carried::Text(text.to_owned()),
            None => Carried::Pieces(pieces(&draft.payload)?),
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
            _ if !secret => vec![Piece::Text(text.to_owned())],
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
    push(&mut url, path);
    let mut mark = "?";
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        push(&mut url, mark);
        mark = "&";
        match pair.split_once('=') {
            Some((name, _)) if !show_secrets && is_secret_name(name) => {
                push(&mut url, &format!("{name}="));
                url.push(Piece::Secret(Source::Variable(variable(name))));
            }
            _ => push(&mut url, pair),
        }
    }
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
            }
            CredentialPlace::SigV4(_) => {
                fields.push((AUTHORIZATION.to_string(), late("AWS4-HMAC-SHA256 ", "SIGNATURE")));
            }
            CredentialPlace::Certificate(_) => {}
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
    Ok(Recipe { method: draft.method.to_string(), url, fields, body })
}

/// A body that can stand in a program as text.
fn text(payload: &Payload) -> Option<&str> {
    payload.held().and_then(|body| std::str::from_utf8(body).ok()).filter(|text| !text.contains('\0'))
}

/// A body that cannot, in stretches.
fn pieces(payload: &Payload) -> Result<Vec<Stretch>, Failure> {
    const LONGEST: usize = 64 * 1024;
    let pieces: Vec<Stretch> = match payload {
        Payload::Empty => Vec::new(),
        Payload::Held(bytes) => vec![Stretch::Bytes(bytes.to_vec())],
        Payload::Chunks(chunks) => chunks
            .iter()
            .map(|chunk| match chunk {
                Chunk::Held(bytes) => Stretch::Bytes(bytes.to_vec()),
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

fn part(part: &super::form::Part) -> FormPart {
    let content = match &part.content {
        Content::Held(bytes) => Ok(String::from_utf8_lossy(bytes).into_owned()),
        Content::File(path, shown) => Err((path.clone(), shown.clone())),
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

/// The draft as a line of shell that runs curl.
fn curl(draft: &Draft, wanted: &Wanted, show_secrets: bool) -> Result<String, Failure> {
    let mut options: Vec<(&str, Option<Word>)> = Vec::new();
    let form = !wanted.parts.is_empty();
    // What gives the body, where it does not fit on the line.
    let mut before = String::new();
    let has_body = draft.payload.len() > 0 || form;
    let natural = if has_body { Method::POST } else { Method::GET };
    if draft.method == Method::HEAD && !has_body {
        options.push(("-I", None));
    } else if draft.method != natural {
        options.push(("-X", Some(Word::plain(draft.method.as_str()))));
    }
    for (name, value) in &draft.fields {
        let text = value.to_str().map_err(|_| Failure::run(format!("the value of `{name}` is no text")))?;
        // What curl sends by itself in the same words.
        let own = (*name == ACCEPT && text == "*/*")
            || *name == USER_AGENT
            || (*name == CONTENT_TYPE && form && text.starts_with("multipart/form-data"));
        if !own {
            options.push(("-H", Some(field(name.as_str(), text, value.is_sensitive(), show_secrets))));
        }
    }
    let (query, added) = credentials(draft, show_secrets);
    for (name, value) in added {
        options.push(("-H", Some(filled(&format!("{name}: "), &value))));
    }
    let mut url = draft.url();
    if !show_secrets && let Some((path, pairs)) = url.clone().split_once('?') {
        url = format!("{path}?{}", references(pairs));
    }
    for pair in query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&pair);
    }
    if form {
        for part in &wanted.parts {
            let text = match &part.content {
                Content::Held(bytes) => {
                    ("--form-string", format!("{}={}", part.name, String::from_utf8_lossy(bytes)))
                }
                Content::File(path, _) => (
                    "-F",
                    format!(
                        "{}=@{path}{}",
                        part.name,
                        part.media.as_ref().map_or_else(String::new, |media| format!(";type={media}"))
                    ),
                ),
            };
            options.push((text.0, Some(Word::plain(text.1))));
        }
    } else if has_body {
        if let Some(body) = text(&draft.payload) {
            options.push(("--data-raw", Some(Word::plain(body))));
        } else {
            match pieces(&draft.payload)?.as_slice() {
                [Stretch::File(path)] => {
                    options.push(("--data-binary", Some(Word::plain(format!("@{path}")))));
                }
                from => {
                    before = format!("{} | ", shell(from));
                    options.push(("--data-binary", Some(Word::plain("@-"))));
                }
            }
        }
    }
    if wanted.insecure {
        options.push(("-k", None));
    }
    Ok(before + &code::curl(&filled("", &url), &options))
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

/// A field; a secret that was given on the command line becomes a variable named after its field.
fn field(name: &str, value: &str, sensitive: bool, show_secrets: bool) -> Word {
    if value.is_empty() {
        return Word::plain(format!("{name};"));
    }
    if show_secrets || !(sensitive || is_secret_name(name)) {
        return Word::plain(format!("{name}: {value}"));
    }
    let before = match value.split_once(' ') {
        Some((scheme, _)) if name == "authorization" => format!("{name}: {scheme} "),
        _ => format!("{name}: "),
    };
    Word::Filled(before, format!("${}", variable(name)), String::new())
}

/// A query whose secret values are variables.
fn references(query: &str) -> String {
    let shown = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret_name(name) => format!("{name}=${}", variable(name)),
        _ => pair.to_owned(),
    });
    shown.collect::<Vec<_>>().join("&")
}

/// Text with at most one stretch that the shell fills in, from the first `$` on.
fn filled(before: &str, text: &str) -> Word {
    match text.find('$') {
        // A `$` of the user's own is not ours to fill in: only references were put in here.
        Some(at)
            if text[at..].starts_with("$(")
                || text[at + 1..]
                    .starts_with(|letter: char| letter == '_' || letter.is_ascii_uppercase()) =>
        {
            Word::Filled(format!("{before}{}", &text[..at]), text[at..].to_owned(), String::new())
        }
        _ => Word::plain(format!("{before}{text}")),
    }
}
