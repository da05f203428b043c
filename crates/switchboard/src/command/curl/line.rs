//! A curl command line, read as curl reads it: flags anywhere, `-XPOST`, `-sSd x`, `--no-…`, unambiguous beginnings of long names.

use super::section::{self, Section};
use crate::command::call::config;
use crate::command::call::flag::{Entry, FLAGS, Flag, Flags, Given};
use crate::exit::Failure;

/// What a line says.
#[derive(Debug)]
pub(crate) struct Line {
    /// What stands between two `--next`.
    pub(crate) sections: Vec<Section>,
    /// `--fail-early`.
    pub(crate) fail_early: bool,
    /// `--no-history`, which is ours: nothing is kept of these calls.
    pub(crate) kept: bool,
}

/// Reads the words: one quoted line, or the words themselves; a leading `curl` is dropped.
pub(crate) fn read(mut words: Vec<String>) -> Result<Line, Failure> {
    if let [line] = words.as_slice()
        && line.contains(char::is_whitespace)
    {
        // A pasted line goes over several lines, each ended by a backslash.
        let joined = line.replace("\\\r\n", " ").replace("\\\n", " ");
        words = shell_words::split(&joined)
            .map_err(|_| Failure::usage("this line has a quote that is not closed"))?;
    }
    if words.first().is_some_and(|word| word == "curl") {
        words.remove(0);
    }
    let kept = words.first().is_none_or(|word| word != "--no-history");
    if !kept {
        words.remove(0);
    }
    let mut reading = Reading { words: words.into_iter(), flags: Flags::default() };
    reading.all()?;
    let flags = config::expanded(&reading.flags.0)?;
    let fail_early = flags.iter().any(|given| given.flag == Flag::FailEarly);
    let sections = Section::all(flags);
    if sections.first().is_none_or(Section::is_nothing) {
        return Err(Failure::usage("no URL specified").help("switchboard curl URL"));
    }
    Ok(Line { sections, fail_early, kept })
}

/// What `--help` prints: the flags that are known here.
pub(crate) fn help() -> String {
    let mut text = "Usage: switchboard curl 'curl …'\n       switchboard curl [FLAG…] URL\n".to_owned();
    for entry in FLAGS {
        let short = entry.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
        let value = entry.value.map_or(String::new(), |value| format!(" <{value}>"));
        let name = format!("{short}--{}{value}", entry.long);
        text.extend(["\n  ", &format!("{name:<34} "), entry.about]);
    }
    text
}

struct Reading {
    words: std::vec::IntoIter<String>,
    flags: Flags,
}

impl Reading {
    fn all(&mut self) -> Result<(), Failure> {
        let mut only_urls = false;
        while let Some(word) = self.words.next() {
            if only_urls || !word.starts_with('-') || word == "-" {
                self.flags.0.push(Given { flag: Flag::Url, long: "url", value: word });
            } else if word == "--" {
                only_urls = true;
            } else if let Some(long) = word.strip_prefix("--") {
                self.long(long)?;
            } else {
                self.short(&word[1..])?;
            }
        }
        Ok(())
    }

    fn long(&mut self, name: &str) -> Result<(), Failure> {
        if let Some(off) = name.strip_prefix("no-")
            && let Some(entry) = FLAGS.iter().find(|entry| entry.long == off && entry.value.is_none())
        {
            let from = self.flags.0.iter().rposition(|given| given.flag == Flag::Next).unwrap_or(0);
            let mut nth = 0;
            self.flags.0.retain(|given| {
                nth += 1;
                given.flag != entry.flag || (nth <= from && !section::is_for_all(entry.flag))
            });
            return Ok(());
        }
        let exact = FLAGS.iter().find(|entry| entry.long == name);
        let mut begin = FLAGS.iter().filter(|entry| entry.long.starts_with(name));
        let entry = match (exact, begin.next(), begin.next()) {
            (Some(entry), _, _) | (None, Some(entry), None) => entry,
            (None, None, _) => return Err(Failure::usage(format!("option --{name}: is unknown"))),
            (None, Some(_), Some(_)) => return Err(Failure::usage(format!("option --{name}: is ambiguous"))),
        };
        let value = self.value(entry, &format!("--{name}"), None)?;
        self.take(entry, value);
        Ok(())
    }

    fn short(&mut self, letters: &str) -> Result<(), Failure> {
        let mut rest = letters;
        while let Some(letter) = rest.chars().next() {
            rest = &rest[letter.len_utf8()..];
            let Some(entry) = FLAGS.iter().find(|entry| entry.short == Some(letter)) else {
                // `-q` only says that no settings file is read: none ever is.
                if letter == 'q' {
                    continue;
                }
                return Err(Failure::usage(format!("option -{letter}: is unknown")));
            };
            let attached = if entry.value.is_some() { std::mem::take(&mut rest) } else { "" };
            let value =
                self.value(entry, &format!("-{letter}"), Some(attached).filter(|text| !text.is_empty()))?;
            self.take(entry, value);
        }
        Ok(())
    }

    fn value(&mut self, entry: &Entry, shown: &str, attached: Option<&str>) -> Result<String, Failure> {
        match (entry.value, attached) {
            (None, _) => Ok(String::new()),
            (Some(_), Some(attached)) => Ok(attached.to_owned()),
            (Some(_), None) => {
                self.words.next().ok_or_else(|| Failure::usage(format!("option {shown}: requires parameter")))
            }
        }
    }

    fn take(&mut self, entry: &Entry, value: String) {
        self.flags.0.push(Given { flag: entry.flag, long: entry.long, value });
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::command::call::flag::Flag;

    /// The flags and URLs of a section.
    type Said = (Vec<(Flag, String)>, Vec<String>);

    fn words(words: &[&str]) -> Result<Vec<Said>, String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        let read = read(words).map_err(|failure| failure.message)?;
        let one = |section: &super::Section| {
            let flags = section.flags.0.iter().map(|given| (given.flag, given.value.clone())).collect();
            (flags, section.asked.iter().filter_map(|asked| asked.url.clone()).collect())
        };
        Ok(read.sections.iter().map(one).collect())
    }

    #[test]
    fn lines_are_read_as_curl_reads_them() {
        let line = "curl -sSXPOST 'http://a/b c' \\\n -d=x --data-u 'a b' -- ";
        let [(flags, urls)] = words(&[line]).unwrap().try_into().unwrap();
        assert_eq!(urls, ["http://a/b c"]);
        let expected = [
            (Flag::Silent, ""),
            (Flag::ShowError, ""),
            (Flag::Request, "POST"),
            (Flag::Data, "=x"),
            (Flag::DataUrlencode, "a b"),
        ];
        assert_eq!(flags, expected.map(|(flag, value)| (flag, value.to_owned())));
        assert_eq!(words(&["-s", "--no-silent", "http://a"]).unwrap()[0].0, []);
    }

    #[test]
    fn next_begins_anew_but_for_what_is_said_about_all() {
        let flags = |words: &[&str]| -> Vec<Vec<Flag>> {
            let sections = self::words(words).unwrap();
            sections.into_iter().map(|(flags, _)| flags.into_iter().map(|(flag, _)| flag).collect()).collect()
        };
        for (line, expected) in [
            (vec!["-I", "a", "-:", "b"], vec![vec![Flag::Head], vec![]]),
            (vec!["-I", "--next", "a"], vec![vec![Flag::Head]]),
            (vec!["a", "--next", "--next", "-s", "b"], vec![vec![Flag::Silent], vec![Flag::Silent]]),
            (vec!["-I", "a", "--next", "--no-head", "b"], vec![vec![Flag::Head], vec![]]),
            (vec!["-s", "a", "--next", "--no-silent", "b"], vec![vec![], vec![]]),
            (vec!["a", "--next"], vec![vec![], vec![]]),
        ] {
            assert_eq!(flags(&line), expected, "{line:?}");
        }
    }

    #[test]
    fn what_curl_refuses_is_refused() {
        for (line, said) in [
            (vec!["-d"], "option -d: requires parameter"),
            (vec!["--nowhere", "http://a"], "option --nowhere: is unknown"),
            (vec!["--data-", "x", "http://a"], "option --data-: is ambiguous"),
            (vec!["-s"], "no URL specified"),
            (vec!["--next"], "no URL specified"),
        ] {
            assert_eq!(words(&line).unwrap_err(), said, "{line:?}");
        }
    }
}
