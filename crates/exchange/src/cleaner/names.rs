//! Names whose values are never kept, however they are written: `client_secret`, `accessToken`, `user[password]`.

/// Names whose values are never kept, compared in lower case; also as ends of longer names (`client_secret`).
const SENSITIVE: [&str; 26] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api-key",
    "api_key",
    "apikey",
    "x-api-key",
    "access_key",
    "private_key",
    "secret_key",
    "signing_key",
    "session_id",
    "sessionid",
    "credential",
    "credentials",
    "cvv",
    "cvc",
    "pin",
    "otp",
];

/// Whether the value under this name is secret by it, or by one of `more` (in lower case).
pub(super) fn is_sensitive(name: &str, more: &[String]) -> bool {
    // `user[password]`, as forms name what is within.
    let name = name.trim_end_matches("[]");
    let name = name.strip_suffix(']').and_then(|name| name.rsplit_once('[')).map_or(name, |(_, last)| last);
    [name.to_ascii_lowercase(), words_of(name)].iter().any(|name| {
        SENSITIVE.into_iter().chain(more.iter().map(String::as_str)).any(|known| {
            name == known
                || name
                    .strip_suffix(known)
                    .is_some_and(|rest| known.len() > 3 && rest.ends_with(['_', '-', '.']))
        })
    })
}

/// A name in lower case, with its words apart: `accessToken` is `access_token`, `APIKey` is `api_key`.
fn words_of(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut letters = name.chars().peekable();
    let mut before = '_';
    while let Some(letter) = letters.next() {
        let begins = letter.is_ascii_uppercase()
            && (before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || before.is_ascii_uppercase() && letters.peek().is_some_and(char::is_ascii_lowercase));
        if begins {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        before = letter;
    }
    out
}
