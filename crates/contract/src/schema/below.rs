//! What a schema holds, kept once it was asked for: its words as they were read, and the shapes below it.
//!
//! A shape that nobody asks keeps nothing of this.

use super::view::View;
use super::{Inner, Member, Shape};
use crate::Pointer;
use std::sync::OnceLock;

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
