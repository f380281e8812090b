use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EvidenceRank;

/// What the operator demands of a package's releases, whatever its history. What is `None` or empty is not demanded.
///
/// A text may have stars, each for any characters. Repositories and owners are written `github.com/acme/widget`, refs by
/// kind as in `provwatch baseline show`: `tag`, `branch main`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "snake_case")]
pub struct Policy {
    /// The least evidence.
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
    /// The kinds of ref that may be built.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<String>,
    /// The deployment environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// The accounts that may publish it themselves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<String>,
    /// The least age of the repository, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_repository_age_days: Option<u32>,
    /// Detectors that do not speak of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<Quiet>,
}

/// A detector that does not speak of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// Its id.
    pub detector: String,
    /// Why, for whoever comes after.
    pub reason: String,
    /// The last day (UTC) on which it is quiet.
    pub until: NaiveDate,
}

impl Quiet {
    /// Whether it is quiet about what is published at that time.
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        let end = self.until.and_time(NaiveTime::MIN).and_utc();
        at < end + chrono::TimeDelta::days(1)
    }
}

impl Policy {
    /// This policy, with what another one demands where this one says nothing.
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

    /// The same with owners and repositories as they are compared: forges treat the case of names as one.
    #[must_use]
    pub fn normalized(mut self) -> Self {
        for text in self.owners.iter_mut().chain(&mut self.repositories) {
            *text = text.to_lowercase();
        }
        self
    }

    /// Whether it demands nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The lists, each with its key.
    pub fn lists(&self) -> [(&'static str, &[String]); 7] {
        [
            ("issuers", &self.issuers),
            ("owners", &self.owners),
            ("repositories", &self.repositories),
            ("workflows", &self.workflows),
            ("refs", &self.refs),
            ("environments", &self.environments),
            ("publishers", &self.publishers),
        ]
    }
}

/// Whether a value fits a pattern, in which each star stands for any characters.
pub fn fits(pattern: &str, value: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| value.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, value) in
            [("a", "a"), ("*", ""), ("a*", "abc"), ("*c", "abc"), ("a*c", "ac"), ("*b*", "abc"), ("a*b*c", "a1b2c")]
        {
            assert!(fits(pattern, value), "{pattern} {value}");
        }
        for (pattern, value) in [("a", "ab"), ("a", ""), ("*b", "abc"), ("a*c", "ab"), ("ab*b", "ab"), ("", "a")] {
            assert!(!fits(pattern, value), "{pattern} {value}");
        }
    }

    #[test]
    fn quiet_ends_with_its_last_day() {
        let quiet = Quiet {
            detector: "odd-hours".to_owned(),
            reason: "night builds".to_owned(),
            until: "2026-03-31".parse().unwrap(),
        };
        assert!(quiet.holds("2026-03-31T23:59:59Z".parse().unwrap()));
        assert!(!quiet.holds("2026-04-01T00:00:00Z".parse().unwrap()));
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
