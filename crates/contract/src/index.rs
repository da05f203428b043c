//! A contract as bytes from which it is had again without its documents being read: its index.
//!
//! What is kept is what lowering made, so that a contract from an index and one from its documents give the
//! same answers. The texts are not kept: they are asked for when a place in them is wanted. Invariant:
//! bytes that were not written by the same program give nothing, or a contract, and never a panic; whether they
//! belong to what the documents say today is for whoever keeps them to know.

mod kept;
mod pages;
mod parts;

pub(crate) use kept::{Input, Kept, Out, kept_words};

use crate::laid::Laid;
use crate::schema::{self, Store};
use crate::texts::{Recall, Text, Texts};
use crate::{Contract, Syntax};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};

/// How the bytes begin; the number counts the forms they have had.
const MARK: &[u8; 8] = b"contrct3";

impl Contract {
    /// The bytes that [`Contract::from_index`] takes; none for a contract that cannot be kept.
    pub fn to_index(&self) -> Option<Vec<u8>> {
        let Self {
            name,
            title,
            version,
            servers,
            operations,
            schemas,
            schemes,
            secrets,
            warnings,
            texts,
            places: _,
        } = self;
        // Where an overlay speaks, places are known by a table that is not kept.
        if texts.overlays > 0 || !texts.laid.is_empty() {
            return None;
        }
        if warnings.iter().any(|one| !parts::CODES.contains(&one.code)) {
            return None;
        }
        let mut store: Option<&Arc<Store>> = None;
        for own in self.shapes().filter_map(crate::Shape::store) {
            if !Arc::ptr_eq(store.get_or_insert(own), own) {
                return None;
            }
        }
        let mut out = Out::default();
        for word in [name, title, version] {
            word.put(&mut out);
        }
        servers.put(&mut out);
        schemes.put(&mut out);
        schemas.put(&mut out);
        secrets.put(&mut out);
        warnings.put(&mut out);
        texts.put(&mut out);
        operations.put(&mut out);
        let row = std::mem::take(&mut out.row);
        // What the row's shapes are numbered by stands before it.
        schema::put_all(store, &mut out);
        let (head, texts) = (out.row, out.texts);
        let mut bytes = MARK.to_vec();
        bytes.extend(u64::try_from(head.len() + row.len()).ok()?.to_le_bytes());
        bytes.extend(head);
        bytes.extend(row);
        bytes.extend(texts);
        Some(bytes)
    }

    /// The contract that [`Contract::to_index`] was asked of, without its texts; `recall` gives them when they are wanted.
    pub fn from_index(bytes: &Bytes, recall: &Arc<dyn Recall>) -> Option<Self> {
        let rest = bytes.strip_prefix(MARK)?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        if length > rest.len() {
            return None;
        }
        let start = bytes.len() - rest.len();
        let mut from = Input::new(bytes.slice(start..start + length), bytes.slice(start + length..));
        schema::take_all(&mut from)?;
        let (name, title, version) = (Kept::take(&mut from)?, Kept::take(&mut from)?, Kept::take(&mut from)?);
        let (servers, schemes) = (Kept::take(&mut from)?, Kept::take(&mut from)?);
        let (schemas, secrets, warnings) =
            (Kept::take(&mut from)?, Kept::take(&mut from)?, Kept::take(&mut from)?);
        let texts = Texts::take(&mut from, recall)?;
        let operations = Kept::take(&mut from)?;
        from.is_at_its_end().then_some(Self {
            name,
            title,
            version,
            servers,
            operations,
            schemas,
            schemes,
            secrets,
            warnings,
            texts,
            places: OnceLock::new(),
        })
    }
}

impl Texts {
    fn put(&self, out: &mut Out) {
        let files: Vec<(String, Syntax)> =
            self.list.iter().map(|one| (one.name.clone(), one.syntax)).collect();
        files.put(out);
    }

    fn take(from: &mut Input, recall: &Arc<dyn Recall>) -> Option<Self> {
        let files: Vec<(String, Syntax)> = Kept::take(from)?;
        let list = files.into_iter().map(|(name, syntax)| Text::recalled(name, syntax, recall)).collect();
        Some(Self { list, laid: Laid::default(), overlays: 0 })
    }
}
