//! Requests: parameters and bodies. The new contract must take what the old one took.

use super::operation::Shapes;
use super::{Finding, Verdict};
use crate::openapi::media;
use crate::{Body, Codec, In, Kind, Operation, Parameter, Style};

pub(super) fn compare(old: &Operation, new: &Operation, shapes: &mut Shapes) -> Vec<Finding> {
    let mut found = Vec::new();
    // What a parameter of the path is called is not on the wire: it is found by its place in the path.
    let path =
        |operation: &Operation, name: &str| operation.template().names().position(|known| known == name);
    let same = |one: &Parameter, other: &Parameter| match (one.place, other.place) {
        (In::Path, In::Path) => path(old, &one.name) == path(new, &other.name),
        (In::Header, In::Header) => one.name.eq_ignore_ascii_case(&other.name),
        (one_place, other_place) => one_place == other_place && one.name == other.name,
    };
    for before in &old.parameters {
        if let Some(after) = new.parameters.iter().find(|after| same(before, after)) {
            found.extend(parameter(before, after, shapes));
            continue;
        }
        let name = format!("{} parameter `{}`", before.place, before.name);
        let elsewhere = new.parameters.iter().find(|after| {
            after.name == before.name && !old.parameters.iter().any(|known| same(known, after))
        });
        found.push(if let Some(after) = elsewhere {
            let what = format!("{name} goes to the {} now", after.place);
            Finding::new(Verdict::Breaking, "parameter-moved", what).old(&before.at).new_at(&after.at)
        } else {
            let what = format!("{name} is no longer declared");
            Finding::new(Verdict::Unknown, "parameter-removed", what).old(&before.at).new_at(&new.at)
        });
    }
    for after in &new.parameters {
        let known = old.parameters.iter().any(|before| same(before, after));
        let moved = !after.required
            && old.parameters.iter().any(|before| {
                before.name == after.name && !new.parameters.iter().any(|one| same(before, one))
            });
        if known || moved {
            continue;
        }
        let name = format!("{} parameter `{}`", after.place, after.name);
        let (verdict, rule, what) = if after.required {
            (Verdict::Breaking, "parameter-required", format!("{name} is new and must be there"))
        } else {
            (Verdict::Additive, "parameter-added", format!("{name} is new and may be left out"))
        };
        found.push(Finding::new(verdict, rule, what).old(&old.at).new_at(&after.at));
    }
    found.extend(bodies(old, new, shapes));
    found
}

/// A parameter that stayed.
fn parameter(old: &Parameter, new: &Parameter, shapes: &mut Shapes) -> Vec<Finding> {
    let name = format!("{} parameter `{}`", old.place, old.name);
    let mut found = Vec::new();
    let mut tell = |verdict, rule, what: String| {
        found.push(Finding::new(verdict, rule, what).old(&old.at).new_at(&new.at));
    };
    if old.place == In::Path && old.name != new.name {
        tell(Verdict::Neutral, "parameter-name", format!("{name} is called `{}`", new.name));
    }
    match (old.required, new.required) {
        (false, true) => tell(Verdict::Breaking, "parameter-required", format!("{name} must be there now")),
        (true, false) => tell(Verdict::Additive, "parameter-optional", format!("{name} may be left out now")),
        _ => {}
    }
    if let Some((verdict, what)) = written(old, new) {
        tell(verdict, "parameter-style", format!("{name} {what}"));
    }
    if old.deprecated != new.deprecated {
        let is = if new.deprecated { "is" } else { "is no longer" };
        tell(Verdict::Neutral, "deprecated", format!("{name} {is} announced as going away"));
    }
    let text = old.content.is_none();
    found.extend(
        shapes
            .compare(&old.shape, &new.shape, text)
            .into_iter()
            .map(|one| Finding { what: format!("{name} {}", one.what), ..one }),
    );
    found
}

/// How the value is written, where that changed for a value that both take.
pub(super) fn written(old: &Parameter, new: &Parameter) -> Option<(Verdict, String)> {
    if old.content != new.content {
        return Some((Verdict::Breaking, "is written in another format".to_owned()));
    }
    if old.content.is_some()
        || (old.style == new.style && old.explode == new.explode && old.reserved == new.reserved)
    {
        return None;
    }
    // A single value looks the same in these (OpenAPI 3.1 Parameter Object, *Style Examples*).
    let plain =
        |style: Style| !matches!(style, Style::Label | Style::Matrix | Style::DeepObject | Style::Cookie);
    let single = |one: &Parameter| {
        matches!(one.shape.kind(), Kind::Boolean | Kind::Integer | Kind::Number | Kind::String)
    };
    let many = |one: &Parameter| matches!(one.shape.kind(), Kind::Array | Kind::Object);
    let styles_differ = old.style != new.style || old.explode != new.explode;
    if single(old) && (!styles_differ || (plain(old.style) && plain(new.style)) || old.style == new.style) {
        return (old.reserved != new.reserved)
            .then(|| (Verdict::Unknown, "has other rules for reserved characters".to_owned()));
    }
    let says = |one: &Parameter| format!("{:?}{}", one.style, if one.explode { ", exploded" } else { "" });
    let what = format!("was written as {}, is written as {}", says(old), says(new));
    let sure = styles_differ && (many(old) || !(plain(old.style) && plain(new.style)));
    Some((if sure { Verdict::Breaking } else { Verdict::Unknown }, what))
}

fn bodies(old: &Operation, new: &Operation, shapes: &mut Shapes) -> Vec<Finding> {
    let mut found = Vec::new();
    let at = |operation: &Operation| operation.at.at("requestBody");
    for before in &old.input {
        let Some(after) = media::select(&new.input, &before.media) else {
            let what = format!("a request body of `{}` is no longer taken", before.media);
            found.push(Finding::new(Verdict::Breaking, "body-removed", what).old(&before.at).new_at(&new.at));
            continue;
        };
        found.extend(body(before, after, shapes));
    }
    for after in new.input.iter().filter(|after| media::select(&old.input, &after.media).is_none()) {
        let what = format!("a request body of `{}` is taken", after.media);
        found.push(Finding::new(Verdict::Additive, "body-added", what).new_at(&after.at));
    }
    match (old.input_required, new.input_required) {
        (false, true) => {
            let one = Finding::new(Verdict::Breaking, "body-required", "a request body must be there now");
            found.push(one.old(&at(old)).new_at(&at(new)));
        }
        (true, false) if !new.input.is_empty() => {
            let one = Finding::new(Verdict::Additive, "body-optional", "a request body may be left out now");
            found.push(one.old(&at(old)).new_at(&at(new)));
        }
        _ => {}
    }
    found
}

/// Two bodies of one media type: their schemas, and how their parts are written.
pub(super) fn body(old: &Body, new: &Body, shapes: &mut Shapes) -> Vec<Finding> {
    let mut found = shapes.compare(&old.shape, &new.shape, old.codec != Codec::Json);
    let says = |body: &Body| {
        let part = |part: &crate::Part| {
            let mut media = part.media.clone();
            media.sort_unstable();
            let fields: Vec<&str> = part.fields.iter().map(|field| field.name.as_str()).collect();
            format!("{} {media:?} {:?} {fields:?}", part.name, part.style)
        };
        let mut parts: Vec<String> = body.parts.iter().map(part).collect();
        parts.sort_unstable();
        parts
    };
    if says(old) != says(new) {
        let what = format!("the parts of `{}` are written differently", old.media);
        found.push(Finding::new(Verdict::Unknown, "encoding", what).old(&old.at).new_at(&new.at));
    }
    found
}
