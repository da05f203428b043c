//! curl's flags: one table, read by clap for `call` and strictly for `curl`, kept in the order they were given.
//!
//! Options that exist in curl have curl's meaning. The order matters: `-d` parts are joined as they came.

use clap::{Arg, ArgAction, ArgMatches, Command};
use std::ffi::OsString;

/// A flag of curl's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Flag {
    Request,
    Header,
    Data,
    DataRaw,
    DataBinary,
    DataUrlencode,
    Json,
    Form,
    FormString,
    User,
    Output,
    RemoteName,
    Include,
    Head,
    Insecure,
    MaxTime,
    Silent,
    ShowError,
    Verbose,
    Fail,
    Get,
    WriteOut,
    CaCert,
    Resolve,
    Location,
    MaxRedirs,
    Cookie,
    CookieJar,
    UserAgent,
    Referer,
    UploadFile,
    Range,
    ContinueAt,
    Url,
    UrlQuery,
    Proxy,
    Cert,
    Key,
    Retry,
    RetryMaxTime,
    Compressed,
    FailWithBody,
    ConnectTimeout,
    DumpHeader,
    ProgressBar,
    Http1,
    Http2,
    Http2Known,
    NoProxy,
    ProxyUser,
    Socks5,
    Socks5Hostname,
    CertType,
    KeyType,
    Tls12,
    Tls13,
    Ipv4,
    Ipv6,
    UnixSocket,
    ConnectTo,
    RetryDelay,
    RetryAllErrors,
    RetryRefused,
    LocationTrusted,
    Post301,
    Post302,
    Post303,
    GlobOff,
    NoBuffer,
    NoKeepAlive,
    Config,
    Netrc,
    Next,
    FailEarly,
}

/// How a flag is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) flag: Flag,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    /// Name of its value; none: a switch.
    pub(crate) value: Option<&'static str>,
    pub(crate) about: &'static str,
}

const fn with(
    flag: Flag,
    short: Option<char>,
    long: &'static str,
    value: &'static str,
    about: &'static str,
) -> Entry {
    Entry { flag, short, long, value: Some(value), about }
}

const fn switch(flag: Flag, short: Option<char>, long: &'static str, about: &'static str) -> Entry {
    Entry { flag, short, long, value: None, about }
}

/// Every flag of curl's that is known here.
pub(crate) const FLAGS: &[Entry] = &[
    with(Flag::Request, Some('X'), "request", "METHOD", "The method"),
    with(
        Flag::Header,
        Some('H'),
        "header",
        "LINE",
        "A field: `Name: value`; `Name:` removes, `Name;` is empty, `@FILE` reads lines",
    ),
    with(
        Flag::Data,
        Some('d'),
        "data",
        "DATA",
        "The body: text, `@FILE`, or `@-`; several are joined with `&`",
    ),
    with(Flag::Data, None, "data-ascii", "DATA", "As `--data`"),
    with(Flag::DataRaw, None, "data-raw", "DATA", "As `--data`, without a meaning for `@`"),
    with(Flag::DataBinary, None, "data-binary", "DATA", "As `--data`, line ends kept"),
    with(
        Flag::DataUrlencode,
        None,
        "data-urlencode",
        "DATA",
        "As `--data`, percent-encoded: `name=text`, `name@FILE`, `=text`",
    ),
    with(Flag::Json, None, "json", "DATA", "A JSON body, with its Content-Type and Accept"),
    with(
        Flag::Form,
        Some('F'),
        "form",
        "NAME=TEXT",
        "A multipart part: `name=text`, `name=@FILE;type=MEDIA`, `name=<FILE`",
    ),
    with(
        Flag::FormString,
        None,
        "form-string",
        "NAME=TEXT",
        "A multipart part, without a meaning for `@` and `<`",
    ),
    with(Flag::User, Some('u'), "user", "NAME:PASSWORD", "Basic authentication"),
    with(Flag::Output, Some('o'), "output", "FILE", "Write the body to a file"),
    switch(
        Flag::RemoteName,
        Some('O'),
        "remote-name",
        "Write the body to a file named as the URL's last part",
    ),
    switch(Flag::Include, Some('i'), "include", "Show the head of the answer before the body"),
    switch(Flag::Head, Some('I'), "head", "Ask for the head only"),
    switch(Flag::Insecure, Some('k'), "insecure", "Accept any certificate"),
    with(Flag::MaxTime, Some('m'), "max-time", "SECONDS", "Give up after this long"),
    switch(Flag::Silent, Some('s'), "silent", "Say nothing on stderr"),
    switch(Flag::ShowError, Some('S'), "show-error", "With `-s`: errors all the same"),
    switch(Flag::Verbose, Some('v'), "verbose", "Show the exchange on stderr, secrets as `***`"),
    switch(Flag::Fail, Some('f'), "fail", "No body when the status is 400 or more"),
    switch(Flag::Get, Some('G'), "get", "Put the data into the query"),
    with(
        Flag::WriteOut,
        Some('w'),
        "write-out",
        "FORMAT",
        "Write this afterwards: `%{http_code} %{time_total}\\n`",
    ),
    with(Flag::CaCert, None, "cacert", "FILE", "Trust this private certificate authority (PEM)"),
    with(Flag::Resolve, None, "resolve", "HOST:PORT:ADDRESS", "Use this address for a host"),
    switch(
        Flag::Location,
        Some('L'),
        "location",
        "Follow redirects; credentials and cookies stay with their origin",
    ),
    with(Flag::MaxRedirs, None, "max-redirs", "COUNT", "With `-L`: at most so many; default 50"),
    with(Flag::Cookie, Some('b'), "cookie", "DATA", "Send cookies: `name=value; …`, or the file they are in"),
    with(
        Flag::CookieJar,
        Some('c'),
        "cookie-jar",
        "FILE",
        "Write cookies here afterwards (Netscape's format)",
    ),
    with(Flag::UserAgent, Some('A'), "user-agent", "NAME", "Name the caller; the empty text: no such field"),
    with(Flag::Referer, Some('e'), "referer", "URL", "Where the link was; `;auto`: also after redirects"),
    with(Flag::UploadFile, Some('T'), "upload-file", "FILE", "Send a file with PUT, streamed"),
    with(Flag::Range, Some('r'), "range", "RANGE", "Ask for these bytes only: `0-499`"),
    with(
        Flag::ContinueAt,
        Some('C'),
        "continue-at",
        "OFFSET",
        "Go on with a download; `-`: where the file ends",
    ),
    with(Flag::Url, None, "url", "URL", "The URL"),
    with(Flag::UrlQuery, None, "url-query", "DATA", "Add to the query, as `--data-urlencode` reads it"),
    with(Flag::Proxy, Some('x'), "proxy", "URL", "Call through this proxy"),
    with(Flag::Cert, Some('E'), "cert", "FILE", "Show this client certificate (PEM)"),
    with(Flag::Key, None, "key", "FILE", "Its private key, where `--cert` does not hold it"),
    with(Flag::Retry, None, "retry", "COUNT", "Repeat so often what may pass by itself"),
    with(Flag::RetryMaxTime, None, "retry-max-time", "SECONDS", "Begin no repetition after this long"),
    switch(Flag::Compressed, None, "compressed", "Ask for a compressed answer, and give it unpacked"),
    switch(
        Flag::FailWithBody,
        None,
        "fail-with-body",
        "With a status of 400 or more: fail, and give the body",
    ),
    with(Flag::ConnectTimeout, None, "connect-timeout", "SECONDS", "Give up connecting after this long"),
    with(Flag::DumpHeader, Some('D'), "dump-header", "FILE", "Write the heads of answers here; `-`: stdout"),
    switch(Flag::ProgressBar, Some('#'), "progress-bar", "Show how far the transfer is"),
    switch(Flag::Http1, None, "http1.1", "Speak HTTP/1.1"),
    switch(Flag::Http2, None, "http2", "Speak HTTP/2 where the server does"),
    switch(Flag::Http2Known, None, "http2-prior-knowledge", "Speak HTTP/2 without asking, also without TLS"),
    with(
        Flag::NoProxy,
        None,
        "noproxy",
        "HOSTS",
        "Call these without the proxy: `localhost,.acme.example`; `*`: all",
    ),
    with(Flag::ProxyUser, Some('U'), "proxy-user", "NAME:PASSWORD", "Who we are to the proxy"),
    with(Flag::Socks5, None, "socks5", "HOST:PORT", "Call through this SOCKS 5 proxy, names looked up here"),
    with(
        Flag::Socks5Hostname,
        None,
        "socks5-hostname",
        "HOST:PORT",
        "Call through this SOCKS 5 proxy, names looked up there",
    ),
    with(Flag::CertType, None, "cert-type", "TYPE", "What the client certificate is in: PEM"),
    with(Flag::KeyType, None, "key-type", "TYPE", "What its key is in: PEM"),
    switch(Flag::Tls12, None, "tlsv1.2", "Accept TLS 1.2 or newer"),
    switch(Flag::Tls13, None, "tlsv1.3", "Accept TLS 1.3 or newer"),
    switch(Flag::Ipv4, Some('4'), "ipv4", "Use IPv4 addresses only"),
    switch(Flag::Ipv6, Some('6'), "ipv6", "Use IPv6 addresses only"),
    with(Flag::UnixSocket, None, "unix-socket", "PATH", "Connect to this socket, whatever the host is"),
    with(
        Flag::ConnectTo,
        None,
        "connect-to",
        "HOST:PORT:HOST:PORT",
        "Connect to the second server where the URL names the first; each may be empty",
    ),
    with(Flag::RetryDelay, None, "retry-delay", "SECONDS", "Pause so long before each repetition"),
    switch(Flag::RetryAllErrors, None, "retry-all-errors", "Repeat after every error, not only passing ones"),
    switch(Flag::RetryRefused, None, "retry-connrefused", "Repeat also when nobody listens there"),
    switch(
        Flag::LocationTrusted,
        None,
        "location-trusted",
        "As `--location`; credentials go to other origins too",
    ),
    switch(Flag::Post301, None, "post301", "Stay with POST after a 301"),
    switch(Flag::Post302, None, "post302", "Stay with POST after a 302"),
    switch(Flag::Post303, None, "post303", "Stay with POST after a 303"),
    switch(Flag::GlobOff, Some('g'), "globoff", "Take `{}[]` in a URL as they are"),
    switch(Flag::NoBuffer, Some('N'), "no-buffer", "Give the answer as it comes, which is always done"),
    switch(
        Flag::NoKeepAlive,
        None,
        "no-keepalive",
        "Do not look after idle connections, which one call has none of",
    ),
    with(Flag::Config, Some('K'), "config", "FILE", "Read curl's options from a file; `-`: standard input"),
    switch(Flag::Netrc, Some('n'), "netrc", "Take name and password of the host from `~/.netrc`"),
    switch(Flag::Next, Some(':'), "next", "Begin anew: what follows has flags of its own"),
    switch(Flag::FailEarly, None, "fail-early", "End with the first transfer that fails"),
];

/// Whether a flag is about several transfers in one line, which only `switchboard curl` makes.
const fn is_about_many(flag: Flag) -> bool {
    matches!(flag, Flag::Next | Flag::FailEarly)
}

/// One flag as it was given; a switch has the empty value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) flag: Flag,
    /// The long name, for messages.
    pub(crate) long: &'static str,
    pub(crate) value: String,
}

/// The flags of a command line, in the order they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags(pub(crate) Vec<Given>);

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let own = FLAGS.iter().filter(|entry| !is_about_many(entry.flag));
        own.fold(command, |command, entry| command.arg(argument(entry)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Vec::new();
        for entry in FLAGS.iter().filter(|entry| !is_about_many(entry.flag)) {
            let Some(places) = matches.indices_of(entry.long) else { continue };
            let Some(values) = matches.get_raw(entry.long) else { continue };
            for (place, value) in places.zip(values) {
                let value = value.to_str().ok_or_else(|| {
                    clap::Error::raw(
                        clap::error::ErrorKind::InvalidUtf8,
                        format!("--{} takes UTF-8\n", entry.long),
                    )
                })?;
                found.push((place, Given { flag: entry.flag, long: entry.long, value: value.to_owned() }));
            }
        }
        found.sort_by_key(|(place, _)| *place);
        Ok(Self(found.into_iter().map(|(_, given)| given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn argument(entry: &Entry) -> Arg {
    let mut argument = Arg::new(entry.long).long(entry.long).help(entry.about).help_heading("curl's flags");
    if let Some(short) = entry.short {
        argument = argument.short(short);
    }
    // `action = Append` also for switches: only it keeps a place for each time a flag is given.
    argument = match entry.value {
        // curl takes the next word as the value whatever it looks like: `-d -5`.
        Some(name) => argument.action(ArgAction::Append).value_name(name).allow_hyphen_values(true),
        None => argument
            .action(ArgAction::Append)
            .num_args(0)
            .default_missing_value(OsString::new())
            .value_parser(clap::value_parser!(String)),
    };
    argument
}

#[cfg(test)]
mod tests {
    use super::{Flag, Flags};
    use clap::{Args, Command, FromArgMatches};

    fn read(words: &[&str]) -> Vec<(Flag, String)> {
        let command = Flags::augment_args(Command::new("call").no_binary_name(true))
            .arg(clap::Arg::new("rest").num_args(0..));
        let matches = command.try_get_matches_from(words).unwrap();
        Flags::from_arg_matches(&matches)
            .unwrap()
            .0
            .into_iter()
            .map(|given| (given.flag, given.value))
            .collect()
    }

    #[test]
    fn flags_keep_their_order_and_take_any_value() {
        assert_eq!(
            read(&["-d", "a=1", "http://x", "--data-raw", "@b", "-sd", "-5", "-s"]),
            [
                (Flag::Data, "a=1".to_owned()),
                (Flag::DataRaw, "@b".to_owned()),
                (Flag::Silent, String::new()),
                (Flag::Data, "-5".to_owned()),
                (Flag::Silent, String::new()),
            ]
        );
    }
}
