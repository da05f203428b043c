//! What a schema holds, kept once it was asked for: its words as they were read, and the shapes below it.
//!
//! A shape that nobody asks keeps nothing of this.

use super::view::View;
use super::{Inner, Member, Shape};
use crate::Pointer;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

/// Past so many shapes of one contract those that messages ask for are not kept; few contracts use a thousand.
const MOST_KEPT: usize = 10_000;
/// The same below one root, so that who spends the places of a schema without end leaves others theirs.
pub(super) const MOST_OF_ONE: usize = 2_500;

/// Each made when it is first wanted.
#[derive(Default)]
pub(super) struct Below {
    /// What messages ask again and again; what is asked once is not kept.
    view: OnceLock<View>,
    items: OnceLock<Shape>,
    rest: OnceLock<Shape>,
    members: OnceLock<Vec<Member>>,
    alternatives: OnceLock<Vec<Shape>>,
    pub(super) ways: OnceLock<Vec<Shape>>,
}

impl Below {
    /// Whether shapes below are kept already.
    fn is_begun(&self) -> bool {
        self.items.get().is_some()
            || self.rest.get().is_some()
            || self.members.get().is_some()
            || self.alternatives.get().is_some()
            || self.ways.get().is_some()
    }
}

impl Inner {
    pub(super) fn below(&self) -> &Below {
        self.below.get_or_init(Box::default)
    }

    /// The schema as it was read; kept, for who asks with each message.
    pub(super) fn view(&self) -> &View {
        self.below().view.get_or_init(|| self.read())
    }

    /// Asks the schema for what is kept otherwise, or wanted once; it is read for that if it is not kept.
    pub(super) fn look<T>(&self, ask: impl FnOnce(&View) -> T) -> T {
        match self.below.get().and_then(|below| below.view.get()) {
            Some(view) => ask(view),
            None => ask(&self.read()),
        }
    }

    fn read(&self) -> View {
        View::new(&self.store, self.schema(), &self.at)
    }
}

impl Shape {
    /// The shape for a walk that a message steers. What is below a shape is kept with it; schemas that refer to themselves
    /// have no end, so that past a bound this is a shape of its own, and what is made below it goes with it.
    pub(crate) fn passing(&self) -> Cow<'_, Self> {
        let Some(inner) = &self.inner else { return Cow::Borrowed(self) };
        let kept = inner.below.get().is_some_and(|below| below.is_begun());
        let made = (inner.made.load(Ordering::Relaxed), inner.store.made.load(Ordering::Relaxed));
        if kept || made.0 < MOST_OF_ONE && made.1 < MOST_KEPT {
            return Cow::Borrowed(self);
        }
        let (at, stands, text) = (self.at.clone(), inner.at.clone(), inner.text.clone());
        Cow::Owned(Self::of(at, stands, inner.side, text, Arc::clone(&inner.store)).counted(&inner.made))
    }

    /// The shape of the items of a list; everything, if it is no list or does not say.
    #[must_use]
    pub fn items(&self) -> Self {
        let Some(inner) = &self.inner else { return self.clone() };
        inner.below().items.get_or_init(|| inner.look(|view| view.items(inner))).clone()
    }

    /// The shape of the members that it does not declare; everything, if it does not say.
    pub(crate) fn rest(&self) -> &Self {
        let Some(inner) = &self.inner else { return self };
        inner.below().rest.get_or_init(|| inner.look(|view| view.rest(inner)))
    }

    /// The alternatives of which a value is one (`anyOf`, `oneOf`); empty if there are none.
    pub(crate) fn alternatives(&self) -> &[Self] {
        let Some(inner) = &self.inner else { return &[] };
        inner.below().alternatives.get_or_init(|| inner.look(|view| view.alternatives(inner)))
    }

    /// What the member of this name may be, if its schema names it.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|member| member.name == name).map(|member| &member.shape)
    }

    /// As [`Shape::member`]; everything, where the schema does not name it.
    pub(crate) fn member_or_any(&self, name: &str) -> Self {
        self.member(name).cloned().unwrap_or_else(|| Self::anything(Pointer::root()))
    }

    /// The members of an object that its schema names, those of `allOf` included, in their order.
    ///
    /// In a request those that are only read are left out, in an answer those that are only written.
    pub fn members(&self) -> &[Member] {
        let Some(inner) = &self.inner else { return &[] };
        inner.below().members.get_or_init(|| inner.look(|view| view.members(inner)))
    }
}

#[cfg(test)]
mod tests {
    use super::MOST_KEPT;
    use crate::{Contract, Head, Need, check_head};
    use http::HeaderMap;
    use std::borrow::Cow;
    use std::sync::Arc;

    #[test]
    fn what_messages_make_of_a_schema_without_end_is_bounded() {
        let text = br##"
openapi: 3.1.0
info: { title: t, version: "1" }
paths:
  /trees:
    post:
      requestBody: { content: { application/xml: { schema: { $ref: "#/components/schemas/Tree" } } } }
      responses: { "200": { description: ok } }
  /leaves:
    post:
      requestBody: { content: { application/xml: { schema: { $ref: "#/components/schemas/Leaf" } } } }
      responses: { "200": { description: ok } }
components:
  schemas:
    Tree:
      type: object
      properties: { left: { $ref: "#/components/schemas/Tree" }, right: { $ref: "#/components/schemas/Tree" } }
    Leaf: { type: object, properties: { colour: { type: string } } }
"##;
        let contract = Contract::read("trees.yaml", text).unwrap();
        let operation = &contract.operations[0];
        let store = operation.input[0].shape.store().unwrap();
        let mut fields = HeaderMap::new();
        fields.insert("content-type", "application/xml".parse().unwrap());
        fields.insert("transfer-encoding", "chunked".parse().unwrap());
        // Each goes a way of its own, 40 elements deep.
        for nth in 0..400_u64 {
            let way = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let name = |depth: u32| if way >> depth & 1 == 0 { "left" } else { "right" };
            let opened: Vec<String> = (0..40).map(|depth| format!("<{}>", name(depth))).collect();
            let closed: Vec<String> = (0..40).rev().map(|depth| format!("</{}>", name(depth))).collect();
            let head = Head { method: operation.method(), path: "/trees", query: None, fields: &fields };
            let (_, Need::Whole(check)) = check_head(operation, &head) else { unreachable!() };
            let report =
                check.whole(format!("<Tree>{}{}</Tree>", opened.concat(), closed.concat()).as_bytes());
            assert_eq!(report.found, []);
        }
        let kept = |nth: usize| matches!(contract.operations[nth].input[0].shape.passing(), Cow::Borrowed(_));
        assert!(kept(1), "what is spent below one is not spent below another");
        // Each shape that is kept holds the store, and so do its words.
        assert!(Arc::strong_count(store) < 2 * MOST_KEPT + 1_000, "{}", Arc::strong_count(store));
    }
}
