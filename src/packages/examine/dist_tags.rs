//! Compares the dist-tags of a package with those of the last read, and reports one that moved back without a release.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    deliver::Subscriptions,
    detect::{DIST_TAG, MovedTag, moved_tag},
    model::{Alert, AlertKind, Confidence, Links, ReleaseStatus, Signal},
    packages::{examination::Examination, settings::Settings},
    progress::{Progress, Step},
    registry::PackageDocument,
    store::{SeenTag, SeenTags, Store, StoreError},
    text::plain,
    watchlist::InUse,
};

/// Compares dist-tags.
#[derive(Debug)]
pub struct DistTags {
    pub store: Arc<Store>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub subscriptions: Arc<Subscriptions>,
    pub progress: Arc<dyn Progress>,
}

impl DistTags {
    /// The dist-tags of a document, as they are to be stored with the package. An alert is recorded before: a crash in
    /// between repeats it, and the repeated alert is the same one.
    pub fn compare(
        &self,
        subject: &Examination<'_>,
        document: &PackageDocument,
    ) -> Result<Option<SeenTags>, StoreError> {
        let before = subject.row.as_ref().and_then(|row| row.dist_tags.as_ref());
        let Some(tags) = &document.dist_tags else { return Ok(before.cloned()) };
        let mut now = SeenTags::new();
        for (tag, version) in tags {
            let seen = match before.and_then(|before| before.get(tag)) {
                None => SeenTag::new(version, subject.now),
                Some(seen) if seen.version == *version => seen.clone(),
                Some(seen) => self.take_move(subject, document, (tag, seen), version)?,
            };
            now.insert(tag.clone(), seen);
        }
        Ok(Some(now))
    }

    /// Reports a move, unless a release or a withdrawal explains it.
    fn take_move(
        &self,
        subject: &Examination<'_>,
        document: &PackageDocument,
        (tag, seen): (&str, &SeenTag),
        to: &str,
    ) -> Result<SeenTag, StoreError> {
        let moved = MovedTag {
            package: subject.package,
            tag,
            from: &seen.version,
            since: seen.since,
            before: seen.before.as_deref(),
            moves: seen.moves,
            to,
            at: subject.now,
        };
        let is_released = is_new(subject, to);
        if !is_released && is_published(document, [&seen.version, to]) {
            self.tell(subject, &moved)?;
        }
        Ok(seen.moved(to, subject.now, moved.is_forward()))
    }

    fn tell(&self, subject: &Examination<'_>, moved: &MovedTag<'_>) -> Result<(), StoreError> {
        if !self.settings.tuning.is_enabled(DIST_TAG) {
            return Ok(());
        }
        let signals = self.settings.tuning.apply(moved_tag(moved).into_iter().collect());
        let Some(signal) = signals.first() else { return Ok(()) };
        let alert = self.store.with_uses(self.watchlist.now().stamped(alert(subject, moved, signal)))?;
        let recorded = self.store.record_alert(&alert, &self.subscriptions.matching(&alert), subject.now)?;
        if recorded.announced {
            self.progress.report(&Step::NameAlert { alert: &alert });
        }
        Ok(())
    }
}

/// Whether a version was released since the dist-tags were last compared.
fn is_new(subject: &Examination<'_>, version: &str) -> bool {
    let checked_at = subject.row.as_ref().and_then(|row| row.checked_at);
    subject.stored.get(version).is_none_or(|stored| checked_at.is_some_and(|checked| stored.observed_at > checked))
}

/// Whether a document has these versions: the registry moves a dist-tag by itself when its version is unpublished.
fn is_published(document: &PackageDocument, versions: [&str; 2]) -> bool {
    let published = document.versions.iter().filter(|(_, status)| *status == ReleaseStatus::Published);
    let there: BTreeSet<&str> = published.map(|(version, _)| version.as_str()).collect();
    versions.iter().all(|version| there.contains(version))
}

/// One alert for each move, however often it is made.
fn alert(subject: &Examination<'_>, moved: &MovedTag<'_>, signal: &Signal) -> Alert {
    let MovedTag { package, tag, from, to, .. } = *moved;
    let shown = |text: &str| plain(text, SHOWN);
    let (tag, from, to) = (shown(tag), shown(from), shown(to));
    let title = format!("{}: {tag} moved from {from} to {to} without a release", package.name());
    let argument = format!(
        "The dist-tag {tag} of {package} named {from} and now names {to}, an older version that was published before. \
         Nothing was published at the same time. Clients that ask for {tag} install {to} until it moves again."
    );
    let page = subject.registry.page(&package.at(moved.to)).to_string();
    Alert {
        package: Some(package.clone()),
        argument,
        signals: vec![signal.clone()],
        links: Links { registry: Some(page), ..Links::default() },
        ..Alert::about(
            AlertKind::Release,
            &format!("{DIST_TAG} {package} {} {} {}", moved.tag, moved.from, moved.to),
            signal.severity,
            Confidence::Medium,
            title,
            subject.now,
        )
    }
}

/// Most characters of a name that a title shows.
const SHOWN: usize = 60;
