//! Updates a baseline with one release.

use chrono::{DateTime, Timelike, Utc};

use super::{
    A_TAG, Traits, rank,
    words::{
        PROTECTED_TAG, attempt, dependencies, dependency_sources, gap, has_no_dependencies, manifest_repository, pause,
        ref_place, signed_at, tag_name,
    },
};
use crate::model::{
    AuthMethod, Baseline, LineBaseline, Observation, OrNone, Person, Resumed, RunFacts, Trait, named_repository,
    traits::{
        Actors, Attempts, Builders, Commits, Conclusions, ConfigIds, Dependencies, DependencySources, Emails,
        Environments, EvidenceRanks, ForgeReleases, Gaps, InstallScripts, Issuers, Maintainers, Manifests,
        NamedRepositories, OwnerIds, Owners, Pauses, Publishers, RefPlaces, Refs, RegisteredRepositories, ReleaseSeals,
        Repositories, RepositoryIds, Runners, Signatures, TagNames, Tags, TokenPolicies, Triggers, Visibilities,
        Workflows,
    },
    words::{CommitPlace, CommitSignature, ReleaseSeal, TagName, TagPresence, TokenPolicy},
};

/// Most publish times of accepted releases that a profile keeps.
const MAX_ACCEPTED: usize = 20;

/// From how many days on a pause is long.
const LONG_PAUSE: i64 = 180;

/// Most publish times that a profile keeps.
const MAX_MINUTES: usize = 200;

/// Counts one release in the profile of its line. The order of releases matters only for publish minutes and pauses.
pub fn learn(baseline: &mut Baseline, release: &Observation) {
    let profile = baseline.lines.entry(release.line()).or_default();
    let at = release.published_at;
    profile.releases = profile.releases.saturating_add(1);
    let learned = LearnedRelease { release, identities: Traits::of(release), at };
    for one in Trait::ALL {
        learned.count(*one, profile);
    }
    learned.note_ids(profile);
    learn_pause(profile, at);
    profile.first_at = Some(profile.first_at.map_or(at, |first| first.min(at)));
    profile.last_at = Some(profile.last_at.map_or(at, |last| last.max(at)));
    learn_version(profile, release);
    learn_minute(profile, at);
}

/// Folds in a release that the operator accepted: its values are known at once.
pub fn learn_accepted(baseline: &mut Baseline, release: &Observation) {
    learn(baseline, release);
    let profile = baseline.lines.entry(release.line()).or_default();
    profile.accepted.push_back(release.published_at);
    if profile.accepted.len() > MAX_ACCEPTED {
        profile.accepted.pop_front();
    }
}

/// A release, prepared for reading its traits.
struct LearnedRelease<'a> {
    release: &'a Observation,
    identities: Vec<Traits<'a>>,
    at: DateTime<Utc>,
}

impl LearnedRelease<'_> {
    /// Counts the release's values of a trait: each trait has its line here. Unknown values are not counted.
    fn count(&self, one: Trait, profile: &mut LineBaseline) {
        let Self { release, at, .. } = *self;
        let all = || self.identities.iter();
        match one {
            Trait::EvidenceRanks => profile.count(EvidenceRanks, rank(release), at),
            Trait::Issuers => profile.count(Issuers, all().map(|it| it.issuer), at),
            Trait::RepositoryIds => profile.count(RepositoryIds, all().filter_map(|it| it.repository_id), at),
            Trait::Repositories => profile.count(Repositories, all().filter_map(|it| it.repository.as_deref()), at),
            Trait::OwnerIds => profile.count(OwnerIds, all().filter_map(|it| it.owner_id), at),
            Trait::Owners => profile.count(Owners, all().filter_map(|it| it.owner.as_deref()), at),
            Trait::Workflows => profile.count(Workflows, all().filter_map(|it| it.workflow.as_deref()), at),
            Trait::Refs => profile.count(Refs, all().filter_map(|it| it.reference.as_deref()), at),
            Trait::Triggers => profile.count(Triggers, all().filter_map(|it| it.trigger), at),
            Trait::Environments => all().for_each(|it| profile.count(Environments, it.environment_on(profile), at)),
            Trait::Runners => profile.count(Runners, all().filter_map(|it| it.runner), at),
            Trait::Publishers => profile.count(Publishers, self.person().map(|it| &*it.name), at),
            Trait::Emails => profile.count(Emails, self.person().and_then(|it| it.email.as_deref()), at),
            Trait::Maintainers => profile.count(Maintainers, release.maintainers.iter().flatten().map(|it| &**it), at),
            Trait::ConfigIds => profile.count(ConfigIds, release.auth.config_id.as_deref(), at),
            Trait::RegisteredRepositories => {
                profile.count(RegisteredRepositories, release.auth.registered_repository().as_deref(), at);
            }
            Trait::Tags => profile.count(Tags, self.tag(), at),
            Trait::ForgeReleases => profile.count(ForgeReleases, self.forge_release(), at),
            Trait::ReleaseSeals => profile.count(ReleaseSeals, self.release_seal(), at),
            Trait::Commits => profile.count(Commits, self.commit(), at),
            Trait::RefPlaces => {
                let places = all().filter_map(|it| self.ref_place(it));
                places.for_each(|place| profile.count(RefPlaces, Some(&*place), at));
            }
            Trait::Builders => profile.count(Builders, all().filter_map(|it| Some(it.builder.as_ref()?.asked())), at),
            Trait::Visibilities => profile.count(Visibilities, all().filter_map(|it| it.visibility), at),
            Trait::TagNames => profile.count(TagNames, all().filter_map(|it| self.tag_name(it)), at),
            Trait::Signatures => profile.count(Signatures, self.signature(), at),
            Trait::Conclusions => profile.count(Conclusions, self.run().and_then(|run| run.conclusion.as_deref()), at),
            Trait::Actors => profile.count(Actors, self.run().and_then(|run| run.actor.as_deref()), at),
            Trait::Attempts => profile.count(Attempts, all().filter_map(|it| it.attempt.map(attempt)), at),
            Trait::Gaps => profile.count(Gaps, signed_at(release).map(|signed_at| gap(at - signed_at)), at),
            Trait::Manifests => profile.count(Manifests, all().filter_map(|it| manifest_repository(release, it)), at),
            Trait::NamedRepositories => profile.count(NamedRepositories, self.named_repository().as_deref(), at),
            Trait::Pauses => profile.count(Pauses, profile.last_at.map(|last| pause(at - last)), at),
            Trait::TokenPolicies => profile.count(TokenPolicies, self.token_policy(), at),
            Trait::DependencySources => profile.count(DependencySources, dependency_sources(release), at),
            Trait::Dependencies => profile.count(Dependencies, self.dependencies(), at),
            Trait::InstallScripts => profile.count(InstallScripts, self.install_scripts(), at),
        }
    }

    /// Notes the ids of repositories and owners.
    fn note_ids(&self, profile: &mut LineBaseline) {
        for it in &self.identities {
            if let (Some(name), Some(id)) = (&it.repository, it.repository_id) {
                profile.note_repository(name, id);
            }
            if let (Some(name), Some(id)) = (&it.owner, it.owner_id) {
                profile.note_owner(name, id);
            }
        }
    }

    /// The publisher. A trusted publisher's name and address are its provider's, the same for all packages; the
    /// certificate has more.
    fn person(&self) -> Option<&Person> {
        self.release.publisher.as_ref().filter(|_| self.release.auth.method != AuthMethod::TrustedPublisher)
    }

    fn tag(&self) -> Option<TagPresence> {
        let exists = self.release.facts.tag.as_ref()?.exists?;
        Some(if exists { TagPresence::Present } else { TagPresence::Absent })
    }

    fn forge_release(&self) -> Option<TagPresence> {
        let exists = self.release.facts.release.as_ref()?.exists?;
        Some(if exists { TagPresence::Present } else { TagPresence::Absent })
    }

    fn release_seal(&self) -> Option<ReleaseSeal> {
        let is_immutable = self.release.facts.release.as_ref()?.immutable?;
        Some(if is_immutable { ReleaseSeal::Immutable } else { ReleaseSeal::Mutable })
    }

    fn tag_name(&self, identity: &Traits<'_>) -> Option<TagName> {
        identity.tag.map(|tag| tag_name(tag, &self.release.purl))
    }

    fn commit(&self) -> Option<CommitPlace> {
        let is_merged = self.release.facts.commit.as_ref()?.is_merged()?;
        Some(if is_merged { CommitPlace::Merged } else { CommitPlace::Unmerged })
    }

    fn ref_place(&self, identity: &Traits<'_>) -> Option<String> {
        let (kind, place) = (identity.reference.as_deref()?, self.commit()?);
        let commit = self.release.facts.commit.as_ref()?;
        let is_protected_only = place == CommitPlace::Merged && commit.on_default_branch != Some(true);
        let is_protected_tag = kind == A_TAG && is_protected_only;
        Some(if is_protected_tag { PROTECTED_TAG.to_owned() } else { ref_place(kind, place) })
    }

    fn signature(&self) -> Option<CommitSignature> {
        let is_verified = self.release.facts.commit.as_ref()?.verified?;
        Some(if is_verified { CommitSignature::Verified } else { CommitSignature::Unverified })
    }

    /// The run that built it: that of a release without a certificate is one that failed just before.
    fn run(&self) -> Option<&RunFacts> {
        self.release.facts.run.as_ref().filter(|_| !self.identities.is_empty())
    }

    fn named_repository(&self) -> Option<String> {
        named_repository(self.release.manifest.as_ref()?.repository.as_deref()?)
    }

    fn token_policy(&self) -> Option<TokenPolicy> {
        let is_strict = self.release.facts.publishing.as_ref()?.tokens_disallowed?;
        Some(if is_strict { TokenPolicy::TrustedPublishersOnly } else { TokenPolicy::Tokens })
    }

    fn dependencies(&self) -> impl Iterator<Item = OrNone<&str>> {
        let nothing = has_no_dependencies(self.release).then_some(OrNone::Nothing);
        nothing.into_iter().chain(dependencies(self.release).map(|(name, _)| OrNone::Name(name)))
    }

    fn install_scripts(&self) -> impl Iterator<Item = OrNone<&str>> {
        let hooks = self.release.manifest.as_ref().and_then(|manifest| manifest.install_scripts.as_ref());
        let nothing = hooks.is_some_and(Vec::is_empty).then_some(OrNone::Nothing);
        nothing.into_iter().chain(hooks.into_iter().flatten().map(|hook| OrNone::Name(&**hook)))
    }
}

/// Only for releases in order: a past release that is read later has no pause.
fn learn_pause(profile: &mut LineBaseline, at: DateTime<Utc>) {
    let Some(last_before) = profile.last_at else { return };
    let (pause, longest_before) = ((at - last_before).num_days(), profile.longest_pause);
    if pause >= LONG_PAUSE {
        profile.resumed = Some(Resumed { at, last_before, longest_before });
    }
    profile.longest_pause = longest_before.max(u32::try_from(pause).unwrap_or(0));
}

fn learn_version(profile: &mut LineBaseline, release: &Observation) {
    let read = |text| release.purl.package().ecosystem().version(text);
    let version = release.purl.version();
    if profile.highest.as_deref().is_none_or(|highest| read(version) > read(highest)) {
        profile.highest = Some(version.to_owned());
    }
}

fn learn_minute(profile: &mut LineBaseline, at: DateTime<Utc>) {
    if profile.minutes.len() >= MAX_MINUTES {
        profile.minutes.pop_front();
    }
    profile.minutes.push_back(u16::try_from(at.num_seconds_from_midnight() / 60).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn release(version: &str, at: &str, publisher: &str) -> Observation {
        serde_json::from_value(json!({"purl": format!("pkg:npm/a@{version}"), "published_at": at,
            "publisher": {"name": publisher}, "auth": {"method": "token"}, "attestation": {"status": "absent"},
            "facts": {"tag": {"exists": true}}}))
        .unwrap()
    }

    fn learned<'a>(releases: impl IntoIterator<Item = &'a Observation>) -> Baseline {
        let mut baseline = Baseline::empty("pkg:npm/a".parse().unwrap());
        releases.into_iter().for_each(|release| learn(&mut baseline, release));
        baseline
    }

    #[test]
    fn a_line_learns_only_its_own_releases() {
        let baseline = learned(&[
            release("1.0.0", "2026-01-01T10:00:00Z", "ann"),
            release("1.1.0", "2026-01-02T10:30:00Z", "ann"),
            release("2.0.0-rc.1", "2026-01-03T00:00:00Z", "bob"),
        ]);
        let one = &baseline.lines[&crate::model::ReleaseLine::named("1")];
        assert_eq!((one.releases, one.tally(Publishers).total(), one.tally(Tags).total()), (2, 2, 2));
        assert_eq!(one.minutes, [600, 630]);
        assert_eq!(one.words(Trait::Publishers).iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["ann"]);
        assert_eq!(baseline.lines.len(), 2);
    }

    /// A release with a value for every trait.
    fn full(auth: &serde_json::Value) -> Observation {
        let claims = json!({
            "source_repository_uri": "https://github.com/o/r", "source_repository_identifier": "74",
            "source_repository_owner_uri": "https://github.com/o", "source_repository_owner_identifier": "7",
            "source_repository_ref": "refs/tags/v1.0.1", "source_repository_visibility_at_signing": "public",
            "build_config_uri": "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0.1",
            "build_signer_uri": "https://github.com/o/r/.github/workflows/release.yml@refs/tags/v1.0.1",
            "build_trigger": "push", "runner_environment": "github-hosted", "deployment_environment": "release",
            "run_invocation_uri": "https://github.com/o/r/actions/runs/1/attempts/2",
        });
        serde_json::from_value(json!({
            "purl": "pkg:npm/a@1.0.1", "published_at": "2026-01-02T10:00:00Z",
            "publisher": {"name": "ann", "email": "ann@example.org"}, "maintainers": ["ann", "bob"],
            "auth": auth,
            "attestation": {"status": "verified", "issuer": "i", "claims": claims, "signed_at": "2026-01-02T09:59:00Z"},
            "manifest": {"repository": "o/r", "dependencies": {"left-pad": "^1"}, "install_scripts": []},
            "facts": {
                "tag": {"exists": true}, "release": {"exists": true, "immutable": true},
                "commit": {"on_default_branch": false, "verified": true},
                "run": {"conclusion": "success", "actor": "ann"}, "publishing": {"tokens_disallowed": true},
            },
        }))
        .unwrap()
    }

    #[test]
    fn every_trait_is_learned() {
        let by_hand = full(&json!({"method": "token", "config_id": "c0ffee"}));
        let by_machine = full(&json!({"method": "trusted_publisher", "provider": "github", "repository": "o/r"}));
        let baseline = learned([&by_hand, &by_machine]);
        let one = &baseline.lines[&crate::model::ReleaseLine::named("1")];
        let unseen: Vec<&str> =
            Trait::ALL.iter().filter(|it| one.words(**it).is_empty()).map(|it| it.as_str()).collect();
        assert_eq!(unseen, [""; 0]);
        assert_eq!((one.id_of_repository.len(), one.id_of_owner.len()), (1, 1));
        let words: Vec<_> = [Trait::Commits, Trait::Builders, Trait::Attempts, Trait::Manifests, Trait::InstallScripts]
            .iter()
            .flat_map(|it| one.words(*it))
            .map(|(word, _)| word)
            .collect();
        assert_eq!(words, ["unmerged", "", "again", "same", ""]);
    }

    proptest! {
        #[test]
        fn order_does_not_matter(mut minutes in proptest::collection::vec(0..500_000_i64, 1..20)) {
            let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
            let all = |minutes: &[i64]| {
                let releases: Vec<_> = minutes.iter().map(|minute| {
                    let at = start + chrono::Duration::minutes(*minute);
                    release("1.0.0", &at.to_rfc3339(), if minute % 2 == 0 { "ann" } else { "bob" })
                }).collect();
                let mut form = serde_json::to_value(learned(&releases)).unwrap();
                for line in form["lines"].as_object_mut().unwrap().values_mut() {
                    for key in ["pauses", "minutes", "longest_pause", "resumed"] {
                        line.as_object_mut().unwrap().remove(key).unwrap();
                    }
                }
                form
            };
            let forwards = all(&minutes);
            minutes.reverse();
            prop_assert_eq!(forwards, all(&minutes));
        }
    }
}
