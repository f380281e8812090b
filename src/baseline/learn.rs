use chrono::{DateTime, Timelike, Utc};

use super::{
    Traits, rank,
    words::{
        attempt_word, dependencies, dependency_sources, gap_word, has_no_dependencies, manifest_word, named_repository,
        pause_word, policy_word, signed_at, tag_word,
    },
};
use crate::model::{AuthMethod, Baseline, CommitFacts, LineBaseline, Observation, Seen, Tally, Version};

/// Most values that one tally keeps; beyond it the value seen longest ago is forgotten.
const MAX_VALUES: usize = 200;

/// Most publish times that a portrait keeps.
const MAX_MINUTES: usize = 200;

/// Folds one release into the portrait of its line. The order of releases does not matter but for publish minutes.
pub fn learn(baseline: &mut Baseline, release: &Observation) {
    let portrait = baseline.lines.entry(release.line()).or_default();
    let at = release.published_at;
    portrait.releases = portrait.releases.saturating_add(1);
    count(&mut portrait.pauses, portrait.last_at.map(|last| pause_word(at - last)), at);
    learn_pause(portrait, at);
    portrait.first_at = Some(portrait.first_at.map_or(at, |first| first.min(at)));
    portrait.last_at = Some(portrait.last_at.map_or(at, |last| last.max(at)));
    learn_evidence(portrait, release);
    for traits in Traits::of(release) {
        learn_traits(portrait, &traits, at);
        count(&mut portrait.tag_names, traits.tag.map(|tag| tag_word(tag, release.purl.version())), at);
        count(&mut portrait.manifests, manifest_word(release, &traits), at);
    }
    count(&mut portrait.gaps, signed_at(release).map(|signed_at| gap_word(at - signed_at)), at);
    learn_publisher(portrait, release);
    learn_content(portrait, release);
    learn_minute(portrait, at);
}

fn learn_evidence(portrait: &mut LineBaseline, release: &Observation) {
    if let Some(rank) = rank(release) {
        portrait
            .evidence
            .entry(rank)
            .and_modify(|seen| again(seen, release.published_at))
            .or_insert_with(|| once(release.published_at));
    }
}

fn learn_traits(portrait: &mut LineBaseline, traits: &Traits<'_>, at: DateTime<Utc>) {
    count(&mut portrait.issuers, Some(traits.issuer), at);
    count(&mut portrait.repository_ids, traits.repository_id, at);
    count(&mut portrait.repositories, traits.repository.as_deref(), at);
    count(&mut portrait.owner_ids, traits.owner_id, at);
    count(&mut portrait.owners, traits.owner.as_deref(), at);
    count(&mut portrait.workflows, traits.workflow.as_deref(), at);
    count(&mut portrait.refs, traits.reference.as_deref(), at);
    count(&mut portrait.triggers, traits.trigger, at);
    let environment = traits.environment_on(portrait);
    count(&mut portrait.environments, environment, at);
    count(&mut portrait.runners, traits.runner, at);
    count(&mut portrait.builders, traits.builder.as_deref(), at);
    count(&mut portrait.visibilities, traits.visibility, at);
    count(&mut portrait.attempts, traits.attempt.map(attempt_word), at);
    if let (Some(name), Some(id)) = (&traits.repository, traits.repository_id) {
        portrait.id_of_repository.insert(name.clone(), id.to_owned());
        portrait.id_of_repository.retain(|name, _| portrait.repositories.contains_key(name));
    }
    if let (Some(name), Some(id)) = (&traits.owner, traits.owner_id) {
        portrait.id_of_owner.insert(name.clone(), id.to_owned());
        portrait.id_of_owner.retain(|name, _| portrait.owners.contains_key(name));
    }
}

fn learn_publisher(portrait: &mut LineBaseline, release: &Observation) {
    let at = release.published_at;
    count(&mut portrait.config_ids, release.auth.config_id.as_deref(), at);
    count(&mut portrait.registered_repositories, release.auth.registered_repository().as_deref(), at);
    for name in release.maintainers.iter().flatten() {
        count(&mut portrait.maintainers, Some(name), at);
    }
    // A trusted publisher's name and address are its provider's, the same for everybody; the certificate tells more.
    if let (Some(publisher), false) = (&release.publisher, release.auth.method == AuthMethod::TrustedPublisher) {
        count(&mut portrait.publishers, Some(&publisher.name), at);
        count(&mut portrait.emails, publisher.email.as_deref(), at);
    }
}

fn learn_content(portrait: &mut LineBaseline, release: &Observation) {
    let at = release.published_at;
    let tag = release.facts.tag.as_ref().and_then(|tag| tag.exists);
    count(&mut portrait.tags, tag.map(|exists| if exists { "present" } else { "absent" }), at);
    let merged = release.facts.commit.as_ref().and_then(CommitFacts::is_merged);
    count(&mut portrait.commits, merged.map(|merged| if merged { "merged" } else { "unmerged" }), at);
    let verified = release.facts.commit.as_ref().and_then(|commit| commit.verified);
    count(&mut portrait.signatures, verified.map(|verified| if verified { "verified" } else { "unverified" }), at);
    let run = release.facts.run.as_ref().filter(|_| !release.identities().is_empty());
    count(&mut portrait.conclusions, run.and_then(|run| run.conclusion.as_deref()), at);
    let policy = release.facts.publishing.as_ref().and_then(|publishing| publishing.tokens_disallowed);
    count(&mut portrait.token_policies, policy.map(policy_word), at);
    let named = release.manifest.as_ref().and_then(|manifest| manifest.repository.as_deref());
    count(&mut portrait.named_repositories, named.and_then(named_repository).as_deref(), at);
    if has_no_dependencies(release) {
        count(&mut portrait.dependencies, Some(""), at);
    }
    for (name, _) in dependencies(release) {
        count(&mut portrait.dependencies, Some(name), at);
    }
    for source in dependency_sources(release) {
        count(&mut portrait.dependency_sources, Some(source), at);
    }
    learn_version(portrait, release);
    if let Some(scripts) = release.manifest.as_ref().and_then(|manifest| manifest.install_scripts.as_ref()) {
        count(&mut portrait.install_scripts, scripts.is_empty().then_some(""), at);
        for script in scripts {
            count(&mut portrait.install_scripts, Some(script), at);
        }
    }
}

/// Only where releases come in order: what is read later of the past says nothing of pauses.
fn learn_pause(portrait: &mut LineBaseline, at: DateTime<Utc>) {
    let pause = portrait.last_at.map_or(0, |last| (at - last).num_days());
    portrait.longest_pause = portrait.longest_pause.max(u32::try_from(pause).unwrap_or(0));
}

fn learn_version(portrait: &mut LineBaseline, release: &Observation) {
    let read = |text| Version::read(release.purl.package().ecosystem(), text);
    let version = release.purl.version();
    if portrait.highest.as_deref().is_none_or(|highest| read(version) > read(highest)) {
        portrait.highest = Some(version.to_owned());
    }
}

fn learn_minute(portrait: &mut LineBaseline, at: DateTime<Utc>) {
    if portrait.minutes.len() >= MAX_MINUTES {
        portrait.minutes.pop_front();
    }
    portrait.minutes.push_back(u16::try_from(at.num_seconds_from_midnight() / 60).unwrap_or(0));
}

/// Counts a value where there is one.
fn count(tally: &mut Tally<String>, value: Option<&str>, at: DateTime<Utc>) {
    let Some(value) = value else { return };
    if let Some(seen) = tally.get_mut(value) {
        return again(seen, at);
    }
    if tally.len() >= MAX_VALUES
        && let Some(oldest) = tally.iter().min_by_key(|(_, seen)| seen.last).map(|(value, _)| value.clone())
    {
        tally.remove(&oldest);
    }
    tally.insert(value.to_owned(), once(at));
}

fn once(at: DateTime<Utc>) -> Seen {
    Seen { count: 1, first: at, last: at }
}

fn again(seen: &mut Seen, at: DateTime<Utc>) {
    seen.count = seen.count.saturating_add(1);
    seen.first = seen.first.min(at);
    seen.last = seen.last.max(at);
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
        assert_eq!((one.releases, one.publishers["ann"].count, one.tags["present"].count), (2, 2, 2));
        assert_eq!(one.minutes, [600, 630]);
        assert!(!one.publishers.contains_key("bob"));
        assert_eq!(baseline.lines.len(), 2);
    }

    #[test]
    fn a_tally_forgets_what_is_oldest() {
        let mut tally = Tally::new();
        let start: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        for day in 0..=MAX_VALUES {
            let at = start + chrono::Duration::days(i64::try_from(day).unwrap());
            count(&mut tally, Some(&day.to_string()), at);
        }
        assert_eq!(tally.len(), MAX_VALUES);
        assert!(!tally.contains_key("0") && tally.contains_key("1"));
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
                let mut baseline = learned(&releases);
                baseline.lines.values_mut().for_each(|line| {
                    line.pauses.clear();
                    line.minutes.clear();
                    line.longest_pause = 0;
                });
                baseline
            };
            let forwards = all(&minutes);
            minutes.reverse();
            prop_assert_eq!(forwards, all(&minutes));
        }
    }
}
