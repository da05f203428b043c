//! A request as a line of shell that runs curl.
//!
//! What curl sends by itself in the same words is left out; a challenge and a signature are left to curl.

use super::httpie::word;
use super::recipe::{Carried, Piece, Recipe, Source, Stretch, Worked, shell};
use std::fmt::Write as _;

/// `curl` with these options, each on a line of its own.
pub(crate) fn write(recipe: &Recipe, insecure: bool) -> String {
    // What gives the body, where it does not fit on the line.
    let mut before = String::new();
    let mut line = format!("curl {}", word("", &recipe.url));
    let mut option = |flag: &str, value: Option<String>| {
        let _ = write!(line, " \\\n  {flag}");
        if let Some(value) = value {
            let _ = write!(line, " {value}");
        }
    };
    let plain = |text: &str| Some(shell_words::quote(text).into_owned());
    // curl would take these for patterns (curl(1), URL globbing).
    if recipe
        .url
        .iter()
        .any(|piece| matches!(piece, Piece::Text(text) if text.contains(['[', ']', '{', '}'])))
    {
        option("-g", None);
    }
    let has_body = !matches!(recipe.body, Carried::Nothing);
    let natural = if has_body { "POST" } else { "GET" };
    if recipe.method == "HEAD" && !has_body {
        option("-I", None);
    } else if recipe.method != natural {
        option("-X", plain(&recipe.method));
    }
    for (name, value) in &recipe.fields {
        let text = if let [Piece::Text(text)] = value.as_slice() { text.as_str() } else { "" };
        let own = (name == "accept" && text == "*/*")
            || name == "user-agent"
            || (name == "authorization" && recipe.worked.is_some());
        if own {
            continue;
        }
        // A field without a value is written with a semicolon.
        let before = if value.is_empty() { format!("{name};") } else { format!("{name}: ") };
        option("-H", Some(word(&before, value)));
    }
    match &recipe.worked {
        None => {}
        Some(Worked::Digest(login)) => {
            option("--digest", None);
            option("-u", Some(word("", std::slice::from_ref(login))));
        }
        Some(Worked::SigV4 { region, service, login }) => {
            option("--aws-sigv4", plain(&format!("aws:amz:{region}:{service}")));
            option("-u", Some(word("", login)));
        }
        Some(Worked::Certificate(key)) => {
            option("--cert", plain("client.pem"));
            let file = if let Source::File(path) = key { path } else { "client.key" };
            option("--key", plain(file));
        }
    }
    match &recipe.body {
        Carried::Nothing => {}
        Carried::Text(text) => option("--data-raw", plain(text)),
        Carried::Pieces(pieces) => match pieces.as_slice() {
            [Stretch::File(path)] => option("--data-binary", plain(&format!("@{path}"))),
            from => {
                before = format!("{} | ", shell(from));
                option("--data-binary", plain("@-"));
            }
        },
        Carried::Form(parts) => {
            for part in parts {
                match &part.content {
                    Ok(text) => option("--form-string", plain(&format!("{}={text}", part.name))),
                    Err((path, _)) => {
                        let media =
                            part.media.as_ref().map_or_else(String::new, |media| format!(";type={media}"));
                        option("-F", plain(&format!("{}=@{path}{media}", part.name)));
                    }
                }
            }
        }
    }
    if insecure {
        option("-k", None);
    }
    before + &line
}

#[cfg(test)]
mod tests {
    use super::super::recipe::{Carried, Piece, Recipe, Source};
    use super::write;

    #[test]
    fn a_line_can_be_pasted_and_runs_nothing_but_what_was_put_in() {
        let text = |text: &str| Piece::Text(text.to_owned());
        let key = Piece::Secret(Source::Variable("KEY".to_owned()));
        let mut recipe = Recipe {
            method: "PUT".to_owned(),
            url: vec![text("http://a.example/?q=it's&x=$(id)")],
            fields: vec![("x-key".to_owned(), vec![key.clone(), text("\"$`$(id)")])],
            body: Carried::Nothing,
            worked: None,
        };
        let own = "curl 'http://a.example/?q=it'\\''s&x=$(id)' \\\n  -X PUT \\\n  -H \"x-key: ${KEY}\\\"\\$\\`\\$(id)\"";
        assert_eq!(write(&recipe, false), own);
        recipe.url.extend([text("&k="), key]);
        assert!(
            write(&recipe, true).starts_with("curl \"http://a.example/?q=it's&x=\\$(id)&k=${KEY}\" \\\n")
        );
    }
}
