//! Where a browser comes back to: a port of this machine's loopback, open for one login.
//!
//! Source: RFC 8252 §7.3; RFC 6749 §4.1.2, §10.12 (`state`); RFC 9207 §2.4 (`iss`). Heads are bounded in size and time.

use crate::exit::{Exit, Failure};
use percent_encoding::percent_decode_str;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// The longest head that is read.
const LONGEST: usize = 16 * 1024;

/// A port that waits.
#[derive(Debug)]
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

/// What an answer has to say to be the one that is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) state: &'a str,
    /// The issuer as its own document names it, where it was discovered.
    pub(super) issuer: Option<&'a str>,
    /// Whether it promised to name itself.
    pub(super) names_itself: bool,
}

impl Loopback {
    /// Opens a port that is free.
    pub(super) async fn open() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::run(format!("no port for the browser: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.port)
    }

    /// The code that comes back with `state`, from the issuer that was asked.
    pub(super) async fn code(self, asked: &Asked<'_>, patience: Duration) -> Result<String, Failure> {
        let waited = timeout(patience, async {
            loop {
                let Ok((mut stream, _)) = self.listener.accept().await else { continue };
                let Ok(Some(target)) = timeout(Duration::from_secs(10), target(&mut stream)).await else {
                    continue;
                };
                // Browsers ask for icons too.
                let Some(query) = target.strip_prefix("/callback?") else {
                    say(&mut stream, "404 Not Found", "Nothing is here.").await;
                    continue;
                };
                let of = |name: &str| {
                    let value =
                        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
                    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
                };
                // RFC 6749 §10.12: whoever does not know the state was not sent by us.
                if of("state").as_deref() != Some(asked.state) {
                    say(&mut stream, "400 Bad Request", "This answer belongs to no login that waits here.")
                        .await;
                    continue;
                }
                // RFC 9207 §2.4: another issuer's answer is thrown away, before any code goes anywhere.
                let wrong = match (of("iss"), asked.issuer) {
                    (Some(said), Some(issuer)) => said != issuer,
                    (None, Some(_)) => asked.names_itself,
                    (_, None) => false,
                };
                if wrong {
                    say(&mut stream, "400 Bad Request", "This answer is of another issuer.").await;
                    let words = "the answer came from another issuer than was asked (RFC 9207): nothing was sent there";
                    return Err(Failure::run(words).exit(Exit::Unauthorised));
                }
                let Some(code) = of("code") else {
                    say(&mut stream, "200 OK", "The login was refused. You can close this window.").await;
                    let why: String = of("error")
                        .unwrap_or_default()
                        .chars()
                        .filter(|letter| !letter.is_control())
                        .take(100)
                        .collect();
                    return Err(
                        Failure::run(format!("the login was refused: {why}")).exit(Exit::Unauthorised)
                    );
                };
                say(&mut stream, "200 OK", "Logged in. You can close this window.").await;
                return Ok(code);
            }
        });
        waited.await.unwrap_or_else(|_| {
            Err(Failure::run(format!("nobody said yes within {patience:?}")).exit(Exit::Unauthorised))
        })
    }
}

/// The target of a GET.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let line = std::str::from_utf8(head.split(|&byte| byte == b'\r').next()?).ok()?;
    Some(line.strip_prefix("GET ")?.split(' ').next()?.to_owned())
}

async fn say(stream: &mut TcpStream, status: &str, words: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n{words}",
        words.len()
    );
    // The browser may be gone; the login does not depend on what it shows.
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::{Asked, Loopback};
    use crate::exit::Exit;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    /// A browser that comes back with these queries, one after the other; what it is told, and what comes of it.
    async fn back(names_itself: bool, queries: &[&str]) -> (Vec<String>, Result<String, Exit>) {
        let loopback = Loopback::open().await.unwrap();
        let port = loopback.port;
        let issuer = Some("https://login.example");
        let asked = Asked { state: "right", issuer, names_itself };
        let browser = async {
            let mut told = Vec::new();
            for query in queries {
                let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let head = format!("GET {query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
                stream.write_all(head.as_bytes()).await.unwrap();
                let mut text = String::new();
                stream.read_to_string(&mut text).await.unwrap();
                told.push(text.split(' ').nth(1).unwrap_or_default().to_owned());
            }
            told
        };
        let (told, code) = tokio::join!(browser, loopback.code(&asked, Duration::from_secs(20)));
        (told, code.map_err(|failure| failure.exit))
    }

    #[tokio::test]
    async fn only_the_answer_that_is_waited_for_is_taken() {
        let iss = "iss=https%3A%2F%2Flogin.example";
        for (names_itself, queries, told, code) in [
            (false, &["/callback?code=c%2F1&state=right"][..], &["200"][..], Ok("c/1")),
            (true, &[&format!("/callback?code=c&state=right&{iss}")], &["200"], Ok("c")),
            (
                false,
                &[
                    "/favicon.ico",
                    "/callback?code=x&state=wrong",
                    "/callback?code=x",
                    "/callback?code=c&state=right",
                ],
                &["404", "400", "400", "200"],
                Ok("c"),
            ),
            (
                false,
                &["/callback?code=c&state=right&iss=https%3A%2F%2Fevil.example"],
                &["400"],
                Err(Exit::Unauthorised),
            ),
            (true, &["/callback?code=c&state=right"], &["400"], Err(Exit::Unauthorised)),
            (false, &["/callback?error=access_denied&state=right"], &["200"], Err(Exit::Unauthorised)),
        ] {
            let got = back(names_itself, queries).await;
            assert_eq!(
                (got.0.as_slice(), got.1),
                (&told.iter().map(|&one| one.to_owned()).collect::<Vec<_>>()[..], code.map(str::to_owned)),
                "{queries:?}"
            );
        }
    }
}
