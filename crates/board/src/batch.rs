//! `[apis.NAME.batch.OPERATION]`: the operation that takes many of what another takes one of.
//!
//! ```toml
//! [apis.orders.batch.createOrder]   # rows of this operation
//! by    = "createOrders"            # go by this one
//! most  = 100                       # so many in one call
//! ```
//!
//! `items` names the member of its body that is the list, and `results` the one of its answer; left out, a body or answer that
//! is a list, or has one, is understood. Results stand in the order of the rows.

use crate::keys::{Keys, Text};
use crate::report::{Problem, closest};
use crate::scope::{Scope, Sheet};
use crate::{ApiName, code};
use contract::{Codec, Kind, Operation, OperationId, Shape};
use std::sync::Arc;

/// Items in one call where nobody says.
const MOST: u32 = 100;
/// Items in one call at most: they are held together.
const LARGEST: u32 = 1_000;

/// How rows of an operation are sent together.
#[derive(Clone, Debug)]
pub struct BatchOperation {
    /// The operation that rows are of.
    pub of: OperationId,
    /// The operation that takes many.
    pub by: Arc<Operation>,
    /// Items in one call; at least 1.
    pub most: u32,
    /// The member of its body that is the list; none: the body is.
    pub items: Option<String>,
    /// The member of its answer that is the list of results; none: the answer is, or its only list.
    pub results: Option<String>,
}

/// Resolves `batch` of an API; one with a fault is left out after its fault was told.
pub(crate) fn resolve(
    api: &Keys<'_, '_>,
    name: &ApiName,
    sheet: Option<&Sheet>,
    scope: &Scope<'_>,
) -> Vec<BatchOperation> {
    let members = api.members("batch");
    let mut made = Vec::new();
    for (of, entry) in members {
        let whole = format!("[apis.{name}.batch.{of}]");
        let known = ["by", "most", "items", "results"];
        let Some(keys) = Keys::open(whole, entry, &known, &[], scope.report) else { continue };
        let Some(sheet) = sheet else {
            scope.report.add(
                Problem::error(&code::BAD_BATCH, format!("`{name}` has no contract that knows `{of}`"))
                    .at(&entry.key, "an operation of a contract")
                    .help(format!("give `[apis.{name}]` a `contract`")),
            );
            continue;
        };
        let Some(by) = keys.text("by") else {
            keys.missing("by", "\"createOrders\"");
            continue;
        };
        let row = named(Text { text: of, at: &entry.key }, sheet, scope);
        let (Some(row), Some(by_operation)) = (row, named(by, sheet, scope)) else { continue };
        let most = keys.number("most", LARGEST).unwrap_or(MOST).max(1);
        let told = keys.text("items").map(|text| text.text.to_owned());
        let Some(items) = list(&by_operation, told.as_deref()) else {
            let what = told.map_or_else(|| "no list".to_owned(), |told| format!("no list `{told}`"));
            scope.report.add(
                Problem::error(
                    &code::BAD_BATCH,
                    format!("the body of `{}` has {what} to put rows into", by.text),
                )
                .at(by.at, "this operation")
                .help("name the member of its JSON body that is the list: `items = \"…\"`"),
            );
            continue;
        };
        let results = keys.text("results").map(|text| text.text.to_owned());
        made.push(BatchOperation { of: row.id.clone(), by: by_operation, most, items, results });
    }
    made
}

/// The operation of this id, or a problem with a suggestion.
fn named(Text { text, at }: Text<'_>, sheet: &Sheet, scope: &Scope<'_>) -> Option<Arc<Operation>> {
    if let Some(found) = sheet.contract.operation(text) {
        return Some(Arc::clone(found));
    }
    let problem = Problem::error(&code::BAD_BATCH, format!("the contract has no operation `{text}`"));
    let problem = problem.at(at, "this one");
    let names = sheet.contract.operations.iter().map(|known| known.id.as_str());
    scope.report.add(match closest(text, names) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem.help("list them: `switchboard contract operations FILE`"),
    });
    None
}

/// Where the list stands in a body: `Some(None)`, the body is it; `None`, there is none.
#[expect(clippy::option_option, reason = "no list, the whole, or a member: three answers")]
fn list(operation: &Operation, told: Option<&str>) -> Option<Option<String>> {
    let shape: &Shape = &operation.input.iter().find(|body| body.codec == Codec::Json)?.shape;
    let members = || shape.members().iter().filter(|member| member.shape.kind() == Kind::Array);
    match told {
        Some(told) => members().find(|member| member.name == told).map(|member| Some(member.name.clone())),
        None if shape.kind() == Kind::Array => Some(None),
        None => {
            let mut lists = members();
            let only = lists.next().filter(|_| lists.next().is_none())?;
            Some(Some(only.name.clone()))
        }
    }
}
