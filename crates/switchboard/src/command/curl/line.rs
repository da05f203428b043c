//! A curl command line, read as curl reads it: flags anywhere, `-XPOST`, `-sSd x`, `--no-…`, unambiguous beginnings of long names.

use crate::command::call::config;
use crate::command::call::flag::{Entry, FLAGS, Flag, Flags, Given};
use crate::exit::Failure;

/// What a line says.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) flags: Flags,
    pub(crate) url: String,
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
    let mut reading = Reading { words: words.into_iter(), flags: Flags::default(), urls: Vec::new() };
    reading.all()?;
    reading.flags.0 = config::expanded(&reading.flags.0)?;
    let named = reading.flags.0.iter().filter(|given| given.flag == Flag::Url);
    reading.urls.extend(named.map(|given| given.value.clone()));
    let mut urls = reading.urls.into_iter();
    match (urls.next(), urls.next()) {
        (None, _) => Err(Failure::usage("no URL specified").help("switchboard curl URL")),
        (Some(_), Some(_)) => Err(Failure::usage("several URLs in one line are not built yet")),
        (Some(url), None) => {
            if !reading.flags.0.iter().any(|given| given.flag == Flag::GlobOff) {
                globs(&url)?;
            }
            Ok(Line { flags: reading.flags, url })
        }
    }
}

/// curl makes several URLs of `{a,b}` and `[1-9]`.
fn globs(url: &str) -> Result<(), Failure> {
    let host_over = url.find(']').map_or(0, |at| at + 1);
    let bracketed_host = url.split("://").last().is_some_and(|rest| rest.starts_with('['));
    let rest = if bracketed_host { &url[host_over..] } else { url };
    if rest.contains(['{', '[']) {
        return Err(Failure::usage("patterns in a URL (`{a,b}`, `[1-9]`) are not built yet")
            .help("to mean the letters themselves: write `%7B`, `%5B`"));
    }
    Ok(())
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
    urls: Vec<String>,
}

impl Reading {
    fn all(&mut self) -> Result<(), Failure> {
        let mut only_urls = false;
        while let Some(word) = self.words.next() {
            if only_urls || !word.starts_with('-') || word == "-" {
                self.urls.push(word);
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
            self.flags.0.retain(|given| given.flag != entry.flag);
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

    fn words(words: &[&str]) -> Result<(Vec<(Flag, String)>, String), String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        read(words)
            .map(|line| (line.flags.0.into_iter().map(|given| (given.flag, given.value)).collect(), line.url))
            .map_err(|failure| failure.message)
    }

    #[test]
    fn lines_are_read_as_curl_reads_them() {
        let (flags, url) = words(&["curl -sSXPOST 'http://a/b c' \\\n -d=x --data-u 'a b' -- "]).unwrap();
        assert_eq!(url, "http://a/b c");
        let expected = [
            (Flag::Silent, ""),
            (Flag::ShowError, ""),
            (Flag::Request, "POST"),
            (Flag::Data, "=x"),
            (Flag::DataUrlencode, "a b"),
        ];
        assert_eq!(flags, expected.map(|(flag, value)| (flag, value.to_owned())));
        assert_eq!(words(&["-s", "--no-silent", "http://a"]).unwrap().0, []);
    }

    #[test]
    fn what_curl_refuses_is_refused() {
        for (line, said) in [
            (vec!["-d"], "option -d: requires parameter"),
            (vec!["--nowhere", "http://a"], "option --nowhere: is unknown"),
            (vec!["--data-", "x", "http://a"], "option --data-: is ambiguous"),
            (vec!["-s"], "no URL specified"),
            (vec!["http://a/[1-3]"], "patterns in a URL (`{a,b}`, `[1-9]`) are not built yet"),
        ] {
            assert_eq!(words(&line).unwrap_err(), said, "{line:?}");
        }
        assert!(words(&["http://[::1]:80/"]).is_ok());
    }
}
