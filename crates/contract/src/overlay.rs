//! Overlays: corrections to a contract that somebody else writes, laid over it before it is read.
//!
//! Source: OpenAPI Overlay Specification 1.0 and 1.1; targets are JSONPath (RFC 9535). Actions are applied in
//! order. An action that finds nothing changes nothing and is a warning; one that cannot be understood or
//! does not fit what it finds refuses the whole contract, since half a correction is none. `extends` is not
//! followed: whoever lays an overlay over a contract names both.

mod action;
mod merge;

use crate::laid::Laid;
use crate::texts::Text;
use crate::{DocumentError, Pointer, Span, Syntax, Warning, locate, reader};
use action::Action;
use merge::Laying;
use serde_json::Value;

/// The member that a warning's pointer begins with when it is about an overlay; no contract has it.
pub(crate) const OVERLAYS: &str = "$overlays";

/// At most so many overlays are laid over one contract.
const MOST_OVERLAYS: usize = 32;
/// At most so many actions has one overlay.
const MOST_ACTIONS: usize = 10_000;

/// An overlay that is laid over a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Name of the document, for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Why an overlay cannot be laid: where in its text.
pub(super) struct Unlaid {
    pub(super) why: String,
    pub(super) at: Pointer,
}

/// Lays overlays over a tree, in order; gives their texts, numbered from 1, and what comes from where.
pub(crate) fn lay(
    tree: &mut Value,
    overlays: &[Overlay],
    warnings: &mut Vec<Warning>,
) -> Result<(Vec<Text>, Laid), DocumentError> {
    let (mut texts, mut laid) = (Vec::new(), Laid::default());
    if let Some(over) = overlays.get(MOST_OVERLAYS) {
        let why = format!("it is one of more than {MOST_OVERLAYS} over one contract");
        return Err(DocumentError::NoOverlay { name: over.name.clone(), why, at: Span::default() });
    }
    let mut laying = Laying::new(tree, &mut laid);
    for (index, overlay) in overlays.iter().enumerate() {
        let parsed = reader::parse(&overlay.name, &overlay.bytes)?;
        let root = Pointer::root().at(OVERLAYS).index(index);
        for warning in parsed.warnings {
            warnings.push(Warning { at: root.join(&warning.at), ..warning });
        }
        let actions = actions(&parsed.tree);
        let applied = actions.and_then(|actions| {
            for action in &actions {
                for at in laying.apply(action, index + 1)? {
                    warnings.push(Warning { code: "overlay-no-effect", text: at.why, at: root.join(&at.at) });
                }
            }
            Ok(())
        });
        applied.map_err(|unlaid| located(unlaid, &overlay.name, &parsed.text, parsed.syntax))?;
        laying.laid.set(&root, index + 1, Pointer::root());
        texts.push(Text::held(overlay.name.clone(), parsed.text, parsed.syntax));
    }
    Ok((texts, laid))
}

fn located(unlaid: Unlaid, name: &str, text: &str, syntax: Syntax) -> DocumentError {
    let at = locate::span(text, syntax, &unlaid.at);
    DocumentError::NoOverlay { name: name.to_owned(), why: unlaid.why, at }
}

/// The actions of an overlay.
fn actions(tree: &Value) -> Result<Vec<Action<'_>>, Unlaid> {
    let root = Pointer::root();
    let no = |why: &str, at: Pointer| Unlaid { why: why.to_owned(), at };
    let Value::Object(members) = tree else {
        return Err(no("an object with a member `overlay` is expected", root));
    };
    let version = match members.get("overlay") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => return Err(no("it has no member `overlay` that says its version, such as `1.1.0`", root)),
    };
    let mut parts = version.split('.');
    if !matches!((parts.next(), parts.next()), (Some("1"), Some("0" | "1"))) {
        let why = format!("its version is `{version}`, and 1.0 and 1.1 are understood");
        return Err(Unlaid { why, at: root.at("overlay") });
    }
    let at = root.at("actions");
    let list = match members.get("actions") {
        Some(Value::Array(list)) if !list.is_empty() => list,
        Some(_) => return Err(no("`actions` is expected to be a list with at least one action", at)),
        None => return Err(no("it has no `actions`", root)),
    };
    if list.len() > MOST_ACTIONS {
        return Err(Unlaid { why: format!("it has more than {MOST_ACTIONS} actions"), at });
    }
    list.iter().enumerate().map(|(index, value)| Action::read(value, at.index(index))).collect()
}
