//! A request as Go with `net/http`.

use super::recipe::{
    Carried, Piece, Recipe, Source, Stretch, bytes_literal, is_base64, is_file, is_variable, literal, sum,
};
use std::fmt::Write as _;

/// A program.
pub(crate) fn write(recipe: &Recipe) -> String {
    let form = matches!(recipe.body, Carried::Form(_));
    let files =
        matches!(&recipe.body, Carried::Form(parts) if parts.iter().any(|part| part.content.is_err()));
    let reads = recipe.has(is_file);
    let pieces = if let Carried::Pieces(pieces) = &recipe.body { pieces.as_slice() } else { &[] };
    let files = files || pieces.iter().any(|piece| matches!(piece, Stretch::File(_)));
    let packages = [
        ("bytes", form || !pieces.is_empty()),
        ("encoding/base64", recipe.has(is_base64)),
        ("fmt", true),
        ("io", true),
        ("mime/multipart", form),
        ("net/http", true),
        ("net/textproto", form),
        ("os", files || reads || recipe.has(is_variable)),
        ("strings", reads || matches!(recipe.body, Carried::Text(_))),
    ];
    let mut code = "package main\n\nimport (\n".to_owned();
    for (package, _) in packages.iter().filter(|(_, used)| *used) {
        let _ = writeln!(code, "\t\"{package}\"");
    }
    code.push_str(")\n\nfunc must[T any](value T, err error) T {\n\tif err != nil {\n\t\tpanic(err)\n\t}\n\treturn value\n}\n\n");
    if reads {
        code.push_str("func read(path string) string {\n\treturn strings.TrimRight(string(must(os.ReadFile(path))), \"\\n\")\n}\n\n");
    }
    code.push_str("func main() {\n");
    let body = match &recipe.body {
        Carried::Nothing => "nil".to_owned(),
        Carried::Text(text) => format!("strings.NewReader({})", literal(text)),
        Carried::Pieces(pieces) => {
            let pieces: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Stretch::Bytes(bytes) => format!("[]byte({})", bytes_literal(bytes)),
                    Stretch::File(path) => format!("must(os.ReadFile({}))", literal(path)),
                })
                .collect();
            format!("bytes.NewReader(bytes.Join([][]byte{{{}}}, nil))", pieces.join(", "))
        }
        Carried::Form(parts) => {
            code.push_str("\tbody := &bytes.Buffer{}\n\tform := multipart.NewWriter(body)\n");
            for part in parts {
                let mut disposition = format!("form-data; name=\"{}\"", part.name.replace('"', "%22"));
                if let Err((_, shown)) = &part.content {
                    let _ = write!(disposition, "; filename=\"{}\"", shown.replace('"', "%22"));
                }
                let media = part
                    .media
                    .as_ref()
                    .map_or_else(String::new, |media| format!(", \"Content-Type\": {{{}}}", literal(media)));
                let content = match &part.content {
                    Ok(text) => format!("[]byte({})", literal(text)),
                    Err((path, _)) => format!("must(os.ReadFile({}))", literal(path)),
                };
                let _ = writeln!(
                    code,
                    "\tmust(must(form.CreatePart(textproto.MIMEHeader{{\"Content-Disposition\": {{{}}}{media}}})).Write({content}))",
                    literal(&disposition)
                );
            }
            code.push_str("\tform.Close()\n");
            "body".to_owned()
        }
    };
    let _ = writeln!(
        code,
        "\trequest := must(http.NewRequest({}, {}, {body}))",
        literal(&recipe.method),
        sum(&recipe.url, " + ", piece)
    );
    for (name, value) in &recipe.fields {
        let value = sum(value, " + ", piece);
        let _ = if name == "host" {
            writeln!(code, "\trequest.Host = {value}")
        } else {
            writeln!(code, "\trequest.Header.Add({}, {value})", literal(name))
        };
    }
    if form {
        code.push_str("\trequest.Header.Set(\"Content-Type\", form.FormDataContentType())\n");
    }
    code.push_str(
        "\tresponse := must(http.DefaultTransport.RoundTrip(request))\n\tdefer response.Body.Close()\n\
         \tfmt.Println(string(must(io.ReadAll(response.Body))))\n}",
    );
    code
}

fn piece(piece: &Piece) -> String {
    let of = |source: &Source| match source {
        Source::Variable(name) => format!("os.Getenv({})", literal(name)),
        Source::File(path) => format!("read({})", literal(path)),
    };
    match piece {
        Piece::Text(text) => literal(text),
        Piece::Secret(source) => of(source),
        Piece::Base64(source) => format!("base64.StdEncoding.EncodeToString([]byte({}))", of(source)),
    }
}
