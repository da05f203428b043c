//! The names that an operation takes, whatever place of a request they stand in.

use super::{Codec, Operation};
use crate::{In, Pointer, Shape};

/// A name that an operation takes, with what it may be: for `name=value`, suggestions, help, completion.
#[derive(Clone, Debug)]
pub struct Named {
    /// Where the value goes.
    pub place: In,
    /// Its name; for a member of the body, the member's.
    pub name: String,
    /// Whether it must be given.
    pub required: bool,
    /// What it may be.
    pub shape: Shape,
    /// What the document says about it; may be empty.
    pub description: String,
    /// Where it stands in the document.
    pub at: Pointer,
}

impl Operation {
    /// Every name this operation takes: its parameters, then the members of its body, where that is an
    /// object in JSON or a form, else in multipart or XML (the first such body, if it takes several).
    pub fn names(&self) -> Vec<Named> {
        let mut names: Vec<Named> = self
            .parameters
            .iter()
            .map(|parameter| Named {
                place: parameter.place,
                name: parameter.name.clone(),
                required: parameter.required,
                shape: parameter.shape.clone(),
                description: parameter.description.clone(),
                at: parameter.at.clone(),
            })
            .collect();
        let body = self.input.iter().find(|body| matches!(body.codec, Codec::Json | Codec::Form));
        let body = body
            .or_else(|| self.input.iter().find(|body| matches!(body.codec, Codec::Multipart | Codec::Xml)));
        for member in body.map(|body| body.shape.members()).unwrap_or_default() {
            names.push(Named {
                place: In::Body,
                name: member.name.clone(),
                required: member.required && self.input_required,
                shape: member.shape.clone(),
                description: member.description.clone(),
                at: member.shape.at().clone(),
            });
        }
        names
    }
}
