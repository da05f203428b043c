//! `-K FILE`: curl's options from a file, put in where the flag stands.
//!
//! As curl reads it: an option and its value on a line, parted by space, `=` or `:`; a value with spaces in double quotes, in
//! which `\\ \" \t \n \r \v` are letters; `#` begins a comment line; the dashes of a long name may be missing.

use super::flag::{Entry, FLAGS, Flag, Given};
use super::input;
use crate::exit::Failure;

/// Files that may name each other.
const DEEPEST: u32 = 4;
/// Options of all files together.
const MOST: usize = 10_000;

/// The flags with those of their files.
pub(crate) fn expanded(flags: &[Given]) -> Result<Vec<Given>, Failure> {
    let mut all = Vec::new();
    expand(flags, &mut all, 0)?;
    Ok(all)
}

fn expand(flags: &[Given], all: &mut Vec<Given>, depth: u32) -> Result<(), Failure> {
    for given in flags {
        if given.flag != Flag::Config {
            all.push(given.clone());
        } else if depth >= DEEPEST {
            return Err(Failure::usage(format!("`-K {}`: files name each other too often", given.value)));
        } else {
            let text = input::text(&given.value)?;
            let read = text.lines().enumerate().filter_map(|(nth, line)| {
                one(line)
                    .map_err(|why| Failure::usage(format!("{}:{}: {why}", given.value, nth + 1)))
                    .transpose()
            });
            expand(&read.collect::<Result<Vec<_>, _>>()?, all, depth + 1)?;
        }
        if all.len() > MOST {
            return Err(Failure::usage("the files of `-K` have more than 10,000 options"));
        }
    }
    Ok(())
}

/// The option of a line; none: it is empty or a comment.
fn one(line: &str) -> Result<Option<Given>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let end = line.find(|letter: char| letter.is_whitespace() || "=:".contains(letter)).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    let entry = entry(name).ok_or_else(|| format!("option `{name}` is unknown"))?;
    let value = match (entry.value, rest) {
        (None, "") => String::new(),
        (None, _) => return Err(format!("`{name}` takes no value")),
        (Some(_), "") => return Err(format!("`{name}` needs a value")),
        (Some(_), rest) => match rest.strip_prefix('"') {
            Some(rest) => quoted(rest),
            None => rest.split_whitespace().next().unwrap_or_default().to_owned(),
        },
    };
    Ok(Some(Given { flag: entry.flag, long: entry.long, value }))
}

fn entry(name: &str) -> Option<&'static Entry> {
    let mut letters = name.strip_prefix('-').unwrap_or_default().chars();
    if let (Some(letter), None) = (letters.next().filter(|letter| *letter != '-'), letters.next()) {
        return FLAGS.iter().find(|entry| entry.short == Some(letter));
    }
    let name = name.trim_start_matches('-');
    FLAGS.iter().find(|entry| entry.long == name)
}

/// A value up to its closing quote, which may be missing, as with curl.
fn quoted(text: &str) -> String {
    let (mut value, mut escaped) = (String::new(), false);
    for letter in text.chars() {
        match (escaped, letter) {
            (false, '\\') => {
                escaped = true;
                continue;
            }
            (false, '"') => break,
            (true, 't') => value.push('\t'),
            (true, 'n') => value.push('\n'),
            (true, 'r') => value.push('\r'),
            (true, 'v') => value.push('\u{b}'),
            (_, other) => value.push(other),
        }
        escaped = false;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::one;

    #[test]
    fn lines_are_read_as_curl_reads_them() {
        for (line, expected) in [
            ("# a comment", Ok(None)),
            ("  ", Ok(None)),
            ("url = \"http://a.example/x\"", Ok(Some(("url", "http://a.example/x")))),
            ("-H \"A: b \\\"c\\\"\\t\"", Ok(Some(("header", "A: b \"c\"\t")))),
            ("--data: a=1 and a comment", Ok(Some(("data", "a=1")))),
            ("silent", Ok(Some(("silent", "")))),
            ("-s", Ok(Some(("silent", "")))),
            ("user=me:it", Ok(Some(("user", "me:it")))),
            ("silent = yes", Err("`silent` takes no value")),
            ("url", Err("`url` needs a value")),
            ("nonsense", Err("option `nonsense` is unknown")),
        ] {
            let read = one(line).map(|given| given.map(|given| (given.long, given.value)));
            let expected = expected.map(|one| one.map(|(long, value)| (long, value.to_owned())));
            assert_eq!(read, expected.map_err(str::to_owned), "{line}");
        }
    }
}
