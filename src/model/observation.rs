//! Observations: all known facts of one published release.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Aspect, Facts, Provenance, ReleaseId, ReleaseLine, Unread, VerifiedProvenance, WorkflowIdentity, digests::Digests,
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
    /// How the publisher authenticated to the registry.
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

    /// Whether one of its attestations is invalid.
    pub fn has_invalid(&self) -> bool {
        self.provenances().any(|provenance| matches!(provenance, Provenance::Invalid { .. }))
    }

    /// Whether one of its attestations is unavailable or could not be checked.
    pub fn has_unavailable(&self) -> bool {
        self.provenances().any(|provenance| matches!(provenance, Provenance::Unavailable { .. }))
    }

    /// The publisher and the approver, as far as they are known.
    pub fn people(&self) -> impl Iterator<Item = &Person> {
        self.publisher.iter().chain(&self.auth.approved_by)
    }

    /// The refs that it was built from, as its verified identities name them.
    pub fn refs(&self) -> impl Iterator<Item = &str> {
        self.identities().into_iter().filter_map(|identity| {
            let named = || identity.named_by_subject().map(|named| named.reference);
            identity.claims.source_repository_ref.as_deref().or_else(named)
        })
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

/// How the publisher authenticated to the registry.
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
    /// The trusted publisher's repository as the registry names it, `host/owner/name`, lower-case. It is the registry's
    /// statement: nothing certifies it.
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
