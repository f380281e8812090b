//! Policies: the operator's demands on the releases of a package.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EvidenceRank;

/// The policy for a package's releases, whatever its history. A missing or empty key demands nothing.
///
/// A text may have stars, each for any characters except `/`. Write repositories and owners as `github.com/acme/widget`, and
/// refs by kind as in `provwatch baseline show`: `tag`, `branch main`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct Policy {
    /// The weakest permitted evidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceRank>,
    /// The OIDC issuers that may vouch for a build.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<String>,
    /// The owners whose repositories may build it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub owners: Vec<String>,
    /// The repositories that may build it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// The workflow files that may build it, relative to the repository.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<String>,
    /// The permitted kinds of ref.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// The permitted deployment environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// The accounts that may publish it themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<String>,
    /// The lowest permitted age of the repository, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_repository_age_days: Option<u32>,
    /// Detectors that are suppressed for the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<Quiet>,
}

/// A detector that is suppressed for a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Its id.
    pub detector: String,
    /// The reason, for later readers.
    pub reason: String,
    /// The last day (UTC) of the suppression.
    pub until: NaiveDate,
}

impl Quiet {
    /// Whether it suppresses signals about a release of that time.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        let end = self.until.and_time(NaiveTime::MIN).and_utc();
        at < end + chrono::TimeDelta::days(1)
    }
}

impl Policy {
    /// This policy, with the demands of another one where this one has none.
    #[must_use]
    pub fn or(mut self, other: &Self) -> Self {
        let fill = |own: &mut Vec<String>, others: &[String]| {
            if own.is_empty() {
                own.extend_from_slice(others);
            }
        };
        fill(&mut self.issuers, &other.issuers);
        fill(&mut self.owners, &other.owners);
        fill(&mut self.repositories, &other.repositories);
        fill(&mut self.workflows, &other.workflows);
        fill(&mut self.refs, &other.refs);
        fill(&mut self.environments, &other.environments);
        fill(&mut self.publishers, &other.publishers);
        self.evidence = self.evidence.or(other.evidence);
        self.min_repository_age_days = self.min_repository_age_days.or(other.min_repository_age_days);
        self.quiet.extend_from_slice(&other.quiet);
        self
    }

    /// The same with owners and repositories in the form for comparison: forges ignore the case of names.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for text in self.owners.iter_mut().chain(&mut self.repositories) {
            *text = text.to_lowercase();
        }
        self
    }

    /// Whether it has no demands.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The lists of allowed values.
    pub fn lists(&self) -> [(Demand, &[String]); 7] {
        [
            (Demand::Issuers, &self.issuers),
            (Demand::Owners, &self.owners),
            (Demand::Repositories, &self.repositories),
            (Demand::Workflows, &self.workflows),
            (Demand::Refs, &self.refs),
            (Demand::Environments, &self.environments),
            (Demand::Publishers, &self.publishers),
        ]
    }
}

/// A demand that a policy may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of `Policy` say it")]
pub enum Demand {
    Evidence,
    Issuers,
    Owners,
    Repositories,
    Workflows,
    Refs,
    Environments,
    Publishers,
    MinRepositoryAge,
}

impl Demand {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Evidence,
        Self::Issuers,
        Self::Owners,
        Self::Repositories,
        Self::Workflows,
        Self::Refs,
        Self::Environments,
        Self::Publishers,
        Self::MinRepositoryAge,
    ];

    /// Its key in the `expect` block.
    pub fn key(self) -> &'static str {
        match self {
            Self::Evidence => "evidence",
            Self::Issuers => "issuers",
            Self::Owners => "owners",
            Self::Repositories => "repositories",
            Self::Workflows => "workflows",
            Self::Refs => "refs",
            Self::Environments => "environments",
            Self::Publishers => "publishers",
            Self::MinRepositoryAge => "min_repository_age_days",
        }
    }

    /// The reason why an allowed text can never match; `None`: it can.
    pub fn refuses(self, text: &str) -> Option<String> {
        let plain = text.split_once("://").map_or(text, |(_, rest)| rest);
        let parts = plain.split('/').count();
        let (fits, example) = match self {
            Self::Issuers => (
                text.starts_with("https://") || text.starts_with('*'),
                "\"https://token.actions.githubusercontent.com\"",
            ),
            Self::Owners => (parts >= 2, "\"github.com/acme\""),
            Self::Repositories => {
                let is_deep = plain.starts_with("github.com/") && parts > 3;
                (parts >= 3 && !is_deep && text.strip_suffix(".git").is_none(), "\"github.com/acme/widget\"")
            }
            Self::Workflows => (
                text == plain && !text.starts_with('/'),
                "\".github/workflows/release.yml\", from the repository's root",
            ),
            Self::Refs => {
                let is_kind = ["tag", "pull request"].contains(&text) || text.starts_with("branch ");
                (is_kind || text.contains('*'), "\"tag\", \"branch main\", \"pull request\"")
            }
            Self::Evidence | Self::Environments | Self::Publishers | Self::MinRepositoryAge => (true, "a name"),
        };
        let is_possible = fits && !text.trim().is_empty();
        (!is_possible)
            .then(|| format!("{} has {text:?}, which matches nothing; expected, for example, {example}", self.key()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_ends_with_its_last_day() {
        let quiet = Quiet {
            detector: "odd-hours".to_owned(),
            reason: "nightly builds".to_owned(),
            until: "2026-03-31".parse().unwrap(),
        };
        assert!(quiet.holds("2026-03-31T23:59:59Z".parse().unwrap()));
        assert!(!quiet.holds("2026-04-01T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn demands_have_the_keys_of_the_policy() {
        let keys = Demand::ALL.map(Demand::key);
        let policy = Policy {
            evidence: Some(EvidenceRank::Provenance),
            min_repository_age_days: Some(1),
            issuers: vec![String::new()],
            owners: vec![String::new()],
            repositories: vec![String::new()],
            workflows: vec![String::new()],
            refs: vec![String::new()],
            environments: vec![String::new()],
            publishers: vec![String::new()],
            quiet: Vec::new(),
        };
        let serde_json::Value::Object(written) = serde_json::to_value(policy).unwrap() else { unreachable!() };
        assert!(written.keys().all(|key| keys.contains(&key.as_str())) && written.len() == keys.len());
    }

    #[test]
    fn what_can_never_fit_is_refused() {
        for (demand, text) in [
            (Demand::Issuers, "token.actions.githubusercontent.com"),
            (Demand::Owners, "acme"),
            (Demand::Owners, "https://acme"),
            (Demand::Repositories, "acme/widget"),
            (Demand::Repositories, "github.com/acme/widget.git"),
            (Demand::Repositories, "github.com/acme/widget/x"),
            (Demand::Workflows, "/.github/workflows/release.yml"),
            (Demand::Refs, "tags"),
            (Demand::Refs, "main"),
            (Demand::Workflows, "https://github.com/acme/widget"),
            (Demand::Refs, "refs/heads/main"),
            (Demand::Environments, " "),
        ] {
            assert!(demand.refuses(text).unwrap().contains(demand.key()), "{text}");
        }
        for (demand, text) in [
            (Demand::Issuers, "https://token.actions.githubusercontent.com/acme"),
            (Demand::Owners, "github.com/acme"),
            (Demand::Owners, "https://gitlab.com/acme/tools"),
            (Demand::Repositories, "github.com/acme/*"),
            (Demand::Workflows, ".github/workflows/*"),
            (Demand::Workflows, ".gitlab-ci.yml"),
            (Demand::Workflows, "release.y*ml"),
            (Demand::Repositories, "gitlab.com/acme/tools/widget"),
            (Demand::Refs, "branch release/*"),
            (Demand::Publishers, "ada"),
        ] {
            assert_eq!(demand.refuses(text), None);
        }
    }

    #[test]
    fn what_is_said_of_a_package_comes_before_what_is_said_of_its_tier() {
        let own = Policy { owners: vec!["a".to_owned()], ..Policy::default() };
        let tier =
            Policy { owners: vec!["b".to_owned()], evidence: Some(EvidenceRank::Provenance), ..Policy::default() };
        let both = own.or(&tier);
        assert_eq!((both.owners, both.evidence), (vec!["a".to_owned()], Some(EvidenceRank::Provenance)));
    }
}
