//! The raw board: every value of its files with the place it was typed at, and overlays merged into it.
//!
//! Our own tree over the spanned parser, instead of derived `Deserialize`: serde stops at the first fault and
//! loses spans where a value may have several shapes. Here every table is read to its end, so that all faults
//! are told at once, and a merged value still points into the file it came from.

use crate::unclosed;
use contract::{Span, place_of};
use exchange::Origin;
use indexmap::IndexMap;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};

/// A file whose text may be shown in a diagnostic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceFile {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
}

/// A stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) file: Arc<SourceFile>,
    pub(crate) span: Span,
}

impl At {
    /// File and line, for what the running board says of itself.
    pub(crate) fn origin(&self) -> Origin {
        Origin { file: Arc::clone(&self.file.name), line: place_of(&self.file.text, self.span.start).line }
    }
}

/// A value that was typed.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// What it is. Numbers and dates that no key takes are kept by their kind only.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    Other(&'static str),
}

impl Value {
    /// The kind in plain words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(kind) => kind,
        }
    }
}

/// Keys and values of a table, in the order of the file.
pub(crate) type Table = IndexMap<String, Entry>;

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Where the key is typed.
    pub(crate) key: At,
    pub(crate) node: Node,
}

/// A fault of TOML itself.
pub(crate) struct Unreadable {
    pub(crate) at: At,
    pub(crate) why: String,
    /// What is said at the place.
    pub(crate) words: &'static str,
    pub(crate) help: Option<String>,
}

/// So many faults are told of what may follow from the first one.
const FOLLOWERS: usize = 3;

/// Reads a text; depth is bounded by the parser.
pub(crate) fn read(file: &Arc<SourceFile>) -> Result<Table, Vec<Unreadable>> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    if errors.is_empty() {
        return Ok(convert(table.into_inner(), file));
    }
    let place = |error: &toml::de::Error| error.span().map_or(Span::default(), |range| span(&range));
    let mut faults: Vec<Unreadable> = errors
        .iter()
        .map(|error| Unreadable {
            at: at(file, place(error)),
            why: error.message().to_owned(),
            words: "here",
            help: None,
        })
        .collect();
    faults.sort_by_key(|fault| fault.at.span.start);
    if let Some(open) = unclosed::find(&file.text) {
        // The parser tells the same of the end of it, or of the place where it went on.
        faults.retain(|fault| fault.at.span.start < open.at || !is_on_line(&file.text, open.at, &fault.at));
        let place = Span { start: open.at, end: open.at + open.opens.len() };
        let cause = Unreadable {
            at: at(file, place),
            why: format!("`{}` is not closed", open.opens),
            words: "opens here",
            help: Some(format!("close it with `{}`", open.closes)),
        };
        let before = faults.partition_point(|fault| fault.at.span.start < open.at);
        faults.insert(before, cause);
    }
    let untold = faults.len().saturating_sub(1 + FOLLOWERS);
    faults.truncate(1 + FOLLOWERS);
    if let (Some(first), true) = (faults.first_mut(), untold > 0) {
        let mend = first.help.take().unwrap_or_else(|| "mend this one first".to_owned());
        first.help = Some(format!("{mend}; there are {untold} more that may follow from it"));
    }
    Err(faults)
}

/// Whether a place is on the line of an offset, or at its end.
fn is_on_line(text: &str, offset: usize, place: &At) -> bool {
    place_of(text, offset).line == place_of(text, place.span.start).line
}

/// Lays `over` onto `base`: tables are merged deeply, everything else is replaced, `false` removes.
///
/// Gives back what was to be removed and is not there. `[console]` alone keeps its `false`: there it means off.
pub(crate) fn merge(base: &mut Table, over: Table) -> Vec<At> {
    let mut nowhere = Vec::new();
    for (name, entry) in over {
        match (base.get_mut(&name), entry.node.value) {
            (known, Value::Flag(false)) if name != "console" => match known {
                Some(_) => drop(base.shift_remove(&name)),
                None => nowhere.push(entry.key),
            },
            (Some(Entry { node: Node { value: Value::Table(below), .. }, .. }), Value::Table(above)) => {
                nowhere.append(&mut merge(below, above));
            }
            (_, value) => {
                let node = Node { at: entry.node.at, value: cleaned(value, &mut nowhere) };
                base.insert(name, Entry { key: entry.key, node });
            }
        }
    }
    nowhere
}

/// A table that is new in the overlay can still hold a `false` that removes nothing.
fn cleaned(value: Value, nowhere: &mut Vec<At>) -> Value {
    match value {
        Value::Table(above) => {
            let mut below = Table::new();
            nowhere.append(&mut merge(&mut below, above));
            Value::Table(below)
        }
        other => other,
    }
}

fn at(file: &Arc<SourceFile>, span: Span) -> At {
    At { file: Arc::clone(file), span }
}

fn span(range: &std::ops::Range<usize>) -> Span {
    Span { start: range.start, end: range.end }
}

fn convert(table: DeTable<'_>, file: &Arc<SourceFile>) -> Table {
    let mut entries: Vec<_> = table.into_iter().collect();
    // The parser sorts by name; "the first listener" is the first of the file.
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
        .into_iter()
        .map(|(key, value)| {
            let place = at(file, span(&key.span()));
            (key.into_inner().into_owned(), Entry { key: place, node: node(value, file) })
        })
        .collect()
}

fn node(value: toml::Spanned<DeValue<'_>>, file: &Arc<SourceFile>) -> Node {
    let place = at(file, span(&value.span()));
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Value::Other("a number that is too large"), Value::Integer),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Boolean(flag) => Value::Flag(flag),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(items.into_iter().map(|item| node(item, file)).collect()),
        DeValue::Table(table) => Value::Table(convert(table, file)),
    };
    Node { at: place, value }
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, Table, Value, merge, read};
    use std::sync::Arc;

    fn table(name: &str, text: &str) -> Table {
        let file = Arc::new(SourceFile { name: name.into(), text: text.into() });
        read(&file).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn an_overlay_merges_tables_replaces_lists_and_removes() {
        let mut base =
            table("base", "[listen.edge]\nbind = 'a'\ntrust = ['x']\nurl = 'u'\n[plans.free]\nauth = 'key'");
        let over = table(
            "over",
            "[listen.edge]\ntrust = ['y', 'z']\nurl = false\nplan = false\n[plans]\nfree = false",
        );
        let nowhere = merge(&mut base, over);
        assert_eq!(nowhere.len(), 1, "`plan = false` removes nothing");
        let Value::Table(listen) = &base["listen"].node.value else { panic!() };
        let Value::Table(edge) = &listen["edge"].node.value else { panic!() };
        assert_eq!(edge.keys().collect::<Vec<_>>(), ["bind", "trust"]);
        assert_eq!(&*edge["trust"].node.at.file.name, "over");
        assert_eq!(&*edge["bind"].node.at.file.name, "base");
        let Value::Table(plans) = &base["plans"].node.value else { panic!() };
        assert!(plans.is_empty());
    }

    #[test]
    fn keys_keep_the_order_of_the_file() {
        let read = table("base", "[z]\n[b]\n[a]\nx.y = 1\nb = 2");
        assert_eq!(read.keys().collect::<Vec<_>>(), ["z", "b", "a"]);
    }
}
