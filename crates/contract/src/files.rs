//! The other files of a contract: which may be read, who gives their bytes, how a reference names one.
//!
//! Source: RFC 3986 §5.2 (a reference is relative to the file it stands in). This room reads no file
//! itself; whoever does is asked only for what the [`Reach`] allows, at most so often and so much.

use crate::texts::Text;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;

/// Gives the bytes of a contract's other files.
pub trait Files {
    /// The bytes of the file with this name: relative to where the contract's own name is, or an `http(s)` URL.
    ///
    /// # Errors
    /// In words: `no such file`.
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String>;

    /// What a contract may refer to.
    fn reach(&self) -> &Reach;
}

/// What a contract may refer to outside its own file; nothing else is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Folders whose files may be read; the empty text is where relative names begin.
    pub folders: Vec<String>,
    /// Hosts that may be asked, lower case.
    pub hosts: Vec<String>,
    /// Everything: the texts are here already.
    all: bool,
}

impl Reach {
    /// The folder of the contract, and where relative names begin if the contract lies below that. No host.
    pub fn around(name: &str) -> Self {
        let mut folders = vec![folder(&normal(name)).to_owned()];
        if !name.starts_with('/') && !folders[0].starts_with("..") {
            folders.push(String::new());
        }
        Self { folders, hosts: Vec::new(), all: false }
    }

    /// As it is, with these hosts, which may have a port: `schemas.acme.example`, `127.0.0.1:9000`.
    #[must_use]
    pub fn and_hosts(mut self, hosts: &[String]) -> Self {
        self.hosts.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
        self
    }

    /// Why a file may not be read, with what to do; `None` if it may.
    pub(crate) fn refuses(&self, name: &str) -> Option<String> {
        if self.all {
            return None;
        }
        if let Some((scheme, rest)) = name.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
            let known = self.hosts.contains(&host) && matches!(scheme, "http" | "https");
            return (!known).then(|| {
                format!(
                    "`{host}` is not a host that is asked: allow it with `refs-from = [{host:?}]` in the API's table \
                     of the board, or `--refs-from {host}`"
                )
            });
        }
        let inside = |folder: &String| {
            if folder.is_empty() {
                return !name.starts_with('/') && !name.starts_with("../") && name != "..";
            }
            name.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
                && !name[folder.len()..].split('/').any(|part| part == "..")
        };
        (!self.folders.iter().any(inside)).then(|| {
            format!(
                "`{name}` is outside the contract's folder: name the contract from a folder that holds both files"
            )
        })
    }
}

/// Files whose texts a contract has kept.
pub(crate) struct Kept<'t> {
    texts: HashMap<&'t str, &'t Text>,
    reach: Reach,
}

impl<'t> Kept<'t> {
    pub(crate) fn of(texts: &'t [Text]) -> Self {
        let reach = Reach { all: true, ..Reach::default() };
        Self { texts: texts.iter().map(|text| (text.name.as_str(), text)).collect(), reach }
    }
}

impl Files for Kept<'_> {
    fn bytes(&self, name: &str) -> Result<Vec<u8>, String> {
        let text = self.texts.get(name).ok_or_else(|| "it was not read".to_owned())?;
        Ok(text.bytes())
    }

    fn reach(&self) -> &Reach {
        &self.reach
    }
}

/// A reference as file and fragment; the file is empty where it is the same one.
pub(crate) fn split(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

/// The name of the file that `reference` means where it stands in the file `base`.
pub(crate) fn named(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    if let Some((scheme, rest)) = base.split_once("://") {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = if reference.starts_with('/') {
            normal(reference)
        } else {
            normal(&format!("/{}/{reference}", folder(path)))
        };
        return format!("{scheme}://{host}{path}");
    }
    let reference = percent_decode_str(reference).decode_utf8_lossy();
    let base = normal(base);
    match folder(&base) {
        _ if reference.starts_with('/') => normal(&reference),
        "" if base.starts_with('/') => normal(&format!("/{reference}")),
        "" => normal(&reference),
        folder => normal(&format!("{folder}/{reference}")),
    }
}

/// What stands before the last slash.
fn folder(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path without `.`, without empty segments, and with `..` taken out where something stands before it.
pub(crate) fn normal(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            // RFC 3986 §5.2.4: above the root there is nothing.
            ".." if path.starts_with('/') => {}
            other => kept.push(other),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Reach, named};

    #[test]
    fn a_reference_is_relative_to_the_file_it_stands_in() {
        for (base, reference, expected) in [
            ("a.yaml", "b.yaml", "b.yaml"),
            ("x/a.yaml", "./b%20c.yaml", "x/b c.yaml"),
            ("x/y/a.yaml", "../b.yaml", "x/b.yaml"),
            ("a.yaml", "../b.yaml", "../b.yaml"),
            ("./x/a.yaml", "../../b.yaml", "../b.yaml"),
            ("/x/a.yaml", "../../../b.yaml", "/b.yaml"),
            ("/x/a.yaml", "/b.yaml", "/b.yaml"),
            ("https://acme.example/x/a.yaml", "../b.yaml", "https://acme.example/b.yaml"),
            ("a.yaml", "https://acme.example/b.yaml", "https://acme.example/b.yaml"),
        ] {
            assert_eq!(named(base, reference), expected, "{base} {reference}");
        }
    }

    #[test]
    fn only_files_around_the_contract_are_read_and_no_host_is_asked() {
        let check = |contract: &str, name: &str, yes: bool| {
            assert_eq!(Reach::around(contract).refuses(name).is_none(), yes, "{contract} {name}");
        };
        check("spec/a.yaml", "common/b.yaml", true);
        check("spec/a.yaml", "../b.yaml", false);
        check("spec/a.yaml", "/etc/passwd", false);
        check("/spec/a.yaml", "/spec/x/b.yaml", true);
        check("/spec/a.yaml", "/specs/b.yaml", false);
        check("../spec/a.yaml", "../spec/b.yaml", true);
        check("../spec/a.yaml", "b.yaml", false);
        check("../spec/a.yaml", "../spec/../b.yaml", false);
        check("a.yaml", "https://acme.example/b.yaml", false);
        let reach = Reach::default().and_hosts(&["Acme.example".to_owned()]);
        assert_eq!(reach.refuses("https://acme.example/b.yaml"), None);
        assert!(reach.refuses("https://acme.example@globex.example/b.yaml").is_some());
        assert!(reach.refuses("file://acme.example/b.yaml").is_some());
    }
}
