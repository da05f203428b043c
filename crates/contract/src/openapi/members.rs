//! Members that an object of a document does not have, or must have: each is said, none stops anything.
//!
//! Source: the fixed fields of OpenAPI 2.0 and 3.0 to 3.2. Schemas are looked at up to 3.0 only: from 3.1
//! on any word may stand in one (JSON Schema 2020-12 Core §6.5). What other rooms read and warn of
//! (parameters, servers, security schemes) is not repeated here, apart from their flows.

use super::outline::warn;
use super::read::Version;
use crate::gather::FILES;
use crate::pointer::Token;
use crate::{Pointer, Warning};
use serde_json::{Map, Value};

/// So many are told of one document.
const MOST: usize = 100;

/// Deepest nesting that is looked at; a tree is no deeper than its reader lets it be.
const DEEPEST: usize = 128;

/// What an object may hold.
struct Object {
    name: &'static str,
    needs: &'static [&'static str],
    /// Members that hold values; empty: any word may stand here.
    plain: &'static [&'static str],
    below: &'static [(&'static str, Below)],
}

/// What stands below a member.
enum Below {
    One(&'static Object),
    List(&'static Object),
    Named(&'static Object),
}
use Below::{List, Named, One};

static INFO: Object = Object {
    name: "info",
    needs: &["title", "version"],
    plain: &["title", "version", "description", "termsOfService", "summary"],
    below: &[("contact", One(&CONTACT)), ("license", One(&LICENSE))],
};
static CONTACT: Object =
    Object { name: "a contact", needs: &[], plain: &["name", "url", "email"], below: &[] };
static LICENSE: Object =
    Object { name: "a licence", needs: &["name"], plain: &["name", "url", "identifier"], below: &[] };

static ROOT_2: Object = Object {
    name: "a document of OpenAPI 2.0",
    needs: &["info", "paths"],
    plain: &[
        "swagger",
        "host",
        "basePath",
        "schemes",
        "consumes",
        "produces",
        "security",
        "tags",
        "externalDocs",
        "parameters",
        "securityDefinitions",
        FILES,
    ],
    below: &[
        ("info", One(&INFO)),
        ("paths", Named(&ITEM_2)),
        ("definitions", Named(&SCHEMA)),
        ("responses", Named(&RESPONSE_2)),
    ],
};
static ITEM_2: Object = Object {
    name: "a path",
    needs: &[],
    plain: &["$ref", "parameters"],
    below: &[
        ("get", One(&OPERATION_2)),
        ("put", One(&OPERATION_2)),
        ("post", One(&OPERATION_2)),
        ("delete", One(&OPERATION_2)),
        ("options", One(&OPERATION_2)),
        ("head", One(&OPERATION_2)),
        ("patch", One(&OPERATION_2)),
    ],
};
static OPERATION_2: Object = Object {
    name: "an operation",
    needs: &[],
    plain: &[
        "tags",
        "summary",
        "description",
        "externalDocs",
        "operationId",
        "consumes",
        "produces",
        "parameters",
        "schemes",
        "deprecated",
        "security",
    ],
    below: &[("responses", Named(&RESPONSE_2))],
};
static RESPONSE_2: Object = Object {
    name: "an answer",
    needs: &["description"],
    plain: &["description", "headers", "examples"],
    below: &[("schema", One(&SCHEMA))],
};

static ROOT_3: Object = Object {
    name: "a document of OpenAPI 3",
    needs: &["info"],
    plain: &["openapi", "jsonSchemaDialect", "servers", "security", "tags", "externalDocs", "$self", FILES],
    below: &[
        ("info", One(&INFO)),
        ("paths", Named(&ITEM_3)),
        ("webhooks", Named(&ITEM_3)),
        ("components", One(&COMPONENTS)),
    ],
};
static COMPONENTS: Object = Object {
    name: "`components`",
    needs: &[],
    plain: &["parameters", "examples", "headers", "links", "callbacks"],
    below: &[
        ("schemas", Named(&SCHEMA)),
        ("responses", Named(&RESPONSE_3)),
        ("requestBodies", Named(&BODY)),
        ("securitySchemes", Named(&SCHEME)),
        ("pathItems", Named(&ITEM_3)),
        ("mediaTypes", Named(&MEDIA)),
    ],
};
static ITEM_3: Object = Object {
    name: "a path",
    needs: &[],
    plain: &["$ref", "summary", "description", "servers", "parameters"],
    below: &[
        ("get", One(&OPERATION_3)),
        ("put", One(&OPERATION_3)),
        ("post", One(&OPERATION_3)),
        ("delete", One(&OPERATION_3)),
        ("options", One(&OPERATION_3)),
        ("head", One(&OPERATION_3)),
        ("patch", One(&OPERATION_3)),
        ("trace", One(&OPERATION_3)),
        ("query", One(&OPERATION_3)),
        ("additionalOperations", Named(&OPERATION_3)),
    ],
};
static OPERATION_3: Object = Object {
    name: "an operation",
    needs: &[],
    plain: &[
        "tags",
        "summary",
        "description",
        "externalDocs",
        "operationId",
        "parameters",
        "callbacks",
        "deprecated",
        "security",
        "servers",
    ],
    below: &[("requestBody", One(&BODY)), ("responses", Named(&RESPONSE_3))],
};
static BODY: Object = Object {
    name: "a body",
    needs: &["content"],
    plain: &["description", "required"],
    below: &[("content", Named(&MEDIA))],
};
static RESPONSE_3: Object = Object {
    name: "an answer",
    needs: &[],
    plain: &["summary", "description", "headers", "links"],
    below: &[("content", Named(&MEDIA))],
};
/// As [`RESPONSE_3`], up to 3.1, where the description must be there.
static RESPONSE_NEEDS: &[&str] = &["description"];
static MEDIA: Object = Object {
    name: "a media type",
    needs: &[],
    plain: &["example", "examples", "encoding", "prefixEncoding", "itemEncoding", "itemSchema"],
    below: &[("schema", One(&SCHEMA))],
};
static SCHEME: Object =
    Object { name: "a security scheme", needs: &[], plain: &[], below: &[("flows", One(&FLOWS))] };
static FLOWS: Object = Object {
    name: "`flows`",
    needs: &[],
    plain: &[],
    below: &[
        ("implicit", One(&FLOW_IMPLICIT)),
        ("password", One(&FLOW_TOKEN)),
        ("clientCredentials", One(&FLOW_TOKEN)),
        ("authorizationCode", One(&FLOW_CODE)),
    ],
};
static FLOW_IMPLICIT: Object =
    Object { name: "this flow", needs: &["authorizationUrl"], plain: &[], below: &[] };
static FLOW_TOKEN: Object = Object { name: "this flow", needs: &["tokenUrl"], plain: &[], below: &[] };
static FLOW_CODE: Object =
    Object { name: "this flow", needs: &["authorizationUrl", "tokenUrl"], plain: &[], below: &[] };

/// Schema Object of 2.0 and 3.0.
static SCHEMA: Object = Object {
    name: "a schema",
    needs: &[],
    plain: &[
        "title",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "enum",
        "type",
        "description",
        "format",
        "default",
        "nullable",
        "discriminator",
        "readOnly",
        "writeOnly",
        "xml",
        "externalDocs",
        "example",
        "deprecated",
    ],
    below: &[
        ("items", One(&SCHEMA)),
        ("not", One(&SCHEMA)),
        ("additionalProperties", One(&SCHEMA)),
        ("properties", Named(&SCHEMA)),
        ("allOf", List(&SCHEMA)),
        ("oneOf", List(&SCHEMA)),
        ("anyOf", List(&SCHEMA)),
    ],
};

/// Looks at a whole document.
pub(super) fn look(tree: &Value, version: Version, warnings: &mut Vec<Warning>) {
    let root = if version == Version::V2_0 { &ROOT_2 } else { &ROOT_3 };
    let mut looking = Looking { version, warnings, told: 0, path: Vec::new() };
    if let Value::Object(map) = tree {
        looking.object(map, root);
    }
}

struct Looking<'v, 'w> {
    version: Version,
    warnings: &'w mut Vec<Warning>,
    told: usize,
    path: Vec<Token<'v>>,
}

impl<'v> Looking<'v, '_> {
    fn object(&mut self, map: &'v Map<String, Value>, object: &'static Object) {
        let is_schema = std::ptr::eq(object, &raw const SCHEMA);
        if map.contains_key("$ref") && !object.plain.contains(&"$ref") {
            return;
        }
        if (is_schema && self.version.of_schemas() == Version::V3_1) || self.path.len() > DEEPEST {
            return;
        }
        let is_response = std::ptr::eq(object, &raw const RESPONSE_3) && self.version != Version::V3_2;
        for need in if is_response { RESPONSE_NEEDS } else { object.needs } {
            if map.get(*need).is_none_or(Value::is_null) {
                self.tell("member-missing", &format!("{} needs `{need}`", object.name), None);
            }
        }
        for (word, value) in map {
            if let Some((_, below)) = object.below.iter().find(|(known, _)| known == word) {
                self.path.push(Token::Name(word));
                self.below(value, below);
                self.path.pop();
            } else if !object.plain.is_empty()
                && !object.plain.contains(&word.as_str())
                && !word.starts_with("x-")
            {
                let text = format!("{} has no member `{word}`: it is not looked at", object.name);
                self.tell("member-unknown", &text, Some(word));
            }
        }
    }

    fn below(&mut self, value: &'v Value, below: &'static Below) {
        match (below, value) {
            (One(object), Value::Object(map)) => self.object(map, object),
            (List(object), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let Value::Object(map) = item else { continue };
                    self.path.push(Token::Index(index));
                    self.object(map, object);
                    self.path.pop();
                }
            }
            (Named(object), Value::Object(members)) => {
                let schemas = std::ptr::eq(*object, &raw const SCHEMA);
                for (name, member) in members {
                    let Value::Object(map) = member else { continue };
                    if name.starts_with("x-") && !schemas {
                        continue;
                    }
                    self.path.push(Token::Name(name));
                    self.object(map, object);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn tell(&mut self, code: &'static str, text: &str, word: Option<&str>) {
        if self.told >= MOST {
            return;
        }
        self.told += 1;
        let at = Pointer::of(&self.path);
        let at = word.map_or_else(|| at.clone(), |word| at.at(word));
        self.warnings.push(warn(code, text, at));
    }
}
