//! The way to a value inside a JSON document: names of members, and places in lists.
//!
//! As much of JSONPath (RFC 9535 §2) as extensions about pages use: `$.data.items`, `$['a.b']`, `$.data[-1].id`.

use serde_json::Value;
use std::fmt;

/// Steps that are followed at most.
const DEEPEST: usize = 16;

/// The way to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail(pub(crate) Vec<Step>);

/// One step of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    /// From the end, where it is negative (RFC 9535 §2.3.3).
    At(i64),
}

impl Trail {
    /// The whole document.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Through members of these names.
    pub fn of(names: &[&str]) -> Self {
        Self(names.iter().map(|name| Step::Name((*name).to_owned())).collect())
    }

    /// One member further.
    #[must_use]
    pub fn then(&self, name: &str) -> Self {
        let mut steps = self.0.clone();
        steps.push(Step::Name(name.to_owned()));
        Self(steps)
    }

    /// Reads a JSON path; `None` where it is none, or one that may lead to several values.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('$').unwrap_or_else(|| text.trim());
        let mut steps = Vec::new();
        while !rest.is_empty() && steps.len() < DEEPEST {
            if let Some(inside) = rest.strip_prefix('[') {
                let (word, after) = inside.split_once(']')?;
                let quoted = word.strip_prefix(['\'', '"']).and_then(|word| word.strip_suffix(['\'', '"']));
                steps.push(match (quoted, word.parse()) {
                    (Some(name), _) => Step::Name(name.to_owned()),
                    (None, Ok(at)) => Step::At(at),
                    // `[(@.length-1)]`, as extensions write the last one.
                    (None, Err(_)) if word.replace(' ', "") == "(@.length-1)" => Step::At(-1),
                    (None, Err(_)) => return None,
                });
                rest = after;
                continue;
            }
            let name = rest.strip_prefix('.').unwrap_or(rest);
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            steps.push(Step::Name(name.to_owned()));
            rest = after;
        }
        rest.is_empty().then_some(Self(steps))
    }

    /// The value that it leads to.
    pub fn find<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(value, |value, step| match step {
            Step::Name(name) => value.get(name),
            Step::At(at) => {
                let list = value.as_array()?;
                let place = if *at < 0 { i64::try_from(list.len()).ok()? + at } else { *at };
                list.get(usize::try_from(place).ok()?)
            }
        })
    }

    /// The members it goes through; `None` where it goes into a list.
    pub fn names(&self) -> Option<Vec<&str>> {
        let named = self.0.iter().map(|step| match step {
            Step::Name(name) => Some(name.as_str()),
            Step::At(_) => None,
        });
        named.collect()
    }

    /// Whether it is the whole document.
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, step) in self.0.iter().enumerate() {
            match step {
                Step::Name(name) if nth == 0 => out.write_str(name)?,
                Step::Name(name) => write!(out, ".{name}")?,
                Step::At(at) => write!(out, "[{at}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Trail;
    use serde_json::json;

    #[test]
    fn a_path_is_read_and_followed() {
        let document = json!({"data": {"items": [{"id": 1}, {"id": 2}]}, "@odata.nextLink": "x"});
        for (text, shown, found) in [
            ("$.data.items[0].id", "data.items[0].id", Some(json!(1))),
            ("$.data.items[-1].id", "data.items[-1].id", Some(json!(2))),
            ("data.items[(@.length-1)]['id']", "data.items[-1].id", Some(json!(2))),
            ("$['@odata.nextLink']", "@odata.nextLink", Some(json!("x"))),
            ("$.data.items[-3]", "data.items[-3]", None),
            ("$.nothing", "nothing", None),
            ("$", "", Some(document.clone())),
        ] {
            let trail = Trail::read(text).unwrap();
            assert_eq!(trail.to_string(), shown, "{text}");
            assert_eq!(trail.find(&document).cloned(), found, "{text}");
        }
        for text in ["$.a[*]", "$..a", "$.a[", "$.*", "$.a[?(@.b)]"] {
            assert_eq!(Trail::read(text), None, "{text}");
        }
    }
}
