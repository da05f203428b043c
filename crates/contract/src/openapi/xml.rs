//! XML bodies: a JSON value written by the `xml` objects of its schema, and read back.
//!
//! Sources: OpenAPI 3.2 XML Object (also `attribute` and `wrapped` of 3.0 and 3.1); XML 1.0. Without a
//! document type, entities other than the five of XML §4.6, and processing instructions: they are refused.
//! Names are compared without their prefixes; a namespace is written and not compared. Comments are passed over.

mod read;
mod tree;
mod write;

pub(super) use read::read;
pub(super) use write::write;

use crate::schema::{Kind, Shape};

/// What a schema says about its XML.
#[derive(Clone, Debug, Default)]
struct Said {
    name: Option<String>,
    prefix: Option<String>,
    namespace: Option<String>,
    node: Node,
}

/// What a value becomes (OpenAPI 3.2 XML Object, `nodeType`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Node {
    #[default]
    Element,
    Attribute,
    Text,
    Cdata,
    /// The items stand where the list would.
    None,
}

impl Said {
    fn of(shape: &Shape) -> Self {
        let word = shape.word("xml");
        let text = |name: &str| word?.get(name)?.as_str().map(str::to_owned);
        let is = |name: &str| word.and_then(|word| word.get(name)?.as_bool()).unwrap_or(false);
        let list = shape.kind() == Kind::Array;
        let node = match text("nodeType").as_deref() {
            Some("attribute") => Node::Attribute,
            Some("text") => Node::Text,
            Some("cdata") => Node::Cdata,
            Some("none") => Node::None,
            Some("element") => Node::Element,
            _ if is("attribute") => Node::Attribute,
            // A list has no element of its own unless it is `wrapped`.
            _ if list && !is("wrapped") => Node::None,
            _ => Node::Element,
        };
        Self { name: text("name"), prefix: text("prefix"), namespace: text("namespace"), node }
    }

    fn name_or(&self, other: &str) -> String {
        self.name.clone().unwrap_or_else(|| other.to_owned())
    }
}

/// The name of the items of a list: their own, else that of the list (OpenAPI 3.2 XML Object, *Lists of elements*).
fn item_name(items: &Shape, list: &str) -> String {
    Said::of(items).name_or(list)
}

/// The name of the root: the schema's for XML, else the one it has in the document.
fn root_name(shape: &Shape) -> String {
    Said::of(shape).name.or_else(|| shape.named()).unwrap_or_else(|| "root".to_owned())
}
