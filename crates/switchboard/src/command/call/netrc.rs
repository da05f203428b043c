//! `-n`: name and password of a host from `~/.netrc`, as ftp and curl read it.
//!
//! Words are parted by white space and may stand in double quotes; `default` is for every other host and comes last; `macdef`
//! goes to the next empty line. A file that others may read is refused: it would be no secret.

use crate::exit::Failure;
use exchange::Secret;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// The largest file.
const LARGEST: u64 = 1024 * 1024;

/// The login of a host, if the file has one.
pub(super) fn login(host: &str) -> Result<Option<Secret>, Failure> {
    let Some(home) = std::env::var_os("HOME") else { return Ok(None) };
    let path = PathBuf::from(home).join(".netrc");
    let failed =
        |error: std::io::Error| Failure::usage(format!("`{}` cannot be read: {error}", path.display()));
    let file = std::fs::File::open(&path).map_err(failed)?;
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        let words = format!("`{}` can be read by others, and is not used", path.display());
        return Err(Failure::usage(words).help(format!("chmod 600 {}", path.display())));
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(find(&text, host))
}

fn find(text: &str, host: &str) -> Option<Secret> {
    let mut words = words(text).into_iter();
    let (mut here, mut name, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" => {
                if here {
                    break;
                }
                here = word == "default" || words.next().is_some_and(|own| own.eq_ignore_ascii_case(host));
            }
            "login" if here => name = words.next(),
            "password" if here => password = words.next(),
            "login" | "password" | "account" => drop(words.next()),
            _ => {}
        }
    }
    here.then(|| Secret::new(format!("{}:{}", name.unwrap_or_default(), password.unwrap_or_default())))
}

/// The words of the file, without comments and macros.
fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut macro_body = false;
    for line in text.lines() {
        if macro_body {
            macro_body = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            if let Some(inside) = rest.strip_prefix('"') {
                let (mut word, mut escaped, mut end) = (String::new(), false, inside.len());
                for (at, letter) in inside.char_indices() {
                    match letter {
                        '\\' if !escaped => escaped = true,
                        '"' if !escaped => {
                            end = at + 1;
                            break;
                        }
                        _ => {
                            word.push(letter);
                            escaped = false;
                        }
                    }
                }
                found.push(word);
                rest = inside[end..].trim_start();
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                found.push(rest[..end].to_owned());
                rest = rest[end..].trim_start();
            }
            if found.last().is_some_and(|word| word == "macdef") {
                found.pop();
                macro_body = true;
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn a_host_has_the_login_of_its_entry() {
        let text = "# mine\nmachine a.example login me password \"it is \\\"x\\\"\"\nmacdef init\nmachine b.example\n\n\
                    machine B.example\n  login you\n  password p#1\ndefault login any password one";
        for (host, expected) in [
            ("a.example", Some("me:it is \"x\"")),
            ("b.example", Some("you:p#1")),
            ("c.example", Some("any:one")),
        ] {
            assert_eq!(
                find(text, host).map(|login| login.reveal().to_owned()).as_deref(),
                expected,
                "{host}"
            );
        }
        assert!(find("machine a.example login me password x", "b.example").is_none());
    }
}
