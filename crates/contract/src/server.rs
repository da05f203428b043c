//! Where an API is served: a URL with variables.
//!
//! Source: OpenAPI 3.1 Server Object, Server Variable Object.

use crate::Pointer;

/// A server of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The URL as the document writes it, with `{variables}`; may be relative to where the document lies.
    pub url: String,
    /// What the document says about it; may be empty.
    pub description: String,
    /// Its variables, in order.
    pub variables: Vec<ServerVariable>,
    /// Where it stands in the document.
    pub at: Pointer,
}

/// A variable of a server's URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerVariable {
    /// Its name.
    pub name: String,
    /// The value that stands for none given; none: the document names neither a default nor choices.
    pub default: Option<String>,
    /// The values it may have; empty: any.
    pub choices: Vec<String>,
}

impl Server {
    /// The URL with the variables' defaults filled in; a variable without one stays as written.
    pub fn address(&self) -> String {
        let mut url = self.url.clone();
        for variable in &self.variables {
            if let Some(value) = &variable.default {
                url = url.replace(&format!("{{{}}}", variable.name), value);
            }
        }
        url
    }
}
