//! Members of a schema that hold schemas, in any dialect: one, several in a list, several by name.
//!
//! Source: JSON Schema 2020-12 Core §10.2 and §10.3; draft 4 §5. What only one walk follows (`contentSchema`,
//! `extends`, `itemSchema`) is not here.

/// One schema.
pub(super) const ONE: [&str; 11] = [
    "items",
    "additionalProperties",
    "additionalItems",
    "not",
    "contains",
    "propertyNames",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// A list of schemas.
pub(super) const LIST: [&str; 5] = ["allOf", "anyOf", "oneOf", "prefixItems", "items"];

/// Schemas by names that the author gave.
pub(super) const BY_NAME: [&str; 6] =
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"];
