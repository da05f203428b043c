//! curl's flags about the transfer itself: redirects, cookies, ranges, uploads, repetition.

use super::super::flag::{Flag, Given};
use super::seconds;
use crate::exit::Failure;
use std::time::Duration;

/// Where a download goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Where the file ends (`-C -`).
    FileEnd,
    /// After so many bytes.
    At(u64),
}

/// How the transfer is done.
#[derive(Clone, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of curl's, on or off as the user wrote it"
)]
pub(crate) struct Transfer {
    pub(crate) follow: bool,
    /// With `-L`: how many redirects; none: curl's 50.
    pub(crate) max_redirects: Option<u32>,
    /// `-b` as given: cookies, or a file's name.
    pub(crate) cookies: Vec<String>,
    /// `-c`: where cookies are written.
    pub(crate) jar: Option<String>,
    /// `-A`; empty: no such field.
    pub(crate) agent: Option<String>,
    /// `-e`, without `;auto`.
    pub(crate) referer: Option<String>,
    /// `-e ';auto'`: the last URL is named after a redirect.
    pub(crate) referer_follows: bool,
    pub(crate) upload: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) resume: Option<Resume>,
    pub(crate) urls: Vec<String>,
    pub(crate) url_query: Vec<String>,
    pub(crate) retry: Option<u32>,
    pub(crate) retry_max_time: Option<Duration>,
    pub(crate) retry_delay: Option<Duration>,
    pub(crate) retry_all: bool,
    pub(crate) retry_refused: bool,
    /// `--post301` and its brothers.
    pub(crate) keep_post: [bool; 3],
    /// `--location-trusted`.
    pub(crate) trust_others: bool,
    pub(crate) compressed: bool,
    pub(crate) dump_header: Option<String>,
    /// `-n`: the login of a host is in `~/.netrc`.
    pub(crate) netrc: bool,
}

/// curl's number of redirects where none is said.
const REDIRECTS: u32 = 50;

impl Transfer {
    /// Takes one flag.
    pub(super) fn take(&mut self, given: &Given) -> Result<(), Failure> {
        let value = given.value.as_str();
        match given.flag {
            Flag::Location => self.follow = true,
            // curl: -1 is without limit; here a loop is ended all the same.
            Flag::MaxRedirs if value == "-1" => self.max_redirects = Some(1000),
            Flag::MaxRedirs => self.max_redirects = Some(number(given)?),
            Flag::Cookie => self.cookies.push(value.to_owned()),
            Flag::CookieJar => self.jar = Some(value.to_owned()),
            Flag::UserAgent => self.agent = Some(value.to_owned()),
            Flag::Referer => {
                let (url, auto) = value.strip_suffix(";auto").map_or((value, false), |url| (url, true));
                self.referer = (!url.is_empty()).then(|| url.to_owned());
                self.referer_follows = auto;
            }
            Flag::UploadFile => self.upload = Some(value.to_owned()),
            Flag::Range => self.range = Some(value.to_owned()),
            Flag::ContinueAt if value == "-" => self.resume = Some(Resume::FileEnd),
            Flag::ContinueAt => self.resume = Some(Resume::At(number(given)?)),
            Flag::Url => self.urls.push(value.to_owned()),
            Flag::UrlQuery => self.url_query.push(value.to_owned()),
            Flag::Retry => self.retry = Some(number(given)?),
            Flag::RetryMaxTime => self.retry_max_time = Some(seconds(value)?),
            Flag::Compressed => self.compressed = true,
            Flag::DumpHeader => self.dump_header = Some(value.to_owned()),
            Flag::GlobOff | Flag::NoBuffer | Flag::NoKeepAlive | Flag::ProgressBar => {}
            // curl: zero is its own pauses.
            Flag::RetryDelay => self.retry_delay = Some(seconds(value)?).filter(|_| value.parse() != Ok(0.0)),
            Flag::RetryAllErrors => self.retry_all = true,
            Flag::RetryRefused => self.retry_refused = true,
            Flag::LocationTrusted => (self.follow, self.trust_others) = (true, true),
            Flag::Post301 => self.keep_post[0] = true,
            Flag::Post302 => self.keep_post[1] = true,
            Flag::Post303 => self.keep_post[2] = true,
            Flag::Netrc => self.netrc = true,
            _ => return Err(Failure::usage(format!("`--{}` has no meaning here", given.long))),
        }
        Ok(())
    }

    /// How many redirects are followed; none: not one.
    pub(crate) fn redirects(&self) -> Option<u32> {
        self.follow.then(|| self.max_redirects.unwrap_or(REDIRECTS))
    }

    /// Whether cookies of answers are kept (curl's cookie engine).
    pub(crate) fn keeps_cookies(&self) -> bool {
        self.jar.is_some() || self.cookies.iter().any(|given| !given.contains('='))
    }
}

fn number<N: std::str::FromStr>(given: &Given) -> Result<N, Failure> {
    given
        .value
        .parse()
        .map_err(|_| Failure::usage(format!("`--{} {}` is no number", given.long, given.value)))
}
