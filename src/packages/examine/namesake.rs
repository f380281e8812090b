//! Checks for dependency confusion: a public package with the name of a watched package of another registry.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::{
    clock::{Clock, horizon, is_due},
    deliver::Subscriptions,
    detect::{NAMESAKE, Namesake as Found, namesake},
    http::Validators,
    model::{Alert, AlertKind, Confidence, File, Links, Package, RegistryKey, Severity},
    packages::{registries::Registries, settings::Settings, turn::Turn},
    progress::{Progress, Step},
    registry::{Known, PackageDocument, PackageState, Question, RegistryRelease},
    store::{Namesake, Store, StoreError},
    text::with_causes,
    watchlist::InUse,
};

/// How often the public registry is queried.
const EVERY: TimeDelta = TimeDelta::days(1);
/// How soon it is queried again after a failure.
const RETRY: TimeDelta = TimeDelta::hours(1);

/// Looks for the names of private packages on the public registry.
#[derive(Debug)]
pub struct Namesakes {
    pub store: Arc<Store>,
    pub clock: Arc<dyn Clock>,
    pub registries: Arc<Registries>,
    pub settings: Arc<Settings>,
    pub watchlist: Arc<InUse>,
    pub subscriptions: Arc<Subscriptions>,
    pub progress: Arc<dyn Progress>,
}

impl Namesakes {
    /// Queries the public registry for the name of a private package, if it is time. A failure is stored, and delays
    /// nothing else.
    pub async fn look_for(&self, package: &Package, turn: &Turn) -> Result<(), StoreError> {
        if package.is_public() || !self.settings.tuning.is_enabled(NAMESAKE) {
            return Ok(());
        }
        let now = self.clock.now();
        let before = self.store.namesake(package)?;
        let rests = |row: &Namesake| {
            let wait = if row.last_error.is_some() { RETRY } else { EVERY };
            !is_due(horizon(row.tried_at, wait), now, wait)
        };
        if before.as_ref().is_some_and(rests) {
            return Ok(());
        }
        let Some(registry) = self.registries.public_of(&package.registry()) else { return Ok(()) };
        let row = before.clone().unwrap_or_else(|| Namesake {
            package: package.clone(),
            tried_at: now,
            answered_at: None,
            there_since: None,
            etag: None,
            last_modified: None,
            last_error: None,
        });
        let validators = Validators { etag: row.etag.clone(), last_modified: row.last_modified.clone() };
        let validators = Some(&validators).filter(|validators| **validators != Validators::default());
        let question = Question { known: &Known::default(), validators, revision: None };
        let public = package.public_namesake();
        let answer = registry.package(&turn.around, &public, question).await;
        let answered = Namesake { tried_at: now, answered_at: Some(now), last_error: None, ..row.clone() };
        let row = match answer {
            Err(error) => Namesake { tried_at: now, last_error: Some(with_causes(&error)), ..row },
            Ok(PackageState::NotModified) => answered,
            Ok(PackageState::Gone) => Namesake { there_since: None, etag: None, last_modified: None, ..answered },
            Ok(PackageState::Current(document)) => {
                if row.there_since.is_none() {
                    // The alert is recorded first: a crash in between repeats it at most, and the repeated alert is the
                    // same one.
                    self.tell(package, &document, row.answered_at.is_some())?;
                }
                let Validators { etag, last_modified } = document.validators.unwrap_or_default();
                Namesake { there_since: row.there_since.or(Some(now)), etag, last_modified, ..answered }
            }
        };
        self.store.keep_namesake(&row)
    }

    fn tell(&self, package: &Package, document: &PackageDocument, appeared: bool) -> Result<(), StoreError> {
        let newest = document.releases.iter().max_by_key(|release| release.published_at);
        let owners = document.maintainers.as_ref().filter(|owners| !owners.is_empty()).map(|all| all.join(", "));
        let publisher = newest.and_then(|release| Some(release.publisher.as_ref()?.name.clone())).or(owners);
        let found = Found {
            package,
            appeared,
            is_same: newest.map_or(Ok(false), |newest| self.has_same_files(package, newest))?,
            newest: newest.map(|release| &release.id),
            published_at: newest.filter(|release| release.is_dated()).map(|release| release.published_at),
            publisher: publisher.as_deref(),
            versions: document.versions.len(),
            status: document.status.as_deref(),
        };
        let signals = self.settings.tuning.apply(vec![namesake(&found)]);
        let Some(signal) = signals.first() else { return Ok(()) };
        let alert = Alert { signals: signals.clone(), ..self.alert_of(&found, signal.severity) };
        let alert = self.store.with_uses(self.watchlist.now().stamped(alert))?;
        let now = self.clock.now();
        let recorded = self.store.record_alert(&alert, &self.subscriptions.matching(&alert), now)?;
        if recorded.announced {
            self.progress.report(&Step::NameAlert { alert: &alert });
        }
        Ok(())
    }

    /// One alert for each package, however often the public one appears and disappears.
    fn alert_of(&self, found: &Found<'_>, severity: Severity) -> Alert {
        let (package, now) = (found.package, self.clock.now());
        let (name, here, there) = (package.name(), package.registry(), RegistryKey::from(package.ecosystem()));
        let what = if found.appeared { "now exists in" } else { "exists in" };
        let title = format!("{name}, a package of {}, {what} {} too", here.title(), there.title());
        let since = if found.appeared {
            "It was not there when the name was last looked for"
        } else {
            "It was there when the name was first looked for"
        };
        let argument = format!(
            "{package} is watched, and {} has a package of the same name. {since}. A client that asks both registries \
             may install the public package in place of yours: make your clients ask for this name at {} only.",
            there.title(),
            here.url().map_or("your registry", |url| url.short()),
        );
        let page = found.newest.and_then(|release| Some(self.registries.public_of(&there)?.page(release).to_string()));
        Alert {
            purl: found.newest.cloned(),
            published_at: found.published_at,
            argument,
            links: Links { registry: page, ..Links::default() },
            ..Alert::about(
                AlertKind::Release,
                &format!("{NAMESAKE} {package}"),
                severity,
                Confidence::Medium,
                title,
                now,
            )
        }
    }

    /// Whether the newest public release has the same files as ours: then it is a proxy's copy, or was published to
    /// both. An older release proves nothing: an attacker who takes a name may publish files that the package once had.
    fn has_same_files(&self, package: &Package, newest: &RegistryRelease) -> Result<bool, StoreError> {
        let ours = self.store.release(&package.at(newest.id.version()))?.and_then(|row| row.observation);
        let has = |one: &File| ours.iter().flat_map(|ours| &ours.files).any(|own| own.digests.agree(&one.digests));
        Ok(!newest.files.is_empty() && newest.files.iter().all(has))
    }
}
