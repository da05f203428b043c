//! The texts that a board was made from, so that what runs can be compared with what is written.
//!
//! Files of the board, contracts with what they refer to, overlays, terms, certificates and authorities. Never what a secret lies in:
//! a board's files hold references to secrets, and the files that those name are not kept.

use crate::Board;
use crate::tree::SourceFile;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// What a board was made from beside its contracts, which keep their texts themselves.
#[derive(Clone, Default)]
pub(crate) struct MadeOf {
    /// The board's file, and the one laid over it.
    pub(crate) files: Vec<Arc<SourceFile>>,
    /// Certificates and authorities, by the name that the board gives them.
    pub(crate) papers: Vec<(String, Arc<[u8]>)>,
}

impl fmt::Debug for MadeOf {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("MadeOf").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

/// The certificates in a file of PEM (RFC 7468 §5): a private key may stand beside them, and is left out.
pub(crate) fn certificates(bytes: &[u8]) -> Arc<[u8]> {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let text = String::from_utf8_lossy(bytes);
    let blocks = text.split(BEGIN).skip(1).filter_map(|rest| Some(rest.split_once(END)?.0));
    let kept = blocks.fold(String::new(), |kept, block| kept + BEGIN + block + END + "\n");
    kept.into_bytes().into()
}

impl Board {
    /// Every text it was made from, once each, by its name: a path relative to the board's folder, or a URL. The board's own
    /// files come first. No text of a secret is among them.
    pub fn texts(&self) -> Vec<(&str, &[u8])> {
        let own = self.made_of.files.iter().map(|file| (&*file.name, file.text.as_bytes()));
        let papers = self.made_of.papers.iter().map(|(name, bytes)| (name.as_str(), &**bytes));
        let terms = self.plans.iter().filter_map(|plan| {
            let terms = plan.terms.as_ref()?;
            Some((terms.address.as_str(), terms.text.as_ref()?.as_bytes()))
        });
        let contracts = self.apis.iter().filter_map(|api| api.contract.as_ref());
        let read =
            contracts.flat_map(|contract| contract.texts()).map(|(name, text)| (name, text.as_bytes()));
        let mut seen = HashSet::new();
        own.chain(papers).chain(terms).chain(read).filter(|(name, _)| seen.insert(*name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::certificates;

    #[test]
    fn a_private_key_beside_a_certificate_is_not_kept() {
        let certificate = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        let both = format!("{key}{certificate}text between\n{certificate}{key}");
        assert_eq!(&*certificates(both.as_bytes()), format!("{certificate}{certificate}").as_bytes());
        assert!(certificates(key.as_bytes()).is_empty());
        assert!(certificates(b"-----BEGIN CERTIFICATE-----\nno end").is_empty());
    }
}
