//! Calls in a HAR file (HTTP Archive 1.2, as browsers and proxies save it), for learning.

use super::learn::{Found, media, readable};
use crate::exit::Failure;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contract::{Heard, Said};
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a file holds for us.
pub(super) struct Archive {
    pub(super) found: Found,
    /// Calls to other servers, and what only makes up pages.
    pub(super) others: usize,
}

#[derive(Deserialize)]
struct File {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Field>,
    post_data: Option<Content>,
}

#[derive(Deserialize)]
struct Response {
    status: i64,
    #[serde(default)]
    content: Content,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    mime_type: Option<String>,
    text: Option<String>,
    encoding: Option<String>,
}

/// Reads the calls to one server.
///
/// # Errors
/// The file is no HAR file, or holds no call to that server.
pub(super) fn read(bytes: &[u8], name: &str, origin: Option<&str>) -> Result<Archive, Failure> {
    // A BOM is what some tools write before JSON (RFC 8259 §8.1 lets readers ignore it).
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let file: File = serde_json::from_slice(bytes)
        .map_err(|error| Failure::usage(format!("`{name}` is no HAR file: {error}")))?;
    let mut servers: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
    let mut others = 0;
    for entry in &file.log.entries {
        match heard(entry) {
            Some((server, call)) => servers.entry(server).or_default().push(call),
            None => others += 1,
        }
    }
    let names: Vec<String> = servers.keys().cloned().collect();
    let wanted = match origin {
        Some(origin) => Some(origin.trim_end_matches('/').to_ascii_lowercase()),
        None => servers.iter().max_by_key(|(_, calls)| calls.len()).map(|(server, _)| server.clone()),
    };
    let Some((server, calls)) = wanted.and_then(|wanted| servers.remove_entry(&wanted)) else {
        let failure = Failure::usage(format!("`{name}` has no call to such a server"));
        return Err(if names.is_empty() {
            failure
        } else {
            failure.help(format!("there are: {}", names.join(", ")))
        });
    };
    others += servers.values().map(Vec::len).sum::<usize>();
    let host = server.split("://").nth(1).unwrap_or(&server).to_owned();
    Ok(Archive { found: Found { title: host, servers: vec![server], calls }, others })
}

/// The server, and the call; none of what makes up a page, or asks on a browser's behalf.
fn heard(entry: &Entry) -> Option<(String, Heard)> {
    let Entry { request, response } = entry;
    let (scheme, rest) = request.url.split_once("://")?;
    if !["http", "https"].contains(&scheme) || request.method.eq_ignore_ascii_case("OPTIONS") {
        return None;
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at(end);
    // A user and a password in a URL are nobody's business (RFC 3986 §3.2.1).
    let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    let answer = said(&response.content);
    let page = answer.media.as_deref().is_some_and(|media| {
        let (kind, of) = media.split_once('/').unwrap_or((media, ""));
        matches!(kind, "image" | "font" | "video" | "audio")
            || ["html", "css", "javascript", "wasm"].iter().any(|one| of.contains(one))
    });
    if page {
        return None;
    }
    let call = Heard {
        method: request.method.parse().ok()?,
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
        query: query.map(str::to_owned),
        fields: request.headers.iter().map(|field| (field.name.clone(), field.value.clone())).collect(),
        body: request.post_data.as_ref().map(said).unwrap_or_default(),
        // HAR 1.2: 0, or -1, for an answer that never came.
        status: u16::try_from(response.status).unwrap_or(0),
        answer,
    };
    Some((format!("{scheme}://{host}"), call))
}

fn said(content: &Content) -> Said {
    let media = content.mime_type.as_deref().and_then(media);
    let text = content.text.as_deref();
    let bytes = match content.encoding.as_deref() {
        None | Some("") => text.map(|text| Bytes::from(text.to_owned())),
        Some("base64") => text.and_then(|text| STANDARD.decode(text).ok()).map(Bytes::from),
        Some(_) => None,
    };
    // A body without bytes and a type that stands for none (`x-unknown`) is no body.
    let media = media.filter(|media| media != "x-unknown" && media != "application/x-unknown");
    let none = media.is_none() || (bytes.as_ref().is_some_and(Bytes::is_empty) && text.is_some());
    if none { Said::default() } else { Said { bytes: readable(media.as_deref(), bytes), media } }
}
