//! Digest: the password proves itself against a challenge and is never sent.
//!
//! Source: RFC 7616: SHA-256 before MD5, their `-sess` forms, qop `auth`, the nonce count, `userhash`, names beyond
//! ASCII. Absent: `auth-int` (nobody offers it alone) and SHA-512-256 (nobody offers it at all).

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
    /// The user's name is sent as a hash (RFC 7616 §3.4.4).
    userhash: bool,
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
        let name = if self.userhash {
            format!("username=\"{}\"", hash(&format!("{user}:{}", self.realm)))
        } else if user.is_ascii() {
            format!("username={}", quoted(user))
        } else {
            // RFC 7616 §3.4: encoded as RFC 8187 §3.2 has it.
            format!("username*=UTF-8''{}", percent_encoding::utf8_percent_encode(user, super::query::ENCODED))
        };
        let mut out = format!(
            "Digest {name}, realm={}, nonce={}, uri={}, response=\"{response}\"",
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
        if self.userhash {
            out.push_str(", userhash=true");
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
            hex::encode(digest(&SHA256, text.as_bytes()).as_ref())
        } else {
            hex::encode(Md5::digest(text.as_bytes()))
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
        userhash: of("userhash").is_some_and(|asked| asked.eq_ignore_ascii_case("true")),
        count: Cell::new(0),
    })
}

#[cfg(test)]
#[expect(clippy::print_stderr, reason = "a test says what it skipped")]
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

    /// What curl answers to a challenge, as pieces in the order of the alphabet.
    fn curls(challenge: &str, login: &str) -> Option<Vec<String>> {
        let (tell, told) = std::sync::mpsc::channel();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/dir/index.html?a=b%20c", listener.local_addr().unwrap());
        let (given, challenge) = (challenge, challenge.to_owned());
        std::thread::spawn(move || {
            use std::io::{BufRead as _, Write as _};
            for _ in 0..2 {
                let Ok((mut stream, _)) = listener.accept() else { return };
                let mut field = None;
                for line in std::io::BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok)
                {
                    if let Some(value) = line.strip_prefix("Authorization: Digest ") {
                        field = Some(value.to_owned());
                    }
                    if line.is_empty() {
                        break;
                    }
                }
                let answer = match &field {
                    Some(_) => "HTTP/1.1 200 OK\r\n".to_owned(),
                    None => format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {challenge}\r\n"),
                };
                let rest = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                stream.write_all(format!("{answer}{rest}").as_bytes()).unwrap();
                if let Some(field) = field {
                    tell.send(field).unwrap();
                    return;
                }
            }
        });
        let run = std::process::Command::new("curl")
            .args(["-sS", "--digest", "-m", "10", "-u", login, &url])
            .output();
        if run.is_err() {
            eprintln!("skipped: curl is not installed; `make test` installs it");
            return None;
        }
        let field = told.recv_timeout(std::time::Duration::from_secs(10));
        Some(sorted(&field.unwrap_or_else(|_| panic!("{given}: {run:?}"))))
    }

    fn sorted(field: &str) -> Vec<String> {
        let mut all: Vec<String> = super::pieces(field).into_iter().map(str::to_owned).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn curl_answers_the_same_to_the_same_nonce() {
        for algorithm in ["", "MD5", "MD5-sess", "SHA-256", "SHA-256-sess"] {
            for more in [
                "",
                ", qop=\"auth\"",
                ", qop=\"auth,auth-int\", opaque=\"o p\"",
                ", qop=\"auth\", stale=true, userhash=true",
            ] {
                // A session without `qop` has no nonce of the client's (RFC 7616 §3.4): curl gives up, and so may we.
                if more.is_empty() && algorithm.ends_with("sess") {
                    continue;
                }
                for login in ["Mufasa:Circle of Life", "a b:c:d\"e\\f"] {
                    let named =
                        if algorithm.is_empty() { String::new() } else { format!(", algorithm={algorithm}") };
                    let challenge = format!("Digest realm=\"a, b\", nonce=\"7ypf/xlj9XXwf\"{named}{more}");
                    let Some(theirs) = curls(&challenge, login) else { return };
                    let cnonce = theirs.iter().find_map(|piece| piece.strip_prefix("cnonce=\""));
                    let cnonce = cnonce.map_or("", |piece| piece.trim_end_matches('"'));
                    let ours =
                        of(&[&challenge]).unwrap().answer(login, "GET", "/dir/index.html?a=b%20c", cnonce);
                    assert_eq!(sorted(ours.strip_prefix("Digest ").unwrap()), theirs, "{challenge} {login}");
                }
            }
        }
    }

    #[test]
    fn a_name_beyond_ascii_is_encoded() {
        let challenge = of(&["Digest realm=\"r\", nonce=\"n\", qop=\"auth\", charset=UTF-8"]).unwrap();
        let said = challenge.answer("Jäsøn:x", "GET", "/", "c");
        assert!(said.starts_with("Digest username*=UTF-8''J%C3%A4s%C3%B8n, realm=\"r\""), "{said}");
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
