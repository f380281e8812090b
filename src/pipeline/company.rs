//! What was published around a release, as the store knows it.

use chrono::{DateTime, Utc};

use crate::{
    detect::{Burst, Cadence, Company},
    model::{Bond, Observation, Provenance, ReleaseId, ReleaseLine},
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
        let others = u32::try_from(cadence.others(package, at).count()).unwrap_or(u32::MAX);
        if others > 0 {
            let (packages, usual) = (others.saturating_add(1), cadence.usual(at));
            company.bursts.push(Burst { bond, packages, usual });
        }
    }
    let mut siblings = store.siblings(package, at, REMEMBERED)?;
    siblings.retain(|one| !ReleaseLine::of(&one.purl).is_prerelease());
    let lines = cadence(Cadence::of_lines(), &siblings, ReleaseLine::of);
    company.lines = lines.others(&release.line(), at).cloned().collect();
    company.lines_usual = lines.usual(at);
    company.same_run = other_version(store, release, &runs(release))?;
    company.same_signature = other_version(store, release, &signatures(release))?.map(|(other, _)| other);
    Ok(company)
}

/// Another, earlier version of the package that one of the traces leads to, and when it was published.
fn other_version(
    store: &Store,
    release: &Observation,
    traces: &[Trace<'_>],
) -> Result<Option<(ReleaseId, DateTime<Utc>)>, StoreError> {
    for trace in traces {
        let found = store.traced(*trace, 2)?.into_iter().filter_map(|row| Some((row.purl, row.published_at?)));
        let mut earlier = found.filter(|(other, at)| {
            *other != release.purl && other.package() == release.purl.package() && *at <= release.published_at
        });
        if let Some(other) = earlier.next() {
            return Ok(Some(other));
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

fn runs(release: &Observation) -> Vec<Trace<'_>> {
    let run = |identity: &'_ crate::model::WorkflowIdentity| identity.claims.run_invocation_uri.is_some();
    let identities = release.identities().into_iter().filter(|identity| run(identity));
    identities.filter_map(|identity| identity.claims.run_invocation_uri.as_deref().map(Trace::Run)).collect()
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
