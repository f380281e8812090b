use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Aspect, Ecosystem, Facts, Provenance, ReleaseId, ReleaseLine, Unread, VerifiedProvenance, WorkflowIdentity,
};

/// What is known of one published release; `schema/observation.schema.json` is generated from this type.
///
/// A missing key means "not known". Unknown keys are refused, so that a misspelt timeline is not half understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// The release.
    pub purl: ReleaseId,
    /// When the registry published it.
    pub published_at: DateTime<Utc>,
    /// The account that published, as the registry names it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub publisher: Option<Person>,
    /// How the publisher proved himself to the registry.
    pub auth: Auth,
    /// The provenance of the release as a whole; see [`Observation::provenances`] for single files.
    pub attestation: Provenance,
    /// What the release says of itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub manifest: Option<Manifest>,
    /// What is known around it.
    #[serde(default)]
    pub facts: Facts,
    /// Its files, where the registry lists them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub files: Vec<File>,
    /// The package's maintainers or owners at that time, by account name, sorted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub maintainers: Option<Vec<String>>,
    /// Whether it can still be installed.
    #[serde(skip_serializing_if = "ReleaseStatus::is_published", default)]
    pub status: ReleaseStatus,
    /// What could not be checked besides the provenance, a sentence each: a registry signature by a key that is not known.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unchecked: Vec<String>,
    /// What of the registry's answer could not be read, by its place in this structure, each with the reason.
    #[serde(skip_serializing_if = "Unread::is_empty", default)]
    pub unread: Unread,
    /// What the registry's answer leaves out. Missing where nobody looked for that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub untold: Option<Vec<Aspect>>,
}

impl Observation {
    /// The release line, by version.
    pub fn line(&self) -> ReleaseLine {
        ReleaseLine::of(&self.purl)
    }

    /// The provenance of every file where files are known one by one (PyPI), else that of the release.
    pub fn provenances(&self) -> impl Iterator<Item = &Provenance> {
        let by_file = self.files.iter().filter_map(|file| file.attestation.as_ref());
        let whole = self.files.iter().all(|file| file.attestation.is_none()).then_some(&self.attestation);
        by_file.chain(whole)
    }

    /// Every distinct verified identity of the release, nearly always none or one.
    pub fn identities(&self) -> Vec<&WorkflowIdentity> {
        let mut identities = Vec::new();
        for identity in self.provenances().filter_map(Provenance::identity) {
            if !identities.contains(&identity) {
                identities.push(identity);
            }
        }
        identities
    }

    /// Every verified provenance of the release, one for each file where files are known one by one.
    pub fn verified(&self) -> impl Iterator<Item = &VerifiedProvenance> {
        self.provenances().filter_map(Provenance::verified)
    }

    /// Whether an attestation of it does not hold.
    pub fn has_invalid(&self) -> bool {
        self.provenances().any(|provenance| matches!(provenance, Provenance::Invalid { .. }))
    }

    /// Whether an attestation of it could not be had or not be checked.
    pub fn has_unavailable(&self) -> bool {
        self.provenances().any(|provenance| matches!(provenance, Provenance::Unavailable { .. }))
    }

    /// The refs that it was built from, as its verified identities name them.
    pub fn refs(&self) -> impl Iterator<Item = &str> {
        self.identities().into_iter().filter_map(|identity| identity.claims.source_repository_ref.as_deref())
    }

    /// The runs that built it, with their attempts, as its verified identities name them; URLs.
    pub fn runs(&self) -> impl Iterator<Item = &str> {
        self.identities().into_iter().filter_map(|identity| identity.claims.run_invocation_uri.as_deref())
    }
}

/// A registry account or a human approver.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Account name.
    pub name: String,
    /// E-mail address, if the registry shows it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
}

/// How the publisher proved himself to the registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The method.
    pub method: AuthMethod,
    /// The trusted publisher's provider: `github`, `gitlab`, …
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// The registry's id of the trusted-publisher registration (npm `oidcConfigId`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub config_id: Option<String>,
    /// Who approved a staged release with a second factor (npm).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub approved_by: Option<Person>,
    /// What the registry itself says of the trusted publisher's source (crates.io `trustpub_data`): the repository,
    /// `owner/name`. Not verified by us.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repository: Option<String>,
    /// The run or job id that the registry names (crates.io). Not verified by us.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run_id: Option<String>,
}

impl Auth {
    /// The trusted publisher's repository as the registry names it, `host/owner/name`, lower-case. Its word: nothing
    /// certifies it.
    pub fn registered_repository(&self) -> Option<String> {
        let path = self.repository.as_deref().filter(|_| self.method == AuthMethod::TrustedPublisher)?;
        let provider = self.provider.as_deref().unwrap_or_default();
        let host = match provider {
            "github" => "github.com",
            "gitlab" => "gitlab.com",
            other => other,
        };
        Some(format!("{host}/{path}").to_lowercase())
    }
}

/// The method of authentication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// An OIDC token of a registered workflow.
    TrustedPublisher,
    /// An API token, a password or a browser session.
    Token,
    /// The registry does not say.
    #[default]
    Unknown,
}

impl AuthMethod {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrustedPublisher => "trusted_publisher",
            Self::Token => "token",
            Self::Unknown => "unknown",
        }
    }
}

/// What the release says of itself: claims of its author, not facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Manifest {
    /// Repository URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_head: Option<String>,
    /// The install-time script hooks it has, by name (`postinstall`). `None`: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_scripts: Option<Vec<String>>,
    /// What these hooks run, by name, cut to a thousand characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_commands: Option<BTreeMap<String, String>>,
    /// Dependencies, name to range. `None`: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<BTreeMap<String, String>>,
    /// Optional dependencies, name to range.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional_dependencies: Option<BTreeMap<String, String>>,
}

/// One file of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// File name.
    pub name: String,
    /// Its digests.
    pub digests: Digests,
    /// When it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uploaded_at: Option<DateTime<Utc>>,
    /// Whether it was yanked.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub yanked: bool,
    /// Its own provenance, where the registry attests files (PyPI).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attestation: Option<Provenance>,
}

/// Digests of a file, lower-case hex. SHA-1 proves nothing and is only compared: with what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Digests {
    /// SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SHA-512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha512: Option<String>,
    /// SHA-1, as npm states it beside or instead of SHA-512.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
}

impl Digests {
    /// Whether any is known.
    pub const fn is_known(&self) -> bool {
        self.sha256.is_some() || self.sha512.is_some() || self.sha1.is_some()
    }

    /// These, and of the kinds that they lack, those of before.
    #[must_use]
    pub fn or(self, before: Self) -> Self {
        Self {
            sha256: self.sha256.or(before.sha256),
            sha512: self.sha512.or(before.sha512),
            sha1: self.sha1.or(before.sha1),
        }
    }

    /// Those of a kind that `others` lack.
    #[must_use]
    pub fn besides(self, others: &Self) -> Self {
        Self {
            sha256: self.sha256.filter(|_| others.sha256.is_none()),
            sha512: self.sha512.filter(|_| others.sha512.is_none()),
            sha1: self.sha1.filter(|_| others.sha1.is_none()),
        }
    }

    /// The strongest of them as a lock file of the ecosystem has it: `sha512-<base64>` at npm, `sha256:<hex>` at PyPI, bare
    /// hex at crates.io.
    pub fn in_lock_form(&self, ecosystem: Ecosystem) -> Option<String> {
        let all = [("SHA-512", &self.sha512), ("SHA-256", &self.sha256), ("SHA-1", &self.sha1)];
        let strongest = all.into_iter().find_map(|(kind, digest)| Some((kind, digest.as_deref()?)));
        strongest.map(|(kind, digest)| lock_form(ecosystem, kind, digest))
    }

    /// Whether both say the same, and at least one digest.
    pub fn agree(&self, other: &Self) -> bool {
        let pairs = [(&self.sha256, &other.sha256), (&self.sha512, &other.sha512)];
        let mut both = pairs.into_iter().filter_map(|(one, other)| Some((one.as_ref()?, other.as_ref()?)));
        both.next().is_some() && self.contradiction(other).is_none()
    }

    /// A digest of which both say something, and not the same: its name, this one's and the other's.
    pub fn contradiction<'a>(&'a self, other: &'a Self) -> Option<(&'static str, &'a str, &'a str)> {
        let pairs = [
            ("SHA-256", &self.sha256, &other.sha256),
            ("SHA-512", &self.sha512, &other.sha512),
            ("SHA-1", &self.sha1, &other.sha1),
        ];
        let both = pairs.into_iter().filter_map(|(kind, one, other)| Some((kind, one.as_deref()?, other.as_deref()?)));
        both.into_iter().find(|(_, one, other)| one != other)
    }
}

/// A digest, by the name of its algorithm and in hex, as a lock file of the ecosystem has it.
pub fn lock_form(ecosystem: Ecosystem, kind: &str, digest: &str) -> String {
    let algorithm = kind.replace('-', "").to_lowercase();
    match (ecosystem, hex::decode(digest)) {
        (Ecosystem::Npm, Ok(bytes)) => format!("{algorithm}-{}", BASE64_STANDARD.encode(bytes)),
        (Ecosystem::Cargo, _) if kind == "SHA-256" => digest.to_owned(),
        _ => format!("{algorithm}:{digest}"),
    }
}

/// Whether a release can still be installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// Ordinary.
    #[default]
    Published,
    /// Kept, but not chosen by resolvers.
    Yanked,
    /// Removed by its publisher or the registry.
    Unpublished,
    /// Locked by the registry during an investigation.
    Quarantined,
}

impl ReleaseStatus {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
    fn is_published(&self) -> bool {
        *self == Self::Published
    }

    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Yanked => "yanked",
            Self::Unpublished => "unpublished",
            Self::Quarantined => "quarantined",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_stand_as_in_lock_files() {
        let all =
            Digests { sha256: Some("00ff".to_owned()), sha512: Some("00ff10".to_owned()), sha1: Some("ff".to_owned()) };
        assert_eq!(all.in_lock_form(Ecosystem::Npm).unwrap(), "sha512-AP8Q");
        let weak = Digests { sha1: Some("ff".to_owned()), ..Digests::default() };
        assert_eq!(weak.in_lock_form(Ecosystem::Npm).unwrap(), "sha1-/w==");
        let one = Digests { sha512: None, ..all };
        assert_eq!(one.in_lock_form(Ecosystem::Pypi).unwrap(), "sha256:00ff");
        assert_eq!(one.in_lock_form(Ecosystem::Cargo).unwrap(), "00ff");
        assert_eq!(Digests::default().in_lock_form(Ecosystem::Npm), None);
        let odd = Digests { sha512: Some("not hex".to_owned()), ..Digests::default() };
        assert_eq!(odd.in_lock_form(Ecosystem::Npm).unwrap(), "sha512:not hex");
    }
}
