//! Answers: statuses, fields, bodies. The old contract must take what the new one may send.
//!
//! A status that nobody declared is taken as its class (RFC 9110 §15), so that a new failure breaks nothing
//! and a new success may.

use super::operation::Shapes;
use super::request::body;
use super::{Finding, Verdict};
use crate::openapi::media;
use crate::{Operation, Output, Parameter, Pointer, StatusRange};

pub(super) fn compare(old: &Operation, new: &Operation, shapes: &mut Shapes) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut statuses: Vec<StatusRange> = old.outputs.iter().map(|one| one.status).collect();
    for one in &new.outputs {
        if !statuses.contains(&one.status) {
            statuses.push(one.status);
        }
    }
    let near = |operation: &Operation| operation.at.at("responses");
    for status in statuses {
        let (before, after) = (Output::of(&old.outputs, status), Output::of(&new.outputs, status));
        match (before, after) {
            (Some(before), Some(after)) => found.extend(output(before, after, shapes)),
            (Some(before), None) => {
                let (verdict, rest) = match status {
                    _ if is_success(status) => (Verdict::Breaking, "is no longer given"),
                    StatusRange::Default => (Verdict::Unknown, "is no longer described"),
                    _ => (Verdict::Additive, "is no longer given"),
                };
                let what = format!("answer {} {rest}", word(status));
                found.push(Finding::new(verdict, "status-removed", what).old(&before.at).new_at(&near(new)));
            }
            (None, Some(after)) => {
                let verdict = match status {
                    StatusRange::Exact(400..=599) | StatusRange::Class(4 | 5) => Verdict::Additive,
                    _ => Verdict::Unknown,
                };
                let what = format!("answer {} is new", word(status));
                found.push(Finding::new(verdict, "status-added", what).old(&near(old)).new_at(&after.at));
            }
            (None, None) => {}
        }
    }
    found
}

fn is_success(status: StatusRange) -> bool {
    matches!(status, StatusRange::Exact(200..=299) | StatusRange::Class(2))
}

fn word(status: StatusRange) -> String {
    match status {
        StatusRange::Exact(status) => status.to_string(),
        StatusRange::Class(class) => format!("{class}XX"),
        StatusRange::Default => "default".to_owned(),
    }
}

fn output(old: &Output, new: &Output, shapes: &mut Shapes) -> Vec<Finding> {
    let status = word(new.status);
    let mut found = Vec::new();
    let mut tell = |verdict, rule, what: String, old: &Pointer, new: &Pointer| {
        found.push(Finding::new(verdict, rule, what).old(old).new_at(new));
    };
    let stays = old.bodies.iter().any(|before| media::select(&new.bodies, &before.media).is_some());
    for before in old.bodies.iter().filter(|before| media::select(&new.bodies, &before.media).is_none()) {
        let what = format!("answer {status}: `{}` is no longer sent", before.media);
        tell(Verdict::Breaking, "media-type-removed", what, &before.at, &new.at);
    }
    for after in &new.bodies {
        if media::select(&old.bodies, &after.media).is_some() {
            continue;
        }
        // Where what was there stays, whoever does not ask for the new one does not get it (RFC 9110 §12).
        let (verdict, rest) = if stays {
            (Verdict::Additive, "may be asked for")
        } else {
            (Verdict::Unknown, "is sent where none was declared")
        };
        if old.bodies.is_empty() || stays {
            tell(
                verdict,
                "media-type-added",
                format!("answer {status}: `{}` {rest}", after.media),
                &old.at,
                &after.at,
            );
        }
    }
    for before in &old.bodies {
        if let Some(after) = media::select(&new.bodies, &before.media) {
            found.extend(body(before, after, shapes));
        }
    }
    found.extend(fields(&status, old, new, shapes));
    found
}

fn fields(status: &str, old: &Output, new: &Output, shapes: &mut Shapes) -> Vec<Finding> {
    let mut found = Vec::new();
    let named =
        |all: &[Parameter], name: &str| all.iter().find(|one| one.name.eq_ignore_ascii_case(name)).cloned();
    for before in &old.fields {
        let name = format!("answer {status}: field `{}`", before.name);
        let Some(after) = named(&new.fields, &before.name) else {
            let (verdict, rest) = if before.required {
                (Verdict::Breaking, "is gone, and was always there")
            } else {
                (Verdict::Unknown, "is no longer declared")
            };
            let one = Finding::new(verdict, "field-removed", format!("{name} {rest}"));
            found.push(one.old(&before.at).new_at(&new.at));
            continue;
        };
        let mut tell = |verdict, rule, what: String| {
            found.push(Finding::new(verdict, rule, what).old(&before.at).new_at(&after.at));
        };
        match (before.required, after.required) {
            (true, false) => tell(Verdict::Breaking, "field-optional", format!("{name} may be missing now")),
            (false, true) => tell(Verdict::Additive, "field-required", format!("{name} is always there now")),
            _ => {}
        }
        if let Some((verdict, what)) = super::request::written(&after, before) {
            tell(verdict, "field-style", format!("{name} {what}"));
        }
        let text = before.content.is_none();
        found.extend(
            shapes
                .compare(&before.shape, &after.shape, text)
                .into_iter()
                .map(|one| Finding { what: format!("{name} {}", one.what), ..one }),
        );
    }
    for after in new.fields.iter().filter(|after| named(&old.fields, &after.name).is_none()) {
        let what = format!("answer {status}: field `{}` is new", after.name);
        found.push(Finding::new(Verdict::Additive, "field-added", what).old(&old.at).new_at(&after.at));
    }
    found
}
