//! Removes a release from the baseline that was soon withdrawn, or that others report as malicious.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    baseline::learn,
    model::{
        BaselineReason, EvidenceRank, LineBaseline, Observation, ReleaseId, Tally, Text,
        traits::{EvidenceRanks, Repositories, Workflows},
    },
    store::{BaselineChange, NewBaselineVersion, Store, StoreError, StoredBaseline},
    upkeep::ACTOR,
};

/// The longest time from publication to withdrawal. A release that was available for longer stays in the baseline even
/// if it is deleted: otherwise an attacker who took over a package would delete its history, and be the first publisher
/// of a package without a baseline.
const SOON: TimeDelta = TimeDelta::days(30);

/// The reason why a release leaves the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The registry does not have it any more.
    Withdrawn,
    /// Others report it as malicious.
    Reported,
}

impl Why {
    const fn note(self) -> &'static str {
        match self {
            Self::Withdrawn => "it was withdrawn soon after it was published",
            Self::Reported => "others report it as malicious",
        }
    }

    /// An attacker can delete the releases of a package that they took over, but not have them reported.
    fn counts(self, published_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        self == Self::Reported || published_at.is_some_and(|at| now - at <= SOON)
    }
}

/// Learns the release's line again without it. The baseline stays as it is where that would leave nothing of the line
/// or of the identities that built it, or where the line includes more releases than are stored.
pub fn unlearn(store: &Store, release: &ReleaseId, why: Why, now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(row) = store.release(release)?.filter(|row| row.in_baseline) else { return Ok(()) };
    // A release that the operator accepted stays accepted, even if it is withdrawn.
    if !why.counts(row.published_at, now) || store.acceptance(release)?.is_some() {
        return Ok(());
    }
    let StoredBaseline { revision, mut baseline } = store.baseline(release.package())?;
    let taught = store.learned_from(release.package(), &row.line)?;
    let Some(before) = baseline.lines.remove(&row.line) else { return Ok(()) };
    let rest: Vec<Observation> = taught.into_iter().filter(|taught| taught.purl != *release).collect();
    if rest.is_empty() || usize::try_from(before.releases).ok() != Some(rest.len() + 1) {
        return Ok(());
    }
    for taught in &rest {
        learn(&mut baseline, taught);
    }
    let Some(after) = baseline.lines.get_mut(&row.line).filter(|after| knows_builders(&before, after)) else {
        return Ok(());
    };
    keep_evidence(&before, after);
    let version = NewBaselineVersion {
        line: row.line,
        reason: BaselineReason::Unlearned,
        purl: Some(release.clone()),
        actor: ACTOR.to_owned(),
        note: Some(why.note().to_owned()),
    };
    tracing::info!(%release, "{}: it is no longer in the baseline", why.note());
    store.change_baseline(&BaselineChange { based_on: revision, baseline, versions: vec![version] }, now)?;
    Ok(())
}

/// Keeps the evidence that the line had adopted: otherwise an attacker with a token could delete the releases that had
/// it.
fn keep_evidence(before: &LineBaseline, after: &mut LineBaseline) {
    for (rank, seen) in before.tally(EvidenceRanks).iter().filter(|(rank, _)| **rank > EvidenceRank::None) {
        after.insert(EvidenceRanks, *rank, *seen);
    }
}

/// Whether a line that had a repository and a workflow still has them.
fn knows_builders(before: &LineBaseline, after: &LineBaseline) -> bool {
    let is_lost = |all: &Tally<Text>, left: &Tally<Text>| !all.is_empty() && left.is_empty();
    !is_lost(before.tally(Repositories), after.tally(Repositories))
        && !is_lost(before.tally(Workflows), after.tally(Workflows))
}
