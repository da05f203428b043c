//! Exit codes, and failures on their way to one.

use std::fmt;

/// How a command ends. The numbers are promised in the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exit {
    /// It worked.
    Ok,
    /// The network, or something while running.
    Run,
    /// Usage, configuration, an unknown name.
    Usage,
    /// The answer's status class: 3, 4 or 5.
    Class(u8),
    /// Out of time.
    Timeout,
    /// The request breaks its contract; nothing was sent.
    RequestBreaks,
    /// The response breaks its contract.
    ResponseBreaks,
    /// An expectation was not met.
    Assertion,
    /// Rows of a batch failed.
    Batch,
    /// A code of curl's, from `switchboard curl`.
    Curl(u8),
    /// Interrupted.
    Interrupted,
}

impl Exit {
    /// The number for the shell.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Run => 1,
            Self::Usage => 2,
            Self::Class(class) => class,
            Self::Timeout => 7,
            Self::RequestBreaks => 10,
            Self::ResponseBreaks => 11,
            Self::Assertion => 12,
            Self::Batch => 13,
            Self::Curl(code) => code,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command did not work: what is said on stderr, and the exit code.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// How the command ends.
    pub(crate) exit: Exit,
    /// Headline in plain words, lower case; further lines are help.
    pub(crate) message: String,
    /// What to do, ready to paste.
    pub(crate) help: Option<String>,
}

impl Failure {
    /// A failure of usage or configuration: exit 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), help: None }
    }

    /// A failure while running: exit 1.
    pub(crate) fn run(message: impl Into<String>) -> Self {
        Self { exit: Exit::Run, message: message.into(), help: None }
    }

    /// With what to do about it.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With another exit code.
    #[must_use]
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(out, "\n  help: {help}"))
    }
}
