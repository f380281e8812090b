//! Finds what explains a release after its alert was raised: a tag or an attestation that came late. The alert stays as it is,
//! because whoever took a package over can tag late, too.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    baseline,
    model::{Alert, AlertKind, Development, Fingerprint, Observation, TagFacts, WorkflowIdentity},
    packages::verify::facts::came,
    store::{Store, StoreError},
};

/// The detectors of releases without a tag.
const WITHOUT_TAG: [&str; 1] = ["tag-missing"];

/// The detectors of releases without an attestation that verifies.
const WITHOUT_EVIDENCE: [&str; 2] = ["attestation-invalid", "evidence-downgrade"];

/// When to ask again for the tag of a release with an alert, after its publication.
const LOOKS: [TimeDelta; 5] =
    [TimeDelta::hours(2), TimeDelta::hours(6), TimeDelta::hours(12), TimeDelta::days(1), TimeDelta::days(2)];

/// The detectors of releases that no run of one's own explains.
const WITHOUT_RUN: [&str; 1] = ["own-release-unexplained"];

/// What a later look found about a release.
#[derive(Clone, Copy, Debug)]
pub struct Later<'a> {
    /// A tag that no earlier look found.
    pub tag: Option<&'a TagFacts>,
    /// Whether a run of one's own release workflow explains it.
    pub is_explained_by_run: bool,
}

/// What explains a release that raised an alert earlier.
///
/// # Errors
/// The store failed.
pub fn explanations(
    store: &Store,
    observation: &Observation,
    later: Later<'_>,
    now: DateTime<Utc>,
) -> Result<Vec<Development>, StoreError> {
    let Some(alert) = store.alert(&Fingerprint::of_release(&observation.purl))? else { return Ok(Vec::new()) };
    let Some(before) = store.release(&observation.purl)?.and_then(|row| row.observation) else {
        return Ok(Vec::new());
    };
    let tag = later.tag.or_else(|| came(before.facts.tag.as_ref(), observation.facts.tag.as_ref()));
    let tag = tag.filter(|_| has(&alert, &WITHOUT_TAG));
    let mut developments: Vec<Development> =
        tag.map(|tag| Development::late_tag(tag.name.as_deref(), now)).into_iter().collect();
    let had_none = before.verified().next().is_none() && has(&alert, &WITHOUT_EVIDENCE);
    let identity = observation.identities().into_iter().next().filter(|_| had_none);
    developments.extend(identity.map(|identity| Development::late_attestation(repository(identity), now)));
    let run = later.is_explained_by_run && has(&alert, &WITHOUT_RUN);
    developments.extend(run.then(|| Development::late_run(now)));
    Ok(developments)
}

fn repository(identity: &WorkflowIdentity) -> &str {
    identity.claims.source_repository_uri.as_deref().unwrap_or(&identity.subject)
}

/// When to ask again for the tag of a release whose alert says that it has none; nothing waits for longer than `longest`.
pub fn look_again_at(
    alert: Option<&Alert>,
    observation: &Observation,
    longest: TimeDelta,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let alert = alert.filter(|alert| alert.kind == AlertKind::Release && has(alert, &WITHOUT_TAG))?;
    let is_missing = observation.facts.tag.as_ref().is_some_and(|tag| tag.exists == Some(false));
    if !is_missing || baseline::in_baseline(Some(alert.severity)) || longest < LOOKS[0] {
        return None;
    }
    let next = LOOKS.into_iter().map(|after| observation.published_at + after).find(|look| *look > now)?;
    Some(next.min(now + longest))
}

fn has(alert: &Alert, detectors: &[&str]) -> bool {
    alert.signals.iter().any(|signal| detectors.contains(&signal.detector.as_ref()))
}
