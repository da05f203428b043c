//! A request as Python with the `requests` package.

use super::recipe::{
    Carried, Piece, Recipe, Source, Stretch, Worked, bytes_literal, is_base64, is_variable, literal, sum,
};
use std::fmt::Write as _;

/// A program.
pub(crate) fn write(recipe: &Recipe) -> String {
    let mut code = String::new();
    if recipe.has(is_base64) {
        code.push_str("import base64\n");
    }
    if recipe.has(is_variable) {
        code.push_str("import os\n");
    }
    if !code.is_empty() {
        code.push('\n');
    }
    let digest = if let Some(Worked::Digest(login)) = &recipe.worked { Some(piece(login)) } else { None };
    code.push_str("import requests\n");
    if digest.is_some() {
        code.push_str("from requests.auth import HTTPDigestAuth\n");
    }
    code.push_str("\nresponse = requests.request(\n");
    let _ = writeln!(code, "    {},\n    {},", literal(&recipe.method), sum(&recipe.url, " + ", piece));
    code.push_str("    headers={\n");
    for (name, value) in recipe.joined() {
        if digest.is_some() && name == "authorization" {
            continue;
        }
        let _ = writeln!(code, "        {}: {},", literal(&name), sum(&value, " + ", piece));
    }
    code.push_str("    },\n");
    match &recipe.body {
        Carried::Nothing => {}
        Carried::Text(text) => {
            let _ = writeln!(code, "    data={}.encode(),", literal(text));
        }
        Carried::Pieces(pieces) => {
            let pieces: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Stretch::Bytes(bytes) => format!("b{}", bytes_literal(bytes)),
                    Stretch::File(path) => format!("open({}, \"rb\").read()", literal(path)),
                })
                .collect();
            let _ = writeln!(code, "    data={},", pieces.join(" + "));
        }
        Carried::Form(parts) => {
            code.push_str("    files=[\n");
            for part in parts {
                let content = match &part.content {
                    Ok(text) => format!("None, {}", literal(text)),
                    Err((path, shown)) => format!("{}, open({}, \"rb\")", literal(shown), literal(path)),
                };
                let media =
                    part.media.as_ref().map_or_else(String::new, |media| format!(", {}", literal(media)));
                let _ = writeln!(code, "        ({}, ({content}{media})),", literal(&part.name));
            }
            code.push_str("    ],\n");
        }
    }
    if let Some(login) = digest {
        let _ = writeln!(code, "    auth=HTTPDigestAuth(*{login}.split(\":\", 1)),");
    }
    code.push_str("    allow_redirects=False,\n)\nprint(response.text)");
    code
}

fn piece(piece: &Piece) -> String {
    let of = |source: &Source| match source {
        Source::Variable(name) => format!("os.environ[{}]", literal(name)),
        Source::File(path) => format!("open({}).read().rstrip(\"\\n\")", literal(path)),
    };
    match piece {
        Piece::Text(text) => literal(text),
        Piece::Secret(source) => of(source),
        Piece::Base64(source) => format!("base64.b64encode({}.encode()).decode()", of(source)),
    }
}
