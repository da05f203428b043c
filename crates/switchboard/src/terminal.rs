//! What a command says: data on stdout, everything else on stderr, colour only where it is seen.

mod shown;

use shown::shown;
use std::io::{self, IsTerminal, Write};

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set; also elsewhere if `CLICOLOR_FORCE` is.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How many columns stdout has, where it is a terminal; `COLUMNS` says it for others.
pub(crate) fn width() -> Option<u16> {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col);
    said.or_else(asked).filter(|columns| *columns >= 20)
}

/// Where a command writes.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts about this process that have nothing to do with each other"
)]
pub(crate) struct Terminal {
    /// Whether stdout is coloured.
    pub(crate) colour_out: bool,
    /// Whether stderr is coloured.
    pub(crate) colour_err: bool,
    /// Whether stdout is a terminal.
    pub(crate) interactive: bool,
    /// Say only what was asked for and errors.
    pub(crate) quiet: bool,
}

#[expect(clippy::unused_self, reason = "who holds a terminal may write to it: that is what it is for")]
impl Terminal {
    /// Finds out what this process writes to.
    pub(crate) fn new(colour: Colour, quiet: bool) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let coloured = |seen: bool| match colour {
            Colour::Always => true,
            Colour::Never => false,
            // https://no-color.org: set and not empty.
            Colour::Auto if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
            Colour::Auto => {
                seen || std::env::var_os("CLICOLOR_FORCE")
                    .is_some_and(|value| value != "0" && !value.is_empty())
            }
        };
        Self {
            colour_out: coloured(is_terminal),
            colour_err: coloured(io::stderr().is_terminal()),
            interactive: is_terminal,
            quiet,
        }
    }

    /// Writes data to stdout. A reader that went away (`| head`) is no error: there is nobody to tell.
    pub(crate) fn data(self, bytes: impl AsRef<[u8]>) {
        let _ = self.still_read(bytes);
    }

    /// Writes data to stdout, and gives whether somebody still reads: for output without end.
    pub(crate) fn still_read(self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        let bytes = if self.interactive { shown(bytes) } else { bytes.into() };
        let mut out = io::stdout().lock();
        out.write_all(&bytes).and_then(|()| out.flush()).is_ok()
    }

    /// Writes a line of data to stdout.
    pub(crate) fn line(self, text: impl AsRef<str>) {
        self.data(format!("{}\n", text.as_ref()));
    }

    /// Says something on stderr, unless `--quiet`.
    pub(crate) fn say(self, text: impl AsRef<str>) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// Says something on stderr that must be heard.
    pub(crate) fn complain(self, text: impl AsRef<str>) {
        let text = text.as_ref();
        // The last door: whoever said it, a secret that this process knows is not in it.
        let clean = call::learnt().map(|learnt| learnt.clean(text).into_owned());
        let text = clean.as_deref().unwrap_or(text);
        let mut out = io::stderr().lock();
        let seen = if out.is_terminal() { shown(text.as_bytes()) } else { text.as_bytes().into() };
        let _ = out.write_all(&seen).and_then(|()| out.write_all(b"\n"));
    }

    /// Writes over the last line of stderr, for progress on a terminal.
    pub(crate) fn over(self, text: &str) {
        let _ = write!(io::stderr().lock(), "\r\x1b[2K{text}");
    }

    /// Prints a failure as `error: …` with its help.
    pub(crate) fn failure(self, failure: &crate::exit::Failure) {
        let (red, reset) = if self.colour_err { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        self.complain(format!("{red}error{reset}: {failure}"));
    }
}
