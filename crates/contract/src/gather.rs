//! Gathering the files of a contract into one tree, so that everything behind it knows one document only.
//!
//! The other files stand in a list under a member of the root that no author writes, and every reference
//! is rewritten to lead there; `Texts` turns pointers into it back into places of the right file.

use crate::files::{Files, named, normal, split};
use crate::openapi::outline::warn;
use crate::pointer::Token;
use crate::texts::Text;
use crate::{Pointer, Warning, place_of, reader};
use serde_json::Value;
use std::collections::HashMap;

/// The member of the root that holds the other files.
pub(crate) const FILES: &str = "$files";

/// At most so many files are read. The largest published contract seen has 2,907.
const MOST_FILES: usize = 10_000;

/// At most so many of them are on other hosts.
const MOST_REMOTE: usize = 256;

/// At most so many bytes are read, the first file aside.
const MOST_BYTES: usize = 64 << 20;

/// Adds the files that `tree` refers to; gives their texts, in the order of the list.
pub(crate) fn gather(
    name: &str,
    tree: &mut Value,
    files: &dyn Files,
    warnings: &mut Vec<Warning>,
) -> Vec<Text> {
    let own = tree.get("$self").and_then(Value::as_str).map(|own| split(own).0.to_owned());
    let mut gathering = Gathering {
        files,
        names: vec![if name.contains("://") { name.to_owned() } else { normal(name) }],
        known: HashMap::new(),
        trees: Vec::new(),
        texts: Vec::new(),
        bytes: 0,
        remote: 0,
        warnings,
    };
    gathering.known.insert(gathering.names[0].clone(), Ok(0));
    // OpenAPI 3.2, OpenAPI Object, `$self`: the name by which the document is referred to.
    if let Some(own) = own {
        gathering.known.insert(own, Ok(0));
    }
    gathering.visit(tree, &mut Vec::new(), 0, false);
    let mut next = 0;
    while next < gathering.trees.len() {
        let mut tree = std::mem::take(&mut gathering.trees[next]);
        next += 1;
        gathering.visit(&mut tree, &mut Vec::new(), next, false);
        gathering.trees[next - 1] = tree;
    }
    let Gathering { trees, texts, .. } = gathering;
    if let (false, Value::Object(root)) = (trees.is_empty(), tree) {
        root.insert(FILES.to_owned(), Value::Array(trees));
    }
    texts
}

struct Gathering<'f, 'w> {
    files: &'f dyn Files,
    /// Names of the files by number; 0 is the contract itself.
    names: Vec<String>,
    /// The number of each file that was asked for, or why it has none.
    known: HashMap<String, Result<usize, String>>,
    trees: Vec<Value>,
    texts: Vec<Text>,
    bytes: usize,
    remote: usize,
    warnings: &'w mut Vec<Warning>,
}

impl Gathering<'_, '_> {
    /// Rewrites the references in file `number`; `path` leads to `value` in it.
    fn visit<'t>(&mut self, value: &'t mut Value, path: &mut Vec<Token<'t>>, number: usize, named: bool) {
        match value {
            Value::Object(map) => {
                if !named && let Some(Value::String(reference)) = map.get_mut("$ref") {
                    self.rewrite(reference, path, number);
                }
                for (key, below) in map {
                    if !named && (crate::schema::DATA.contains(&key.as_str()) || key.starts_with("x-")) {
                        continue;
                    }
                    if key == "mapping" && !named {
                        for (_, value) in below.as_object_mut().into_iter().flatten() {
                            // OpenAPI 3.1, Discriminator Object: a name, else a reference.
                            if let Value::String(reference) = value
                                && (reference.contains('#') || reference.contains('/'))
                            {
                                self.rewrite(reference, path, number);
                            }
                        }
                        continue;
                    }
                    let inside = !named && crate::schema::NAMED.contains(&key.as_str());
                    path.push(Token::Name(key));
                    self.visit(below, path, number, inside);
                    path.pop();
                }
            }
            Value::Array(items) => {
                for (index, below) in items.iter_mut().enumerate() {
                    path.push(Token::Index(index));
                    self.visit(below, path, number, false);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn rewrite(&mut self, reference: &mut String, path: &[Token<'_>], number: usize) {
        let (file, fragment) = split(reference);
        if file.is_empty() && number == 0 {
            return;
        }
        // A named place (`#name`) is found in no file: left as it is, it leads nowhere.
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return;
        }
        let found = if file.is_empty() { Ok(number) } else { self.number(&named(&self.names[number], file)) };
        match found {
            Ok(0) => *reference = format!("#{fragment}"),
            Ok(found) => *reference = format!("#/{FILES}/{}{fragment}", found - 1),
            Err(why) => {
                let mut at = Pointer::root();
                if number > 0 {
                    at = at.at(FILES).index(number - 1);
                }
                let at = at.join(&Pointer::of(path));
                let text = format!("`{reference}` is not read: {why}");
                self.warnings.push(warn("reference-outside", &text, at));
            }
        }
    }

    /// The number of a file, which is read when it is first asked for.
    fn number(&mut self, name: &str) -> Result<usize, String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let read = self.read(name);
        self.known.insert(name.to_owned(), read.clone());
        read
    }

    fn read(&mut self, name: &str) -> Result<usize, String> {
        if let Some(why) = self.files.reach().refuses(name) {
            return Err(why);
        }
        if self.trees.len() >= MOST_FILES {
            return Err(format!("a contract has at most {MOST_FILES} files"));
        }
        if name.contains("://") {
            if self.remote >= MOST_REMOTE {
                return Err(format!("a contract has at most {MOST_REMOTE} documents on other hosts"));
            }
            self.remote += 1;
        }
        let bytes = self.files.bytes(name).map_err(|why| format!("`{name}`: {why}"))?;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MOST_BYTES {
            return Err(format!("the files of a contract have at most {MOST_BYTES} bytes together"));
        }
        let parsed = reader::parse(name, &bytes).map_err(|error| {
            let place = place_of(&String::from_utf8_lossy(&bytes), error.at().start);
            format!("{error}, at {}:{}", place.line, place.column)
        })?;
        let at = Pointer::root().at(FILES).index(self.trees.len());
        for warning in parsed.warnings {
            let at = at.join(&warning.at);
            self.warnings.push(Warning { at, ..warning });
        }
        self.names.push(name.to_owned());
        self.texts.push(Text::held(name.to_owned(), parsed.text, parsed.syntax));
        self.trees.push(parsed.tree);
        Ok(self.trees.len())
    }
}
