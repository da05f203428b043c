//! What a message looks like in here: hyper's types stay inside this folder.
//!
//! Today hyper serves HTTP/1.1 behind these names; a codec of our own takes its place without a change
//! to any stage. `docs/gateway.md` lists what hyper hides from them.

mod body;
mod connection;
mod head;
mod io;
mod outgoing;
mod tls;

pub(crate) use body::{Body, Tap};
pub(crate) use connection::{payload_of, serve};
pub(crate) use head::Head;
pub(crate) use outgoing::{Content, OutBody};
pub(crate) use tls::acceptor;

use http::{HeaderMap, StatusCode};

/// An answer on its way to the caller.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) fields: HeaderMap,
    pub(crate) content: Content,
}

/// The caller's connection, once it stops speaking HTTP.
#[derive(Debug)]
pub(crate) struct Upgrade(pub(crate) hyper::upgrade::OnUpgrade);
