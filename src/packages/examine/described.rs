//! Processes the releases of a document: separates history from new releases, and has each learned, or judged and
//! recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{replaced::compare_files, took::Took, undated::date, unreadable::Unreadables};
use crate::{
    model::{Observation, Person},
    packages::{
        examination::{Examination, Examined, Past},
        judge::{
            claimed_time::{bound_times, is_history},
            history::{Historian, unfetched, with_unread},
            recheck::put_off,
            record::Judge,
        },
        settings::Settings,
        turn::Turn,
    },
    registry::{PackageDocument, RegistryRelease},
    store::{Portions, Store, StoreError, StoredBaseline},
};

/// Processes the releases that a document describes.
#[derive(Debug)]
pub struct Described {
    pub store: Arc<Store>,
    pub settings: Arc<Settings>,
    pub unreadables: Unreadables,
    pub historian: Historian,
    pub judge: Judge,
}

impl Described {
    /// Processes the releases that a document describes.
    pub async fn take(&self, subject: &Examination<'_>, document: &mut PackageDocument) -> Result<Took, StoreError> {
        date(&self.store, subject, document)?;
        let mut examined = self.unreadables.take(subject, &document.unreadable)?;
        let mut baseline = self.store.baseline(subject.package)?;
        let mut releases: Vec<RegistryRelease> = std::mem::take(&mut document.releases);
        releases.retain(|release| subject.is_news(release));
        self.store.addresses()?.receive(&mut baseline.baseline, releases.iter_mut().flat_map(people));
        let before = self.seen_before(subject, &releases)?;
        compare_files(&self.store, subject, &before, &mut releases)?;
        bound_times(subject, &before, &mut releases);
        let mut seen: BTreeSet<String> = releases.iter().map(|release| release.id.version().to_owned()).collect();
        seen.extend(document.unreadable.iter().map(|(version, _)| version.clone()));
        let (history, fresh) = divide(subject, releases);
        let waiting = fresh.len();
        let unread = self.take_releases(subject, history, fresh, &mut baseline, &mut examined).await?;
        put_off(&self.store, &self.settings, subject, subject.due().filter(|version| !seen.contains(*version)))?;
        let total = document.versions.len();
        let (done, total) = (total.saturating_sub(unread + waiting) as u64, total as u64);
        let portions = (unread > 0).then_some(Portions { done, total });
        Ok(Took { portions, ..Took::whole(examined) })
    }

    /// The stored observations of those of these releases that are stored, by version.
    fn seen_before(
        &self,
        subject: &Examination<'_>,
        releases: &[RegistryRelease],
    ) -> Result<BTreeMap<String, Observation>, StoreError> {
        let mut before = BTreeMap::new();
        for release in releases.iter().filter(|release| subject.stored.contains_key(release.id.version())) {
            if let Some(seen) = self.store.release(&release.id)?.and_then(|row| row.observation) {
                before.insert(release.id.version().to_owned(), seen);
            }
        }
        Ok(before)
    }

    /// Processes the history first, so that new releases are compared with it. Where it is too long for one turn, or a
    /// feed announced a change while it is read, the new releases are judged first against what is known, and again
    /// when it is read. Returns how much of the history is still to be read.
    async fn take_releases(
        &self,
        subject: &Examination<'_>,
        history: Vec<RegistryRelease>,
        mut fresh: Vec<RegistryRelease>,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<usize, StoreError> {
        let evidence = self.historian.evidence_of(&history);
        let is_urgent = subject.is_announced && evidence > 0;
        let is_long =
            subject.first_sight() && (evidence > Turn::most_requests() || (is_urgent && subject.is_between_portions()));
        if is_urgent && !subject.first_sight() {
            // The evidence of this history could not be fetched before; new releases do not wait for it.
            let unseen = fresh.extract_if(.., |release| subject.is_unseen(release)).collect();
            self.judge_all(subject, unseen, Past::Read, baseline, examined).await?;
        }
        if is_long {
            let past = history.iter().map(|release| unfetched(release.clone(), self.settings.history));
            self.judge_unread(subject, &fresh, &with_unread(subject, baseline, past), examined).await?;
        }
        let unread = self.historian.learn(subject, history, baseline, examined).await?;
        if unread.is_empty() || !subject.first_sight() {
            self.judge_all(subject, fresh, Past::Read, baseline, examined).await?;
        } else if !is_long {
            let count = unread.len();
            self.judge_unread(subject, &fresh, &with_unread(subject, baseline, unread), examined).await?;
            return Ok(count);
        }
        Ok(unread.len())
    }

    /// Judges the releases that were never judged, though the history has not been read.
    async fn judge_unread(
        &self,
        subject: &Examination<'_>,
        fresh: &[RegistryRelease],
        baseline: &StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        let unseen = fresh.iter().filter(|release| subject.is_unseen(release)).cloned().collect();
        self.judge_all(subject, unseen, Past::Unread, &mut baseline.clone(), examined).await
    }

    /// Judges releases: those that were never judged first, each with its share of the evidence, so that all are
    /// recorded before the rest of the evidence of any of them is read.
    async fn judge_all(
        &self,
        subject: &Examination<'_>,
        mut releases: Vec<RegistryRelease>,
        past: Past,
        baseline: &mut StoredBaseline,
        examined: &mut Examined,
    ) -> Result<(), StoreError> {
        releases.sort_by_cached_key(|release| !subject.is_unseen(release));
        let fits = releases.iter().map(|release| release.evidence.len()).sum::<usize>() <= Turn::most_requests();
        subject.turn.begin_releases();
        let count = releases.len();
        for (place, release) in releases.into_iter().enumerate() {
            if subject.turn.is_recalled() && !subject.is_unseen(&release) {
                examined.pending += 1;
                continue;
            }
            subject.turn.share(if fits { 1 } else { count - place });
            self.judge.judge(subject, release, past, baseline, examined).await?;
            // Judging does not yield by itself where it has no evidence to fetch; this lets other packages be checked
            // in between.
            tokio::task::yield_now().await;
        }
        Ok(())
    }
}

/// The people whose addresses are stored.
fn people(release: &mut RegistryRelease) -> impl Iterator<Item = &mut Person> {
    release.publisher.iter_mut().chain(&mut release.auth.approved_by)
}

/// The history and the releases to judge, each in publish order. Releases are not copied, as there can be very many.
fn divide(
    subject: &Examination<'_>,
    mut releases: Vec<RegistryRelease>,
) -> (Vec<RegistryRelease>, Vec<RegistryRelease>) {
    releases.sort_by_cached_key(|release| (!is_history(subject, release), release.published_at));
    let fresh = releases.split_off(releases.partition_point(|release| is_history(subject, release)));
    (releases, fresh)
}
