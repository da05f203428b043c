//! A request as an HTTP Archive (HAR 1.2) with one entry that has no answer yet; secrets are `${NAME}`.

use super::recipe::{Carried, Piece, Recipe, Source};
use serde_json::{Value, json};

/// A document. `now` is when it is written, as RFC 3339 has it.
pub(crate) fn write(recipe: &Recipe, now: &str) -> String {
    let url = text(&recipe.url);
    let query: Vec<Value> = url
        .split_once('?')
        .map_or("", |(_, query)| query)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded =
                |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
            json!({ "name": decoded(name), "value": decoded(value) })
        })
        .collect();
    let headers: Vec<Value> =
        recipe.fields.iter().map(|(name, value)| json!({ "name": name, "value": text(value) })).collect();
    let media = recipe.fields.iter().find(|(name, _)| name == "content-type");
    let media = media.map_or_else(String::new, |(_, value)| text(value));
    let mut request = json!({
        "method": recipe.method, "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "headers": headers,
        "queryString": query, "headersSize": -1, "bodySize": -1,
    });
    let body = match &recipe.body {
        // Bytes have no place in HAR: whoever asks for it is told so before.
        Carried::Nothing | Carried::Pieces(_) => None,
        Carried::Text(body) => Some(json!({ "mimeType": media, "text": body })),
        Carried::Form(parts) => {
            let params: Vec<Value> = parts
                .iter()
                .map(|part| match &part.content {
                    Ok(text) => json!({ "name": part.name, "value": text }),
                    Err((_, shown)) => {
                        json!({ "name": part.name, "fileName": shown, "contentType": part.media })
                    }
                })
                .collect();
            Some(json!({ "mimeType": "multipart/form-data", "params": params }))
        }
    };
    if let (Some(body), Some(request)) = (body, request.as_object_mut()) {
        request.insert("postData".to_owned(), body);
    }
    let document = json!({ "log": {
        "version": "1.2",
        "creator": { "name": "switchboard", "version": env!("CARGO_PKG_VERSION") },
        "entries": [{
            "startedDateTime": now, "time": 0, "request": request,
            "response": {
                "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
                "content": { "size": 0, "mimeType": "" }, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": { "send": 0, "wait": 0, "receive": 0 },
        }],
    }});
    crate::output::pretty::laid_out(&document.to_string(), false)
}

fn text(line: &[Piece]) -> String {
    line.iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Secret(Source::Variable(name)) | Piece::Base64(Source::Variable(name)) => {
                format!("${{{name}}}")
            }
            Piece::Secret(Source::File(path)) | Piece::Base64(Source::File(path)) => {
                format!("${{file:{path}}}")
            }
        })
        .collect()
}
