//! Cookies in a file, one a line with tabs, as curl and browsers' tools read and write it.
//!
//! Source: curl's `docs/HTTP-COOKIES.md`, "Cookies file format". Lines that are none are left out, as curl does.

use super::Cookie;
use std::fmt::Write as _;

/// Reads a file.
pub(crate) fn read(text: &str) -> Vec<Cookie> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Cookie> {
    let (line, http_only) = match line.strip_prefix("#HttpOnly_") {
        Some(line) => (line, true),
        None if line.starts_with('#') => return None,
        None => (line, false),
    };
    let mut pieces = line.trim_end_matches('\r').split('\t');
    let domain = pieces.next().filter(|domain| !domain.is_empty())?;
    let below = pieces.next()?.eq_ignore_ascii_case("TRUE");
    let path = pieces.next()?.to_owned();
    let secure = pieces.next()?.eq_ignore_ascii_case("TRUE");
    let expires = pieces.next()?.parse().ok()?;
    let name = pieces.next()?.to_owned();
    // A cookie without a value may lack the last tab.
    let value = pieces.next().unwrap_or_default().to_owned();
    Some(Cookie {
        name,
        value,
        domain: domain.trim_start_matches('.').to_ascii_lowercase(),
        host_only: !below,
        path,
        secure,
        http_only,
        expires: (expires != 0).then_some(expires),
    })
}

/// Writes a file.
pub(crate) fn write(cookies: &[Cookie]) -> String {
    let mut text = "# Netscape HTTP Cookie File\n# written by switchboard\n\n".to_owned();
    for cookie in cookies {
        let word = |yes: bool| if yes { "TRUE" } else { "FALSE" };
        let _ = writeln!(
            text,
            "{}{}{}\t{}\t{}\t{}\t{}\t{}\t{}",
            if cookie.http_only { "#HttpOnly_" } else { "" },
            if cookie.host_only { "" } else { "." },
            cookie.domain,
            word(!cookie.host_only),
            cookie.path,
            word(cookie.secure),
            cookie.expires.unwrap_or(0),
            cookie.name,
            cookie.value,
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{read, write};

    #[test]
    fn what_is_written_is_read_again() {
        let text = "# Netscape HTTP Cookie File\n\n#HttpOnly_acme.example\tFALSE\t/\tTRUE\t1999999999\ta\t1\n\
                    .acme.example\tTRUE\t/x\tFALSE\t0\tb\t\nnot a cookie\na\tb\n";
        let cookies = read(text);
        assert_eq!(cookies.len(), 2);
        assert!(cookies[0].http_only && cookies[0].host_only && cookies[0].secure);
        assert!(!cookies[1].host_only && cookies[1].expires.is_none());
        assert_eq!(read(&write(&cookies)), cookies);
    }
}
