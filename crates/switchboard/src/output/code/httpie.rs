//! A request as a line of shell that runs HTTPie.

use super::recipe::{Carried, Piece, Recipe, Source, Worked, shell};
use super::within_quotes;
use std::fmt::Write as _;

/// `http` with everything the request has; standard input is not read.
pub(crate) fn write(recipe: &Recipe) -> String {
    let mut line = match &recipe.body {
        Carried::Pieces(pieces) => format!("{} | http", shell(pieces)),
        _ => "http --ignore-stdin".to_owned(),
    };
    if matches!(recipe.body, Carried::Form(_)) {
        line.push_str(" --multipart");
    }
    // Options come first: HTTPie takes no items after one that follows the URL.
    if let Carried::Text(text) = &recipe.body {
        let _ = write!(line, " {}", shell_words::quote(&format!("--raw={text}")));
    }
    if let Some(Worked::Digest(login)) = &recipe.worked {
        let _ = write!(line, " -A digest -a {}", word("", std::slice::from_ref(login)));
    }
    let _ = write!(line, " {} {}", recipe.method, word("", &recipe.url));
    let answered = matches!(recipe.worked, Some(Worked::Digest(_)));
    for (name, value) in recipe.fields.iter().filter(|(name, _)| !(answered && name == "authorization")) {
        let starts = |piece: &Piece| matches!(piece, Piece::Text(text) if text.starts_with(['=', '@']));
        let before = match value.as_slice() {
            [] => format!("{name};"),
            // After a bare colon these would make another separator.
            [first, ..] if starts(first) => format!("{name}: "),
            _ => format!("{name}:"),
        };
        let _ = write!(line, " \\\n  {}", word(&before, value));
    }
    if let Carried::Form(parts) = &recipe.body {
        for part in parts {
            let name = escaped(&part.name);
            let text = match (&part.content, &part.media) {
                (Ok(text), _) => {
                    format!("{name}={}{text}", if text.starts_with(['=', '@']) { "\\" } else { "" })
                }
                (Err((path, _)), Some(media)) => format!("{name}@{path};type={media}"),
                (Err((path, _)), None) => format!("{name}@{path}"),
            };
            let _ = write!(line, " \\\n  {}", shell_words::quote(&text));
        }
    }
    line
}

fn escaped(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if ":=@\\".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// One word of shell: quoted as it is, or within double quotes where something is filled in.
pub(super) fn word(before: &str, line: &[Piece]) -> String {
    if let [] | [Piece::Text(_)] = line {
        let text = line.first().map_or("", |piece| if let Piece::Text(text) = piece { text } else { "" });
        return shell_words::quote(&format!("{before}{text}")).into_owned();
    }
    let filled: String = line
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => within_quotes(text),
            Piece::Secret(source) => of(source),
            Piece::Base64(source) => format!("$(printf %s \"{}\" | base64 -w0)", of(source)),
        })
        .collect();
    format!("\"{}{filled}\"", within_quotes(before))
}

fn of(source: &Source) -> String {
    match source {
        Source::Variable(name) => format!("${{{name}}}"),
        Source::File(path) => format!("$(cat {})", shell_words::quote(path)),
    }
}
