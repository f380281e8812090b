//! Policies: the operator's demands on the releases of a package.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Demand, EvidenceRank, PublishHours, Severity};

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
    /// The repositories that may build it, by the numbers that their forge gave them: they outlive a renaming.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repository_ids: Vec<String>,
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
    /// The hours in which it may be released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<PublishHours>,
    /// The reaction to a release that lacks demanded evidence, or a demanded environment, that the package never had.
    /// Default: `alert` for the demands of an entry, `warn` for those of a tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Detectors that are suppressed for the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<Quiet>,
}

/// The reaction to a release that lacks demanded evidence, or a demanded environment, that the package never had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The signal is informational, and the release joins the baseline.
    Warn,
    /// The release violates the policy, as after a loss.
    Alert,
}

/// The policy for all packages of a tier.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TierPolicy {
    /// The demands, where the packages' entries have none of their own.
    pub expect: Option<Policy>,
    /// The severity of a violation of these demands; `None`: the usual severity of each.
    pub severity: Option<Severity>,
    /// The team that answers for the packages whose entries name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
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
        fill(&mut self.repository_ids, &other.repository_ids);
        fill(&mut self.workflows, &other.workflows);
        fill(&mut self.refs, &other.refs);
        fill(&mut self.environments, &other.environments);
        fill(&mut self.publishers, &other.publishers);
        self.evidence = self.evidence.or(other.evidence);
        self.min_repository_age_days = self.min_repository_age_days.or(other.min_repository_age_days);
        self.hours = self.hours.or_else(|| other.hours.clone());
        self.missing = self.missing.or(other.missing);
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

    /// Whether it makes a demand.
    pub fn has(&self, demand: Demand) -> bool {
        match demand {
            Demand::Evidence => self.evidence.is_some(),
            Demand::MinRepositoryAge => self.min_repository_age_days.is_some(),
            Demand::Hours => self.hours.is_some(),
            of_list => self.lists().iter().any(|(one, allowed)| *one == of_list && !allowed.is_empty()),
        }
    }

    /// The reasons why it cannot be meant, a sentence each.
    pub fn refuse(&self) -> Vec<String> {
        let lists = self.lists().into_iter();
        let texts = lists.flat_map(|(demand, list)| list.iter().map(move |text| (demand, text)));
        let impossible = texts.filter_map(|(demand, text)| demand.refuses(text));
        let hours = self.hours.iter().filter_map(PublishHours::refuse);
        let nameless = self.quiet.iter().any(|quiet| quiet.reason.trim().is_empty());
        let nameless = nameless.then(|| "quiet has an empty reason; give one".to_owned());
        impossible.chain(hours).chain(nameless).collect()
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The lists of allowed values.
    pub fn lists(&self) -> [(Demand, &[String]); 8] {
        [
            (Demand::Issuers, &self.issuers),
            (Demand::Owners, &self.owners),
            (Demand::Repositories, &self.repositories),
            (Demand::RepositoryIds, &self.repository_ids),
            (Demand::Workflows, &self.workflows),
            (Demand::Refs, &self.refs),
            (Demand::Environments, &self.environments),
            (Demand::Publishers, &self.publishers),
        ]
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
            repository_ids: vec![String::new()],
            hours: serde_json::from_str(r#"{"days": ["mon"], "from": "08:00", "to": "19:00", "zone": "UTC"}"#).unwrap(),
            missing: None,
            quiet: Vec::new(),
        };
        assert!(Demand::ALL.iter().all(|demand| policy.has(*demand) && !Policy::default().has(*demand)));
        let serde_json::Value::Object(written) = serde_json::to_value(policy).unwrap() else { unreachable!() };
        assert!(written.keys().all(|key| keys.contains(&key.as_str())) && written.len() == keys.len());
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
