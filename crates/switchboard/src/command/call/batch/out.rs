//! Results on their way out: as JSON lines, in the order of the rows.

use super::super::wanted::{Destination, Wanted};
use super::journal::Journal;
use crate::exit::Failure;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};

/// Where results go.
pub(super) enum Out {
    Stdout,
    File(String, File),
}

impl Out {
    /// Opens `-o`; a run that goes on adds to it.
    pub(super) fn open(wanted: &Wanted) -> Result<Self, Failure> {
        match &wanted.output {
            Some(Destination::File(name)) if name != "-" => {
                let file = OpenOptions::new().create(true).append(true).open(name);
                let file =
                    file.map_err(|error| Failure::run(format!("`{name}` cannot be written: {error}")))?;
                Ok(Self::File(name.clone(), file))
            }
            Some(Destination::Remote) => {
                Err(Failure::usage("`-O` names one file by its URL: with `--each` write `-o FILE`"))
            }
            _ => Ok(Self::Stdout),
        }
    }

    /// Writes what is next in order and ready.
    pub(super) fn write_ready(
        &mut self,
        order: &mut VecDeque<u64>,
        ready: &mut BTreeMap<u64, String>,
        journal: &mut Journal,
    ) -> Result<(), Failure> {
        let mut text = String::new();
        let mut last = None;
        while let Some(line) = order.front().and_then(|number| ready.remove(number)) {
            text.push_str(&line);
            text.push('\n');
            last = order.pop_front();
        }
        let Some(last) = last else { return Ok(()) };
        let (name, result) = match self {
            Self::Stdout => ("stdout", {
                let mut out = io::stdout().lock();
                out.write_all(text.as_bytes()).and_then(|()| out.flush())
            }),
            Self::File(name, file) => (name.as_str(), file.write_all(text.as_bytes())),
        };
        result.map_err(|error| {
            Failure::run(format!("`{name}` cannot be written: {error}"))
                .help("what was sent stands in the journal: the same command with `--resume` goes on")
        })?;
        journal.written(last)
    }
}
