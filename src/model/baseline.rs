use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Package, ReleaseLine};

/// How one package is normally released: one portrait for each release line, learned by `crate::baseline`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// The package.
    pub package: Package,
    /// The portraits.
    pub lines: BTreeMap<ReleaseLine, LineBaseline>,
}

impl Baseline {
    /// A baseline that knows nothing yet.
    pub fn empty(package: Package) -> Self {
        Self { package, lines: BTreeMap::new() }
    }
}

/// How one line of a package is normally released. Only releases that taught it are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineBaseline {
    /// Releases learned.
    pub releases: u32,
    /// The first one's publish time.
    pub first_at: Option<DateTime<Utc>>,
    /// The last one's publish time.
    pub last_at: Option<DateTime<Utc>>,
    /// Evidence ranks.
    pub evidence: Tally<EvidenceRank>,
    /// OIDC issuers.
    pub issuers: Tally<String>,
    /// Repository numeric ids.
    pub repository_ids: Tally<String>,
    /// Repository URLs, and under which id each was last seen.
    pub repositories: Tally<String>,
    /// Which id a repository URL had.
    pub id_of_repository: BTreeMap<String, String>,
    /// Owner numeric ids.
    pub owner_ids: Tally<String>,
    /// Owner URLs.
    pub owners: Tally<String>,
    /// Which id an owner URL had.
    pub id_of_owner: BTreeMap<String, String>,
    /// Workflow files without ref, relative to the repository (`.github/workflows/release.yml`).
    pub workflows: Tally<String>,
    /// Refs by kind: `tag`, `branch main`, `branch release/#` with numbers left out.
    pub refs: Tally<String>,
    /// Triggers.
    pub triggers: Tally<String>,
    /// Deployment environments; the empty text stands for a certificate that could carry one and does not.
    pub environments: Tally<String>,
    /// Runner environments.
    pub runners: Tally<String>,
    /// Names of the accounts that published themselves, not by way of a trusted publisher.
    pub publishers: Tally<String>,
    /// The e-mail addresses of those who published.
    pub emails: Tally<String>,
    /// Accounts that the registry named as maintainers, whether they published or not.
    pub maintainers: Tally<String>,
    /// Trusted-publisher registrations.
    pub config_ids: Tally<String>,
    /// Repositories that the registry names as the trusted publisher's, `host/owner/name`: its word, where nothing is
    /// certified.
    pub registered_repositories: Tally<String>,
    /// Whether the version's tag existed, `present` or `absent`, counted where it was found out.
    pub tags: Tally<String>,
    /// Whether the default branch had the commit, `merged` or `unmerged`, counted where it was found out.
    pub commits: Tally<String>,
    /// Reusable workflows that did the building, without their ref; the empty text stands for the workflow itself.
    pub builders: Tally<String>,
    /// Visibilities of the repository at the time of signing.
    pub visibilities: Tally<String>,
    /// Whether the tag that was built names the version, `matching` or `differing`.
    pub tag_names: Tally<String>,
    /// Whether the forge vouches for the commit's signature, `verified` or `unverified`.
    pub signatures: Tally<String>,
    /// How the run that built it ended.
    pub conclusions: Tally<String>,
    /// Whether the run's first attempt built it, `first` or `again`.
    pub attempts: Tally<String>,
    /// How long after the signing it was published: `minutes`, `hours` or `days`.
    pub gaps: Tally<String>,
    /// Whether the manifest names the repository that built it, `same` or `another`.
    pub manifests: Tally<String>,
    /// Repositories that manifests name, `host/owner/name`: the word of whoever published.
    pub named_repositories: Tally<String>,
    /// How soon a release followed the one before: `minutes` (a quarter of an hour at most) or `longer`.
    pub pauses: Tally<String>,
    /// Whether the registry took tokens at all, `tokens` or `trusted publishers only`.
    pub token_policies: Tally<String>,
    /// Where dependencies come from: `registry`, `git` or `url`.
    pub dependency_sources: Tally<String>,
    /// Names of dependencies, optional ones too.
    pub dependencies: Tally<String>,
    /// Install-time script hooks; the empty text stands for a release known to have none.
    pub install_scripts: Tally<String>,
    /// Publish times in minutes of the UTC day, the latest last; at most 200.
    pub minutes: VecDeque<u16>,
    /// The longest time between two releases of the line that follow one another, in days.
    pub longest_pause: u32,
    /// The highest version.
    pub highest: Option<String>,
}

impl LineBaseline {
    /// Whether it was built from a repository, by its URL, or under any URL by its numeric id.
    pub fn has_repository(&self, url: &str, id: Option<&str>) -> bool {
        self.repositories.contains_key(url) || id.is_some_and(|id| self.repository_ids.contains_key(id))
    }
}

/// A set with counts and times.
pub type Tally<K> = BTreeMap<K, Seen>;

/// How often and when a value was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// How often.
    pub count: u32,
    /// First publish time.
    pub first: DateTime<Utc>,
    /// Last publish time.
    pub last: DateTime<Utc>,
}

/// How strong the evidence is that a release came from its repository, weakest first. The order is that of npm's
/// trust-policy proposal and of pnpm's `no-downgrade`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceRank {
    /// A token, and nothing attested.
    None,
    /// Verified provenance, published with a token or by an unknown method.
    Provenance,
    /// Published by a trusted publisher.
    TrustedPublisher,
    /// Staged, and approved by a person with a second factor.
    Approved,
}

impl EvidenceRank {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Provenance => "provenance",
            Self::TrustedPublisher => "trusted-publisher",
            Self::Approved => "approved",
        }
    }
}

/// Why a baseline got a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BaselineReason {
    /// A release without findings, or one that enough clean ones followed.
    Learned,
    /// The operator accepted a release.
    Accepted,
    /// The operator started the baseline anew.
    Reset,
    /// A release that taught was withdrawn soon after it came.
    Unlearned,
    /// The operator took back that a release was accepted.
    Unaccepted,
}

impl BaselineReason {
    /// The word of the JSON form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Learned => "learned",
            Self::Accepted => "accepted",
            Self::Reset => "reset",
            Self::Unlearned => "unlearned",
            Self::Unaccepted => "unaccepted",
        }
    }
}
