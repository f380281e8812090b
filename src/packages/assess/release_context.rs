//! Reads the release context from the store.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::in_memory_history::actor;
use crate::{
    detect::{AT_ONCE, Burst, Cadence, ReleaseContext, Runs},
    model::{CorrelationKey, Fingerprint, Observation, Package, ReleaseId, ReleaseLine, Severity, run_and_attempt},
    store::{Neighbour, Store, StoreError, Trace},
};

/// For how long after a release others may be its company.
const COMPANY: TimeDelta = TimeDelta::hours(2);

/// How many earlier releases show whether a burst is usual.
const REMEMBERED: usize = 1000;

/// The watched releases that were published around a release.
///
/// # Errors
/// The store failed.
pub fn release_context(store: &Store, release: &Observation) -> Result<ReleaseContext, StoreError> {
    let (package, at) = (release.purl.package(), release.published_at);
    let mut release_context = ReleaseContext::default();
    for correlation_key in CorrelationKey::of(release) {
        let neighbours = store.bound(&correlation_key, at + COMPANY, REMEMBERED)?;
        let others = neighbours.iter().map(|one| one.purl.package()).filter(|one| is_dependency(release, one));
        release_context.companions.extend(others.map(|one| one.name().to_owned()));
        let cadence = cadence(Cadence::of_packages(), &neighbours, at, |release| release.package().clone());
        let others = cadence.count_others(package, at);
        if others > 0 {
            let (packages, usual) = (others.saturating_add(1), cadence.usual(at));
            release_context.bursts.push(Burst { correlation_key, packages, usual });
        }
    }
    let mut siblings = store.siblings(package, at, REMEMBERED)?;
    release_context.accused = accused(store, release, &siblings)?;
    let held = siblings.iter().filter(|one| !one.in_baseline && one.purl != release.purl);
    release_context.held_at = held.map(|one| one.published_at).max();
    siblings.retain(|one| !ReleaseLine::of(&one.purl).is_prerelease());
    let lines = cadence(Cadence::of_lines(), &siblings, at, ReleaseLine::of);
    release_context.lines = lines.others(&release.line(), at).cloned().collect();
    release_context.lines_usual = lines.usual(at);
    release_context.same_run = same_run(store, release)?;
    release_context.same_signature = same_signature(store, release)?;
    release_context.incidents = store.joined(release)?;
    release_context.address_hosts = address_hosts(store, release)?;
    Ok(release_context)
}

/// The hosts of the addresses of which the package's baseline has only pseudonyms, by pseudonym.
fn address_hosts(store: &Store, release: &Observation) -> Result<BTreeMap<String, String>, StoreError> {
    let addresses = store.addresses()?;
    if !addresses.has_key() {
        return Ok(BTreeMap::new());
    }
    Ok(addresses.hosts(&store.baseline(release.purl.package())?.baseline, release))
}

/// Whether a release has a package among its dependencies whose age is known.
pub(super) fn is_dependency(release: &Observation, package: &Package) -> bool {
    let ages = release.facts.dependencies_first_published.as_ref();
    ages.is_some_and(|ages| ages.contains_key(package.name()))
        && package.registry() == release.purl.package().registry()
}

/// The latest of the siblings by the same publisher that raised an alert of medium or worse within the hour before, and
/// was not accepted since.
fn accused(
    store: &Store,
    release: &Observation,
    siblings: &[Neighbour],
) -> Result<Option<(ReleaseId, DateTime<Utc>)>, StoreError> {
    let Some(actor) = actor(release) else { return Ok(None) };
    let just_before = |one: &&Neighbour| release.published_at - one.published_at <= AT_ONCE && one.purl != release.purl;
    for one in siblings.iter().rev().filter(|one| !one.in_baseline).filter(just_before) {
        let alert = store.alert(&Fingerprint::of_release(&one.purl))?;
        let is_accused = alert.is_some_and(|alert| alert.severity >= Severity::Medium);
        let by = store.release(&one.purl)?.and_then(|row| row.observation).and_then(|it| self::actor(&it));
        if is_accused && by.as_ref() == Some(&actor) {
            return Ok(Some((one.purl.clone(), one.published_at)));
        }
    }
    Ok(None)
}

/// The version that the same run built before.
fn same_run(store: &Store, release: &Observation) -> Result<Option<(ReleaseId, DateTime<Utc>)>, StoreError> {
    let named: Vec<_> = release.runs().map(|run| run_and_attempt(run).0).collect();
    if named.is_empty() {
        return Ok(None);
    }
    // Seldom: then the runs of all others are read.
    let is_shared = |run: &&str| store.other_version(Trace::AnyAttempt(run), &release.purl, release.published_at);
    let shared = named.iter().map(is_shared).collect::<Result<Vec<_>, _>>()?;
    if shared.iter().all(Option::is_none) {
        return Ok(None);
    }
    let mut runs = Runs::default();
    for (run, one) in store.runs_of(release.purl.package(), release.published_at, REMEMBERED)? {
        runs.add(run_and_attempt(&run).0, &one.purl, one.published_at, one.in_baseline);
    }
    Ok(named.into_iter().find_map(|run| runs.other(run, &release.purl)))
}

/// Another, earlier version of the package that carries the release's signature.
fn same_signature(store: &Store, release: &Observation) -> Result<Option<ReleaseId>, StoreError> {
    for trace in release.verified().flat_map(Trace::of_signature) {
        let other = store.other_version(trace, &release.purl, release.published_at)?;
        if other.is_some() {
            return Ok(other);
        }
    }
    Ok(None)
}

fn cadence<T: Ord + Clone>(
    mut cadence: Cadence<T>,
    neighbours: &[Neighbour],
    at: DateTime<Utc>,
    key: impl Fn(&ReleaseId) -> T,
) -> Cadence<T> {
    for one in neighbours {
        // Later releases belong to the burst of a release while they follow one another.
        if one.published_at > at && cadence.is_over(one.published_at) {
            break;
        }
        cadence.add(key(&one.purl), one.published_at, one.in_baseline);
    }
    cadence
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{
        baseline::learn,
        model::{Alert, AlertKind, BaselineReason, Confidence},
        packages::assess::in_memory_history::InMemoryHistory,
        store::{BaselineChange, NewBaselineVersion, Outcome, Record, StoredBaseline},
    };

    /// A release in short form: package, account, major version, minutes since the last, run, whether it raises an
    /// alert.
    type Draft = (u8, u8, u8, i64, u8, bool);

    fn release(number: usize, at: DateTime<Utc>, (package, account, major, _, run, _): Draft) -> Observation {
        let attestation = match run {
            0 => json!({"status": "absent"}),
            run => json!({"status": "verified", "issuer": "i", "signed": [format!("{:064}", run % 3)], "claims": {
                "source_repository_uri": format!("https://github.com/o/r{}", package % 2),
                "run_invocation_uri": format!("https://github.com/o/r/actions/runs/{run}/attempts/{}", number % 2 + 1)}}),
        };
        serde_json::from_value(json!({
            "purl": format!("pkg:npm/p{package}@{major}.0.{number}"), "published_at": at, "auth": {"method": "token"},
            "publisher": {"name": format!("a{account}")}, "attestation": attestation,
        }))
        .unwrap()
    }

    fn accusation(release: &Observation) -> Alert {
        let (subject, at) = (release.purl.to_string(), release.published_at);
        Alert {
            purl: Some(release.purl.clone()),
            published_at: Some(at),
            ..Alert::about(AlertKind::Release, &subject, Severity::High, Confidence::High, "differs".to_owned(), at)
        }
    }

    fn record(store: &Store, release: &Observation, is_accused: bool) {
        let outcome = if is_accused { Outcome::Alerted } else { Outcome::Clean };
        let mut record = Record::observed(release.clone(), outcome, release.published_at);
        if is_accused {
            record.alert = Some(accusation(release));
        } else {
            let StoredBaseline { revision, mut baseline } = store.baseline(release.purl.package()).unwrap();
            learn(&mut baseline, release);
            let version = NewBaselineVersion {
                line: release.line(),
                reason: BaselineReason::Learned,
                purl: Some(release.purl.clone()),
                actor: "test".to_owned(),
                note: None,
            };
            record.baseline = Some(BaselineChange { based_on: revision, baseline, versions: vec![version] });
        }
        store.record(&record).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        /// The in-memory history of a replay and the daemon's store give the same release context.
        #[test]
        fn the_store_and_a_chronicle_tell_the_same(
            drafts in prop::collection::vec((0..4_u8, 0..3_u8, 1..4_u8, 1..90_i64, 0..5_u8, any::<bool>()), 1..25)
        ) {
            let (store, mut in_memory_history) = (Store::in_memory().unwrap(), InMemoryHistory::default());
            let mut at: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
            for (number, draft) in drafts.into_iter().enumerate() {
                at += chrono::TimeDelta::minutes(draft.3);
                let (release, is_accused) = (release(number, at, draft), draft.5);
                prop_assert_eq!(release_context(&store, &release).unwrap(), in_memory_history.release_context(&release), "{}", release.purl);
                record(&store, &release, is_accused);
                in_memory_history.add(&release, !is_accused);
            }
        }
    }
}
