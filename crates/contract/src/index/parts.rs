//! How each part of a contract is kept: operations, parameters, bodies, security, servers, warnings.

use super::kept::{Input, Kept, Out, kept, kept_words};
use crate::{
    Bind, Body, Codec, Fixed, Flow, FlowKind, In, Operation, OperationId, Output, Parameter, Part,
    PathTemplate, Pointer, Repeat, Requirement, SchemeKind, Security, SecurityScheme, Server, ServerVariable,
    StatusRange, Style, Syntax, Warning,
};
use http::{HeaderName, Method};

kept!(Operation {
    id,
    at,
    bind,
    summary,
    tags,
    deprecated,
    parameters,
    input,
    input_required,
    outputs,
    security,
    description,
    servers,
    repeat,
    fixed,
    paging,
});
kept!(Parameter {
    place,
    name,
    required,
    deprecated,
    description,
    shape,
    style,
    explode,
    reserved,
    empty,
    content,
    at,
});
kept!(Fixed { place, name, value });
kept!(Part { name, media, style, fields });
kept!(Body { media, codec, shape, items, parts, at });
kept!(Output { status, fields, bodies, at });
kept!(Requirement { scheme, scopes });
kept!(SecurityScheme { name, kind, at });
kept!(Flow { kind, authorization_url, token_url, refresh_url, device_url, scopes });
kept!(Server { url, description, variables, at });
kept!(ServerVariable { name, default, choices });

kept_words!(In { Path, Query, Header, Cookie, Body, Status });
kept_words!(Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    TabDelimited,
    PipeDelimited,
    DeepObject,
    Cookie,
    Whole,
});
kept_words!(Codec { Json, Form, Multipart, Xml, Text, Opaque });
kept_words!(FlowKind { Implicit, Password, ClientCredentials, AuthorizationCode, DeviceAuthorization });
kept_words!(Syntax { Json, Yaml });

/// What warnings can be called. A contract that has a warning with another code is not kept.
pub(super) const CODES: &[&str] = &[
    "duplicate-media-type",
    "duplicate-member",
    "duplicate-method",
    "duplicate-operation-id",
    "duplicate-parameter",
    "keyword-not-enforced",
    "media-type",
    "member-missing",
    "member-unknown",
    "method",
    "no-responses",
    "not-a-list",
    "not-an-object",
    "operation-id",
    "overlay-no-effect",
    "paging-extension",
    "parameter-name",
    "parameter-place",
    "parameter-undeclared",
    "parameter-unused",
    "parameter-without-name",
    "parameter-without-schema",
    "path-template",
    "path-without-slash",
    "pattern-not-enforced",
    "reference-nowhere",
    "reference-outside",
    "schema-not-an-object",
    "schema-not-enforced",
    "security",
    "security-scheme",
    "server",
    "server-variable",
    "status",
    "style",
];

impl Kept for Pointer {
    fn put(&self, out: &mut Out) {
        out.text(self.as_str());
    }

    fn take(from: &mut Input) -> Option<Self> {
        Self::parse(from.text()?)
    }
}

impl Kept for OperationId {
    fn put(&self, out: &mut Out) {
        out.text(self.as_str());
    }

    fn take(from: &mut Input) -> Option<Self> {
        from.text().map(Self::new)
    }
}

impl Kept for Bind {
    fn put(&self, out: &mut Out) {
        let Self::Path { method, template } = self;
        out.text(method.as_str());
        out.text(template.as_str());
    }

    fn take(from: &mut Input) -> Option<Self> {
        let method = Method::from_bytes(from.text()?.as_bytes()).ok()?;
        Some(Self::Path { method, template: PathTemplate::parse(from.text()?).ok()? })
    }
}

impl Kept for Repeat {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Safe => out.number(0),
            Self::Idempotent => out.number(1),
            Self::Never => out.number(2),
            Self::WithKey(name) => {
                out.number(3);
                out.text(name.as_str());
            }
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::Safe,
            1 => Self::Idempotent,
            2 => Self::Never,
            3 => Self::WithKey(HeaderName::from_bytes(from.text()?.as_bytes()).ok()?),
            _ => return None,
        })
    }
}

impl Kept for StatusRange {
    fn put(&self, out: &mut Out) {
        out.number(match self {
            Self::Default => 0,
            Self::Class(class) => u64::from(*class),
            Self::Exact(status) => u64::from(*status),
        });
    }

    fn take(from: &mut Input) -> Option<Self> {
        let number = u16::try_from(from.number()?).ok()?;
        Some(match (number, u8::try_from(number)) {
            (0, _) => Self::Default,
            (1..=5, Ok(class)) => Self::Class(class),
            (100..=599, _) => Self::Exact(number),
            _ => return None,
        })
    }
}

impl Kept for Security {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        Vec::take(from).map(Self)
    }
}

impl Kept for SchemeKind {
    fn put(&self, out: &mut Out) {
        match self {
            Self::Basic => out.number(0),
            Self::Bearer => out.number(1),
            Self::MutualTls => out.number(2),
            Self::ApiKey { place, name } => {
                out.number(3);
                place.put(out);
                name.put(out);
            }
            Self::Http(scheme) => {
                out.number(4);
                scheme.put(out);
            }
            Self::OAuth2(flows) => {
                out.number(5);
                flows.put(out);
            }
            Self::OpenIdConnect(url) => {
                out.number(6);
                url.put(out);
            }
        }
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(match from.number()? {
            0 => Self::Basic,
            1 => Self::Bearer,
            2 => Self::MutualTls,
            3 => Self::ApiKey { place: Kept::take(from)?, name: Kept::take(from)? },
            4 => Self::Http(Kept::take(from)?),
            5 => Self::OAuth2(Kept::take(from)?),
            6 => Self::OpenIdConnect(Kept::take(from)?),
            _ => return None,
        })
    }
}

impl Kept for Warning {
    fn put(&self, out: &mut Out) {
        out.count(CODES.iter().position(|code| *code == self.code).unwrap_or(CODES.len()));
        self.text.put(out);
        self.at.put(out);
    }

    fn take(from: &mut Input) -> Option<Self> {
        Some(Self { code: CODES.get(from.count()?)?, text: Kept::take(from)?, at: Kept::take(from)? })
    }
}

#[cfg(test)]
mod tests {
    use super::CODES;

    /// The first text after each place of `before` in `source`.
    fn after<'s>(source: &'s str, before: &str) -> Vec<&'s str> {
        let rests = source.match_indices(before).map(|(at, _)| source[at + before.len()..].trim_start());
        rests.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test that reads this room's own files")]
    fn every_code_that_a_warning_is_given_can_be_kept() {
        let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut met = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                // Here stand the words that are looked for.
                if path.ends_with("index/parts.rs") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).unwrap();
                // Violations have codes of their own, and no `warn(`.
                let codes = ["warn(", "Warning { code:", ".tell("].map(|before| after(&source, before));
                for code in codes.concat() {
                    met += 1;
                    assert!(CODES.contains(&code), "{}: `{code}` is not in the list", path.display());
                }
            }
        }
        assert!(met > 20, "the places where codes are given look different now: {met}");
    }
}
