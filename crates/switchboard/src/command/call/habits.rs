//! What HTTPie says with flags of its own: how items become a body, and a body as it is.
//!
//! curl's flags keep curl's meaning, so HTTPie's `--form` has another name here: `--urlencoded`.

use super::wanted::Wanted;
use crate::exit::Failure;

/// Arguments about the body that items make.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Habits {
    /// Items are a form, not JSON (HTTPie's `--form`)
    #[arg(long, conflicts_with = "multipart")]
    urlencoded: bool,
    /// Items are a form in parts, also without a file
    #[arg(long)]
    multipart: bool,
    /// This text is the whole body
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with_all = ["urlencoded", "multipart"])]
    raw: Option<String>,
}

/// What items become where no contract says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Shape {
    /// JSON, or a form in parts where a file is among them.
    #[default]
    Json,
    /// A form (HTML standard, `application/x-www-form-urlencoded`).
    Urlencoded,
    /// A form in parts (RFC 7578).
    Multipart,
}

impl Habits {
    /// Puts them to the other wishes.
    pub(super) fn put(&self, wanted: &mut Wanted) -> Result<(), Failure> {
        wanted.shape = match (self.urlencoded, self.multipart) {
            (true, _) => Shape::Urlencoded,
            (_, true) => Shape::Multipart,
            _ => Shape::Json,
        };
        wanted.raw.clone_from(&self.raw);
        if wanted.raw.is_some() && !(wanted.data.is_empty() && wanted.parts.is_empty()) {
            return Err(Failure::usage("`--raw` is the whole body, and `-d` and `-F` are one, too"));
        }
        Ok(())
    }
}
