//! Facts about a release from forges and registries, and their merging.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Digests, Fact, MalwareReport};

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,)*
        }

        impl Or for $name {
            fn or(self, before: Self) -> Self {
                Self { $($field: self.$field.or(before.$field),)* }
            }
        })*
    };
}

facts! {
    /// What the forges and registries know around a release. `None` means "not known", never "no".
    Facts {
        /// The source repository.
        repository: RepositoryFacts,
        /// Its owner.
        owner: OwnerFacts,
        /// The registry account that published.
        publisher_account: AccountFacts,
        /// The commit that was built.
        commit: CommitFacts,
        /// The tag that belongs to the version.
        tag: TagFacts,
        /// The forge's release that belongs to the version.
        release: ReleaseFacts,
        /// The workflow run.
        run: RunFacts,
        /// Of one's own packages: the runs that built the release, by URL; without a certificate, the runs of the release
        /// workflow that were under way when it was published. Empty: the forge knows of none.
        own_runs: BTreeMap<String, RunFacts>,
        /// When each new dependency was first published, by name.
        dependencies_first_published: BTreeMap<String, DateTime<Utc>>,
        /// New dependencies that the package's own publishers, scope or repository released.
        own_dependencies: BTreeSet<String>,
        /// The domains of the publisher's and the maintainers' e-mail addresses, as far as RDAP answers about them. The key
        /// is the domain that a registrar sells.
        email_domains: BTreeMap<String, DomainFacts>,
        /// How the registry lets the package be published.
        publishing: PublishingFacts,
        /// Files that had another content when they were seen first, by name, with the digests of then.
        replaced: BTreeMap<String, Digests>,
        /// Digests that files had when they were seen before, and that the registry does not state now, by name.
        former_digests: BTreeMap<String, Digests>,
        /// Older versions that were normal and were yanked or unpublished within a day of a release with a token, by
        /// version, with the time when each was published.
        withdrawn: BTreeMap<String, DateTime<Utc>>,
        /// Reports of others that the release is malicious, the earliest first, without withdrawn ones.
        reports: Vec<MalwareReport>,
        /// Why something is not known, by its place in this structure: `commit.on_default_branch`.
        unknown: BTreeMap<Fact, String>,
    }
    /// A repository.
    RepositoryFacts {
        /// Numeric id.
        identifier: String,
        /// Created.
        created_at: DateTime<Utc>,
        /// Whether it is a fork.
        fork: bool,
        /// Of which repository, `owner/name`.
        fork_of: String,
        /// The former `owner/name`, confirmed by the forge's redirect.
        formerly: String,
        /// The default branch.
        default_branch: String,
        /// `public`, `private`, `internal`, or `gone`: not to be found any more, private or deleted.
        visibility: String,
        /// Whether it is archived, read-only.
        archived: bool,
    }
    /// An owner.
    OwnerFacts {
        /// Numeric id.
        identifier: String,
        /// Created.
        created_at: DateTime<Utc>,
        /// `user` or `organization`.
        kind: String,
    }
    /// A registry account.
    AccountFacts {
        /// Created.
        created_at: DateTime<Utc>,
        /// Maintainer of this package since.
        maintainer_since: DateTime<Utc>,
    }
    /// A domain.
    DomainFacts {
        /// The accounts with an address at it or below it.
        accounts: BTreeSet<String>,
        /// Whether it is registered. `false`: everyone can register it.
        registered: bool,
        /// Since when it has been registered without a gap.
        registered_at: DateTime<Utc>,
        /// Until when it is registered.
        expires_at: DateTime<Utc>,
        /// `redemption period` or `pending delete`: it was not renewed, and becomes free soon.
        ending: String,
    }
    /// The commit that was built, or, of a release without a certificate, the commit that its tag names.
    CommitFacts {
        /// Whether the default branch reaches it.
        on_default_branch: bool,
        /// Whether it is the head of a branch, or a branch is known to reach it. `false`: no branch has it.
        on_any_branch: bool,
        /// Whether it changes files below the folder of workflows.
        changes_workflows: bool,
        /// Whether a release branch reaches it: one that the forge protects, beside the default branch.
        on_release_branch: bool,
        /// Whether its signature is verified by the forge.
        verified: bool,
    }
    /// What the registry demands of who publishes.
    PublishingFacts {
        /// Whether it refuses tokens and takes trusted publishers only.
        tokens_disallowed: bool,
    }
    /// A tag.
    TagFacts {
        /// Its name.
        name: String,
        /// Whether it exists.
        exists: bool,
        /// When the forge was last asked for it.
        asked_at: DateTime<Utc>,
        /// The commit that it names.
        commit: String,
        /// Whether that commit comes after the one that the tag of the version before names.
        is_newer: bool,
    }
    /// A forge's release.
    ReleaseFacts {
        /// Whether it exists.
        exists: bool,
        /// Whether its tag and files are fixed for ever. GitHub states it; GitLab does not.
        immutable: bool,
    }
    /// A workflow run.
    RunFacts {
        /// `success`, `failure`, …, or `gone`: the forge does not have it any more.
        conclusion: String,
        /// The event that started it.
        event: String,
        /// Attempt, from 1.
        attempt: u32,
        /// First started.
        created_at: DateTime<Utc>,
        /// When it ended, where the forge lists it.
        ended_at: DateTime<Utc>,
        /// The account that started it.
        actor: String,
        /// The repository that the built code came from, `owner/name`.
        head_repository: String,
    }
}

impl Facts {
    /// Records why a fact is not known.
    pub fn unknown_because(&mut self, what: Fact, why: impl Into<String>) {
        self.unknown.get_or_insert_default().insert(what, why.into());
    }

    /// The facts of this look at a release, and for unknown ones those of the look before. No known fact stays in
    /// [`Facts::unknown`], and no report that was withdrawn in [`Facts::reports`].
    #[must_use]
    pub fn or_before(mut self, mut before: Self) -> Self {
        let unknown = self.unknown.take();
        (before.unknown, before.reports) = (None, None);
        let mut all = Self {
            repository: either(self.repository.take(), before.repository.take()),
            owner: either(self.owner.take(), before.owner.take()),
            commit: either(self.commit.take(), before.commit.take()),
            run: either(self.run.take(), before.run.take()),
            ..self.or(before)
        };
        all.unknown = unknown.map(|unknown| all.still(unknown)).filter(|unknown| !unknown.is_empty());
        all
    }

    /// The entries whose facts are still unknown.
    fn still(&self, mut unknown: BTreeMap<Fact, String>) -> BTreeMap<Fact, String> {
        let known = serde_json::to_value(self).unwrap_or_default();
        unknown.retain(|fact, _| match fact {
            // A name may have dots.
            Fact::Dependency(name) => {
                !self.dependencies_first_published.as_ref().is_some_and(|known| known.contains_key(name))
            }
            Fact::EmailDomain(name) => !self.email_domains.as_ref().is_some_and(|known| known.contains_key(name)),
            fact => known.pointer(&format!("/{}", fact.place().replace('.', "/"))).is_none(),
        });
        unknown
    }
}

/// Facts that another look can complete.
trait Or {
    /// These facts, and for unknown ones the earlier values.
    fn or(self, before: Self) -> Self;
}

fn either<T: Or>(now: Option<T>, before: Option<T>) -> Option<T> {
    match (now, before) {
        (Some(now), Some(before)) => Some(now.or(before)),
        (now, before) => now.or(before),
    }
}

/// For how long after a publication a tag may still come: some projects tag after they publish.
const TAG_GRACE: TimeDelta = TimeDelta::minutes(30);

impl TagFacts {
    /// Whether the forge was last asked so soon after the publication that the tag may still come.
    pub fn is_early(&self, published_at: DateTime<Utc>) -> bool {
        self.asked_at.is_some_and(|asked_at| asked_at - published_at < TAG_GRACE)
    }

    /// When to ask again for a tag that does not exist yet: ten minutes and half an hour after the publication. A look that
    /// was due and failed is not repeated by this: it has the usual schedule.
    pub fn ask_again_at(&self, published_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let asked_at = self.asked_at.filter(|_| self.exists == Some(false))?;
        let looks = [TimeDelta::minutes(10), TAG_GRACE].map(|after| published_at + after);
        looks.into_iter().find(|look| *look > asked_at && *look > now)
    }
}

impl RunFacts {
    /// By so much the clocks of forges and registries differ, and a registry takes to show a release.
    pub const SKEW: TimeDelta = TimeDelta::minutes(5);

    /// A run that the forge does not have any more.
    pub fn gone() -> Self {
        Self { conclusion: Some("gone".to_owned()), ..Self::default() }
    }

    /// Whether it was under way at a time, as far as is known.
    pub fn was_under_way(&self, at: DateTime<Utc>) -> bool {
        self.created_at.is_none_or(|began| began <= at + Self::SKEW)
            && self.ended_at.is_none_or(|ended| ended >= at - Self::SKEW)
    }
}

impl CommitFacts {
    /// Whether a maintained branch reaches the commit: the default branch or a release branch. A commit that the
    /// default branch lacks is not merged unless more is known.
    pub fn is_merged(&self) -> Option<bool> {
        match self.on_release_branch {
            Some(true) => Some(true),
            _ => self.on_default_branch,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(value: serde_json::Value) -> Facts {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn what_one_look_found_another_does_not_lose() {
        let before = facts(json!({"commit": {"on_default_branch": false}, "run": {"event": "push"}}));
        let now = facts(json!({
            "commit": {"verified": true}, "run": {"conclusion": "success"}, "tag": {"exists": true},
            "unknown": {"commit.on_default_branch": "the forge did not answer", "owner": "the forge did not answer"},
        }));
        let both = json!({
            "commit": {"on_default_branch": false, "verified": true}, "run": {"event": "push", "conclusion": "success"},
            "tag": {"exists": true}, "unknown": {"owner": "the forge did not answer"},
        });
        assert_eq!(now.or_before(before), facts(both));
    }

    #[test]
    fn a_dependency_whose_age_is_known_is_not_unknown() {
        let first = json!({"@s/left.pad": "2026-01-01T00:00:00Z"});
        let why = json!({"dependencies_first_published.@s/left.pad": "no", "dependencies_first_published.right": "no"});
        let both = facts(json!({"unknown": why})).or_before(facts(json!({"dependencies_first_published": first})));
        let unknown: Vec<Fact> = both.unknown.unwrap().into_keys().collect();
        assert_eq!(unknown, [Fact::Dependency("right".to_owned())]);
    }

    #[test]
    fn every_fact_has_a_place_here() {
        let (at, yes, some) = ("2026-01-01T00:00:00Z", true, "x");
        let all = facts(json!({
            "repository": {"formerly": some}, "owner": {"created_at": at}, "release": {"exists": yes},
            "tag": {"exists": yes, "is_newer": yes}, "run": {"event": some},
            "commit": {"on_default_branch": yes, "on_release_branch": yes, "verified": yes, "on_any_branch": yes,
                "changes_workflows": yes},
            "dependencies_first_published": {}, "email_domains": {}, "own_runs": {},
        }));
        let unknown = Fact::ALL.iter().map(|fact| (fact.clone(), some.to_owned())).collect();
        assert_eq!(all.still(unknown), BTreeMap::new());
    }

    #[test]
    fn a_missing_tag_is_asked_for_after_ten_minutes_and_half_an_hour_and_never_in_the_past() {
        let published: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        let minutes = |minutes: i64| published + TimeDelta::minutes(minutes);
        for (exists, asked_at, now, next) in [
            (false, 0, 0, Some(10)),
            (false, 9, 9, Some(10)),
            (false, 10, 10, Some(30)),
            (false, 30, 30, None),
            (false, 0, 11, Some(30)),
            (false, 0, 31, None),
            (true, 0, 0, None),
        ] {
            let tag = TagFacts { exists: Some(exists), asked_at: Some(minutes(asked_at)), ..TagFacts::default() };
            assert_eq!(tag.ask_again_at(published, minutes(now)), next.map(minutes), "{asked_at}, {now}");
        }
    }

    #[test]
    fn a_report_that_was_withdrawn_is_not_kept() {
        let report = json!({"id": "MAL-2026-1", "published_at": "2026-03-01T00:00:00Z"});
        let before = facts(json!({"reports": [report], "tag": {"exists": true}}));
        let now = facts(json!({"tag": {"exists": true}}));
        assert_eq!(now.clone().or_before(before.clone()), now);
        assert_eq!(before.clone().or_before(now), before);
    }

    #[test]
    fn a_later_look_is_believed() {
        let before = facts(json!({"run": {"conclusion": "success"}}));
        let now = facts(json!({"run": {"conclusion": "failure"}}));
        assert_eq!(now.clone().or_before(before), now);
    }
}
