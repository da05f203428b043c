//! `cors`: which web pages may call an offer, by origin.
//!
//! Source: Fetch standard, CORS protocol; RFC 6454 §6.2 for how browsers write an origin.

use crate::code;
use crate::keys::{Keys, Text};
use crate::report::Problem;
use crate::scope::Scope;

/// Which pages may call (Fetch standard, CORS protocol).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins, exact; empty: none.
    pub origins: Vec<String>,
    /// Any origin (`*`).
    pub any: bool,
}

impl Cors {
    /// Whether any page may call at all.
    pub fn is_on(&self) -> bool {
        self.any || !self.origins.is_empty()
    }

    /// Whether a page of this origin may call; compared exactly (Fetch standard), `null` never.
    pub fn allows(&self, origin: &str) -> bool {
        origin != "null" && (self.any || self.origins.iter().any(|known| known == origin))
    }
}

/// Resolves `cors`.
pub(crate) fn resolve(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Cors {
    let mut cors = Cors::default();
    for Text { text, at } in keys.list("cors").unwrap_or_default() {
        if text == "*" {
            cors.any = true;
        } else if is_origin(text) {
            cors.origins.push(text.to_owned());
        } else {
            let bare = text.trim_end_matches('/').to_ascii_lowercase();
            let problem = Problem::error(&code::BAD_ORIGIN, format!("`{text}` is no origin of a web page"))
                .at(at, "not scheme, host and maybe a port, as browsers send it");
            let mended = if is_origin(&bare) { bare } else { "https://shop.acme.example".to_owned() };
            scope.report.add(problem.help(format!("write it like \"{mended}\"")));
        }
    }
    cors
}

/// An origin as browsers write it: no path, no default port, lower case (RFC 6454 §6.2).
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        // Browsers' extensions and desktop shells have origins of their own.
        "chrome-extension" | "moz-extension" | "app" | "capacitor" | "tauri" => "\0",
        _ => return false,
    };
    let (host, port) = rest.rsplit_once(':').filter(|_| !rest.ends_with(']')).unwrap_or((rest, "1"));
    !host.is_empty()
        && !rest.ends_with(default_port)
        && port.parse::<u16>().is_ok()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::is_origin;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for (text, expected) in [
            ("https://shop.acme.example", true),
            ("http://127.0.0.1:3000", true),
            ("http://[::1]:3000", true),
            ("https://shop.acme.example/", false),
            ("https://shop.acme.example:443", false),
            ("https://Shop.acme.example", false),
            ("shop.acme.example", false),
            ("null", false),
            ("https://", false),
        ] {
            assert_eq!(is_origin(text), expected, "{text}");
        }
    }
}
