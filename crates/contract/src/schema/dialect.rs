//! The dialects of JSON Schema that a document can say its schemas are in.
//!
//! Sources: OpenAPI 3.1 §4.8.24.5 (`jsonSchemaDialect`, `$schema`); the meta-schemas' own URIs. What is
//! not said is OpenAPI's own dialect, in which few formats are asserted.

use jsonschema::Draft;
use serde_json::Value;

/// A dialect that was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dialect {
    /// Draft 4.
    Draft4,
    /// Draft 6.
    Draft6,
    /// Draft 7.
    Draft7,
    /// 2019-09.
    Draft2019,
    /// 2020-12.
    Draft2020,
}

impl Dialect {
    /// The dialect of this URI.
    pub(super) fn named(uri: &str) -> Option<Self> {
        let rest = uri.trim_end_matches('#').split_once("://json-schema.org/")?.1;
        Some(match rest {
            "draft-04/schema" => Self::Draft4,
            "draft-06/schema" => Self::Draft6,
            "draft-07/schema" => Self::Draft7,
            "draft/2019-09/schema" => Self::Draft2019,
            "draft/2020-12/schema" => Self::Draft2020,
            _ => return None,
        })
    }

    /// The dialect that a document says its schemas are in.
    pub(super) fn of_document(tree: &Value) -> Option<Self> {
        tree.get("jsonSchemaDialect").and_then(Value::as_str).and_then(Self::named)
    }

    /// The dialect that a schema says it is in.
    pub(super) fn of_schema(schema: &Value) -> Option<Self> {
        schema.get("$schema").and_then(Value::as_str).and_then(Self::named)
    }

    /// Whether members beside `$ref` do not count.
    pub(super) fn is_alone(self) -> bool {
        matches!(self, Self::Draft4 | Self::Draft6 | Self::Draft7)
    }

    /// The member that names a schema.
    pub(super) fn id(self) -> &'static str {
        if self == Self::Draft4 { "id" } else { "$id" }
    }

    /// The engine's name of it.
    pub(super) fn draft(self) -> Draft {
        match self {
            Self::Draft4 => Draft::Draft4,
            Self::Draft6 => Draft::Draft6,
            Self::Draft7 => Draft::Draft7,
            Self::Draft2019 => Draft::Draft201909,
            Self::Draft2020 => Draft::Draft202012,
        }
    }
}
