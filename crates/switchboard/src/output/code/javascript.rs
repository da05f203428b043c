//! A request as a JavaScript module that uses `fetch` (Node 18 and later).

use super::recipe::{Carried, Piece, Recipe, Source, Stretch, is_file, literal, sum};
use std::fmt::Write as _;

/// A program.
pub(crate) fn write(recipe: &Recipe) -> String {
    let mut code = String::new();
    let form = if let Carried::Form(parts) = &recipe.body { parts.as_slice() } else { &[] };
    let pieces = if let Carried::Pieces(pieces) = &recipe.body { pieces.as_slice() } else { &[] };
    let from_file = pieces.iter().any(|piece| matches!(piece, Stretch::File(_)));
    if from_file || recipe.has(is_file) || form.iter().any(|part| part.content.is_err()) {
        code.push_str("import { readFileSync } from \"node:fs\";\n\n");
    }
    if !form.is_empty() {
        code.push_str("const form = new FormData();\n");
        for part in form {
            let name = literal(&part.name);
            let media = part
                .media
                .as_ref()
                .map_or_else(String::new, |media| format!(", {{ type: {} }}", literal(media)));
            let _ = match &part.content {
                Ok(text) if part.media.is_none() => writeln!(code, "form.append({name}, {});", literal(text)),
                Ok(text) => writeln!(code, "form.append({name}, new Blob([{}]{media}));", literal(text)),
                Err((path, shown)) => writeln!(
                    code,
                    "form.append({name}, new Blob([readFileSync({})]{media}), {});",
                    literal(path),
                    literal(shown)
                ),
            };
        }
    }
    let _ = writeln!(code, "const response = await fetch({}, {{", sum(&recipe.url, " + ", piece));
    let _ = writeln!(code, "  method: {},\n  headers: [", literal(&recipe.method));
    for (name, value) in &recipe.fields {
        let _ = writeln!(code, "    [{}, {}],", literal(name), sum(value, " + ", piece));
    }
    code.push_str("  ],\n");
    match &recipe.body {
        Carried::Nothing => {}
        Carried::Text(text) => {
            let _ = writeln!(code, "  body: {},", literal(text));
        }
        Carried::Form(_) => code.push_str("  body: form,\n"),
        Carried::Pieces(pieces) => {
            let pieces: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Stretch::Bytes(bytes) => {
                        let text = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bytes);
                        format!("Buffer.from(\"{text}\", \"base64\")")
                    }
                    Stretch::File(path) => format!("readFileSync({})", literal(path)),
                })
                .collect();
            let _ = writeln!(code, "  body: Buffer.concat([{}]),", pieces.join(", "));
        }
    }
    code.push_str("  redirect: \"manual\",\n});\nconsole.log(await response.text());");
    code
}

fn piece(piece: &Piece) -> String {
    let of = |source: &Source| match source {
        Source::Variable(name) => format!("process.env.{name}"),
        Source::File(path) => format!("readFileSync({}, \"utf8\").trimEnd()", literal(path)),
    };
    match piece {
        Piece::Text(text) => literal(text),
        Piece::Secret(source) => of(source),
        Piece::Base64(source) => format!("btoa({})", of(source)),
    }
}
