//! A release that is withdrawn soon after it came was not normal, even if it taught: the baseline loses it again.

use chrono::TimeDelta;

use super::{Pipeline, PipelineError, examine::Subject, record::ACTOR};
use crate::{
    baseline::learn,
    model::{BaselineReason, Observation, ReleaseId},
    store::{BaselineChange, NewBaselineVersion, StoredBaseline},
};

/// How soon. What stood for longer stays learned whatever is deleted: otherwise whoever took a package over would delete
/// its past, and be the first of a package that nothing is known of.
const SOON: TimeDelta = TimeDelta::days(30);

impl Pipeline {
    /// Learns the release's line anew without it. Nothing happens where that would leave nothing of the line, or where the
    /// line knows more than the releases that are stored.
    pub(super) fn unlearn(&self, subject: &Subject<'_>, release: &ReleaseId) -> Result<(), PipelineError> {
        let Some(row) = self.store.release(release)?.filter(|row| row.teaches) else { return Ok(()) };
        if row.published_at.is_none_or(|at| subject.now - at > SOON) {
            return Ok(());
        }
        let StoredBaseline { revision, mut baseline } = self.store.baseline(subject.package)?;
        let taught = self.store.teachers(subject.package, &row.line)?;
        let known = baseline.lines.remove(&row.line).map_or(0, |line| line.releases);
        let rest: Vec<Observation> = taught.into_iter().filter(|taught| taught.purl != *release).collect();
        if rest.is_empty() || usize::try_from(known).ok() != Some(rest.len() + 1) {
            return Ok(());
        }
        for taught in &rest {
            learn(&mut baseline, taught);
        }
        let version = NewBaselineVersion {
            line: row.line,
            reason: BaselineReason::Unlearned,
            purl: Some(release.clone()),
            actor: ACTOR.to_owned(),
            note: Some("it was withdrawn soon after it was published".to_owned()),
        };
        tracing::info!(%release, "it was withdrawn: the baseline does not know it any more");
        self.store
            .change_baseline(&BaselineChange { based_on: revision, baseline, versions: vec![version] }, subject.now)?;
        Ok(())
    }
}
