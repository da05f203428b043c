//! Digest: the password proves itself against a challenge and is never sent.
//!
//! Source: RFC 7616: SHA-256 before MD5, their `-sess` forms, qop `auth`, the nonce count. Absent: `auth-int`
//! (nobody offers it alone) and `userhash`, which the provider only asks for.

use aws_lc_rs::digest::{SHA256, digest};
use http::header::{HeaderMap, WWW_AUTHENTICATE};
use md5::{Digest as _, Md5};
use std::cell::Cell;
use std::fmt::Write as _;

/// What a provider challenges with.
#[derive(Debug)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// As the provider wrote it; it is said back.
    named: Option<String>,
    qop: bool,
    /// How often the nonce was used (RFC 7616 §3.4, `nc`).
    count: Cell<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    sha256: bool,
    session: bool,
}

/// Challenges of an answer that are looked at.
const MOST: usize = 16;

impl Challenge {
    /// The strongest digest challenge of an answer that we can meet.
    pub(crate) fn of(fields: &HeaderMap) -> Option<Self> {
        let mut best: Option<Self> = None;
        for value in fields.get_all(WWW_AUTHENTICATE).iter().take(MOST) {
            let Ok(text) = value.to_str() else { continue };
            for one in challenges(text).into_iter().take(MOST) {
                // RFC 7616 §3.7: the provider's order counts; MD5 only where nothing better is offered.
                let better = best.as_ref().is_none_or(|best| one.algorithm.sha256 && !best.algorithm.sha256);
                if better {
                    best = Some(one);
                }
            }
        }
        best
    }

    /// The value of `Authorization` for one request; `cnonce` is fresh for each.
    pub(crate) fn answer(&self, login: &str, method: &str, target: &str, cnonce: &str) -> String {
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let count = self.count.get().saturating_add(1);
        self.count.set(count);
        let hash = |text: &str| self.algorithm.hash(text);
        let mut first = hash(&format!("{user}:{}:{password}", self.realm)); // §3.4.2
        if self.algorithm.session {
            first = hash(&format!("{first}:{}:{cnonce}", self.nonce));
        }
        let second = hash(&format!("{method}:{target}")); // §3.4.3
        let response = if self.qop {
            hash(&format!("{first}:{}:{count:08x}:{cnonce}:auth:{second}", self.nonce)) // §3.4.1
        } else {
            hash(&format!("{first}:{}:{second}", self.nonce)) // RFC 2069, kept by RFC 7616 §3.4.1 note
        };
        let mut out = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(target)
        );
        if let Some(named) = &self.named {
            let _ = write!(out, ", algorithm={named}");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(out, ", opaque={}", quoted(opaque));
        }
        if self.qop {
            let _ = write!(out, ", qop=auth, nc={count:08x}, cnonce={}", quoted(cnonce));
        } else if self.algorithm.session {
            let _ = write!(out, ", cnonce={}", quoted(cnonce));
        }
        out
    }
}

impl Algorithm {
    fn read(named: Option<&str>) -> Option<Self> {
        let named = named.unwrap_or("MD5").to_ascii_uppercase();
        let (name, session) = match named.strip_suffix("-SESS") {
            Some(name) => (name, true),
            None => (named.as_str(), false),
        };
        match name {
            "SHA-256" => Some(Self { sha256: true, session }),
            "MD5" => Some(Self { sha256: false, session }),
            _ => None,
        }
    }

    fn hash(self, text: &str) -> String {
        if self.sha256 {
            super::hex(digest(&SHA256, text.as_bytes()).as_ref())
        } else {
            super::hex(&Md5::digest(text.as_bytes()))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The digest challenges in one field (RFC 9110 §11.6.1: several may share it, with commas between and within).
fn challenges(text: &str) -> Vec<Challenge> {
    let mut all = Vec::new();
    let mut open: Option<Vec<(String, String)>> = None;
    for piece in pieces(text) {
        // `Digest realm="…"` begins one; `nonce="…"` goes on with it.
        let name = piece.split('=').next().unwrap_or_default().trim_end();
        let piece = match name.split_once(' ') {
            Some((scheme, _)) => {
                all.extend(open.take().and_then(|pairs| made(&pairs)));
                open = scheme.eq_ignore_ascii_case("digest").then(Vec::new);
                piece[scheme.len()..].trim_start()
            }
            None if !piece.contains('=') => {
                all.extend(open.take().and_then(|pairs| made(&pairs)));
                continue;
            }
            None => piece,
        };
        if let (Some(open), Some((name, value))) = (&mut open, piece.split_once('=')) {
            open.push((name.trim().to_ascii_lowercase(), plain(value.trim())));
        }
    }
    all.extend(open.and_then(|pairs| made(&pairs)));
    all
}

/// Cuts at commas that are not inside quotes.
fn pieces(text: &str) -> Vec<&str> {
    let (mut all, mut from, mut inside, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            ',' if !inside => {
                all.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(text[from..].trim());
    all.retain(|piece| !piece.is_empty());
    all
}

/// A value without its quotes (RFC 9110 §5.6.4).
fn plain(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut out = String::new();
    let mut escaped = false;
    for letter in inner.chars() {
        if letter == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(letter);
            escaped = false;
        }
    }
    out
}

fn made(pairs: &[(String, String)]) -> Option<Challenge> {
    let of = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let qop = of("qop");
    let auth = qop.as_ref().map(|qop| qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")));
    if auth == Some(false) {
        return None;
    }
    let named = of("algorithm");
    Some(Challenge {
        realm: of("realm")?,
        nonce: of("nonce")?,
        opaque: of("opaque"),
        algorithm: Algorithm::read(named.as_deref())?,
        named,
        qop: auth.is_some(),
        count: Cell::new(0),
    })
}

#[cfg(test)]
mod tests {
    use super::Challenge;
    use http::HeaderMap;
    use http::header::WWW_AUTHENTICATE;

    fn of(values: &[&str]) -> Option<Challenge> {
        let mut fields = HeaderMap::new();
        for value in values {
            fields.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&fields)
    }

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_examples_of_the_standard_come_out() {
        const REST: &str = "qop=\"auth, auth-int\", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let text = format!("Digest realm=\"http-auth@example.org\", algorithm={algorithm}, {REST}");
            let challenge = of(&[&text]).unwrap();
            let said = challenge.answer("Mufasa:Circle of Life", "GET", "/dir/index.html", cnonce);
            assert!(said.contains(&format!("response=\"{response}\"")), "{said}");
            assert!(said.contains("nc=00000001"), "{said}");
            let again = challenge.answer("Mufasa:Circle of Life", "GET", "/dir/index.html", cnonce);
            assert!(again.contains("nc=00000002") && !again.contains(response), "{again}");
        }
    }

    #[test]
    fn the_strongest_challenge_is_met_wherever_it_stands() {
        let md5 = "Digest realm=\"a, b\", nonce=\"1\", qop=\"auth\"";
        let sha = "Digest realm=\"c\\\"d\", nonce=\"2\", algorithm=SHA-256";
        for values in
            [&[md5, sha][..], &[sha, md5], &[&format!("Basic realm=\"x\", {md5}, {sha}, Negotiate")]]
        {
            let found = of(values).unwrap();
            assert_eq!((found.realm.as_str(), found.nonce.as_str(), found.qop), ("c\"d", "2", false));
        }
        assert_eq!(of(&[md5]).unwrap().realm, "a, b");
        for none in [
            "Basic realm=\"x\"",
            "Digest",
            "Digest realm=\"x\"",
            "Digest realm=\"x\", nonce=\"1\", qop=\"auth-int\"",
            "Digest realm=\"x\", nonce=\"1\", algorithm=SHA-512-256",
            "",
            "Digest realm=\"",
            "é=,\"\\",
        ] {
            let mut fields = HeaderMap::new();
            fields.append(WWW_AUTHENTICATE, http::HeaderValue::from_bytes(none.as_bytes()).unwrap());
            assert!(Challenge::of(&fields).is_none(), "{none}");
        }
    }
}
