//! The members of a question: what the contract does not name is refused by name, and of what is wrong it is said which it is.

use super::CONTRACT;
use crate::command::nearest;
use crate::drive::socket::{Reply, Route, problem};
use crate::exit::Failure;
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::LazyLock;

/// So much of what was sent is repeated.
const SHOWN: usize = 300;

/// What each question may have, in the order of the contract.
static KNOWN: LazyLock<HashMap<Route, Vec<String>>> = LazyLock::new(|| {
    let contract: Value = serde_json::from_str(CONTRACT).unwrap_or_default();
    Route::ALL.into_iter().map(|route| (route, members(&contract, route))).collect()
});

fn members(contract: &Value, route: Route) -> Vec<String> {
    let (method, path, _) = route.row();
    let operation = &contract["paths"][path][method.as_str().to_lowercase()];
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.filter_map(|known| known["name"].as_str());
    let body = &operation["requestBody"]["content"]["application/json"]["schema"]["properties"];
    let body = body.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    parameters.chain(body).map(str::to_owned).collect()
}

/// Refuses what has a member that the contract does not name.
pub(super) fn check(route: Route, question: &Value) -> Result<(), String> {
    let known = KNOWN.get(&route).map(Vec::as_slice).unwrap_or_default();
    let unknown = |name: &&String| !known.contains(name);
    let Some(name) = question.as_object().and_then(|members| members.keys().find(unknown)) else {
        return Ok(());
    };
    let near = nearest(name, known.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
    let list = || match known {
        [] => "it has no members".to_owned(),
        _ => {
            format!("it has {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    };
    let help = near.unwrap_or_else(list);
    Err(format!("this question has no member `{}`: {help}", shortened(name)))
}

/// Reads the members.
pub(super) fn read<T: DeserializeOwned>(question: &Value) -> Result<T, String> {
    serde_path_to_error::deserialize(question).map_err(|error| {
        let (path, words) = (error.path().to_string(), error.inner().to_string());
        // A member that is missing has no place; its name is in the words.
        let place = if path == "." { String::new() } else { format!("`{path}`: ") };
        format!("{place}{}", shortened(&words))
    })
}

/// A question that cannot be answered as it is.
pub(super) fn bad(words: &str) -> Reply {
    problem(StatusCode::BAD_REQUEST, words)
}

/// A failure in one line, with what to do.
pub(super) fn in_words(failure: &Failure) -> String {
    let help = failure.help.as_deref().map(|help| format!(": {help}")).unwrap_or_default();
    shortened(&format!("{}{help}", failure.message))
}

/// The beginning of a text that somebody sent.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, check, read};
    use crate::drive::socket::Route;
    use serde_json::json;

    #[test]
    fn every_question_has_the_members_that_its_contract_names() {
        let of = |route: Route| KNOWN[&route].join(" ");
        assert_eq!(of(Route::Explain), "method target caller fields");
        assert_eq!(of(Route::Board), "name revision");
        assert_eq!(of(Route::Health), "");
        assert!(check(Route::Board, &json!({ "name": "a", "revision": "b" })).is_ok());
        assert!(check(Route::Flush, &json!({ "now": true })).is_err());
    }

    #[test]
    fn what_was_sent_is_repeated_in_part_only() {
        let long = "x".repeat(1 << 20);
        assert!(read::<u32>(&json!(long)).unwrap_err().len() < 500);
        assert!(check(Route::Board, &json!({ long.clone(): 1 })).unwrap_err().len() < 500);
    }
}
