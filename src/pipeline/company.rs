//! What was published around a release, as the store knows it.

use chrono::{DateTime, Utc};

use super::chronicle::{account, without_attempt};
use crate::{
    detect::{AT_ONCE, Burst, Cadence, Company, Runs},
    model::{Alert, Bond, Observation, Provenance, ReleaseId, ReleaseLine, Severity},
    store::{Neighbour, Store, StoreError, Trace},
};

/// How many earlier releases show whether a burst is a habit.
const REMEMBERED: usize = 1000;

/// What was published around a release, of all that is watched.
///
/// # Errors
/// The store failed.
pub fn company(store: &Store, release: &Observation) -> Result<Company, StoreError> {
    let (package, at) = (release.purl.package(), release.published_at);
    let mut company = Company::default();
    for bond in Bond::of(release) {
        let neighbours = store.bound(&bond, at, REMEMBERED)?;
        let cadence = cadence(Cadence::of_packages(), &neighbours, |release| release.package().clone());
        let others = cadence.count_others(package, at);
        if others > 0 {
            let (packages, usual) = (others.saturating_add(1), cadence.usual(at));
            company.bursts.push(Burst { bond, packages, usual });
        }
    }
    let mut siblings = store.siblings(package, at, REMEMBERED)?;
    company.accused = accused(store, release, &siblings)?;
    siblings.retain(|one| !ReleaseLine::of(&one.purl).is_prerelease());
    let lines = cadence(Cadence::of_lines(), &siblings, ReleaseLine::of);
    company.lines = lines.others(&release.line(), at).cloned().collect();
    company.lines_usual = lines.usual(at);
    company.same_run = same_run(store, release)?;
    company.same_signature = same_signature(store, release)?;
    Ok(company)
}

/// The latest of the siblings by the same account that raised an alert of medium or worse within the hour before, and was
/// not accepted since.
fn accused(
    store: &Store,
    release: &Observation,
    siblings: &[Neighbour],
) -> Result<Option<(ReleaseId, DateTime<Utc>)>, StoreError> {
    let Some(account) = account(release) else { return Ok(None) };
    let just_before = |one: &&Neighbour| release.published_at - one.published_at <= AT_ONCE && one.purl != release.purl;
    for one in siblings.iter().rev().filter(|one| !one.teaches).filter(just_before) {
        let (fingerprint, _) = Alert::identify_release(&one.purl);
        let is_accused = store.alert(&fingerprint)?.is_some_and(|alert| alert.severity >= Severity::Medium);
        let by = store.release(&one.purl)?.and_then(|row| row.observation).and_then(|it| self::account(&it));
        if is_accused && by.as_ref() == Some(&account) {
            return Ok(Some((one.purl.clone(), one.published_at)));
        }
    }
    Ok(None)
}

/// The version that the release's run built before.
fn same_run(store: &Store, release: &Observation) -> Result<Option<(ReleaseId, DateTime<Utc>)>, StoreError> {
    let named: Vec<_> =
        release.identities().into_iter().filter_map(|it| it.claims.run_invocation_uri.as_deref()).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let mut runs = Runs::default();
    for (run, one) in store.runs_of(release.purl.package(), release.published_at, REMEMBERED)? {
        runs.add(without_attempt(&run), &one.purl, one.published_at, one.teaches);
    }
    Ok(named.into_iter().find_map(|run| runs.other(without_attempt(run), &release.purl)))
}

/// Another, earlier version of the package that carries the release's signature.
fn same_signature(store: &Store, release: &Observation) -> Result<Option<ReleaseId>, StoreError> {
    for trace in signatures(release) {
        let found = store.traced(trace, 2)?.into_iter();
        let mut others = found.filter(|row| {
            row.purl != release.purl
                && row.purl.package() == release.purl.package()
                && row.published_at.is_some_and(|at| at <= release.published_at)
        });
        if let Some(other) = others.next() {
            return Ok(Some(other.purl));
        }
    }
    Ok(None)
}

fn cadence<T: Ord + Clone>(
    mut cadence: Cadence<T>,
    neighbours: &[Neighbour],
    key: impl Fn(&ReleaseId) -> T,
) -> Cadence<T> {
    for one in neighbours {
        cadence.add(key(&one.purl), one.published_at, one.teaches);
    }
    cadence
}

fn signatures(release: &Observation) -> Vec<Trace<'_>> {
    let verified = release.provenances().filter_map(|provenance| match provenance {
        Provenance::Verified(verified) => Some(verified),
        _ => None,
    });
    verified
        .flat_map(|verified| {
            let place = verified.log.as_ref().map(|at| Trace::LogEntry { origin: &at.origin, index: at.index });
            verified.signed.iter().map(|digest| Trace::Signed(digest)).chain(place)
        })
        .collect()
}
