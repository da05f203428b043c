//! `switchboard curl`: takes a curl command line and behaves as curl does: its exit codes, no repetition, no colour, the body as it came.
//!
//! Several URLs go one after the other, and the last one's end is the command's, as with curl. Deliberately absent:
//! several at a time (`-Z`).

mod again;
mod ending;
mod fetch;
mod glob;
mod line;
mod section;

use crate::arguments::Global;
use crate::command::call::cookie::{Cookies, Jar};
use crate::command::call::flag::{FLAGS, Given};
use crate::command::call::nearby::Nearby;
use crate::command::call::wanted::{Destination, Wanted};
use crate::exit::{Exit, Failure};
use crate::terminal::Terminal;
use fetch::{End, Shared};
use glob::Glob;
use section::{Asked, Section};

/// Arguments of `curl`.
#[derive(Debug, clap::Args)]
#[command(
    disable_help_flag = true,
    override_usage = "switchboard curl 'curl …'\n       switchboard curl [FLAG…] URL…"
)]
pub(crate) struct Curl {
    /// A curl command line: as one quoted word, or as it is
    #[arg(value_name = "CURL", num_args = 1.., required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

impl Curl {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        if self.words.iter().any(|word| matches!(word.as_str(), "-h" | "--help")) {
            global.terminal().line(line::help());
            return Ok(Exit::Ok);
        }
        let line = line::read(self.words)?;
        // All of it is read before anything is sent: a mistake in the last section stops the first one, too.
        let mut sections = Vec::new();
        for section in line.sections {
            let mut wanted = Wanted { strict: true, ..Wanted::read(&section.flags)? };
            for piece in wanted.data.iter_mut().filter(|piece| piece.is_input()) {
                piece.hold()?;
            }
            sections.push((section, wanted));
        }
        let nearby = Nearby::new(global);
        let terminal = Terminal { colour_out: false, colour_err: false, ..global.terminal() };
        let mut run =
            Run { terminal, nearby: &nearby, kept: line.kept, fail_early: line.fail_early, last: 0 };
        let mut jar = Jar::default();
        for (section, wanted) in &sections {
            if !run.section(section, wanted, &mut jar)? {
                break;
            }
        }
        Ok(if run.last == 0 { Exit::Ok } else { Exit::Curl(run.last) })
    }
}

/// A line under way.
struct Run<'r> {
    terminal: Terminal,
    nearby: &'r Nearby<'r>,
    kept: bool,
    fail_early: bool,
    /// The code of the last transfer.
    last: u8,
}

impl Run<'_> {
    /// All transfers of a section; false: the line is over. Cookies of the sections before go on in this one, where it
    /// keeps any.
    fn section(&mut self, section: &Section, wanted: &Wanted, jar: &mut Jar) -> Result<bool, Failure> {
        if section.is_nothing() {
            self.ended(wanted, Err(End::not_begun(2, "no URL specified".to_owned())));
            return Ok(false);
        }
        let mut cookies = Cookies::read(&wanted.transfer)?;
        if cookies.keeps {
            cookies.jar.cookies.extend(std::mem::take(&mut jar.cookies));
        }
        let mut shared = Shared {
            terminal: self.terminal,
            nearby: self.nearby,
            kept: self.kept,
            cookies,
            road: None,
            heads_follow: false,
        };
        let mut goes_on = true;
        for asked in &section.asked {
            let Some(url) = &asked.url else {
                if !wanted.silent {
                    self.terminal.complain("Warning: Got more output options than URLs");
                }
                break;
            };
            goes_on = self.asked(section, (url, asked), wanted, &mut shared);
            if !goes_on {
                break;
            }
        }
        if shared.cookies.keeps {
            std::mem::swap(jar, &mut shared.cookies.jar);
        }
        Ok(goes_on)
    }

    /// The transfers of one URL with its patterns; false: the line is over.
    fn asked(
        &mut self,
        section: &Section,
        (url, asked): (&str, &Asked),
        wanted: &Wanted,
        shared: &mut Shared<'_>,
    ) -> bool {
        let read = |text: &str| {
            let read = if section.literal { Ok(Glob::literal(text)) } else { Glob::read(text) };
            read.map_err(|why| why.words(text))
        };
        let (mut uploads, urls) = match (asked.upload.as_deref().map(read).transpose(), read(url)) {
            (Ok(uploads), Ok(urls)) => (uploads, urls),
            (Err(words), _) | (_, Err(words)) => {
                self.ended(wanted, Err(End::not_begun(3, words)));
                return false;
            }
        };
        loop {
            let upload = match &uploads {
                Some(files) => match files.now() {
                    Some(file) => Some(file),
                    None => return true,
                },
                None => None,
            };
            let mut urls = urls.clone();
            while let Some(url) = urls.now() {
                let output = asked.output.clone().map(|output| match output {
                    Destination::File(name) if !section.literal => Destination::File(urls.fill(&name)),
                    output => output,
                });
                let words = words(section, &url, output.as_ref(), upload.as_deref());
                let mut wanted = wanted.clone();
                wanted.output = output;
                wanted.transfer.upload.clone_from(&upload);
                let end = wanted.one_kind().map_or_else(
                    |failure| Err(End::new(2, failure.message)),
                    |()| shared.fetch(&url, wanted.clone(), words),
                );
                if !self.ended(&wanted, end) {
                    return false;
                }
                urls.step();
            }
            match &mut uploads {
                Some(files) => files.step(),
                None => return true,
            }
        }
    }

    /// Says how a transfer ended; false: nothing of the line follows.
    fn ended(&mut self, wanted: &Wanted, end: Result<(), End>) -> bool {
        let Err(End { code, words, over, not_begun }) = end else {
            self.last = 0;
            return true;
        };
        if (!wanted.silent || wanted.show_error) && !words.is_empty() {
            self.terminal.complain(format!("curl: ({code}) {words}"));
        }
        if !not_begun || self.last == 0 {
            self.last = code;
        }
        !self.fail_early && !over
    }
}

/// The words that make one transfer of a section again.
fn words(section: &Section, url: &str, output: Option<&Destination>, upload: Option<&str>) -> Vec<String> {
    let mut words = vec!["curl".to_owned()];
    for Given { flag, long, value } in &section.flags.0 {
        words.push(format!("--{long}"));
        // An empty value is one, too: `-d ''`.
        if FLAGS.iter().any(|entry| entry.flag == *flag && entry.value.is_some()) {
            words.push(value.clone());
        }
    }
    match output {
        Some(Destination::File(name)) => words.extend(["--output".to_owned(), name.clone()]),
        Some(Destination::Remote) => words.push("--remote-name".to_owned()),
        None => {}
    }
    if let Some(upload) = upload {
        words.extend(["--upload-file".to_owned(), upload.to_owned()]);
    }
    words.extend(["--globoff".to_owned(), "--url".to_owned(), url.to_owned()]);
    words
}
