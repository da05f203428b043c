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
    /// Known, and not built yet.
    Later,
}

/// How a flag is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) flag: Flag,
    pub(crate) short: Option<char>,
    pub(crate) long: &'static str,
    /// Name of its value; none: a switch.
    pub(crate) value: Option<&'static str>,
    about: &'static str,
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

const fn later(short: Option<char>, long: &'static str, value: Option<&'static str>) -> Entry {
    Entry { flag: Flag::Later, short, long, value, about: "" }
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
    later(Some('L'), "location", None),
    later(Some('x'), "proxy", Some("URL")),
    later(Some('b'), "cookie", Some("DATA")),
    later(Some('c'), "cookie-jar", Some("FILE")),
    later(Some('A'), "user-agent", Some("NAME")),
    later(Some('e'), "referer", Some("URL")),
    later(Some('T'), "upload-file", Some("FILE")),
    later(Some('r'), "range", Some("RANGE")),
    later(Some('K'), "config", Some("FILE")),
    later(Some('n'), "netrc", None),
    later(Some('C'), "continue-at", Some("OFFSET")),
    later(None, "url", Some("URL")),
    later(None, "url-query", Some("DATA")),
    later(Some('E'), "cert", Some("FILE")),
    later(None, "key", Some("FILE")),
    later(None, "retry", Some("COUNT")),
    later(None, "compressed", None),
    later(None, "fail-with-body", None),
    later(None, "connect-timeout", Some("SECONDS")),
    later(None, "http1.1", None),
    later(None, "http2", None),
];

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
        FLAGS.iter().fold(command, |command, entry| command.arg(argument(entry)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut found = Vec::new();
        for entry in FLAGS {
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
    argument.hide(entry.flag == Flag::Later)
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
