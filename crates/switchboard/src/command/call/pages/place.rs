//! A parameter of a request that is ready: read, and set to another value. All else of the request stays as it is.

use super::super::draft::Draft;
use super::super::free;
use super::super::payload::Payload;
use contract::In;
use contract::paging::Slot;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What the parameter is in the request; none: it is not there.
pub(super) fn get(draft: &Draft, slot: &Slot) -> Option<String> {
    if slot.place == In::Body {
        return match json(draft)?.get(&slot.name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
    }
    let value = draft.query.as_deref()?.split('&').find_map(|pair| value_of(pair, &slot.name))?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

/// Sets the parameter.
pub(super) fn set(draft: &mut Draft, slot: &Slot, value: &str) {
    if slot.place == In::Body {
        let mut body = json(draft).unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        // What was a number stays one.
        let number = body.get(&slot.name).is_some_and(Value::is_number).then(|| value.parse::<u64>().ok());
        if let Some(members) = body.as_object_mut() {
            members.insert(slot.name.clone(), number.flatten().map_or_else(|| value.into(), Value::from));
            draft.payload = Payload::Held(body.to_string().into());
        }
        return;
    }
    let new = free::pair(&slot.name, value);
    let old = draft.query.as_deref().unwrap_or_default();
    let kept = old.split('&').filter(|pair| !pair.is_empty() && value_of(pair, &slot.name).is_none());
    let all: Vec<&str> = kept.chain([new.as_str()]).collect();
    draft.query = Some(all.join("&"));
}

fn value_of<'p>(pair: &'p str, name: &str) -> Option<&'p str> {
    let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
    (percent_decode_str(own).decode_utf8_lossy() == name).then_some(value)
}

fn json(draft: &Draft) -> Option<Value> {
    serde_json::from_slice(draft.payload.held()?).ok()
}
