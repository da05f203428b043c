//! Reading an OpenAPI document: its version, then everything a call needs of it.

use crate::{DocumentError, Operation, Pointer, SecurityScheme, Syntax, locate};
use serde_json::Value;
use std::sync::Arc;

/// The versions whose meaning differs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 2.0: bodies are parameters, media types stand apart from schemas.
    V2_0,
    /// 3.0: schemas are a dialect of JSON Schema of their own.
    V3_0,
    /// 3.1: schemas are JSON Schema 2020-12.
    V3_1,
    /// 3.2: as 3.1, with more methods, streams of items and the query as a whole.
    V3_2,
}

impl Version {
    /// The version whose schemas these are: 2.0 and 3.0 share a dialect, 3.1 and 3.2 too.
    pub(crate) const fn of_schemas(self) -> Self {
        match self {
            Self::V2_0 | Self::V3_0 => Self::V3_0,
            Self::V3_1 | Self::V3_2 => Self::V3_1,
        }
    }
}

/// A document that is no contract, or one that is not built yet.
#[derive(Debug)]
pub(crate) struct Unfit {
    /// What it is, if it is known.
    what: Option<String>,
    why: &'static str,
    at: Pointer,
}

impl Unfit {
    /// The error, with its place in the text.
    pub(crate) fn located(self, name: &str, text: &str, syntax: Syntax) -> DocumentError {
        let at = locate::span(text, syntax, &self.at);
        let name = name.to_owned();
        match self.what {
            Some(what) => DocumentError::NotBuiltYet { name, what, at },
            None => DocumentError::NoContract { name, why: self.why.to_owned(), at },
        }
    }
}

/// Other kinds of document that are known by a member of their root.
const OTHERS: [(&str, &str); 5] = [
    ("asyncapi", "AsyncAPI"),
    ("arazzo", "Arazzo"),
    ("overlay", "OpenAPI Overlay"),
    ("openrpc", "OpenRPC"),
    ("discoveryVersion", "Google discovery"),
];

/// The version of a document, which may be written as a number (`openapi: 3.0`).
pub(crate) fn version(tree: &Value) -> Result<Version, Unfit> {
    let root = Pointer::root();
    let Value::Object(members) = tree else {
        return Err(Unfit { what: None, why: "an object with a member `openapi` is expected", at: root });
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(value) = members.get("openapi") {
        let at = root.at("openapi");
        let version = text(value).unwrap_or_default();
        let mut parts = version.split(['.', '-']);
        return match (parts.next(), parts.next()) {
            (Some("3"), Some("0")) => Ok(Version::V3_0),
            (Some("3"), Some("1")) => Ok(Version::V3_1),
            (Some("3"), Some("2")) => Ok(Version::V3_2),
            (Some(major), minor) if is_number(major) && minor.is_none_or(is_number) => {
                Err(Unfit { what: Some(format!("OpenAPI {version}")), why: "", at })
            }
            _ => Err(Unfit { what: None, why: "`openapi` is expected to be a version such as `3.1.0`", at }),
        };
    }
    if let Some(value) = members.get("swagger") {
        let version = text(value).unwrap_or_default();
        return match version.as_str() {
            "2.0" | "2" => Ok(Version::V2_0),
            _ => Err(Unfit {
                what: Some(format!("Swagger {version}").trim_end().to_owned()),
                why: "",
                at: root.at("swagger"),
            }),
        };
    }
    for (word, kind) in OTHERS {
        if let Some(value) = members.get(word) {
            let what = format!("{kind} {}", text(value).unwrap_or_default());
            return Err(Unfit { what: Some(what.trim_end().to_owned()), why: "", at: root.at(word) });
        }
    }
    Err(Unfit { what: None, why: "it has no member `openapi` that says its version", at: root })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What remains of a document.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) servers: Vec<crate::Server>,
    pub(crate) operations: Vec<Arc<Operation>>,
    pub(crate) schemes: Vec<SecurityScheme>,
    pub(crate) schemas: Vec<(String, Pointer)>,
}

#[cfg(test)]
mod tests {
    use crate::{Document, DocumentError};

    fn check(text: &str, expected: &str, byte: usize) {
        let error = Document::read("a.yaml", text.as_bytes()).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.at().start), (expected, byte), "{text}");
    }

    #[test]
    fn what_is_no_contract_or_not_built_yet_says_so_at_its_place() {
        check("info: {}\nswagger: 1.2\n", "a.yaml is Swagger 1.2: not built yet", 9);
        check("{\"info\": {}, \"openapi\": \"4.0.0\"}", "a.yaml is OpenAPI 4.0.0: not built yet", 13);
        check("asyncapi: 3.0.0\n", "a.yaml is AsyncAPI 3.0.0: not built yet", 0);
        check("a: 1\n", "a.yaml is no API contract: it has no member `openapi` that says its version", 0);
        check(
            "a: 1\nopenapi: latest\n",
            "a.yaml is no API contract: `openapi` is expected to be a version such as `3.1.0`",
            5,
        );
        check("hello", "a.yaml is no API contract: an object with a member `openapi` is expected", 0);
        check("", "a.yaml is no API contract: an object with a member `openapi` is expected", 0);
        assert!(matches!(
            Document::read("a", b"\x00\x01"),
            Err(DocumentError::Syntax { .. } | DocumentError::NoContract { .. })
        ));
    }

    #[test]
    fn a_version_may_be_a_number() {
        for text in [
            "openapi: 3.0",
            "openapi: 3.1",
            "openapi: 3.0.3",
            "swagger: 2.0",
            "openapi: 3.2",
            "{\"openapi\": \"3.1.1\"}",
        ] {
            assert!(Document::read("a", text.as_bytes()).is_ok(), "{text}");
        }
    }
}
