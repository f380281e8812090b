//! Learns from a listing of its repository how a package tagged its earlier releases, before the first new one is judged.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    enrich::{ForgeRepository, Forges},
    model::{Baseline, BaselineReason, Observation, ReleaseLine, ReleaseStatus, traits::Tags, words::TagPresence},
    packages::{
        examination::Examination,
        verify::{facts::named_since, usual_place::usual_place},
    },
    store::{BaselineChange, NewBaselineVersion, ReleaseRow, Store, StoreError, StoredBaseline},
    upkeep::ACTOR,
};

/// Of how many of a package's releases the tags are looked up.
const RELEASES: usize = 200;

/// The note of the baseline's history.
const NOTE: &str = "the tags of earlier releases, from a listing of the repository";

/// Learns the tags of earlier releases.
#[derive(Debug)]
pub struct TagHistory {
    pub store: Arc<Store>,
    /// The forges that may be asked, unless that is switched off.
    pub forges: Option<Arc<Forges>>,
}

impl TagHistory {
    /// Looks up the tags of earlier releases, unless some are known. Whether a package tags its releases is a habit that
    /// existed before it was watched, and a listing shows it without a question for each release. If the repository cannot
    /// be listed, the next release asks again.
    ///
    /// # Errors
    /// The store failed.
    pub async fn learn(
        &self,
        subject: &Examination<'_>,
        release: &Observation,
        baseline: &mut StoredBaseline,
    ) -> Result<(), StoreError> {
        let known = &baseline.baseline;
        let (Some(forges), Some(place)) = (&self.forges, usual_place(known)) else { return Ok(()) };
        if !forges.knows(&place) || known.lines.keys().all(|line| !lacks_tags(known, line)) {
            return Ok(());
        }
        let rows = self.store.releases(subject.package, RELEASES)?;
        let is_past = |row: &ReleaseRow| row.in_baseline && row.status == ReleaseStatus::Published;
        let past = rows.into_iter().filter(is_past).filter_map(|row| row.observation);
        let past: Vec<_> = past.filter(|past| lacks_tags(known, &past.line())).collect();
        if past.is_empty() {
            return Ok(());
        }
        let is_certified = place.id.is_some() && ForgeRepository::of(release).as_ref() == Some(&place);
        let asking = forges.past_tags(&place, is_certified, named_since(known, &place), &past);
        match subject.turn.facts(asking).await {
            Some(Ok(tags)) => {
                let seen = past.iter().zip(tags);
                let seen = seen.filter_map(|(release, tag)| Some((release.line(), release.published_at, tag.exists?)));
                self.record(subject, baseline, seen.collect())
            }
            Some(Err(why)) => {
                tracing::debug!(package = %subject.package, "the tags of earlier releases are not known: {why}");
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn record(
        &self,
        subject: &Examination<'_>,
        stored: &mut StoredBaseline,
        seen: Vec<(ReleaseLine, DateTime<Utc>, bool)>,
    ) -> Result<(), StoreError> {
        let mut baseline = stored.baseline.clone();
        let mut lines = BTreeSet::new();
        for (line, at, exists) in seen {
            let is_open = lacks_tags(&stored.baseline, &line);
            let Some(profile) = baseline.lines.get_mut(&line).filter(|_| is_open) else { continue };
            profile.count(Tags, [if exists { TagPresence::Present } else { TagPresence::Absent }], at);
            lines.insert(line);
        }
        let version = |line| NewBaselineVersion {
            line,
            reason: BaselineReason::Learned,
            purl: None,
            actor: ACTOR.to_owned(),
            note: Some(NOTE.to_owned()),
        };
        let versions: Vec<_> = lines.into_iter().map(version).collect();
        if versions.is_empty() {
            return Ok(());
        }
        let steps = u32::try_from(versions.len()).unwrap_or(u32::MAX);
        let change = BaselineChange { based_on: stored.revision, baseline, versions };
        self.store.change_baseline(&change, subject.now)?;
        stored.revision += steps;
        stored.baseline = change.baseline;
        Ok(())
    }
}

/// Whether the baseline has a line, and does not know whether its releases had tags. A line that knows counted them
/// release by release.
fn lacks_tags(baseline: &Baseline, line: &ReleaseLine) -> bool {
    baseline.lines.get(line).is_some_and(|line| line.tally(Tags).is_empty())
}
