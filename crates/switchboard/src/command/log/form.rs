//! How `log` prints: as every listing, or as an HTTP Archive.

use crate::output::listing::{Layout, Listing};
use clap::ValueEnum;
use clap::builder::PossibleValue;

/// `--format` of `log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As every listing.
    As(Layout),
    /// HAR 1.2.
    Har,
}

impl Form {
    /// The listing's format; of an archive that of its rows.
    pub(super) const fn listing(self) -> Listing {
        match self {
            Self::As(format) => Listing { format },
            Self::Har => Listing { format: Layout::Json },
        }
    }
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::As(Layout::Text),
            Self::As(Layout::Json),
            Self::As(Layout::Ndjson),
            Self::As(Layout::Yaml),
            Self::As(Layout::Table),
            Self::As(Layout::Csv),
            Self::Har,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::As(layout) => layout.to_possible_value(),
            Self::Har => Some(PossibleValue::new("har").help("An HTTP Archive (HAR 1.2) of what was kept")),
        }
    }
}
