//! What stands between two `--next` of a curl line: its flags, and which file belongs to which URL.
//!
//! As curl(1), `-o`, `-T`, `--next` has it: the first `-o` or `-O` is for the first URL wherever it stands, the second for
//! the second, and so with `-T`. Flags about the whole line count in every section.

use crate::command::call::flag::{Flag, Flags, Given};
use crate::command::call::wanted::Destination;

/// One section.
#[derive(Debug, Default)]
pub(crate) struct Section {
    /// Its flags, without those that belong to one URL.
    pub(crate) flags: Flags,
    /// What is asked for, in order.
    pub(crate) asked: Vec<Asked>,
    /// `-g`: brackets and braces are letters like others.
    pub(crate) literal: bool,
}

/// One URL with its files.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Missing where there are more files than URLs.
    pub(crate) url: Option<String>,
    pub(crate) output: Option<Destination>,
    pub(crate) upload: Option<String>,
}

/// Whether a flag counts for the whole line.
pub(super) const fn is_for_all(flag: Flag) -> bool {
    matches!(flag, Flag::Silent | Flag::ShowError | Flag::Verbose | Flag::ProgressBar | Flag::FailEarly)
}

impl Section {
    /// The sections of a line.
    pub(super) fn all(flags: Vec<Given>) -> Vec<Self> {
        let mut sections = vec![Self::default()];
        let mut for_all: Vec<Given> = Vec::new();
        for given in flags {
            let Some(last) = sections.last_mut() else { break };
            match given.flag {
                // As curl: without a URL before it nothing is over yet.
                Flag::Next if last.is_nothing() => {}
                Flag::Next => sections.push(Self::default()),
                flag if is_for_all(flag) => for_all.push(given),
                _ => last.take(given),
            }
        }
        for section in &mut sections {
            section.flags.0.splice(0..0, for_all.iter().cloned());
        }
        sections
    }

    /// Whether its first URL is missing.
    pub(super) fn is_nothing(&self) -> bool {
        self.asked.first().is_none_or(|asked| asked.url.is_none())
    }

    fn take(&mut self, given: Given) {
        match given.flag {
            Flag::Url => self.free(|asked| asked.url.is_none()).url = Some(given.value),
            Flag::Output => {
                self.free(|asked| asked.output.is_none()).output = Some(Destination::File(given.value));
            }
            Flag::RemoteName => self.free(|asked| asked.output.is_none()).output = Some(Destination::Remote),
            Flag::UploadFile => self.free(|asked| asked.upload.is_none()).upload = Some(given.value),
            Flag::GlobOff => self.literal = true,
            _ => self.flags.0.push(given),
        }
    }

    /// The first place that still has room, or a new one.
    fn free(&mut self, room: impl Fn(&Asked) -> bool) -> &mut Asked {
        let at = self.asked.iter().position(room).unwrap_or(self.asked.len());
        if at == self.asked.len() {
            self.asked.push(Asked::default());
        }
        &mut self.asked[at]
    }
}
