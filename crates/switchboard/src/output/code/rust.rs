//! A request as Rust with the `reqwest` crate (features `blocking` and `multipart`; `base64` for a login).

use super::recipe::{Carried, Piece, Recipe, Source, Stretch, bytes_literal};
use std::fmt::Write as _;

/// A program.
pub(crate) fn write(recipe: &Recipe) -> String {
    let mut code = "fn main() -> Result<(), Box<dyn std::error::Error>> {\n".to_owned();
    code.push_str(
        "    let client = reqwest::blocking::Client::builder()\n        .redirect(reqwest::redirect::Policy::none())\n        .build()?;\n",
    );
    if let Carried::Form(parts) = &recipe.body {
        code.push_str("    let form = reqwest::blocking::multipart::Form::new()");
        for part in parts {
            let made = match &part.content {
                Ok(text) => format!("reqwest::blocking::multipart::Part::text({text:?})"),
                Err((path, shown)) => format!(
                    "reqwest::blocking::multipart::Part::bytes(std::fs::read({path:?})?).file_name({shown:?})"
                ),
            };
            let media =
                part.media.as_ref().map_or_else(String::new, |media| format!(".mime_str({media:?})?"));
            let _ = write!(code, "\n        .part({:?}, {made}{media})", part.name);
        }
        code.push_str(";\n");
    }
    code.push_str("    let response = client\n");
    let _ = writeln!(
        code,
        "        .request(reqwest::Method::from_bytes(b{:?})?, {})",
        recipe.method,
        text(&recipe.url)
    );
    for (name, value) in &recipe.fields {
        let _ = writeln!(code, "        .header({name:?}, {})", text(value));
    }
    match &recipe.body {
        Carried::Nothing => {}
        Carried::Text(body) => {
            let _ = writeln!(code, "        .body({body:?})");
        }
        Carried::Form(_) => code.push_str("        .multipart(form)\n"),
        Carried::Pieces(pieces) => {
            let pieces: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Stretch::Bytes(bytes) => format!("b{}.to_vec()", bytes_literal(bytes)),
                    Stretch::File(path) => format!("std::fs::read({path:?})?"),
                })
                .collect();
            let _ = writeln!(code, "        .body([{}].concat())", pieces.join(", "));
        }
    }
    code.push_str("        .send()?;\n    println!(\"{}\", response.text()?);\n    Ok(())\n}");
    code
}

fn text(line: &[Piece]) -> String {
    if let [] | [Piece::Text(_)] = line {
        let text = line.first().map_or("", |piece| if let Piece::Text(text) = piece { text } else { "" });
        return format!("{text:?}");
    }
    let pieces: Vec<String> = line
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => format!("{text:?}.to_owned()"),
            Piece::Secret(source) => of(source),
            Piece::Base64(source) => {
                format!("base64::Engine::encode(&base64::prelude::BASE64_STANDARD, {})", of(source))
            }
        })
        .collect();
    format!("[{}].concat()", pieces.join(", "))
}

fn of(source: &Source) -> String {
    match source {
        Source::Variable(name) => format!("std::env::var({name:?})?"),
        Source::File(path) => format!("std::fs::read_to_string({path:?})?.trim_end().to_owned()"),
    }
}
