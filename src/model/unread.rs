//! The unreadable and missing parts of a registry's answer about a release. Neither ever counts as "no".

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What of a release could not be read, by its place in the observation, each with the reason, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Unread(pub BTreeMap<String, String>);

/// The places of the registry's own statements about a release. The registry writes them itself: a publisher cannot
/// make them unreadable through the content of a manifest.
const STATEMENTS: [&str; 7] = [
    Unread::RELEASE,
    Unread::VERSION,
    Unread::PUBLISHER,
    Unread::AUTH,
    Unread::FILES,
    Unread::ATTESTATION,
    Unread::SIGNATURES,
];

impl Unread {
    /// The whole entry of the release.
    pub const RELEASE: &'static str = "release";
    /// The version that the entry names.
    pub const VERSION: &'static str = "version";
    /// The publish time.
    pub const TIME: &'static str = "published_at";
    /// The publisher.
    pub const PUBLISHER: &'static str = "publisher";
    /// The publisher's address.
    pub const EMAIL: &'static str = "publisher.email";
    /// The publishing method.
    pub const AUTH: &'static str = "auth";
    /// The approving person.
    pub const APPROVER: &'static str = "auth.approved_by";
    /// The registration of a trusted publisher.
    pub const REGISTRATION: &'static str = "auth.config_id";
    /// The files or their digests.
    pub const FILES: &'static str = "files";
    /// The version of single files.
    pub const FILE_VERSION: &'static str = "files.version";
    /// The upload time of single files.
    pub const UPLOADED: &'static str = "files.uploaded_at";
    /// Whether files can be installed.
    pub const YANKED: &'static str = "files.yanked";
    /// Whether there is an attestation.
    pub const ATTESTATION: &'static str = "attestation";
    /// The registry's own signatures.
    pub const SIGNATURES: &'static str = "signatures";
    /// Maintainers or owners.
    pub const MAINTAINERS: &'static str = "maintainers";
    /// The whole manifest.
    pub const MANIFEST: &'static str = "manifest";
    /// The repository that it names.
    pub const REPOSITORY: &'static str = "manifest.repository";
    /// The commit that it names. No detector compares it.
    pub const COMMIT: &'static str = "manifest.git_head";
    /// Its scripts at installation.
    pub const SCRIPTS: &'static str = "manifest.install_scripts";
    /// Its dependencies.
    pub const DEPENDENCIES: &'static str = "manifest.dependencies";
    /// Its optional dependencies.
    pub const OPTIONAL: &'static str = "manifest.optional_dependencies";
    /// The registry's publishing rules for the package.
    pub const PUBLISHING: &'static str = "facts.publishing";

    /// Whether everything was readable.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Records why a place could not be read. The first reason for a place counts.
    pub fn because(&mut self, place: &str, why: impl Into<String>) {
        self.0.entry(place.to_owned()).or_insert_with(|| why.into());
    }

    /// The value that was read, or nothing and the reason.
    pub fn noted<T>(&mut self, place: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.because(place, why)).ok()
    }

    /// The reason why a place could not be read.
    pub fn of(&self, place: &str) -> Option<&str> {
        self.0.get(place).map(String::as_str)
    }

    /// The unreadable statements of the registry about the release.
    pub fn statements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(place, _)| STATEMENTS.contains(place))
    }

    /// The unreadable parts of the manifest.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(|(place, _)| is_claim(place))
    }

    /// The reasons why a release does not count as checked: every unreadable value that the baseline compares.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.iter().filter(|(place, _)| *place != Self::COMMIT).map(|(_, why)| why)
    }

    /// Whether an unreadable part may hide the release's evidence.
    pub fn hides_evidence(&self) -> bool {
        const EVIDENCE: [&str; 6] =
            [Unread::RELEASE, Unread::VERSION, Unread::AUTH, Unread::FILES, Unread::ATTESTATION, Unread::SIGNATURES];
        self.iter().any(|(place, _)| EVIDENCE.contains(&place))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(place, why)| (place.as_str(), why.as_str()))
    }
}

fn is_claim(place: &str) -> bool {
    place.split('.').next() == Some(Unread::MANIFEST)
}

/// What a registry's document may tell of a release besides its content, and a mirror may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Aspect {
    /// Who published, or that a trusted publisher did.
    Account,
    /// Whether there is an attestation.
    Attestation,
    /// The registry's own signature.
    Signature,
    /// The owners or maintainers.
    Owners,
    /// What the release says of itself.
    Manifest,
    /// When it was published.
    Time,
}

impl Aspect {
    /// All aspects.
    pub const ALL: [Self; 6] =
        [Self::Account, Self::Attestation, Self::Signature, Self::Owners, Self::Manifest, Self::Time];

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Attestation => "attestation",
            Self::Signature => "signature",
            Self::Owners => "owners",
            Self::Manifest => "manifest",
            Self::Time => "time",
        }
    }

    /// Its name, for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Account => "the account that published",
            Self::Attestation => "the attestation",
            Self::Signature => "the registry's signature",
            Self::Owners => "the owners",
            Self::Manifest => "the manifest",
            Self::Time => "the publish time",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_registry_states_is_told_from_what_the_author_claims() {
        let mut unread = Unread::default();
        unread.because(Unread::SCRIPTS, "its scripts: a");
        unread.because(Unread::COMMIT, "its gitHead: b");
        assert!(!unread.hides_evidence());
        unread.because(Unread::PUBLISHER, "its _npmUser: c");
        unread.because(Unread::PUBLISHER, "another");
        assert!(!unread.hides_evidence());
        unread.because(Unread::FILES, "its dist: d");
        assert!(unread.hides_evidence());
        assert_eq!(
            unread.statements().collect::<Vec<_>>(),
            [("files", "its dist: d"), ("publisher", "its _npmUser: c")]
        );
        assert_eq!(unread.claims().count(), 2);
        assert_eq!(unread.reasons().collect::<Vec<_>>(), ["its dist: d", "its scripts: a", "its _npmUser: c"]);
    }

    #[test]
    fn every_statement_is_no_claim() {
        assert!(STATEMENTS.iter().all(|place| !is_claim(place)));
    }
}
